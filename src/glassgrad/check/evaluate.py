"""Many evaluations of one loss that differ in one entry of one parameter: only what depends on it is computed anew.

>>> import numpy as np, glassgrad as gg
>>> parameters = {"W": np.array([[1.0, 2.0], [3.0, 4.0]])}
>>> loss = lambda p: gg.sum(gg.matmul(np.array([[1.0, 10.0]]), p["W"]) ** 2)
>>> losses_of(loss, parameters, "W", traced(loss, parameters))(np.array([0, 3]), np.array([2.0, 4.5]))
array([2788., 3170.])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..batch import batched
from ..build import placeholder
from ..errors import GlassgradError
from ..graph import Tensor
from ..interpret import evaluate_all
from ..trace import Graph, trace
from .ready import ready

Array = Any
Loss = Callable[[dict[str, Array]], Any]
Losses = Callable[[Array, Array], Array]
"""Takes flat entries and the values they are changed to, one at a time; returns the loss for each."""
IN_CACHE = 2**15
"""So many numbers the largest array of a batch may have."""


def as_number(value: Any) -> float:
    """Return a loss as a Python float, from a Tensor, an array of one entry, or a number."""
    return float(np.asarray(value.value if isinstance(value, Tensor) else value).reshape(()))


def traced(loss: Loss, parameters: Mapping[str, Array]) -> Graph | None:
    """Return the loss as a graph, or None if it asks for values while it runs, as Python's own ``if`` does."""
    try:
        graph = trace(loss)(dict(parameters))
    except (GlassgradError, TypeError, ValueError, AttributeError):
        return None
    return graph if len(graph.outputs) == 1 and graph.outputs[0].shape == () else None


def losses_of(
    loss: Loss, parameters: dict[str, Array], name: str, graph: Graph | None, expected: int = 0
) -> Losses:
    """Return the losses for changed entries of `name`, many at a time if the loss is a graph.

    About so many losses are `expected`: if that is much work, native code computes them.

    Whether the many agree with evaluations one by one is tried on a few entries each time; if not, the latter count.
    """
    plainly = _one_by_one(_along(loss, parameters, name, graph), parameters[name])
    if graph is None or not parameters[name].size:
        return plainly
    together = _together(graph, parameters, name, expected)

    def losses(entries: Array, values: Array) -> Array:
        found = together(entries, values)
        few = np.unique(np.linspace(0, len(entries) - 1, 3).astype(int))
        expected = plainly(entries[few], values[few])
        agree = np.isclose(found[few], expected, rtol=1e-12, atol=0, equal_nan=True).all()
        return found if agree else plainly(entries, values)

    return losses


def _one_by_one(run: Callable[[], float], array: Array) -> Losses:
    """Return the losses by changing the array that `run` reads; afterwards it holds its own values again."""
    flat = array.reshape(-1)
    assert np.shares_memory(flat, array) or not array.size, "the entries are changed in place"

    def losses(entries: Array, values: Array) -> Array:
        found = np.empty(len(entries))
        for position, (entry, value) in enumerate(zip(entries.tolist(), values.tolist(), strict=True)):
            own = flat[entry]
            flat[entry] = value
            found[position] = run()
            flat[entry] = own
        return found

    return losses


def _along(loss: Loss, parameters: dict[str, Array], name: str, graph: Graph | None) -> Callable[[], float]:
    """Return a function that gives the loss for the present contents of `parameters`, of which only `name` changes."""
    if graph is None:
        return lambda: as_number(loss(parameters))
    values: dict[Tensor, Any] = evaluate_all(graph.nodes, graph.inputs, list(parameters.values()))
    changed = graph.inputs[list(parameters).index(name)]
    reached = _reached(graph, changed)
    steps = [(n, n.op.forward, n.inputs, n.params) for n in graph.nodes if n in reached and n is not changed]
    output = graph.outputs[0]
    array = parameters[name]

    def run() -> float:
        values[changed] = array
        for node, forward, inputs, options in steps:
            values[node] = forward(np, *[values[source] for source in inputs], **options)
        return float(values[output])

    return run


def _reached(graph: Graph, changed: Tensor) -> set[Tensor]:
    reached = {changed}
    for node in graph.nodes:
        if not reached.isdisjoint(node.inputs):
            reached.add(node)
    return reached


def _together(graph: Graph, parameters: dict[str, Array], name: str, expected: int = 0) -> Losses:
    """Return the losses in batches: the graph behind the parameter is made again with an axis more, in front.

    Where the parameter goes nowhere but into products ``x @ W``, the batch begins behind them: a change of ``W[i, j]``
    adds that multiple of column i of x to column j of the product. Else it begins with copies of the parameter.
    """
    changed = graph.inputs[list(parameters).index(name)]
    reached = _reached(graph, changed)
    users = [node for node in graph.nodes if changed in node.inputs]
    products = changed.ndim == 2 and bool(users) and all(
        node.op.name == "matmul" and node.inputs[1] is changed and node.inputs[0] not in reached for node in users)
    starts = users if products else [changed]
    known = evaluate_all(graph.nodes, graph.inputs, list(parameters.values()))
    widest = max(node.size for node in reached if not (products and node is changed))
    count = max(1, min(4096, IN_CACHE // max(widest, 1)))
    stacked = [placeholder(ArrayType((count, *node.shape), node.dtype)) for node in starts]
    outputs = batched(graph.outputs, starts, [(node, True) for node in stacked], count)
    run = ready(stacked, outputs, known, expected / count)
    factors = [known[node.inputs[0]] for node in starts] if products else None
    begin = [np.asarray(known[node]) for node in starts]

    def losses(entries: Array, values: Array) -> Array:
        found = np.empty(len(entries))
        for first in range(0, len(entries), count):
            part = slice(first, first + count)
            batch = [_copies(array, count) for array in begin]
            if factors is None:
                _put(batch[0], entries[part], values[part])
            else:
                for product, x in zip(batch, factors, strict=True):
                    _add_column(product, x, parameters[name], entries[part], values[part])
            found[part] = run(batch)[0][: len(entries[part])]
        return found

    return losses


def _copies(array: Array, count: int) -> Array:
    return np.repeat(array[None], count, axis=0)


def _put(batch: Array, entries: Array, values: Array) -> None:
    batch.reshape(len(batch), -1)[np.arange(len(entries)), entries] = values


def _add_column(products: Array, x: Array, W: Array, entries: Array, values: Array) -> None:
    """Change the products ``x @ W`` of a batch as they change with one entry of W each."""
    i, j = np.unravel_index(entries, W.shape)
    change = np.moveaxis(x[..., i] * (values - W[i, j]), -1, 0)
    products[np.arange(len(entries)), ..., j] += change
