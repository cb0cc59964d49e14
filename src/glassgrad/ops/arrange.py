"""The same entries at other places: flip, roll, pad, tile, repeat, diagonals, triangles.

Those that move or repeat entries are composites of indexing, joining and broadcasting, so their derivatives follow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..errors import SettingError, ShapeError
from ..graph import Tensor, nodes
from .define import as_node, axes, composite, derived, one_axis, primitive, whole
from .index import getitem, put_back


def _flip_arguments(x: Any, axis: Any = None) -> Any:
    x = as_node(x)
    return (x,), {"axis": axes(axis, x.ndim)}


@composite(arguments=_flip_arguments)
def flip(xp: Any, x: Any, *, axis: tuple[int, ...]) -> Any:
    """Reverse the order of the entries along the named axes, or along all.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.flip([1.0, 2.0, 3.0])
    Tensor([3., 2., 1.], op=flip)
    """
    return x[tuple(slice(None, None, -1) if i in axis else slice(None) for i in range(x.ndim))]


def _roll_arguments(x: Any, shift: Any, axis: Any = None) -> Any:
    x = as_node(x)
    if axis is None:
        amounts = shift if isinstance(shift, (tuple, list)) else (shift,)
        return (x,), {"shift": (sum(whole("shift", s) for s in amounts),), "axis": None}
    chosen = [one_axis(a, x.ndim) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    amounts = [whole("shift", s) for s in (shift if isinstance(shift, (tuple, list)) else [shift])]
    if len(amounts) == 1:
        amounts *= len(chosen)
    if len(amounts) != len(chosen):
        raise ShapeError(f"roll: {len(amounts)} shifts were given for {len(chosen)} axes; give one for each.")
    return (x,), {"shift": tuple(amounts), "axis": tuple(chosen)}


@composite(arguments=_roll_arguments)
def roll(xp: Any, x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...] | None) -> Any:
    """Move the entries on by `shift` places along the named axes (in the flat array, if none); the last come first.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.roll([1.0, 2.0, 3.0], 1)
    Tensor([3., 1., 2.], op=roll)
    """
    result = xp.reshape(x, (-1,)) if axis is None else x
    for amount, along in zip(shift, axis or (0,) * len(shift), strict=True):
        size = result.shape[along]
        cut = size - amount % size if size else 0
        before = (slice(None),) * along
        parts = [result[(*before, slice(cut, None))], result[(*before, slice(None, cut))]]
        result = xp.concatenate(parts, axis=along)
    return xp.reshape(result, x.shape)


Widths = tuple[tuple[int, int], ...]


def _inside(x: Any, width: Widths) -> tuple[slice, ...]:
    return tuple(slice(before, before + size) for (before, _), size in zip(width, x.shape, strict=True))


def _pad_type(x: ArrayType, *, width: Widths, value: float) -> ArrayType:
    shape = (before + size + after for (before, after), size in zip(width, x.shape, strict=True))
    return ArrayType(tuple(shape), x.dtype)


@primitive(
    forward=lambda xp, x, *, width, value: xp.pad(x, width, constant_values=value) if width else x, infer=_pad_type,
    vjp=lambda xp, g, y, x, *, width, value: (g[_inside(x, width)],), latex=r"\mathrm{{pad}}({0})",
)
def pad_with(x: Any, width: Any, value: float = 0) -> Any:
    """Surround `x` with a number: ``width`` holds a pair (before, after) for every axis."""
    x = as_node(x)
    return (x,), {"width": _widths(width, x.ndim), "value": value}


def _widths(width: Any, ndim: int) -> Widths:
    try:
        pairs = np.broadcast_to(np.asarray(width), (ndim, 2))
    except ValueError:
        raise ShapeError(f"pad: the width {width} does not fit {ndim} axes; give one number, a pair, or a pair for "
                         "every axis.") from None
    if pairs.dtype.kind not in "iu" or (pairs < 0).any():
        raise ShapeError(f"pad: the width {width} must hold whole numbers, not negative.")
    return tuple((int(before), int(after)) for before, after in pairs)


@derived
def pad(array: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0) -> Tensor:
    """Surround an array with a constant, or with its own entries.

    Parameters
    ----------
    array : array_like
    pad_width : int, pair of int, or a pair for every axis
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
    constant_values : float
        One number for all sides.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.pad([1.0, 2.0], (1, 2), mode="edge").value
    array([1., 1., 2., 2., 2.])
    """
    x = as_node(array)
    if not isinstance(mode, str) or mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise SettingError(f"pad: mode {mode!r} has no rule; known: constant, edge, reflect, symmetric, wrap.")
    if mode == "constant":
        return nodes.pad_with(x, pad_width, float(constant_values) if x.dtype.kind == "f" else constant_values)
    if constant_values != 0:
        raise SettingError(f"pad: constant_values was given, which mode {mode!r} does not use; leave it out.")
    for axis, width in enumerate(_widths(pad_width, x.ndim)):
        if width != (0, 0):
            x = nodes.take(x, np.pad(np.arange(x.shape[axis]), width, mode=mode), axis)  # type: ignore[call-overload]
    return x


def _tile_arguments(x: Any, reps: Any) -> Any:
    x = as_node(x)
    given = tuple(whole("reps", count) for count in (reps if isinstance(reps, (tuple, list, np.ndarray)) else (reps,)))
    if any(count < 0 for count in given):
        raise ShapeError(f"tile: counts {given} must not be negative.")
    return (x,), {"reps": (1,) * (x.ndim - len(given)) + given}


@composite(forward=lambda xp, x, *, reps: xp.tile(x, reps), arguments=_tile_arguments)
def tile(xp: Any, x: Any, *, reps: tuple[int, ...]) -> Any:
    """Lay copies of the whole array side by side, `reps` times along each axis.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.tile([1.0, 2.0], 2)
    Tensor([1., 2., 1., 2.], op=tile)
    """
    shape = (1,) * (len(reps) - x.ndim) + x.shape
    apart = xp.reshape(x, tuple(part for size in shape for part in (1, size)))
    filled = xp.broadcast_to(apart, tuple(part for pair in zip(reps, shape, strict=True) for part in pair))
    return xp.reshape(filled, tuple(count * size for count, size in zip(reps, shape, strict=True)))


@composite(forward=lambda xp, x, *, repeats, axis: xp.repeat(x, repeats, axis=axis))
def repeat_each(xp: Any, x: Any, *, repeats: int, axis: int) -> Any:
    """Repeat every entry along `axis` the same number of times."""
    apart = xp.reshape(x, (*x.shape[: axis + 1], 1, *x.shape[axis + 1 :]))
    filled = xp.broadcast_to(apart, (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :]))
    return xp.reshape(filled, (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :]))


@derived
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Repeat every entry along an axis (of the flat array if None): a count, or one for each.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.repeat([1.0, 2.0], 2).value, gg.repeat([1.0, 2.0], [1, 3]).value
    (array([1., 1., 2., 2.]), array([1., 2., 2., 2.]))
    """
    x = nodes.ravel(x) if axis is None else as_node(x)
    along = one_axis(0 if axis is None else axis, x.ndim)
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iu" or (counts < 0).any():
        raise ShapeError(f"repeat: {repeats} must be whole numbers, not negative.")
    if counts.ndim == 0:
        return nodes.repeat_each(x, repeats=int(counts), axis=along)
    return nodes.take(x, np.repeat(np.arange(x.shape[along]), counts), along)


