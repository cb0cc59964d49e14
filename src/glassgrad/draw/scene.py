"""A picture as plain data: boxes in boxes, nodes, and edges with a value above and a derivative below.

>>> import glassgrad as gg
>>> x, y = gg.tensor(2.0, name="x"), gg.tensor(3.0, name="y")
>>> scene = scene_of((x + y) ** 2)
>>> [node.label for node in scene.nodes]
['x', 'y', '+', '**2', '']
>>> [(edge.value.text, edge.gradient.text) for edge in scene.edges]
[('2', '10'), ('3', '10'), ('5', '10'), ('25', '1')]

A writer turns a scene into SVG, text, TikZ or DOT; none of them looks at the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Tensor
from .expand import expand
from .flow import Flow, flow_of, traced_model
from .labels import folded, label
from .metrics import shorten
from .numbers import Figure, figure
from .outline import LONGEST_TITLE, Box, Outline, outline_of


@dataclass(frozen=True)
class Node:
    """Something that stands in the picture.

    Attributes
    ----------
    id : str
    kind : {"leaf", "op", "composite", "box", "output"}
        A box is a closed layer; an output is where the last arrow points to.
    label : str
    parent : str or None
        The open box around it.
    tip : str
        One sentence about it.
    total : Figure or None
        At a fork: the sum of the derivatives that come back from its several users.
    opens : str or None
        The box that opens in its place.
    mark : str
        In a picture that answers why: "carries" or "blocked"; else empty.
    """

    id: str
    kind: str
    label: str
    parent: str | None
    tip: str = ""
    total: Figure | None = None
    opens: str | None = None
    mark: str = ""


@dataclass(frozen=True)
class Edge:
    """A line from one node to another; the figure of its value above it, of the derivative below.

    `mark` is "carries" where it brings the gradient that the picture is about.
    """

    id: str
    source: str
    target: str
    name: str
    value: Figure
    gradient: Figure | None
    mark: str = ""


@dataclass(frozen=True)
class Scene:
    """A picture without places: `layout` finds them."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Story:
    """A graph ready to be shown in any state of its boxes."""

    flow: Flow
    outline: Outline
    arrays: str = "auto"
    hidden: frozenset[Tensor] = field(default_factory=frozenset)
    forks: frozenset[Tensor] = field(default_factory=frozenset)
    names: dict[Tensor, str] = field(default_factory=dict)


def story_of(
    what: Any, *, backward: bool = True, g: Any = None, opens: Collection[str] | bool = (), arrays: str = "auto",
) -> Story:
    """Return what is needed to show `what`; see `draw` for the arguments."""
    opened = expand(traced_model(what), opens)
    flow = flow_of(opened.what, backward, g)
    hidden = folded(flow.order, flow.outputs)
    outline = outline_of(flow.order, opened.ops, hidden)
    names = {node: f"n{i}" for i, node in enumerate(flow.order)}
    return Story(flow, outline, arrays, frozenset(hidden), frozenset(flow.forks()), names)


def scene_of(
    what: Any, *, backward: bool = True, g: Any = None, opens: Collection[str] | bool = (), depth: int | None = None,
    arrays: str = "auto",
) -> Scene:
    """Return the scene of a Tensor, `Graph`, `Record` or model; see `draw` for the arguments."""
    story = story_of(what, backward=backward, g=g, opens=opens, arrays=arrays)
    return scene_at(story, story.outline.to_depth(depth))


def scene_at(story: Story, opened: Collection[str]) -> Scene:
    """Return the scene in which these boxes are open, and all others closed."""
    shown = [box for box in story.outline.boxes.values() if _all_open(story.outline, box.id, opened)]
    visible = Visible(story, opened)
    edges = _edges(story, visible)
    return Scene(shorten(story.flow.title, LONGEST_TITLE), _nodes(story, visible), edges, tuple(shown))


def _all_open(outline: Outline, box: str, opened: Collection[str]) -> bool:
    current: str | None = box
    while current is not None:
        if current not in opened:
            return False
        current = outline.boxes[current].parent
    return True


def _closed_boxes(outline: Outline, opened: Collection[str]) -> dict[str, str]:
    """Return for every box that stands in a closed one, or is closed, the outermost closed box."""
    closed: dict[str, str] = {}
    for box in outline.boxes.values():  # outer ones first
        if box.parent in closed:
            closed[box.id] = closed[box.parent]
        elif box.id not in opened:
            closed[box.id] = box.id
    return closed


class Visible:
    """Which drawn thing stands for a node of the graph."""

    def __init__(self, story: Story, opened: Collection[str]) -> None:
        self._story, self._closed = story, _closed_boxes(story.outline, opened)

    def __call__(self, node: Tensor) -> str:
        """Return the id of the node itself, or of the closed box that it is in."""
        home = self._story.outline.home[node]
        return self._closed.get(home, self._story.names[node]) if home is not None else self._story.names[node]


