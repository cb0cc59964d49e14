"""A graph run by NumPy in arrays that are made once: where there is no compiler, or where compiling does not pay.

>>> import numpy as np, glassgrad as gg
>>> graph = gg.trace(lambda x, y: (x * y, gg.sum(x + y)))(np.ones(2), np.ones(2))
>>> [value.tolist() for value in NumpyProgram(graph)([np.array([2.0, 3.0]), np.array([4.0, 5.0])])]
[[8.0, 15.0], 14.0]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Tensor
from ..interpret import REFUSALS, Program
from ..trace import Graph
from .plan.arena import Arena, aligned
from .plan.expressions import BY_NAME
from .plan.lower import is_constant, lowered

Into = Callable[..., Any]  # computes into the array given as `out`


def _where(condition: Any, x: Any, y: Any, *, out: Any) -> None:
    np.copyto(out, y)
    np.copyto(out, x, where=condition)


_SIMPLE: dict[str, Into] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "negative": np.negative,
    "exp": np.exp, "expm1": np.expm1, "log1p": np.log1p, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
    "abs": np.abs, "sign": np.sign, "maximum": np.maximum, "minimum": np.minimum, "less": np.less,
    "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal, "equal": np.equal,
    "not_equal": np.not_equal, "logical_and": np.logical_and, "logical_or": np.logical_or,
    "logical_not": np.logical_not, "matmul": np.matmul, "sum": np.sum, "max": np.max, "min": np.min,
    "reciprocal": lambda x, out: np.divide(1, x, out=out), "square": lambda x, out: np.multiply(x, x, out=out),
    "relu": lambda x, out: np.maximum(x, 0, out=out), "where": _where,
    "astype": lambda x, out, dtype: np.copyto(out, x, casting="unsafe"),
}
INTO = {BY_NAME[name]: function for name, function in _SIMPLE.items()}


class NumpyProgram:
    """A graph as calls of NumPy in order, each into an array of its own or one that is free again."""

    def __init__(self, graph: Graph) -> None:
        self.graph = lowered(graph, for_numpy=True)
        self._reference = Program(graph.inputs, graph.outputs)
        self._local = threading.local()
        self._order = [node for node in self.graph.nodes if not node.is_leaf]
        self._arena, self._places = self._laid_out()

    def _laid_out(self) -> tuple[Arena, dict[Tensor, int]]:
        """Return a place for each array that is neither another look at one nor kept by the caller."""
        last = {node: number for number, node in enumerate(self._order)}
        for number, node in enumerate(self._order):
            for source in node.inputs:
                for below in self._under(source):
                    if below in last:
                        last[below] = max(last[below], number)
        kept = {below for output in self.graph.outputs for below in self._under(output)}
        arena, places = Arena(), {}
        for number, node in enumerate(self._order):
            if node.op in INTO and node not in kept and node.ndim:
                places[node] = arena.take(node.size * node.dtype.itemsize, number, last[node])
        return arena, places

    def _under(self, node: Tensor) -> list[Tensor]:
        """Return a node and all those whose arrays it may look at, as what NumPy gives for `flip` does."""
        found = [node]
        for below in found:
            if not below.is_leaf and below.op not in INTO:
                found += [source for source in below.inputs if source not in found]
        return found

    def _workspace(self) -> dict[Tensor, Any]:
        """Return the arrays of this thread."""
        if not hasattr(self._local, "arrays"):
            memory = aligned((self._arena.size,), np.dtype(np.uint8))
            self._local.arrays = {
                node: memory[offset : offset + node.size * node.dtype.itemsize].view(node.dtype).reshape(node.shape)
                for node, offset in self._places.items()
            }
        return self._local.arrays

    def __call__(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the outputs for these values of the inputs, in arrays that belong to the caller."""
        try:
            return self._run(arguments)
        except REFUSALS:
            return self._reference(arguments)  # which says what was wrong

    def _run(self, arguments: Sequence[Any]) -> list[Any]:
        arrays = self._workspace()
        values: dict[Tensor, Any] = dict(zip(self.graph.inputs, arguments, strict=True))
        for node in self._order:
            given = [values.get(source, source.value) for source in node.inputs]
            out = arrays.get(node)
            if out is None:
                values[node] = node.op.forward(np, *given, **node.params)
            else:
                INTO[node.op](*given, out=out, **node.params)
                values[node] = out
        outputs = self.graph.outputs
        return [self._own(output, values, again=output in outputs[:place]) for place, output in enumerate(outputs)]

    @staticmethod
    def _own(output: Tensor, values: Mapping[Tensor, Any], again: bool) -> Any:
        value = output.value if is_constant(output) else values[output]
        return np.array(value)[()] if again or output.is_leaf or output.op not in INTO else value


__all__ = ["NumpyProgram"]
