"""Every state that a picture can be opened into, as one piece of plain data for the interactive page.

The page knows all nodes, closed boxes and the edges between them, each already drawn; which of them are to be seen
follows from the set of open boxes. What a closed box hands back is the sum over the edges that enter it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..gradient import fit, pull
from ..graph import Tensor
from .elk import BOX_OPTIONS, INLINE, OPTIONS
from .labels import label
from .layout import LABEL_FONT, LINE, TITLE_FONT, label_size, node_size, total_text
from .metrics import shorten, width
from .numbers import figure, short
from .outline import LONGEST_TITLE
from .pieces import label_piece, node_class, node_piece
from .scene import Edge, Node, Story, closed_node, drawn_node, edge_maker

MOST_NODES = 600  # in one page; boxes beyond that stay closed


def states_of(story: Story, opened: set[str]) -> dict[str, Any]:
    """Return all that the page needs, as JSON data; `opened` boxes are open at first."""
    openable = _openable(story)
    places = _places(story, openable)
    nodes: list[dict[str, Any]] = []
    seen: set[str] = set()
    for node in story.flow.order:
        if node in story.hidden:
            continue
        for place in places[node]:
            if place not in seen:
                seen.add(place)
                nodes.append(_node(story, node, place, openable))
    ends = [Node(f"out{i}", "output", shorten(output.name or "", LONGEST_TITLE), None)
            for i, output in enumerate(story.flow.outputs)]
    nodes += [_drawn(end, "output", "") for end in ends]
    return {
        "title": shorten(story.flow.title, LONGEST_TITLE),
        "nodes": nodes,
        "boxes": [_box(box.id, box.title, box.parent, box.level) for box in story.outline.boxes.values()
                  if box.id in openable],
        "edges": [_edge(edge) for edge in _edges(story, places)],
        "open": sorted(opened & openable),
        "options": OPTIONS, "box_options": BOX_OPTIONS, "inline": INLINE,
    }


def _openable(story: Story) -> set[str]:
    """Return the boxes that can be opened: outer ones first, while the page does not grow too large."""
    found: set[str] = set()
    inside: dict[str | None, int] = dict.fromkeys((None, *story.outline.boxes), 0)
    for home in story.outline.home.values():
        inside[home] += 1
    for box in story.outline.boxes.values():
        inside[box.parent] += 1
    room = MOST_NODES - inside[None]
    for box in sorted(story.outline.boxes.values(), key=lambda box: box.level):
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


def _node(story: Story, node: Tensor, place: str, openable: set[str]) -> dict[str, Any]:
    box = story.outline.boxes.get(place)
    if box is None:
        return _drawn(drawn_node(story, node), *_tale(story, node))
    drawn = closed_node(box)
    item = _drawn(drawn, f"{drawn.label}: {box.size} nodes. Open it to see each of its steps.",
                  f"{drawn.label} hands back what the steps inside it hand back together.")
    return {**item, "opens": box.id in openable}


def _drawn(node: Node, forward: str, backward: str) -> dict[str, Any]:
    across, high = node_size(node)
    item: dict[str, Any] = {
        "id": node.id, "kind": node.kind, "label": node.label or node.kind, "parent": node.parent, "w": across,
        "h": high, "class": node_class(node), "svg": node_piece(node), "forward": forward, "backward": backward,
    }
    if node.total is not None:
        item["under"] = {"width": round(width(total_text(node), LABEL_FONT)), "height": LINE}
    return item


def _box(name: str, title: str, parent: str | None, level: int) -> dict[str, Any]:
    size = {"width": round(width(title, TITLE_FONT)) + 20, "height": 16}
    return {"id": name, "title": title, "parent": parent, "level": level, **size}


def _edge(edge: Edge) -> dict[str, Any]:
    across, high = label_size(edge)
    return {"id": edge.id, "from": edge.source, "to": edge.target, "w": across, "h": high, "svg": label_piece(edge)}


def _edges(story: Story, places: dict[Tensor, list[str]]) -> Iterator[Edge]:
    uses: dict[tuple[Tensor, str, int], list[tuple[Tensor, int]]] = {}
    for user in story.flow.order:
        if user in story.hidden:
            continue
        for position, source in enumerate(user.inputs):
            if source in story.hidden:
                continue
            around = set(places[source])
            for place in places[user]:
                if place not in around:
                    exact = place not in story.outline.boxes
                    uses.setdefault((source, place, position if exact else 0), []).append((user, position))
    make = edge_maker(story)
    for (source, target, position), through in uses.items():
        yield make(source, places[source][-1], target, position, through)
    flow = story.flow
    for i, output in enumerate(flow.outputs):
        seed = figure(flow.seed, output.type, story.arrays) if i == 0 and flow.seed is not None else None
        yield Edge(f"out{i}-in", places[output][-1], f"out{i}", "",
                   figure(flow.values.get(output), output.type, story.arrays), seed)


# What is said at each step -------------------------------------------------------------------------------------------


def _tale(story: Story, node: Tensor) -> tuple[str, str]:
    """Return what happens at a node, forward and backward, in one sentence each."""
    flow = story.flow
    result = _text(node, flow.values.get(node))
    name = label(node) or node.op.name
    if node.is_leaf:
        arrived = flow.cotangents.get(node)
        back = f"The derivative with respect to {name} is {_text(node, arrived)}." if arrived is not None else ""
        return f"{name} is given: {result}.", back
    taken = ", ".join(_text(source, flow.values.get(source)) for source in node.inputs
                      if source not in story.hidden)
    forward = f"{name} takes {taken} and gives {result}."
    if node not in flow.cotangents:
        return forward, ""
    return forward, " ".join(_returns(story, node))


def _returns(story: Story, node: Tensor) -> Iterator[str]:
    flow = story.flow
    arrived = _text(node, flow.cotangents[node])
    locals_ = _local(story, node)
    yield f"∂ {arrived} arrives" + (" (a sum over several users)." if node in story.forks else ".")
    for position, source in enumerate(node.inputs):
        if (node, position) in flow.parts:
            part = _text(source, flow.parts[node, position])
            name = shorten(source.name or "", LONGEST_TITLE) or label(source) or source.op.name
            if locals_ is not None:
                yield f"To {name}: upstream {arrived} × local {short(locals_[position])} = downstream {part}."
            else:
                yield f"To {name}: {part}."


def _local(story: Story, node: Tensor) -> list[Any] | None:
    """Return the local derivatives of a node that works on single numbers."""
    if any(part.shape != () for part in (node, *node.inputs)):
        return None
    with np.errstate(all="ignore"):
        parts = pull(node, np.ones((), node.dtype)[()], np, story.flow.values.__getitem__)
        return [np.nan if part is None else fit(np, part, source)
                for part, source in zip(parts, node.inputs, strict=True)]


def _text(node: Tensor, value: Any) -> str:
    return figure(value, node.type, "auto").text or "a number"
