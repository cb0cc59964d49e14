"""Every state that a picture can be opened into, as one piece of plain data for the interactive page.

The page knows all nodes, closed boxes and the edges between them, each already drawn; which of them are to be seen
follows from the set of open boxes. What a closed layer hands back is the sum over the edges that enter it; what a
closed composite gives and hands back, its own rules say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..graph import Tensor
from ..words import LANGUAGES, language
from .joins import Joins
from .labels import folded
from .layout import LINE, TITLE_FONT, node_size, total_width
from .levels import Levels
from .metrics import shorten, width
from .outline import LONGEST_TITLE, Box, Outline, outline_of
from .phrases import phrases
from .pieces import node_class, node_piece
from .scene import Node, Story, closed_node, drawn_node
from .tables import ALL_ENTRIES, Tables
from .tales import Tales, of_box, spoken


def story_in_levels(levels: Levels, arrays: str = "auto") -> Story:
    """Return what is needed to show a graph with all its composites open or closed."""
    flow = levels.flow
    hidden = folded(flow.order, flow.outputs)
    ops = {scope: node.op for scope, node in levels.scopes.items()}
    closed = set(levels.insides)
    outline = outline_of([*flow.order, *levels.insides], ops, hidden | closed)
    names = {node: f"n{i}" for i, node in enumerate(flow.order)}
    return Story(flow, outline, arrays, frozenset(hidden), frozenset(_forks(levels)), names)


def _forks(levels: Levels) -> set[Tensor]:
    """Return the nodes whose derivative is a sum, with every composite open."""
    flow = levels.flow
    returns = {flow.outputs[0]: 1} if flow.parts else {}
    for user in flow.order:
        for position, source in enumerate(user.inputs):
            if (user, position) in flow.parts:
                real = levels.deepest(source)
                returns[real] = returns.get(real, 0) + 1
    return {node for node, times in returns.items() if times > 1}


def languages() -> tuple[str, ...]:
    """Return all languages, the current one first."""
    return tuple(sorted(LANGUAGES, key=lambda code: code != language()))


@dataclass(frozen=True)
class Extent:
    """How much a page holds: languages, nodes that can come to be seen, entries of arrays that are written out."""

    languages: Sequence[str]
    nodes: int
    entries: int = ALL_ENTRIES


def states_of(levels: Levels, story: Story, opened: set[str], extent: Extent) -> dict[str, Any]:
    """Return all that the page needs, as JSON data; `opened` boxes are open at first."""
    openable, spoken_in = _openable(story.outline, extent.nodes), extent.languages
    places = _places(story, openable)
    tales, tables = Tales(levels), Tables(extent.entries)
    writer = _Nodes(story, tales, spoken_in, openable, {box.scope: box for box in story.outline.boxes.values()})
    nodes = [writer.drawn(place, node) for place, node in _first_at(story, places).items()]
    ends = [Node(f"out{i}", "output", shorten(output.name or "", LONGEST_TITLE), None)
            for i, output in enumerate(levels.top.outputs)]
    return {
        "title": shorten(story.flow.title, LONGEST_TITLE),
        "nodes": [*nodes, *(_item(end, [], []) for end in ends)],
        "boxes": [_box(box) for box in story.outline.boxes.values() if box.id in openable],
        "edges": list(Joins(levels, story, places, tales.names, tables).edges()),
        "tables": tables.found,
        "open": sorted(opened & openable),
        "sealed": len(story.outline.boxes) - len(openable),
        "languages": {code: LANGUAGES[code] for code in spoken_in},
        "words": phrases(spoken_in),
    }


def _openable(outline: Outline, most: int) -> set[str]:
    """Return the boxes that can be opened: outer ones first, while the page does not grow too large."""
    found: set[str] = set()
    inside: dict[str | None, int] = dict.fromkeys((None, *outline.boxes), 0)
    for home in outline.home.values():
        inside[home] += 1
    for box in outline.boxes.values():
        inside[box.parent] += 1
    room = most - inside[None]
    for box in sorted(outline.boxes.values(), key=lambda box: box.level):
        if inside[box.id] <= room and (box.parent is None or box.parent in found):
            found.add(box.id)
            room -= inside[box.id]
    return found


def _places(story: Story, openable: set[str]) -> dict[Tensor, list[str]]:
    """Return by what each node can be represented: the boxes around it, outermost first, and itself if it is shown."""
    chains: dict[str | None, list[str]] = {None: []}
    sealed: set[str | None] = set()
    for box in story.outline.boxes.values():
        if box.parent in sealed:
            chains[box.id] = chains[box.parent]
            sealed.add(box.id)
        else:
            chains[box.id] = [*chains[box.parent], box.id]
            if box.id not in openable:
                sealed.add(box.id)
    return {
        node: chains[home] if home in sealed else [*chains[home], story.names[node]]
        for node, home in story.outline.home.items()
    }


def _first_at(story: Story, places: dict[Tensor, list[str]]) -> dict[str, Tensor]:
    """Return everything that can be drawn, with the first node that it stands for."""
    found: dict[str, Tensor] = {}
    for node in story.flow.order:
        if node not in story.hidden:
            for place in places[node]:
                found.setdefault(place, node)
    return found


class _Nodes:
    """Draws nodes and closed boxes, with what is said of them."""

    def __init__(self, story: Story, tales: Tales, spoken_in: Sequence[str], openable: set[str],
                 boxes: dict[Any, Box]) -> None:
        self._story, self._tales, self._spoken_in, self._openable = story, tales, spoken_in, openable
        self._boxes = boxes

    def drawn(self, place: str, node: Tensor) -> dict[str, Any]:
        box = self._story.outline.boxes.get(place)
        if box is None:
            return _item(drawn_node(self._story, node), *self._said(node))
        composite = self._tales.composites.get(box.scope) if box.scope is not None else None
        if composite is None:
            forward, back = (spoken(lines, self._spoken_in) for lines in of_box(box))
        else:
            forward, back = self._said(composite)
        return {**_item(closed_node(box), forward, back), "opens": box.id in self._openable}

    def _said(self, node: Tensor) -> tuple[list[str], list[str]]:
        tales = self._tales
        return spoken(tales.forward(node), self._spoken_in), spoken(tales.backward(node), self._spoken_in)


def _item(node: Node, forward: list[str], backward: list[str]) -> dict[str, Any]:
    across, high = node_size(node)
    item: dict[str, Any] = {
        "id": node.id, "kind": node.kind, "label": node.label or node.kind, "parent": node.parent, "w": across,
        "h": high, "class": node_class(node), "svg": node_piece(node), "forward": forward, "backward": backward,
    }
    if node.total is not None:
        item["under"] = {"width": round(total_width(node)), "height": LINE}
    return item


def _box(box: Box) -> dict[str, Any]:
    size = {"width": round(width(box.title, TITLE_FONT)) + 20, "height": 16}
    return {"id": box.id, "title": box.title, "parent": box.parent, "level": box.level, **size}
