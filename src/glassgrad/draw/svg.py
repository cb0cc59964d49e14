"""A scene as SVG: text that can be selected and searched, light and dark, fit for print."""

from __future__ import annotations

from html import escape

from .layout import Placed, total_width
from .pieces import label_piece, line_piece, marks_style, node_class, node_piece, number, style, text
from .places import layout
from .scene import Edge, Scene

MARGIN = 8


def svg(scene: Scene, theme: str = "auto") -> str:
    """Return a complete SVG document.

    Parameters
    ----------
    scene : Scene
    theme : {"auto", "light", "dark"}
        Colours; "auto" follows the reader's system, and is light on paper.
    """
    return write(scene, layout(scene), theme)


def write(scene: Scene, placed: Placed, theme: str) -> str:
    """Return the SVG document of a scene whose parts have places."""
    left = -MARGIN - _overhang(scene, placed)
    wide, high = number(placed.width + MARGIN - left), number(placed.height + 2 * MARGIN)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="{number(left)} {-MARGIN} {wide} {high}" role="img">',
        f"<title>{escape(scene.title)}</title>",
        f"<desc>{escape(describe(scene))}</desc>",
        f"<style>\n{style(theme)}{marks_style() if _has_marks(scene) else ''}</style>",
        f'<rect class="paper" x="{number(left)}" y="{-MARGIN}" width="{wide}" height="{high}"/>',
        *_boxes(scene, placed),
        *(_line(scene, placed, edge) for edge in scene.edges),
        *(_label(placed, edge) for edge in scene.edges),
        *_nodes(scene, placed),
        "</svg>",
        "",
    ])


def _overhang(scene: Scene, placed: Placed) -> float:
    """Return how far the sum under a fork reaches beyond the left edge: the plain layout leaves it no room."""
    sums = (total_width(node) / 2 - placed.nodes[node.id].centre[0] for node in scene.nodes)
    return max(0.0, *sums)


def _has_marks(scene: Scene) -> bool:
    return any(node.mark for node in scene.nodes) or any(edge.mark for edge in scene.edges)


def describe(scene: Scene) -> str:
    """Return the picture in a sentence, for those who hear it."""
    names = {node.id: node.label or node.kind for node in scene.nodes}
    parts = [
        f"{names[edge.source]} to {names[edge.target]}: {edge.value.text}"
        + (f", derivative {edge.gradient.text}" if edge.gradient else "")
        for edge in scene.edges[:40]
    ]
    rest = len(scene.edges) - len(parts)
    return f"Computational graph, {len(scene.nodes)} nodes. " + "; ".join(parts) + (f"; {rest} more." if rest else ".")


def _boxes(scene: Scene, placed: Placed) -> list[str]:
    found = []
    for box in scene.boxes:
        place = placed.boxes[box.id]
        odd = " odd" if box.level % 2 else ""
        found.append(
            f'<g><rect class="box{odd}" x="{number(place.x)}" y="{number(place.y)}" width="{number(place.width)}" '
            f'height="{number(place.height)}" rx="10"/>{text(box.title, place.x + 10, place.y + 18, "title")}</g>'
        )
    return found


def _line(scene: Scene, placed: Placed, edge: Edge) -> str:
    circles = {node.id for node in scene.nodes if node.kind == "op"}
    source, target = placed.nodes[edge.source], placed.nodes[edge.target]
    line = line_piece(placed.lines[edge.id], source, target, edge.source in circles, edge.target in circles)
    return f'<g class="{edge.mark}">{line}</g>' if edge.mark else line


def _label(placed: Placed, edge: Edge) -> str:
    x, y = placed.labels[edge.id].centre
    return f'<g transform="translate({number(x)} {number(y)})">{label_piece(edge)}</g>'


def _nodes(scene: Scene, placed: Placed) -> list[str]:
    found = []
    for node in scene.nodes:
        x, y = placed.nodes[node.id].centre
        found.append(
            f'<g class="{node_class(node)}" transform="translate({number(x)} {number(y)})">{node_piece(node)}</g>'
        )
    return found
