"""A picture that answers `glassgrad.why`: what carries a gradient, and what stops the rest, marked in the graph.

Lines that carry are thick and blue, and their derivatives have a dot; nodes that something stops at are dashed and
have a cross. So the marks are there in text, in print and for those who see no colours, too.

>>> import glassgrad as gg
>>> x = gg.tensor([3.0, -1.0], name="x")
>>> loss = gg.sum(gg.relu(x))
>>> scene = scene_of_why(loss, gg.why(loss, x))
>>> [node.label for node in scene.nodes if node.mark == "blocked"]
['✕ ReLU']
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..explain import Diagnosis
from .scene import Edge, Scene, Story, Visible, scene_at, story_of

CARRIES, BLOCKED = "● ", "✕ "


def scene_of_why(
    what: Any, why: Diagnosis, *, backward: bool = True, g: Any = None, depth: int | None = None, arrays: str = "auto",
) -> Scene:
    """Return the scene of what was diagnosed, with marks; see `draw` for the arguments. Composites stay closed."""
    story = story_of(what, backward=backward, g=g, arrays=arrays)
    opened = story.outline.to_depth(depth)
    return _marked(scene_at(story, opened), story, Visible(story, opened), why)


def _marked(scene: Scene, story: Story, visible: Visible, why: Diagnosis) -> Scene:
    known = story.outline.home
    paths = [path for path in why.paths if path.size != 0]  # NaN carries, too
    nodes_on = {node for path in paths for node in path.nodes if node in known}
    carrying = {visible(node) for node in nodes_on}
    blocked = {visible(node) for node in why.highlight.blocked if node in known}
    lines = {(visible(edge.source), visible(edge.node)) for path in paths for edge in path.edges
             if edge.source in known}
    if story.flow.outputs[0] in nodes_on:
        lines.add((visible(story.flow.outputs[0]), "out0"))
    nodes = tuple(
        replace(node, mark="blocked", label=BLOCKED + node.label) if node.id in blocked
        else replace(node, mark="carries") if node.id in carrying else node
        for node in scene.nodes
    )
    return replace(scene, nodes=nodes, edges=tuple(_line(edge, lines) for edge in scene.edges))


def _line(edge: Edge, lines: set[tuple[str, str]]) -> Edge:
    if (edge.source, edge.target) not in lines:
        return edge
    gradient = edge.gradient
    if gradient is not None and gradient.lines:
        gradient = replace(gradient, lines=(CARRIES + gradient.lines[0], *gradient.lines[1:]))
    return replace(edge, mark="carries", gradient=gradient)
