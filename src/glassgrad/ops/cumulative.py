"""Running sums and products, products of all, sorting: results that depend on the order along an axis.

The derivative of a product is the product of the other factors. It is made of running products from both ends, not of a
division, so that it holds where a factor is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..errors import ShapeError
from ..graph import Tensor, nodes
from .define import as_node, axes, broadcast, derived, one_axis, primitive
from .reduce import reduced


def _along(x: Any, axis: int | None) -> tuple[Tensor, dict[str, int]]:
    """Return `x`, flat if no axis is named, and the axis counted from the front."""
    x = as_node(x) if axis is not None else nodes.ravel(x)
    return x, {"axis": one_axis(0 if axis is None else axis, x.ndim)}


def _summed_kind(x: ArrayType) -> np.dtype[Any]:
    return np.ones(1, x.dtype).cumsum().dtype


def _backwards(xp: Any, x: Any, axis: int) -> Any:
    return x[(slice(None),) * axis + (slice(None, None, -1),)]


def _cumsum_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: int) -> tuple[Any]:
    return (_backwards(xp, cumsum(xp, _backwards(xp, g, axis), axis=axis), axis),)


@primitive(
    forward=lambda xp, x, *, axis: xp.cumsum(x, axis=axis), vjp=_cumsum_vjp, symbol="Σ…",
    infer=lambda x, *, axis: ArrayType(x.shape, _summed_kind(x)),
)
def cumsum(x: Any, axis: int | None = None) -> Any:
    """Running sum along an axis, or of all entries; its rule is a running sum from the other end.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.cumsum([1.0, 2.0, 4.0])
    Tensor([1., 3., 7.], op=cumsum)
    """
    x, params = _along(x, axis)
    return (x,), params


def _recurrence(xp: Any, a: Any, b: Any) -> Any:
    state = b[..., 0] * 1 if b.shape[-1] else None
    found = []
    for i in range(b.shape[-1]):
        state = b[..., i] if i == 0 else a[..., i] * state + b[..., i]
        found.append(state)
    return xp.stack(found, axis=-1) if found else b


def _recurrence_vjp(xp: Any, g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    db = _later_sum(xp, a, g)
    return db * _shifted(xp, y, 0), db


def _shifted(xp: Any, y: Any, first: float) -> Any:
    """Return every entry's predecessor along the last axis, `first` before them all."""
    start = np.full((*y.shape[:-1], min(1, y.shape[-1])), first, y.dtype)
    return xp.concatenate([start, y[..., :-1]], axis=-1)


def _later_sum(xp: Any, a: Any, g: Any) -> Any:
    """Return S with ``S[i] = g[i] + a[i + 1] S[i + 1]``: the recurrence from the other end."""
    last = a.ndim - 1
    factors = _shifted(xp, _backwards(xp, a, last), 0)
    return _backwards(xp, linear_recurrence(xp, factors, _backwards(xp, g, last)), last)


def _recurrence_type(a: ArrayType, b: ArrayType) -> ArrayType:
    return ArrayType(broadcast("linear_recurrence", [a.shape, b.shape]), np.result_type(a.dtype, b.dtype))


@primitive(
    forward=_recurrence, vjp=_recurrence_vjp, infer=_recurrence_type, symbol="a y + b",
    latex=r"\mathrm{{recurrence}}({0}, {1})",
)
def linear_recurrence(a: Any, b: Any) -> Any:
    """``y[i] = a[i] * y[i-1] + b[i]`` along the last axis, from ``y[0] = b[0]``; `a` and `b` of one shape.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.linear_recurrence([0.5, 0.5, 0.5], [8.0, 0.0, 1.0])
    Tensor([8., 4., 3.], op=linear_recurrence)
    """
    a, b = as_node(a), as_node(b)
    if a.shape != b.shape or not a.ndim:
        raise ShapeError(f"linear_recurrence: a {a.shape} and b {b.shape} must be equal, and have an axis.")
    return (a, b), {}


