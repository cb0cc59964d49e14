"""Results that others are laid into: arrays joined, padded, and the transpose of slicing.

An entry of such a result is an entry of the operand that covers its place, or the number that fills the rest. Where an
operand lies is said as for a view, the other way round: index ``start + step * i`` along an axis of the result is index
i along an axis of the operand.

>>> import glassgrad as gg
>>> graph = gg.trace(lambda x: gg.concatenate([x, x[::-1]]))(gg.ArrayType((3,)))
>>> for inlay in inlays(graph.outputs[0]):
...     print(covering(inlay, (6,), ["i"]))
(['i <= 2'], ['i'])
(['i >= 3'], ['(i - 3)'])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from ...array_type import ArrayType
from ...graph import Tensor
from .expressions import BY_NAME
from .views import GETITEM, Term, sliced

PUT_BACK, PAD, JOIN = (BY_NAME[name] for name in ("put_back", "pad_with", "concatenate"))


@dataclass(frozen=True)
class Inlay:
    """An operand in a result; `terms` has one entry for each axis of the result."""

    source: Tensor
    terms: tuple[Term, ...]


def inlays(node: Tensor) -> list[Inlay] | None:
    """Return what is laid into a node, no two at the same place; None if the node is of another kind."""
    if node.op is JOIN:
        axis = node.params["axis"]
        starts = accumulate((x.shape[axis] for x in node.inputs), initial=0)
        return [_shifted(x, {axis: start}) for x, start in zip(node.inputs, starts, strict=False)]
    if node.op is PAD:
        return [_shifted(node.inputs[0], {axis: before for axis, (before, _) in enumerate(node.params["width"])})]
    if node.op is PUT_BACK and len(node.inputs) == 1:
        (x,), pattern = node.inputs, node.params["pattern"]
        assert GETITEM.infer is not None
        if x.shape != GETITEM.infer(ArrayType(node.shape, x.dtype), pattern=pattern).shape:
            return None  # NumPy would broadcast it
        terms = sliced(node.shape, pattern)
        return [Inlay(x, tuple(terms[axis] for axis in range(node.ndim)))]
    return None


def _shifted(x: Tensor, starts: dict[int, int]) -> Inlay:
    return Inlay(x, tuple(Term(axis, starts.get(axis, 0)) for axis in range(x.ndim)))


def background(node: Tensor) -> Any:
    """Return the number that stands where nothing is laid in."""
    return np.asarray(node.params.get("value", 0)).astype(node.dtype)


def covering(inlay: Inlay, shape: tuple[int, ...], index: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return under which conditions an operand, which has entries, covers an index of the result, and its own index.

    Parameters
    ----------
    inlay : Inlay
    shape : tuple of int
        Of the result.
    index : sequence of str
        For each axis of the result the text of the index, "0" where there is only one.
    """
    conditions: list[str] = []
    own = ["0"] * inlay.source.ndim
    for term, size, i in zip(inlay.terms, shape, index, strict=True):
        count = 1 if term.axis is None else inlay.source.shape[term.axis]
        if count == 1:
            conditions += [] if size == 1 else [f"{i} == {term.start}"]
            continue
        assert term.axis is not None
        low, high = sorted((term.start, term.start + term.step * (count - 1)))
        step = abs(term.step)
        conditions += [f"{i} >= {low}"] if low > 0 else []
        conditions += [f"{i} <= {high}"] if high + step < size else []
        after = i if low == 0 else f"({i} - {low})"
        conditions += [f"{after} % {step} == 0"] if step > 1 else []
        along = after if term.step > 0 else f"({high} - {i})"
        own[term.axis] = along if step == 1 else f"({along} // {step})"
    return conditions, own
