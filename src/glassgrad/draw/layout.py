"""How large the parts of a picture are, and, as plain data, where they have been put."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .metrics import width
from .numbers import Figure
from .scene import Edge, Node

NODE_FONT, LABEL_FONT, TITLE_FONT = 14, 12, 13
BOLD = 1.12  # how much wider a text is in bold
LINE = 15  # height of a line of label text
CELL = 6  # side of a heat map's cell
GAP = 4  # between an edge and the text above or below it
ARROW = 9  # height of the strip that the backward arrow runs in
TITLE_SPACE = 28  # above the contents of a box

Point = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """A rectangle: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> Point:
        """The point in its middle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Placed:
    """Where everything in a scene stands, by id; `lines` run through the middle of their `labels`."""

    width: float
    height: float
    nodes: Mapping[str, Rect]
    boxes: Mapping[str, Rect]
    lines: Mapping[str, tuple[Point, ...]]
    labels: Mapping[str, Rect]


def node_size(node: Node) -> tuple[float, float]:
    """Return width and height of a node."""
    text = width(node.label, NODE_FONT)
    if node.kind == "op":
        return max(36.0, round(text + 18)), 36.0
    if node.kind == "output":
        return (round(1.15 * text + 12) if node.label else 4.0), 28.0
    if node.kind == "leaf":
        return max(28.0, round(text + 14)), 28.0
    return max(44.0, round(text + 24)), 40.0


def figure_size(figure: Figure, name: str = "") -> tuple[float, float]:
    """Return width and height of a value's text and heat map."""
    lines = named_lines(figure, name)
    across = max((width(line, LABEL_FONT) for line in lines), default=0.0) * (BOLD if figure.alarm else 1)
    cells = len(figure.heat[0]) if figure.heat else 0
    return max(across, cells * CELL), LINE * len(lines) + CELL * len(figure.heat)


def named_lines(figure: Figure, name: str) -> tuple[str, ...]:
    """Return the lines with the name of the value in front: ``t = 5``, or ``Y (2, 3)`` for an array."""
    if not name:
        return figure.lines
    if not figure.lines:
        return (name,)
    first = figure.lines[0]
    return (f"{name} {first}" if first.removeprefix("⚠ ").startswith("(") else f"{name} = {first}", *figure.lines[1:])


def derivative_lines(figure: Figure) -> tuple[str, ...]:
    """Return the lines with the sign of the partial derivative in front, unless they are a formula."""
    if figure.symbolic:
        return figure.lines
    return tuple(("∂ " if i == 0 else "") + line for i, line in enumerate(figure.lines))


def label_size(edge: Edge) -> tuple[float, float]:
    """Return width and height of an edge's label, whose middle is the edge itself."""
    across, above = figure_size(edge.value, edge.name)
    below = 0.0
    if edge.gradient is not None:
        wide, high = figure_size(replace(edge.gradient, lines=derivative_lines(edge.gradient)))
        across, below = max(across, wide), high + ARROW
    return round(max(across, 22) + 12), round(2 * (max(above, below) + GAP))


def total_width(node: Node) -> float:
    """Return the width of the text under a fork."""
    alarm = node.total is not None and node.total.alarm
    return width(total_text(node), LABEL_FONT) * (BOLD if alarm else 1)


def total_text(node: Node) -> str:
    """Return the text under a fork: the sum of what comes back."""
    return f"Σ∂ = {node.total.text}" if node.total is not None else ""
