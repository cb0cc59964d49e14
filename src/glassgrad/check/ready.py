"""A graph made ready to be evaluated very often: by the interpreter, or natively where that saves more than compiling.

>>> import numpy as np, glassgrad as gg
>>> graph = gg.trace(lambda x: gg.sum(gg.tanh(x) * 2.0))(gg.ArrayType((1000,)))
>>> few, many = (ready(graph.inputs, graph.outputs, {}, times) for times in (10, 1_000_000))
>>> type(few).__name__, type(many).__name__
('Program', 'NativeProgram')
>>> few([np.zeros(1000)]) == many([np.zeros(1000)])
True

What decides is an estimate from the graph and the number of evaluations, never the clock: the same check takes the same
way each time, and finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..build import ancestors, constant, placeholder
from ..graph import Tensor, nodes, type_of
from ..interpret import Program, evaluate
from ..simplify import simplify
from ..trace import Graph

WORTH = 5e8
"""Nanoseconds that native code has to save: about what compiling takes."""
LARGE = 500
"""Operations of a graph that takes too long to compile, such as one in which every point has its own."""
CALL = 1000.0
"""Nanoseconds that a call of NumPy costs beside its work."""
MOST = 20.0
"""Nanoseconds for each entry that native code saves at most, in a composite of many functions."""
DEAR = 15
"""Cost of a function that the engine vectorises; those above are the C library's either way."""


Run = Callable[[Sequence[Any]], list[Any]]


def ready(inputs: Sequence[Tensor], outputs: Sequence[Tensor], known: Mapping[Tensor, Any], times: float) -> Run:
    """Return a program that makes of values of the inputs those of the outputs.

    Parameters
    ----------
    inputs, outputs : sequence of Tensor
    known : mapping of Tensor to array
        Values of nodes that do not depend on the inputs.
    times : float
        How often it will be run, about.
    """
    fixed = [node for node in ancestors(outputs) if node in known and node.value is None]
    places = [placeholder(type_of(node)) for node in inputs]
    given = [*places, *(constant(np.asarray(known[node])) for node in fixed)]
    graph = Graph(places, evaluate([*inputs, *fixed], outputs, given, nodes))
    return _native(graph, times) or Program(graph.inputs, graph.outputs)


def _native(graph: Graph, times: float) -> Run | None:
    """Return the native program; None if it would save less than compiling takes, or cannot be had."""
    most = times * MOST * sum(map(_entries, graph.operations))  # without a look into composites
    if most <= WORTH or len(graph.operations) > LARGE:
        return None
    from ..engine.llvm.native import CannotCompileError
    from ..engine.plan.lower import lowered
    from ..engine.program import NativeProgram

    graph = simplify(graph)
    if times * sum(map(saved, lowered(graph).operations)) <= WORTH:
        return None
    try:
        return NativeProgram(graph)
    except CannotCompileError:
        return None


def _entries(node: Tensor) -> int:
    return 1000 + sum(x.size for x in (node, *node.inputs))


def saved(node: Tensor) -> float:
    """Return about how many nanoseconds native code saves at a node: what is done entry by entry, and the call."""
    from ..engine.plan.expressions import EXPRESSIONS
    from ..engine.plan.loops import REDUCTIONS

    if node.op in REDUCTIONS:
        return CALL + 0.5 * node.inputs[0].size
    expression = EXPRESSIONS.get(node.op)
    if expression is None:
        return 0.0  # products are the same library's, and views cost nothing
    own = 0.4 * expression.cost if expression.cost <= DEAR else 0.0
    return CALL + node.size * (0.5 + own)
