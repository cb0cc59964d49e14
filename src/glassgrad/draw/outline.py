"""The boxes of a graph: layers, named blocks and opened composites, nested; and which of them to open.

A graph with thousands of nodes in one box is divided into numbered parts, so that every box can be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..graph import CONSTANT, PARAMETER, Op, Tensor, nodes
from ..place import Scope
from .metrics import shorten

MOST_LEVELS = 10  # boxes in boxes that are open unless a depth is asked for
LONGEST_TITLE = 40
DEEPEST = 50  # boxes in boxes that can be open at all
MOST_VISIBLE = 120  # nodes and closed boxes that a picture shows unless a depth is asked for
MOST_CHILDREN = 100  # nodes and boxes directly in one box, before it is divided


@dataclass(frozen=True)
class Box:
    """A layer, a block or an opened composite.

    Attributes
    ----------
    id, title : str
    parent : str or None
        The box it stands in.
    level : int
        0 for an outermost box.
    composite : bool
        Whether it is the inside of one op; `symbol` is then that op's.
    size : int
        Number of nodes in it, at any depth.
    scope : Scope or None
        What the box shows; None for a part of a box that was divided.
    """

    id: str
    title: str
    parent: str | None
    level: int
    composite: bool = False
    symbol: str = ""
    size: int = 0
    scope: Scope | None = None


@dataclass
class Outline:
    """Every box, outer ones first, and the innermost box (or None) that each node stands in."""

    boxes: dict[str, Box] = field(default_factory=dict)
    home: dict[Tensor, str | None] = field(default_factory=dict)

    def chain(self, box: str | None) -> list[str]:
        """Return a box and those around it, outermost first."""
        found = []
        while box is not None:
            found.append(box)
            box = self.boxes[box].parent
        return found[::-1]

    def to_depth(self, depth: int | None) -> set[str]:
        """Return the boxes to open: those of the first `depth` levels, or as many levels as one can look at."""
        levels = self._comfortable() if depth is None else min(depth, DEEPEST)
        return {box.id for box in self.boxes.values() if box.level < levels}

    def _comfortable(self) -> int:
        levels = max((box.level for box in self.boxes.values()), default=-1) + 2
        nodes_at, boxes_at = [0] * (levels + 1), [0] * (levels + 1)
        for home in self.home.values():
            nodes_at[0 if home is None else self.boxes[home].level + 1] += 1
        for box in self.boxes.values():
            boxes_at[box.level] += 1
        shown, best = 0, 0
        for depth in range(min(levels, MOST_LEVELS + 1)):
            shown += nodes_at[depth]
            if shown + boxes_at[depth] <= MOST_VISIBLE:
                best = depth
        return best


def outline_of(order: list[Tensor], ops: Mapping[Scope, Op], hidden: Iterable[Tensor] = ()) -> Outline:
    """Return the boxes of these nodes; `ops` says which scopes are composites, `hidden` nodes are not counted."""
    outline, ids = Outline(), dict[Scope, str]()
    skip = set(hidden)
    paths = _paths(order, ops)
    homes: dict[Tensor, str | None] = {}
    for node in sorted(order, key=lambda node: node.is_leaf):  # boxes in the order of what is computed in them
        parent = None
        for level, scope in enumerate(paths[node]):
            if scope not in ids:
                ids[scope] = f"b{len(ids)}"
                outline.boxes[ids[scope]] = _box(ids[scope], scope, parent, level, ops)
            parent = ids[scope]
        homes[node] = parent
    outline.home = {node: homes[node] for node in order if node not in skip}
    _divide(outline)
    _count(outline)
    return outline


def _box(name: str, scope: Scope, parent: str | None, level: int, ops: Mapping[Scope, Op]) -> Box:
    op = ops.get(scope)
    composite = op is not None or scope.name in nodes.__dict__
    title = shorten(scope.name, LONGEST_TITLE)
    return Box(name, title, parent, level, composite, op.symbol if op else title, scope=scope)


def _paths(order: list[Tensor], ops: Mapping[Scope, Op]) -> dict[Tensor, tuple[Scope, ...]]:
    """Return where each node stands; a parameter or constant made elsewhere stands in the layer that uses it."""
    paths = {node: node.scope for node in order}
    common: dict[Tensor, tuple[Scope, ...]] = {}
    for node in order:
        layers = _layers(node.scope, ops)
        for source in node.inputs:
            if source.op in (PARAMETER, CONSTANT) and not source.scope:
                common[source] = _shared(common[source], layers) if source in common else layers
    return paths | common


def _layers(path: tuple[Scope, ...], ops: Mapping[Scope, Op]) -> tuple[Scope, ...]:
    for level, scope in enumerate(path):
        if scope in ops or scope.name in nodes.__dict__:
            return path[:level]
    return path


def _shared(first: tuple[Scope, ...], second: tuple[Scope, ...]) -> tuple[Scope, ...]:
    level = 0
    while level < min(len(first), len(second)) and first[level] is second[level]:
        level += 1
    return first[:level]


def _count(outline: Outline) -> None:
    sizes = dict.fromkeys(outline.boxes, 0)
    for home in outline.home.values():
        if home is not None:
            sizes[home] += 1
    for box in sorted(outline.boxes.values(), key=lambda box: -box.level):
        if box.parent is not None:
            sizes[box.parent] += sizes[box.id]
    outline.boxes = {name: replace(box, size=sizes[name]) for name, box in outline.boxes.items() if sizes[name]}


def _divide(outline: Outline) -> None:
    """Put the children of an overfull box into numbered parts, again and again until each box can be looked at."""
    parts = 0
    while overfull := _overfull(outline):
        for parent, children in overfull:
            per_part = max(MOST_CHILDREN // 2, -(-len(children) // (MOST_CHILDREN // 2)))
            for start in range(0, len(children), per_part):
                chunk = children[start : start + per_part]
                level = 0 if parent is None else outline.boxes[parent].level + 1
                name = f"p{parts}"
                parts += 1
                title = f"part {start // per_part + 1}"
                outline.boxes[name] = Box(name, title, parent, level)
                for child in chunk:
                    if isinstance(child, str):
                        outline.boxes[child] = replace(outline.boxes[child], parent=name)
                    else:
                        outline.home[child] = name
        _relevel(outline)


def _overfull(outline: Outline) -> list[tuple[str | None, list[Tensor | str]]]:
    children: dict[str | None, list[Tensor | str]] = {}
    seen: set[str] = set()
    for node, home in outline.home.items():
        inner: str | None = home
        children.setdefault(inner, []).append(node)
        while inner is not None and inner not in seen:
            seen.add(inner)
            outer = outline.boxes[inner].parent
            children.setdefault(outer, []).append(inner)
            inner = outer
    return [(parent, found) for parent, found in children.items() if len(found) > MOST_CHILDREN]


def _relevel(outline: Outline) -> None:
    """Set the levels anew and bring outer boxes first."""
    inside: dict[str | None, list[str]] = {}
    for box in outline.boxes.values():
        inside.setdefault(box.parent, []).append(box.id)
    ordered: dict[str, Box] = {}
    waiting = [(name, 0) for name in reversed(inside.get(None, []))]
    while waiting:
        name, level = waiting.pop()
        ordered[name] = replace(outline.boxes[name], level=level)
        waiting += [(inner, level + 1) for inner in reversed(inside.get(name, []))]
    outline.boxes = ordered
