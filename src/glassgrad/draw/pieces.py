"""The parts of a picture as SVG, each drawn around the point (0, 0): nodes, labels, lines, boxes.

The writer of still pictures and the interactive page put the same parts in their places.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib import resources
from math import hypot, sqrt
from unicodedata import east_asian_width

from .layout import (
    ARROW,
    CELL,
    GAP,
    LINE,
    Point,
    Rect,
    derivative_lines,
    label_size,
    named_lines,
    node_size,
    total_text,
)
from .metrics import FONTS, WIDE_FONTS
from .numbers import Figure
from .scene import Edge, Node

BASELINE = 11.5  # from the top of a line of label text down to the line that letters stand on


def marks_style() -> str:
    """Return the rules for the marks of a picture that says why."""
    return resources.files(__package__).joinpath("page", "why.css").read_text(encoding="utf-8")


def style(theme: str) -> str:
    """Return the style sheet for ``light``, ``dark``, or ``auto``: as the reader's system, and light on paper."""
    folder = resources.files(__package__).joinpath("page")
    light = folder.joinpath("style.css").read_text(encoding="utf-8")
    light = light.replace("WIDE_FONTS", WIDE_FONTS).replace("FONTS", FONTS)
    dark = folder.joinpath("dark.css").read_text(encoding="utf-8")
    if theme == "light":
        return light
    return light + (dark if theme == "dark" else f"@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n")


def number(value: float) -> str:
    """Return a coordinate with at most one decimal.

    >>> number(3.0), number(2.25), number(-0.01)
    ('3', '2.2', '0')
    """
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def text(content: str, x: float, y: float, kind: str) -> str:
    """Return one line of text; one with wide signs asks for a font that has them first."""
    if any(east_asian_width(sign) in "WF" for sign in content):
        kind += " wide"
    return f'<text class="{kind}" x="{number(x)}" y="{number(y)}">{escape(content)}</text>'


def node_piece(node: Node) -> str:
    """Return a node with its symbol: a circle for an op, a rectangle for a leaf, a rounded one for a closed box."""
    across, high = node_size(node)
    radius = {"op": high / 2, "composite": 10, "box": 10}.get(node.kind, 3)
    shape = (
        f'<rect class="shape" x="{number(-across / 2)}" y="{number(-high / 2)}" width="{number(across)}" '
        f'height="{number(high)}" rx="{number(radius)}"/>'
    )
    parts = [f"<title>{escape(node.tip)}</title>" if node.tip else "", shape if node.kind != "output" else ""]
    if node.label:
        parts.append(text(node.label, 0, 5, "sign"))
    if node.total is not None:
        parts.append(text(total_text(node), 0, high / 2 + BASELINE + 1, "derivative" + _alarm(node.total)))
    return "".join(parts)


def node_class(node: Node) -> str:
    """Return the style class of a node's group."""
    kind = "box-node" if node.kind in ("box", "composite") else node.kind
    return f"node {kind} {node.mark}" if node.mark else f"node {kind}"


def label_piece(edge: Edge) -> str:
    """Return an edge's label: value above the line through (0, 0), derivative and backward arrow below."""
    lines = named_lines(edge.value, edge.name)
    top = -GAP - LINE * len(lines) - CELL * len(edge.value.heat)
    value = _block(lines, edge.value, top, "value")
    if edge.gradient is None:
        return value
    arrow = _backward_arrow(label_size(edge)[0])
    back = _block(derivative_lines(edge.gradient), edge.gradient, GAP + ARROW - 2, "derivative")
    return f'{value}<g class="backward">{arrow}{back}</g>'


def _block(lines: Iterable[str], figure: Figure, top: float, kind: str) -> str:
    tip = f"<title>{escape(figure.exact)}</title>" if figure.exact else ""
    parts, y = [f'<g class="figure">{tip}'], top
    for line in lines:
        parts.append(text(line, 0, y + BASELINE, kind + _alarm(figure)))
        y += LINE
    for row in figure.heat:
        left = -len(row) * CELL / 2
        parts += [
            f'<rect class="cell h{level}" x="{number(left + i * CELL)}" y="{number(y)}" width="{CELL}" '
            f'height="{CELL}"/>'
            for i, level in enumerate(row)
        ]
        y += CELL
    return "".join(parts) + "</g>"


def _alarm(figure: Figure) -> str:
    return " alarm" if figure.alarm else ""


def _backward_arrow(across: float) -> str:
    half, y = across / 2 - 3, GAP + 2
    return (
        f'<path class="back" d="M{number(half)} {y}H{number(-half + 6)}"/>'
        f'<path class="back-tip" d="M{number(-half)} {y}l8 -4v8z"/>'
    )


def line_piece(points: tuple[Point, ...], source: Rect, target: Rect, round_source: bool, round_target: bool) -> str:
    """Return an edge's line with its arrow head, from the border of its source to that of its target."""
    path = list(points)
    path[0] = (_border(source, path[0], 1) if round_source else path[0][0], path[0][1])
    path[-1] = (_border(target, path[-1], -1) if round_target else path[-1][0], path[-1][1])
    (x0, y0), (x1, y1) = path[-2], path[-1]
    length = hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    x, y = x1 - 8 * ux, y1 - 8 * uy
    head = [(x1, y1), (x - 3.5 * uy, y + 3.5 * ux), (x + 3.5 * uy, y - 3.5 * ux)]
    path[-1] = (x1 - 6 * ux, y1 - 6 * uy)
    return f'<path class="line" d="M{_joined(path)}"/><path class="tip" d="M{_joined(head)}z"/>'


def _border(shape: Rect, point: Point, side: int) -> float:
    """Return where the border of a round node lies at the height of `point`, on its right (1) or left (-1)."""
    radius = shape.height / 2
    off = min(abs(point[1] - shape.centre[1]), radius)
    return shape.centre[0] + side * (shape.width / 2 - radius + sqrt(radius**2 - off**2))


def _joined(points: Iterable[Point]) -> str:
    return "L".join(f"{number(x)} {number(y)}" for x, y in points)
