"""A scene for the terminal: drawn with signs where it fits, and as a list, one line a node, where it does not.

>>> import glassgrad as gg
>>> from glassgrad.draw.scene import scene_of
>>> x, y = gg.tensor(2.0, name="x"), gg.tensor(3.0, name="y")
>>> print(text(scene_of((x + y) ** 2), width=60))
    2
x ─────────┐
    ←∂ 10  │       5             25
           ├─→(+)────────→(**2)───────→
    3      │       ←∂ 10         ←∂ 1
y ─────────┘
    ←∂ 10
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from math import floor

from .grid import Measure, layout
from .layout import Placed, Rect, named_lines
from .metrics import columns, shorten
from .outline import Box
from .scene import Edge, Node, Scene

DEFAULT_WIDTH = 100
RED, BOLD, PLAIN, NONE = "\x1b[3;31m", "\x1b[1m", "\x1b[0m", ""
# Box-drawing signs by the directions that lines leave a cell in: 1 left, 2 right, 4 up, 8 down.
_LINES = dict(enumerate(" ───│┘└┴│┐┌┬│┤├┼"))


def text(scene: Scene, width: int | None = None, color: bool = False) -> str:
    """Return the picture as lines of text.

    Parameters
    ----------
    scene : Scene
    width : int, optional
        Columns that may be used; those of the terminal by default.
    color : bool
        Whether to paint derivatives red and names bold with ANSI codes.
    """
    room = width or shutil.get_terminal_size((DEFAULT_WIDTH, 40)).columns
    placed = layout(scene, SIGNS)
    if placed.width <= room:
        return _drawn(scene, placed).text(color)
    return "\n".join(_listed(scene, room, color))


# Drawn with signs ----------------------------------------------------------------------------------------------------


class Canvas:
    """Cells of a terminal, each with a sign and a style; lines that meet are joined."""

    def __init__(self, wide: int, high: int) -> None:
        self._signs = [[" "] * wide for _ in range(high)]
        self._styles = [[NONE] * wide for _ in range(high)]
        self._lines = [[0] * wide for _ in range(high)]

    def write(self, x: int, y: int, content: str, style: str = NONE) -> None:
        """Put a text at a cell; a wide sign takes two."""
        for sign in content:
            size = columns(sign)
            if 0 <= y < len(self._signs) and x >= 0 and x + size <= len(self._signs[y]) and size:
                self._signs[y][x] = sign
                self._styles[y][x] = style
                if size == 2:
                    self._signs[y][x + 1], self._styles[y][x + 1] = "", style
            x += size

    def line(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """Draw a line along a row or a column, both ends included."""
        for x in range(min(x0, x1), max(x0, x1) + 1):
            for y in range(min(y0, y1), max(y0, y1) + 1):
                if 0 <= y < len(self._lines) and 0 <= x < len(self._lines[0]):
                    across = (1 if x > min(x0, x1) else 0) | (2 if x < max(x0, x1) else 0)
                    along = (4 if y > min(y0, y1) else 0) | (8 if y < max(y0, y1) else 0)
                    self._lines[y][x] |= across | along

    def text(self, color: bool) -> str:
        """Return the lines, blanks at their ends left out."""
        rows = []
        for signs, styles, lines in zip(self._signs, self._styles, self._lines, strict=True):
            cells = [
                (_LINES[line] if sign == " " and line else sign, style)
                for sign, style, line in zip(signs, styles, lines, strict=True)
            ]
            rows.append(_painted(cells, color).rstrip())
        return "\n".join(rows).strip("\n")


def _painted(cells: list[tuple[str, str]], color: bool) -> str:
    if not color:
        return "".join(sign for sign, _ in cells)
    parts, current = [], NONE
    for sign, style in cells:
        if style != current:
            parts.append(PLAIN if current else "")
            parts.append(style)
            current = style
        parts.append(sign)
    return "".join(parts) + (PLAIN if current else "")


def _sign(node: Node) -> str:
    inside = node.label
    return f"({inside})" if node.kind == "op" else f"[{inside}]" if node.kind in ("box", "composite") else inside


def _node_size(node: Node) -> tuple[float, float]:
    return float(max(columns(_sign(node)) + (node.kind in ("output", "leaf")), 1)), 1.0


def _texts(edge: Edge) -> tuple[str, str]:
    value = " ".join(named_lines(edge.value, edge.name))
    return shorten(value, 40), shorten(f"←∂ {edge.gradient.text}", 40) if edge.gradient else ""


def _label_size(edge: Edge) -> tuple[float, float]:
    return max(map(columns, _texts(edge))) + 2.0, 3.0


SIGNS = Measure(_node_size, _label_size, 1, 2, 1, 1, lambda lines: lines + 3.0 if lines else 1.0, True)


def _drawn(scene: Scene, placed: Placed) -> Canvas:
    canvas = Canvas(floor(placed.width) + 1, floor(placed.height) + 2)
    for box in scene.boxes:
        _frame(canvas, placed.boxes[box.id], box.title)
    for edge in scene.edges:
        points = [(floor(x), floor(y)) for x, y in placed.lines[edge.id]]
        points[-1] = (points[-1][0] - 1, points[-1][1])
        for (x0, y0), (x1, y1) in pairwise(points):
            canvas.line(x0, y0, x1, y1)
        canvas.write(*points[-1], "→")
    for edge in scene.edges:
        at = placed.labels[edge.id]
        above, below = _texts(edge)
        canvas.write(floor(at.x) + 1, floor(at.y), above)
        canvas.write(floor(at.x) + 1, floor(at.y) + 2, below, RED)
    for node in scene.nodes:
        at = placed.nodes[node.id]
        canvas.write(floor(at.x) + (1 if node.kind == "output" else 0), floor(at.y), _sign(node), BOLD)
        if node.total is not None:
            canvas.write(floor(at.x), floor(at.y) + 1, f"Σ∂ {node.total.text}", RED)
    return canvas


def _frame(canvas: Canvas, box: Rect, title: str) -> None:
    x, y, right, bottom = floor(box.x), floor(box.y), floor(box.x + box.width) - 1, floor(box.y + box.height) - 1
    for sides in ((x, y, right, y), (x, bottom, right, bottom), (x, y, x, bottom), (right, y, right, bottom)):
        canvas.line(*sides)
    canvas.write(x + 2, y, f" {shorten(title, max(right - x - 4, 1))} ", BOLD)


# As a list -----------------------------------------------------------------------------------------------------------


def _listed(scene: Scene, room: int, color: bool) -> Iterator[str]:
    inputs: dict[str, list[str]] = {}
    outgoing: dict[str, list[Edge]] = {}
    for edge in scene.edges:
        inputs.setdefault(edge.target, []).append(edge.source)
        outgoing.setdefault(edge.source, []).append(edge)
    chains, order = _in_boxes(scene)
    names = {node.id: node.label if node.kind == "leaf" else f"#{i}" for i, node in enumerate(order, 1)}
    before: list[Box] = []
    for node in order:
        chain = chains[node.parent]
        for level, box in enumerate(chain):
            if level >= len(before) or before[level] is not box:
                yield shorten("  " * level + f"── {box.title}", room)
                before = []
        before = chain
        mark = "" if node.kind == "leaf" else names[node.id] + " "
        takes = "".join(f" {names[source]}" for source in inputs.get(node.id, ()))
        edges = outgoing.get(node.id, [])
        value = f" = {edges[0].value.text}" if edges and edges[0].value.lines else ""
        gradient = node.total or next((edge.gradient for edge in edges if edge.gradient), None)
        back = shorten(f"  ∂ {gradient.text}", max(room // 2, 8)) if gradient else ""
        line = shorten(f"{'  ' * len(chain)}{mark}{_sign(node)}{takes}{value}", max(room - columns(back), 8))
        yield line + (f"{RED}{back}{PLAIN}" if color and back else back)


def _in_boxes(scene: Scene) -> tuple[dict[str | None, list[Box]], list[Node]]:
    """Return the boxes around each box, and the nodes in order, what stands in one box together."""
    chains: dict[str | None, list[Box]] = {None: []}
    for box in scene.boxes:  # outer ones first
        chains[box.id] = [*chains[box.parent], box]
    last: dict[str, int] = {}
    for place, node in enumerate(scene.nodes):
        last.update(dict.fromkeys((box.id for box in chains[node.parent]), place))
    places = {node.id: [*(last[box.id] for box in chains[node.parent]), i] for i, node in enumerate(scene.nodes)}
    drawn = [node for node in scene.nodes if node.kind != "output"]
    return chains, sorted(drawn, key=lambda node: places[node.id])
