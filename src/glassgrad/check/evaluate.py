"""Many evaluations of one loss that differ in one parameter: only what depends on it is computed anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import GlassgradError
from ..graph import Tensor
from ..interpret import evaluate_all
from ..trace import Graph, trace

Array = Any
Loss = Callable[[dict[str, Array]], Any]


def as_number(value: Any) -> float:
    """Return a loss as a Python float, from a Tensor, an array of one entry, or a number."""
    return float(np.asarray(value.value if isinstance(value, Tensor) else value).reshape(()))


def along(loss: Loss, parameters: dict[str, Array], name: str, *, traceable: bool) -> Callable[[], float]:
    """Return a function that gives the loss for the present contents of `parameters`, of which only `name` changes.

    With `traceable`, a loss made of graph functions is traced once, and the nodes that `name` does not reach keep
    their values.
    """
    graph = _traced(loss, parameters) if traceable else None
    if graph is None:
        return lambda: as_number(loss(parameters))
    values: dict[Tensor, Any] = evaluate_all(graph.nodes, graph.inputs, list(parameters.values()))
    changed = graph.inputs[list(parameters).index(name)]
    reached = {changed}
    for node in graph.nodes:
        if not reached.isdisjoint(node.inputs):
            reached.add(node)
    steps = [(n, n.op.forward, n.inputs, n.params) for n in graph.nodes if n in reached and n is not changed]
    output = graph.outputs[0]
    array = parameters[name]

    def run() -> float:
        values[changed] = array
        for node, forward, inputs, options in steps:
            values[node] = forward(np, *[values[source] for source in inputs], **options)
        return float(values[output])

    return run


def _traced(loss: Loss, parameters: Mapping[str, Array]) -> Graph | None:
    """Return the loss as a graph, or None if it asks for values while it runs, as Python's own ``if`` does."""
    try:
        graph = trace(loss)(dict(parameters))
    except (GlassgradError, TypeError, ValueError, AttributeError):
        return None
    return graph if len(graph.outputs) == 1 and graph.outputs[0].shape == () else None