def _nodes(story: Story, visible: Visible) -> tuple[Node, ...]:
    outline, found = story.outline, dict[str, Node]()
    shown = [node for node in story.flow.order if node not in story.hidden]
    given = [node for node in shown if node.is_leaf and visible(node) in outline.boxes]
    known = set(given)
    for node in [*(node for node in shown if node not in known), *given]:  # a box where its first result is computed
        name = visible(node)
        if name not in found:
            found[name] = closed_node(outline.boxes[name]) if name in outline.boxes else drawn_node(story, node)
    ends = [
        Node(f"out{i}", "output", shorten(output.name or "", LONGEST_TITLE), None)
        for i, output in enumerate(story.flow.outputs)
    ]
    return (*found.values(), *ends)


def closed_node(box: Box) -> Node:
    """Return the node that stands for a closed box."""
    kind, text = ("composite", box.symbol) if box.composite else ("box", box.title)
    return Node(box.id, kind, shorten(text, LONGEST_TITLE), box.parent, f"{box.title}: {box.size} nodes", None, box.id)


def drawn_node(story: Story, node: Tensor) -> Node:
    """Return the node that stands for one node of the graph."""
    kind = "leaf" if node.is_leaf else "composite" if node.op.body else "op"
    text = label(node)
    if kind == "leaf" and not text:
        text = figure(story.flow.values.get(node), node.type, "shape").text
    return Node(story.names[node], kind, text, story.outline.home[node], _tip(story, node), _total(story, node))


def _tip(story: Story, node: Tensor) -> str:
    parts = [f"{node.name or node.op.name} ({node.op.name}, {node.type})"]
    if node in story.flow.values:
        parts.append(figure(story.flow.values[node], node.type).exact)
    if node in story.flow.cotangents:
        parts.append("derivative " + figure(story.flow.cotangents[node], node.type).exact)
    if node.where:
        parts.append(str(node.where))
    return shorten("; ".join(parts), 300)


def _total(story: Story, node: Tensor) -> Figure | None:
    """Return the sum of what comes back to a node from several users; None where nothing is added up."""
    if node not in story.flow.cotangents or node not in story.forks:
        return None
    return figure(story.flow.cotangents[node], node.type, story.arrays)


# Edges ---------------------------------------------------------------------------------------------------------------


def _edges(story: Story, visible: Visible) -> tuple[Edge, ...]:
    flow = story.flow
    uses: dict[tuple[Tensor, str, int], list[tuple[Tensor, int]]] = {}
    for user in flow.order:
        if user in story.hidden:
            continue
        target = visible(user)
        boxed = target in story.outline.boxes
        for position, source in enumerate(user.inputs):
            if source not in story.hidden and (not boxed or visible(source) != target):
                uses.setdefault((source, target, 0 if boxed else position), []).append((user, position))
    make = edge_maker(story)
    edges = [
        make(source, visible(source), target, position, through)
        for (source, target, position), through in uses.items()
    ]
    seeds = [
        Edge(f"out{i}-in", visible(output), f"out{i}", "", figure(flow.values.get(output), output.type, story.arrays),
             figure(flow.seed, output.type, story.arrays) if i == 0 and flow.seed is not None else None)
        for i, output in enumerate(flow.outputs)
    ]
    return (*edges, *seeds)


Maker = Callable[[Tensor, str, str, int, Iterable[tuple[Tensor, int]]], Edge]


def edge_maker(story: Story) -> Maker:
    """Return a function that makes edges, which formats the value of a node once for all its users."""
    values: dict[Tensor, Figure] = {}

    def make(source: Tensor, start: str, target: str, position: int, through: Iterable[tuple[Tensor, int]]) -> Edge:
        if source not in values:
            values[source] = figure(story.flow.values.get(source), source.type, story.arrays)
        name = "" if source.is_leaf else shorten(source.name or "", LONGEST_TITLE)
        parts = [story.flow.parts[use] for use in through if use in story.flow.parts]
        gradient = figure(summed(parts), source.type, story.arrays) if parts else None
        return Edge(f"{story.names[source]}-{target}-{position}", start, target, name, values[source], gradient)

    return make


def summed(parts: list[Any]) -> Any:
    """Return what arrives over several edges, added up in their order."""
    total = parts[0]
    with np.errstate(all="ignore"):
        for part in parts[1:]:
            total = total + part
    return total


__all__ = ["Edge", "Node", "Scene", "Story", "scene_at", "scene_of", "story_of", "summed"]