def _cumprod_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: int) -> tuple[Any]:
    last = x.ndim - 1
    g, y, x = (part if axis == last else xp.swapaxes(part, axis, last) for part in (g, y, x))
    dx = _shifted(xp, y, 1) * _later_sum(xp, x, g)
    return (dx if axis == last else xp.swapaxes(dx, axis, last),)


@primitive(
    forward=lambda xp, x, *, axis: xp.cumprod(x, axis=axis), symbol="Π…", vjp=_cumprod_vjp,
    infer=lambda x, *, axis: ArrayType(x.shape, _summed_kind(x)),
)
def cumprod(x: Any, axis: int | None = None) -> Any:
    """Running product along an axis, or of all entries.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.cumprod([1.0, 2.0, 4.0])
    Tensor([1., 2., 8.], op=cumprod)
    """
    x, params = _along(x, axis)
    return (x,), params


def _prod_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    kept = [i for i in range(x.ndim) if i not in axis]
    rows = tuple(x.shape[i] for i in kept)
    count = int(np.prod([x.shape[i] for i in axis]))
    flat = xp.reshape(xp.transpose(x, (*kept, *axis)), (*rows, count))
    last = len(rows)
    before = _shifted(xp, cumprod(xp, flat, axis=last), 1)
    back = _backwards(xp, flat, last)
    after = _backwards(xp, _shifted(xp, cumprod(xp, back, axis=last), 1), last)
    dx = xp.reshape(g, (*rows, 1)) * (before * after)
    dx = xp.reshape(dx, (*rows, *(x.shape[i] for i in axis)))
    return (xp.transpose(dx, tuple(int(i) for i in np.argsort((*kept, *axis)))),)


def _prod_type(x: ArrayType, *, axis: tuple[int, ...], keepdims: bool) -> ArrayType:
    return ArrayType(reduced(x.shape, axis, keepdims), _summed_kind(x))


@primitive(
    forward=lambda xp, x, *, axis, keepdims: xp.prod(x, axis=axis, keepdims=keepdims), vjp=_prod_vjp,
    infer=_prod_type, symbol="Π", latex=r"\prod {0}",
)
def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Product over all entries, or over the named axes; the derivative holds where factors are 0.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.grad(gg.prod)(np.array([2.0, 0.0, 5.0]))
    array([ 0., 10.,  0.])
    """
    x = as_node(x)
    return (x,), {"axis": axes(axis, x.ndim), "keepdims": bool(keepdims)}



@primitive(
    forward=lambda xp, x, *, axis: xp.argsort(x, axis=axis, stable=True),
    infer=lambda x, *, axis: ArrayType(x.shape, np.dtype(np.intp)),
)
def argsort(x: Any, axis: int | None = -1) -> Any:
    """Positions that would sort `x` along an axis (flat if None); equal entries keep their order; no derivative."""
    x, params = _along(x, axis)
    return (x,), params


def _sort_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: int) -> tuple[Any]:
    """Hand every cotangent back to the place that its entry came from."""
    places = argsort(xp, argsort(xp, x, axis=axis), axis=axis)
    return (xp.take_along_axis(g, places, axis=axis),)


@primitive(
    forward=lambda xp, x, *, axis: xp.sort(x, axis=axis), vjp=_sort_vjp, infer=lambda x, *, axis: x,
)
def sort(x: Any, axis: int | None = -1) -> Any:
    """Entries in rising order along an axis (flat if None); at a tie the first keeps its place, and its cotangent.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.sort([3.0, 1.0, 2.0])
    Tensor([1., 2., 3.], op=sort)
    """
    x, params = _along(x, axis)
    return (x,), params


@derived
def diff(x: Any, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along an axis, taken `n` times."""
    x = as_node(x)
    before = (slice(None),) * one_axis(axis, x.ndim)
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x
