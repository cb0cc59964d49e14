"""One edge backward: upstream times local derivative is downstream, in numbers and in symbols.

>>> import glassgrad as gg
>>> apple, count = gg.tensor(100.0, name="apple"), gg.tensor(2.0, name="count")
>>> from glassgrad.explain.run import run_of
>>> run = run_of(gg.multiply(apple, count))
>>> print(flow_over(run, Edge(run.output, 0)).equation)
∂v1/∂apple = ∂v1/∂v1 · count = 1 × 2 = 2
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..array_type import is_float
from ..graph import Tensor
from ..words import Sentence, sentence
from .formula import Formula, derivative, equation, factor_formula, joined, product, times, value_formula
from .matrix import product_reason, product_shapes, repeat_reason
from .numbers import SMALL
from .rules import factor_of, is_elementwise, pullback_of, reason
from .run import Edge, Run


@dataclass(frozen=True, eq=False)
class Flow:
    """What runs back over one edge.

    Attributes
    ----------
    edge : Edge
    upstream : array
        The derivative that arrives at the node.
    local : array or None
        The local derivative, where upstream times it, entry by entry, is what leaves; None where the rule is a
        product of matrices or another sum.
    downstream : array
        What arrives at the edge's other end, in its shape.
    shared : bool
        Whether other edges bring derivatives to that end, too.
    symbols, numbers : Formula
        The right-hand side.
    equation : Formula
        The whole line.
    shapes : str or None
        Of a product of matrices: ``(2, 3) = (2, 2)·(2, 3)``.
    reasons : tuple of Sentence
        Why it is so.
    """

    edge: Edge
    upstream: Any
    local: Any
    downstream: Any
    shared: bool
    symbols: Formula
    numbers: Formula | None
    equation: Formula
    shapes: str | None
    reasons: tuple[Sentence, ...]


def local_of(run: Run, edge: Edge) -> Any:
    """Return the local derivative of an edge, from the op's own rule with an upstream of 1; None if it is no factor.

    It is a number between two numbers, an array for an op that works entry by entry, and for a node that is a single
    number the array of its derivatives.
    """
    node = edge.node
    if not is_float(node.dtype) or not (is_single(node) or is_elementwise(node)):
        return None
    return run.pulled(node, np.ones(node.shape, node.dtype)[()])[edge.position]


def flow_over(run: Run, edge: Edge, *, shared: bool = False) -> Flow:
    """Return what runs back over an edge of a run."""
    node, source = edge.node, edge.source
    upstream = run.cotangents[node]
    part = run.pulled(node, upstream)[edge.position]
    downstream = run.fitted(part, source)
    local = local_of(run, edge)
    symbols = _symbols(run, edge, local)
    if part.size > downstream.size:
        symbols = Formula(f"Σ {symbols}", rf"\sum {symbols.latex}")
    numbers = _numbers(run, upstream, local, part, downstream)
    target = run.slope(source)
    reasons = _reasons(run, edge, part.shape)
    if shared:
        via = _via(run, edge)
        target = Formula(f"{target} [{via}]", rf"\left.{target.latex}\right|_{{{via.latex}}}")
        reasons += (sentence("This is the part that comes through {node}.", node=run.labels[node]),)
    line = equation([target, symbols, numbers, value_formula(downstream, run.digits)])
    return Flow(edge, upstream, local, downstream, shared, symbols, numbers, line,
                product_shapes(node, edge.position), reasons)


def _via(run: Run, edge: Edge) -> Formula:
    """Return what a part comes through: the node, and which of its inputs if it uses the same one twice."""
    label = run.labels[edge.node]
    if sum(source is edge.source for source in edge.node.inputs) == 1:
        return label
    return Formula(f"{label}, {edge.position + 1}", f"{label.latex}, {edge.position + 1}")


def _reasons(run: Run, edge: Edge, shape: tuple[int, ...]) -> tuple[Sentence, ...]:
    known = product_reason(edge.node, edge.position, run.labels)
    if known is not None:
        return (known,)
    repeated = repeat_reason(edge.source, shape, run.labels)
    return (reason(edge.node),) if repeated is None else (reason(edge.node), repeated)


def is_single(node: Tensor) -> bool:
    """Whether a node holds a single number."""
    shape = node.shape
    return shape == () or prod(shape) == 1


def single(value: Any) -> Any:
    """Return the number in an array of one entry."""
    return value.reshape(-1)[0] if isinstance(value, np.ndarray) else value


def factor_symbol(run: Run, edge: Edge) -> Formula:
    """Return the local derivative in symbols: as the op's row has it, else the sign for it."""
    known = factor_of(edge.node, edge.position, run.labels)
    return known if known is not None else derivative(run.labels[edge.node], run.labels[edge.source])


def _symbols(run: Run, edge: Edge, local: Any) -> Formula:
    upstream = run.slope(edge.node)
    if local is not None:
        factor = factor_symbol(run, edge)
        return product([upstream, _bracketed(factor)])
    known = pullback_of(edge.node, edge.position, run.labels, upstream)
    if known is not None:
        return known
    factor = derivative(run.labels[edge.node], run.labels[edge.source])
    return product([upstream, factor])


def _bracketed(factor: Formula) -> Formula:
    """Put a sum or a negative factor into parentheses."""
    text = factor.plain
    if text.startswith("-") or (" " in text and not _enclosed(text)):
        return Formula(f"({text})", rf"\left({factor.latex}\right)")
    return factor


def _enclosed(text: str) -> bool:
    """Whether the first bracket closes at the end."""
    if text[0] not in "([":
        return False
    depth = 0
    for i, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if not depth:
            return i == len(text) - 1
    return False


def _numbers(run: Run, upstream: Any, local: Any, part: Any, downstream: Any) -> Formula | None:
    """Write upstream times local, and the sum over what broadcasting had repeated."""
    digits = run.digits
    if local is None:
        return _rows(part, downstream, digits)
    if max(np.size(upstream), np.size(compact(local))) > SMALL:
        return None
    factors = times([factor_formula(upstream, digits), factor_formula(compact(local), digits)])
    if part.shape == downstream.shape:
        return factors
    rows = _rows(part, downstream, digits)
    return factors if rows is None else equation([factors, rows])


def _rows(part: Any, downstream: Any, digits: int) -> Formula | None:
    """Write a sum of rows out, if it is one and is short."""
    if part.shape == downstream.shape or part.shape[1:] != downstream.shape or part.size > SMALL:
        return None
    return joined(" + ", (factor_formula(row, digits) for row in part)) if len(part) > 1 else None


def compact(local: Any) -> Any:
    """Return an array whose entries are all equal as that one number."""
    array = np.asarray(local)
    if array.size and (array == array.flat[0]).all():
        return array.flat[0]
    return local
