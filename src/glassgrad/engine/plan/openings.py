"""Ops that native code knows by others alone: where something holds, places of extremes, a stable sum of exponentials.

NumPy has a function of its own for each, so the ops have no local graph; these definitions are for native code alone.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np

from ...build import constant
from ...graph import Op, Tensor, nodes
from .expressions import BY_NAME


def _holds(x: Tensor) -> Any:
    return x if x.dtype == bool else nodes.not_equal(x, constant(np.zeros((), x.dtype)))


def _any(x: Tensor, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    count = nodes.sum(nodes.astype(_holds(x), "int64"), axis=axis, keepdims=keepdims)
    return nodes.greater(count, constant(np.int64(0)))


def _all(x: Tensor, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return nodes.logical_not(_any(nodes.logical_not(_holds(x)), axis=axis, keepdims=keepdims))


def _place(extreme: Callable[..., Any]) -> Callable[..., Any]:
    """Return the definition of the first place of an extreme; NaN is one, as for NumPy."""

    def place(x: Tensor, *, axis: int) -> Any:
        size = x.shape[axis]
        hit = nodes.equal(x, extreme(x, axis=axis, keepdims=True))
        if x.dtype.kind == "f":
            hit = nodes.logical_or(hit, nodes.isnan(x))
        shape = [size if i == axis else 1 for i in range(x.ndim)]
        along = constant(np.arange(size, dtype=np.intp).reshape(shape))
        return nodes.min(nodes.where(hit, along, constant(np.intp(size))), axis=axis)

    return place


def _logaddexp(x: Tensor, y: Tensor) -> Any:
    """``log(exp(x) + exp(y))``; of equal numbers, infinite ones among them, ``x + log(2)``."""
    dtype = nodes.logaddexp(x, y).dtype
    x, y = nodes.astype(x, dtype), nodes.astype(y, dtype)
    apart = nodes.add(nodes.maximum(x, y), nodes.log1p(nodes.exp(nodes.negative(nodes.abs(nodes.subtract(x, y))))))
    return nodes.where(nodes.equal(x, y), nodes.add(x, constant(np.asarray(log(2), dtype))), apart)


DEFINITIONS: dict[Op, Callable[..., Any]] = {
    BY_NAME["any"]: _any, BY_NAME["all"]: _all, BY_NAME["logaddexp"]: _logaddexp,
    BY_NAME["argmax"]: _place(nodes.max), BY_NAME["argmin"]: _place(nodes.min),
}
