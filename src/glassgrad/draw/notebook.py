"""What a notebook shows of a Tensor, a graph, a record or a model: the picture, if it is one to look at.

>>> import glassgrad as gg
>>> bundle(gg.tensor(2.0))  # nothing was computed: its text says it all
{}
"""

from __future__ import annotations

from typing import Any

from ..errors import GlassgradError
from ..graph import Tensor
from ..trace import Graph, Record
from .flow import traced_model
from .scene import scene_of
from .svg import svg

MOST_VISIBLE = 60  # nodes and closed boxes in a picture that shows itself
MOST_NODES = 20_000  # in the graph behind it: more take long to look through


def bundle(thing: Any) -> dict[str, str]:
    """Return a picture as SVG and the text, by media type; nothing where the text alone is better."""
    try:
        graph = traced_model(thing)
        if not _is_small(graph):
            return {}
        scene = scene_of(graph)
        if len(scene.nodes) > MOST_VISIBLE:
            scene = scene_of(graph, depth=0)
    except GlassgradError:
        return {}
    if len(scene.nodes) > MOST_VISIBLE or len(scene.edges) < 2:
        return {}
    return {"image/svg+xml": svg(scene), "text/plain": repr(thing)}


def _is_small(thing: Any) -> bool:
    """Whether few enough nodes stand behind a thing; looks at no more than those."""
    if isinstance(thing, Record):
        thing = thing.graph
    waiting: list[Tensor] = list(thing.outputs) if isinstance(thing, Graph) else [thing]
    found: set[Tensor] = set()
    while waiting and len(found) <= MOST_NODES:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.inputs)
    return len(found) <= MOST_NODES