# Diagonals and triangles ----------------------------------------------------------------------------------------------


def _places(rows: int, columns: int, offset: int) -> tuple[Any, Any]:
    """Return rows and columns of the entries of a diagonal."""
    start = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    return start - min(offset, 0), start + max(offset, 0)


def _diagonal_arguments(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = as_node(x)
    first, second = (one_axis(axis, x.ndim) for axis in (axis1, axis2))
    if first == second:
        raise ShapeError(f"diagonal: axis1 and axis2 are both axis {first} of shape {x.shape}; give two.")
    order = [i for i in range(x.ndim) if i not in (first, second)]
    return (nodes.transpose(x, [*order, first, second]),), {"offset": whole("offset", offset)}


@composite(arguments=_diagonal_arguments)
def diagonal(xp: Any, x: Any, *, offset: int) -> Any:
    """Entries of a diagonal of two axes (the first two, unless named), as a last axis.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.diagonal([[1.0, 2.0], [3.0, 4.0]])
    Tensor([1., 4.], op=diagonal)
    """
    return getitem(xp, x, *_places(x.shape[-2], x.shape[-1], offset), pattern=("...", "array", "array"))


@composite()
def diagonal_matrix(xp: Any, x: Any, *, offset: int = 0) -> Any:
    """Square matrix with the entries of a vector on a diagonal, 0 elsewhere."""
    size = x.shape[0] + abs(offset)
    return put_back(xp, x, *_places(size, size, offset), pattern=("array", "array"), shape=(size, size))


@derived
def diag(x: Any, k: int = 0) -> Tensor:
    """Diagonal of a matrix, or the matrix with this diagonal."""
    x = as_node(x)
    if x.ndim not in (1, 2):
        raise ShapeError(f"diag: shape {x.shape} was given; one or two axes are needed. Use diagonal for more.")
    return nodes.diagonal(x, k) if x.ndim == 2 else nodes.diagonal_matrix(x, offset=whole("k", k))


def _triangle_arguments(x: Any, k: int = 0) -> Any:
    x = as_node(x)
    if x.ndim < 2:
        raise ShapeError(f"a triangle of shape {x.shape} was asked for; two axes are needed.")
    return (x,), {"k": whole("k", k)}


@composite(arguments=_triangle_arguments)
def tril(xp: Any, x: Any, *, k: int) -> Any:
    """``x`` with 0 above the diagonal number `k` of its last two axes."""
    return xp.where(np.tri(x.shape[-2], x.shape[-1], k, dtype=bool), x, 0)


@composite(arguments=_triangle_arguments)
def triu(xp: Any, x: Any, *, k: int) -> Any:
    """``x`` with 0 below the diagonal number `k` of its last two axes."""
    return xp.where(np.tri(x.shape[-2], x.shape[-1], k - 1, dtype=bool), 0, x)
