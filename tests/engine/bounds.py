"""How far two ways to run a graph may lie apart: what errors of rounding at every node can do to the result.

The bounds of single steps are 4 units in the last place for elementwise functions, and for sums of n terms n units of
every term. What a graph makes of such errors depends on its conditioning, which is not guessed at here: the graph is
run several times with every intermediate value moved at random by as much, and the spread of the results is the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassgrad.engine.plan.lower import lowered
from glassgrad.graph import Tensor
from glassgrad.trace import Graph

ULPS = 4
RUNS = 8
# Their results are exact, or entries of what they are given.
EXACT = frozenset({
    "abs", "all", "any", "argmax", "argmin", "argsort", "astype", "broadcast_to", "ceil", "concatenate", "diagonal",
    "equal", "flip", "floor", "getitem", "greater", "greater_equal", "identity", "isfinite", "isinf", "isnan", "less",
    "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "max", "maximum", "min", "minimum",
    "negative", "not_equal", "one_hot", "pad_with", "relu", "repeat_each", "reshape", "rint", "roll", "sign", "sort",
    "stop_gradient", "tile", "transpose", "trunc", "where", "uniform",
})


def allowed(graph: Graph, arguments: Sequence[Any]) -> list[Any]:
    """Return for every output how far an entry may lie from what the interpreter gives."""
    exact = graph_values(graph, arguments)
    runs = [graph_values(graph, arguments, np.random.default_rng(seed)) for seed in range(RUNS)]
    return [_spread(value, [run[place] for run in runs]) for place, value in enumerate(exact)]


def _spread(value: Any, others: list[Any]) -> Any:
    if value.dtype.kind != "f":
        return np.max([np.abs(other.astype(float) - value.astype(float)) for other in others], axis=0)
    with np.errstate(all="ignore"):
        differences = np.abs(np.array(others) - value)
    return differences.max(axis=0) + ULPS * np.finfo(value.dtype).tiny  # NaN, that is no bound met, where one is NaN


def graph_values(graph: Graph, arguments: Sequence[Any], rng: np.random.Generator | None = None) -> list[Any]:
    """Return the outputs as the interpreter has them; with `rng`, every value moved at random within its bound."""
    graph = lowered(graph)
    values: dict[Tensor, Any] = dict(zip(graph.inputs, arguments, strict=True))
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            if node in values:
                continue
            if node.value is not None:
                values[node] = node.value
                continue
            taken = [values[source] for source in node.inputs]
            if rng is not None and node.op.name not in EXACT:
                taken = [_moved(x, _terms(node), rng) if _terms(node) > 1 else x for x in taken]
            value = np.asarray(node.op.forward(np, *taken, **node.params))
            values[node] = value if rng is None or node.op.name in EXACT else _moved(value, ULPS, rng)
    return [np.asarray(values[node]) for node in graph.outputs]


def _terms(node: Tensor) -> int:
    """Return how many terms an entry of the result is the sum of, or as good as."""
    if node.op.name == "matmul":
        return max(node.inputs[0].shape[-1], 1)
    if node.op.name == "sum":
        return max(node.inputs[0].size // max(node.size, 1), 1)
    return max(node.inputs[0].size, 1) if node.op.name in ("prod", "put_back", "cumsum", "einsum", "tensordot") else 1


def _moved(value: Any, units: int, rng: np.random.Generator) -> Any:
    if value.dtype.kind != "f":
        return value
    unit = np.finfo(value.dtype).eps
    signs = rng.choice(np.array([-units, units]), value.shape)
    return (value + value * (signs * unit).astype(value.dtype)).astype(value.dtype)


def check(graph: Graph, arguments: Sequence[Any], found: Sequence[Any], wanted: Sequence[Any], what: str) -> None:
    """Raise an AssertionError if results lie further from those of the interpreter than rounding explains."""
    assert len(found) == len(wanted), what
    bounds: list[Any] | None = None
    for place, (value, right) in enumerate(zip(map(np.asarray, found), map(np.asarray, wanted), strict=True)):
        assert (value.shape, value.dtype) == (right.shape, right.dtype), f"{what}: output {place} is another array"
        with np.errstate(all="ignore"):
            far = np.abs(np.subtract(value, right, dtype=float))
            near = (value == right) | (np.isnan(value) & np.isnan(right))
            if right.dtype.kind == "f":
                near |= far <= ULPS * np.finfo(right.dtype).eps * np.abs(right)
        if not near.all():
            bounds = allowed(graph, arguments) if bounds is None else bounds
            same = near | (far <= bounds[place])
            assert same.all(), (
                f"{what}: output {place}, entry {np.argwhere(np.atleast_1d(~same))[0]}: {value} instead of {right}, "
                f"{np.max(np.where(same, 0, far / bounds[place])):.3g} times the bound")
