"""The reference interpreter: run a graph in any array namespace, node by node.

>>> import glassgrad as gg
>>> graph = gg.trace(lambda x: x * x + 1)(gg.ArrayType(()))
>>> print(graph(3.0))
10.0
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .build import ancestors, misuse
from .errors import GlassgradError, TraceError
from .graph import PLACEHOLDER, Tensor, describe, nodes
from .place import at

REFUSALS = (ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError)


def evaluate(inputs: Sequence[Tensor], outputs: Sequence[Tensor], arguments: Sequence[Any], xp: Any = np) -> list[Any]:
    """Return the values of `outputs` in the namespace `xp` when `inputs` have the values `arguments`."""
    values = evaluate_all(ancestors(outputs), inputs, arguments, xp)
    return [values[node] for node in outputs]


def evaluate_all(
    order: Sequence[Tensor], inputs: Sequence[Tensor], arguments: Sequence[Any], xp: Any = np
) -> dict[Tensor, Any]:
    """Return the value of every node of `order`, which lists inputs before users.

    A node that has a value and stands on no placeholder keeps it. In `nodes` the result is a copy of the graph on
    the new inputs.
    """
    values: dict[Tensor, Any] = dict(zip(inputs, arguments, strict=True))
    for node in order:
        if node not in values:
            if node.value is not None:
                values[node] = node if xp is nodes else node.value
            elif not node.inputs and node.op is PLACEHOLDER:
                if xp is not nodes:
                    raise outer(node)
                values[node] = node  # in a graph it belongs to a function around this one
            else:
                try:
                    values[node] = node.op(xp, *[values[source] for source in node.inputs], **node.params)
                except REFUSALS as error:
                    raise _refused(node, error) from None
    return values


def _refused(node: Tensor, error: Exception) -> GlassgradError:
    """Return the error for values that the op of a node cannot take, such as an index that lies outside."""
    return misuse(node.op, node.inputs, error, at(node._site))


def outer(node: Tensor) -> TraceError:
    """Return the error for a placeholder that is no input, where a value is needed."""
    return TraceError(
        f"{describe(node)} is a placeholder of another traced function: it has no value here. "
        f"Make it an argument of this one{at(node._site)}."
    )


class Program:
    """A graph made ready to run many times: calls in order, every array let go after its last use.

    >>> import glassgrad as gg
    >>> graph = gg.trace(lambda x, y: (x * y, x + y))(1.0, 1.0)
    >>> program = Program(graph.inputs, graph.outputs)
    >>> [float(value) for value in program([2.0, 5.0])]
    [10.0, 7.0]
    """

    def __init__(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], xp: Any = np) -> None:
        order = ancestors(outputs)
        self._slot = {node: position for position, node in enumerate(dict.fromkeys([*inputs, *order]))}
        self._start = [None] * len(inputs) + [node.value for node in self._slot if node not in inputs]
        self._inputs = len(inputs)
        self._outputs = [self._slot[node] for node in outputs]
        computed = [node for node in order if node.value is None and node.inputs]
        self._steps = [
            (
                partial(node.op.forward, xp, **node.params) if node.params else partial(node.op.forward, xp),
                tuple(self._slot[source] for source in node.inputs),
                self._slot[node],
                last,
                node,
            )
            for node, last in zip(computed, self._last_uses(computed), strict=True)
        ]

    def _last_uses(self, computed: list[Tensor]) -> list[tuple[int, ...]]:
        """Return, for every step, the slots of computed nodes that no later step and no output reads."""
        done: set[int] = set(self._outputs)
        result: list[tuple[int, ...]] = []
        own = {self._slot[node] for node in computed}
        for node in reversed(computed):
            free = {self._slot[source] for source in node.inputs} - done
            done |= free
            result.append(tuple(free & own))
        return result[::-1]

    def __call__(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the outputs for these values of the inputs."""
        values: list[Any] = [*arguments, *self._start[self._inputs :]]
        try:
            for call, sources, target, last, node in self._steps:  # noqa: B007 - `node` tells where it failed
                values[target] = call(*[values[source] for source in sources])
                for slot in last:
                    values[slot] = None
        except REFUSALS as error:
            raise _refused(node, error) from None
        return [values[slot] for slot in self._outputs]
