"""Many numbers into one: sum, mean, largest, smallest, variance, norm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from numbers import Integral
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..errors import SettingError, ShapeError
from ..graph import Op, Tensor, nodes
from .define import as_node, axes, composite, derived, one_axis, primitive


def reduced(shape: tuple[int, ...], axis: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    """Return the shape that is left after reducing over `axis`."""
    if keepdims:
        return tuple(1 if i in axis else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in axis)


def _kept(xp: Any, reduced_value: Any, shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """Give a reduced array its axes of size 1 back, so that it broadcasts against what it came from."""
    return xp.reshape(reduced_value, reduced(shape, axis, keepdims=True))


def _sum_type(x: ArrayType, *, axis: tuple[int, ...], keepdims: bool) -> ArrayType:
    return ArrayType(reduced(x.shape, axis, keepdims), np.ones(1, x.dtype).sum().dtype)


def _arguments(x: Any, axis: Any = None, keepdims: bool = False) -> tuple[tuple[Tensor], Mapping[str, Any]]:
    x = as_node(x)
    return (x,), {"axis": axes(axis, x.ndim), "keepdims": bool(keepdims)}


@primitive(
    forward=lambda xp, x, *, axis, keepdims: xp.sum(x, axis=axis, keepdims=keepdims),
    vjp=lambda xp, g, y, x, *, axis, keepdims: (xp.broadcast_to(_kept(xp, g, x.shape, axis), x.shape),),
    infer=_sum_type, symbol="Σ", latex=r"\sum {0}",
)
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001 - NumPy's name
    """Sum over all entries, or over the named axes.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.sum(gg.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([4., 6.], op=sum)
    """
    return _arguments(x, axis, keepdims)


def _extreme_type(x: ArrayType, *, axis: tuple[int, ...], keepdims: bool) -> ArrayType:
    if 0 in [x.shape[i] for i in axis]:
        raise ShapeError(f"the largest or smallest of no entries was asked for: shape {x.shape}, axis {axis}.")
    return ArrayType(reduced(x.shape, axis, keepdims), x.dtype)


def _extreme_vjp(
    xp: Any, g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool
) -> tuple[Any]:
    """Share the cotangent equally among the entries that attain the extreme."""
    chosen = xp.equal(x, _kept(xp, y, x.shape, axis)).astype(g.dtype)
    return (_kept(xp, g, x.shape, axis) * chosen / xp.sum(chosen, axis=axis, keepdims=True),)


def _extreme(name: str, forward: Callable[..., Any]) -> Op:
    def normalise(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return _arguments(x, axis, keepdims)

    normalise.__name__ = name
    normalise.__doc__ = f"{name} over all entries or the named axes; a tie shares the cotangent equally."
    return primitive(
        forward=forward, vjp=_extreme_vjp, infer=_extreme_type, latex=rf"\{name} {{0}}"
    )(normalise)


max = _extreme("max", lambda xp, x, *, axis, keepdims: xp.max(x, axis=axis, keepdims=keepdims))  # noqa: A001
min = _extreme("min", lambda xp, x, *, axis, keepdims: xp.min(x, axis=axis, keepdims=keepdims))  # noqa: A001


def _place(name: str, forward: Callable[..., Any], what: str) -> Op:
    def normalise(x: Any, axis: int | None = None) -> Any:
        x = as_node(x) if axis is not None else nodes.ravel(x)
        chosen = one_axis(-1 if axis is None else axis, x.ndim)
        if x.shape[chosen] == 0:
            raise ShapeError(f"{name}: axis {chosen} of shape {x.shape} has no entries.")
        return (x,), {"axis": chosen}

    normalise.__name__ = name
    normalise.__doc__ = f"Index of the {what} entry (the first, at a tie), over all or along an axis; no derivative."
    return primitive(
        forward=forward, infer=lambda x, *, axis: ArrayType(reduced(x.shape, (axis,), False), np.dtype(np.intp))
    )(normalise)


argmax = _place("argmax", lambda xp, x, *, axis: xp.argmax(x, axis=axis), "largest")
argmin = _place("argmin", lambda xp, x, *, axis: xp.argmin(x, axis=axis), "smallest")


def _truth(name: str, forward: Callable[..., Any], what: str) -> Op:
    def normalise(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return _arguments(x, axis, keepdims)

    normalise.__name__ = name
    normalise.__doc__ = f"Whether {what} holds (is not 0), over all or the named axes."
    return primitive(
        forward=forward,
        infer=lambda x, *, axis, keepdims: ArrayType(reduced(x.shape, axis, keepdims), np.dtype(bool)),
    )(normalise)


any = _truth("any", lambda xp, x, *, axis, keepdims: xp.any(x, axis=axis, keepdims=keepdims), "any entry")  # noqa: A001
all = _truth("all", lambda xp, x, *, axis, keepdims: xp.all(x, axis=axis, keepdims=keepdims), "every entry")  # noqa: A001


def _count(x: Any, axis: tuple[int, ...]) -> int:
    return prod(x.shape[i] for i in axis)


@composite(
    forward=lambda xp, x, *, axis, keepdims: xp.mean(x, axis=axis, keepdims=keepdims), arguments=_arguments,
    latex=r"\overline{{ {0} }}",
)
def mean(xp: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    """Mean over all entries, or over the named axes.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(gg.mean(gg.tensor([1.0, 2.0, 6.0])).value)
    3.0
    """
    wide = x.astype(np.float64) if x.dtype.kind in "biu" else x  # a sum of integers may overflow
    return xp.sum(wide, axis=axis, keepdims=keepdims) / _count(x, axis)


def _var_arguments(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    inputs, params = _arguments(x, axis, keepdims)
    count = _count(inputs[0], params["axis"])
    if not isinstance(ddof, Integral) or (ddof > 0 and ddof >= count):
        raise SettingError(f"var: ddof={ddof!r} was given; a whole number is needed, below the number of entries, "
                           f"{count}.")
    return inputs, {**params, "ddof": int(ddof)}


def _centred(xp: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """Distances from the mean; the rounding of the mean, which can outweigh them, is taken off in a second pass."""
    once = x - xp.mean(x, axis=axis, keepdims=True)
    return once - xp.mean(once, axis=axis, keepdims=True)


def _var(xp: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool, ddof: int) -> Any:
    centred = _centred(xp, x, axis)
    return xp.sum(centred * centred, axis=axis, keepdims=keepdims) / (_count(x, axis) - ddof)


def _var_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool, ddof: int) -> tuple[Any]:
    return (_kept(xp, g, x.shape, axis) * (_centred(xp, x, axis) * 2 / (_count(x, axis) - ddof)),)


@composite(forward=_var, vjp=_var_vjp, arguments=_var_arguments, latex=r"\mathrm{{Var}}({0})")
def var(xp: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool, ddof: int) -> Any:
    """Variance: mean square distance from the mean, with ``n - ddof`` in the denominator."""
    centred = x - xp.mean(x, axis=axis, keepdims=True)
    return xp.sum(centred * centred, axis=axis, keepdims=keepdims) / (_count(x, axis) - ddof)


@derived
def std(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """Standard deviation: square root of `var`."""
    return nodes.sqrt(nodes.var(x, axis, ddof, keepdims))


def _length(xp: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    """Scaled by the largest entry, so that no square overflows or is lost."""
    if not _count(x, axis):  # nothing is the largest
        return xp.sqrt(xp.sum(xp.square(x), axis=axis, keepdims=keepdims))
    top = xp.max(xp.abs(x), axis=axis, keepdims=True)
    scale = xp.where(xp.logical_and(top > 0, xp.isfinite(top)), top, 1)
    result = xp.sqrt(xp.sum(xp.square(x / scale), axis=axis, keepdims=True)) * scale
    return result if keepdims else xp.squeeze(result, axis)


def _length_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    length = _kept(xp, y, x.shape, axis)
    return (_kept(xp, g, x.shape, axis) * (x / xp.where(xp.equal(length, 0), 1, length)),)


@composite(forward=_length, vjp=_length_vjp, arguments=_arguments, latex=r"\left\|{0}\right\|", symbol="‖·‖")
def length(xp: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    """Euclidean length ``sqrt(sum(x**2))``; the derivative of a zero vector is taken as 0."""
    return xp.sqrt(xp.sum(xp.square(x), axis=axis, keepdims=keepdims))


@derived
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:  # noqa: A002 - NumPy's name
    """Norm of vectors along an axis, or of all entries.

    Parameters
    ----------
    x : array_like
    ord : None, "fro", 1, 2, inf or -inf
        Euclidean (None, also of all entries or of two axes; ``"fro"`` of two axes); with one axis also sum of the
        magnitudes, Euclidean, largest and smallest magnitude.
    axis, keepdims
        As in `sum`.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(gg.norm([3.0, 4.0]).value, gg.norm([3.0, 4.0], 1).value)
    5.0 7.0
    """
    x = as_node(x)
    count = len(axes(axis, x.ndim))
    if ord is None or (ord == "fro" and count == 2):
        return nodes.length(x, axis, keepdims)
    if count != 1 or ord not in (1, 2, np.inf, -np.inf):
        raise ShapeError(f"norm: ord={ord!r} over {count} axes of shape {x.shape} has no rule; name one axis for "
                         "ord 1, 2, inf or -inf, or give no ord.")
    if ord == 2:
        return nodes.length(x, axis, keepdims)
    pick = {1: nodes.sum, np.inf: nodes.max, -np.inf: nodes.min}[ord]
    return pick(nodes.abs(x), axis, keepdims)
