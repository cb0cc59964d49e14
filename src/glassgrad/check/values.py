"""One node of a run as a function of others: by a loop over the nodes, and for many values of one of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..batch import batched
from ..build import ancestors, placeholder
from ..gradient import backpropagate
from ..graph import Tensor
from .evaluate import IN_CACHE
from .ready import Run, ready
from .subject import TROUBLE, Subject

Array = Any
Stack = Callable[[int, tuple[Array, ...]], Array]
AT_ONCE = 96
"""So many values of one argument are run through the graph together, unless they would leave the cache."""
LINES, POINTS = 9, 200
"""About how many lines are walked in a large argument, and how many points on each."""


def of_values(
    order: list[Tensor], wanted: list[Tensor], result: Tensor, values: Mapping[Tensor, Any], *, many: bool
) -> Subject:
    """Return the subject for one node of a run as a function of others; its rule is the loop over the nodes.

    With `many`, the graph is also made for many values of one argument at a time, where it can be.
    """
    reached = set(wanted)
    for node in order:
        if not reached.isdisjoint(node.inputs):
            reached.add(node)
    steps = [node for node in order if node in reached and node not in wanted]
    known = {node: values[node] for node in order if node not in reached}
    last: dict[Tensor, tuple[list[Any], Any]] = {}

    def run(floats: tuple[Array, ...]) -> dict[Tensor, Any]:
        at = {**known, **dict(zip(wanted, (a if a.ndim else a[()] for a in floats), strict=True))}
        for node in steps:
            given = [at[source] for source in node.inputs]
            before = last.get(node)
            if before is None or any(a is not b for a, b in zip(before[0], given, strict=True)):
                before = last[node] = given, node.op.forward(np, *given, **node.params)
            at[node] = before[1]  # a node on the very arrays of the last run keeps its value
        return at

    def forward(*floats: Array) -> Array:
        return np.asarray(run(floats)[result])

    def twin(*floats: Array) -> Any:
        from .exact import compute, exactly

        at = {**{node: exactly(value) for node, value in known.items()}, **dict(zip(wanted, floats, strict=True))}
        return compute(steps, at)[result]

    def rule(g: Array, _: Array, *floats: Array) -> tuple[Array, ...]:
        found = backpropagate(order, {result: g[()]}, wanted, np, run(floats).__getitem__)
        return tuple(np.array(found[n]) if n in found else np.zeros(n.shape) for n in wanted)

    labels = tuple(node.name or f"leaf {position}" for position, node in enumerate(wanted))
    arrays = tuple(np.array(values[node], np.float64) for node in wanted)
    stack = stacked(wanted, result, values, forward, arrays) if many else None
    return Subject(result.name or f"result of {result.op.name}", forward, rule, arrays, labels, foreign=False,
                   stack=stack, twin=twin)


def stacked(
    wanted: list[Tensor], result: Tensor, values: Mapping[Tensor, Any], forward: Callable[..., Array],
    arrays: tuple[Array, ...],
) -> Stack | None:
    """Return a function that takes the position of an argument and arrays of which that one has an axis in front.

    Whether it gives what `forward` gives is tried for every argument; if it does not, or cannot be made, the answer is
    None.
    """
    widest = max(node.size for node in ancestors([result]))
    count = max(1, min(AT_ONCE, IN_CACHE // max(widest, 1)))

    @cache
    def program(position: int) -> Run:
        places = [placeholder(ArrayType((count, *n.shape) if j == position else n.shape, n.dtype))
                  for j, n in enumerate(wanted)]
        outputs = batched([result], wanted, [(p, j == position) for j, p in enumerate(places)], count)
        entries = wanted[position].size
        return ready(places, outputs, values, POINTS * (entries if entries <= AT_ONCE else LINES) / count)

    def run(position: int, given: tuple[Array, ...]) -> Array:
        made = program(position)
        found = []
        for begin in range(0, len(given[position]), count):
            part = given[position][begin : begin + count]
            whole = np.concatenate([part, np.repeat(part[-1:], count - len(part), axis=0)])
            at = [whole if j == position else a[()] for j, a in enumerate(given)]
            found.append(np.asarray(made(at)[0])[: len(part)])
        return np.concatenate(found)

    try:
        expected = forward(*arrays)
        for position in range(len(arrays)):
            found = run(position, tuple(a[None] if j == position else a for j, a in enumerate(arrays)))
            if not (found.shape[1:] == expected.shape and np.allclose(found[0], expected, 1e-9, 0, equal_nan=True)):
                return None
    except TROUBLE:
        return None
    return run


__all__ = ["of_values"]
