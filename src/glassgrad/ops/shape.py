"""Other shapes for the same numbers: reshape, transpose, broadcast, join, cast."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..array_type import ArrayType, dtype_of
from ..build import constant
from ..errors import DtypeError, ShapeError, shortened
from ..graph import Tensor, nodes
from .define import as_node, axes, broadcast, derived, one_axis, primitive, whole


def _sizes(name: str, shape: Any) -> tuple[int, ...]:
    """Return a shape, given as its sizes or as the only one of them."""
    several = isinstance(shape, (tuple, list, np.ndarray))
    return tuple(whole(f"{name}: size", size) for size in (shape if several else (shape,)))


def several(name: str, arrays: Any) -> Any:
    """Return what is to be gone through array by array, or raise a `DtypeError`."""
    if hasattr(arrays, "__iter__"):
        return arrays
    raise DtypeError(f"{name}: {shortened(arrays)} was given; a list of arrays is needed, such as [x, y].")


def _reshape_vjp(xp: Any, g: Any, y: Any, x: Any, *, shape: tuple[int, ...]) -> tuple[Any]:
    return (xp.reshape(g, x.shape),)


@primitive(
    forward=lambda xp, x, *, shape: xp.reshape(x, shape), vjp=_reshape_vjp,
    infer=lambda x, *, shape: ArrayType(shape, x.dtype), symbol="reshape",
)
def reshape(x: Any, shape: Any, *more: int) -> Any:
    """Return the same entries in another shape; one size may be -1.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.reshape(gg.tensor([[1.0, 2.0], [3.0, 4.0]]), (4,))
    Tensor([1., 2., 3., 4.], op=reshape)
    """
    x = as_node(x)
    if more and not isinstance(shape, (int, np.integer)):
        raise ShapeError(f"reshape: {more} follows the shape {shape}; give the sizes alone, or as one tuple.")
    wanted = list(_sizes("reshape", (shape, *more) if more else shape))
    known = prod(size for size in wanted if size != -1)
    if wanted.count(-1) == 1 and known and x.size % known == 0:
        wanted[wanted.index(-1)] = x.size // known
    if any(size < 0 for size in wanted) or prod(wanted) != x.size:
        raise ShapeError(f"reshape: {x.size} entries of shape {x.shape} cannot take the shape {tuple(wanted)}.")
    return (x,), {"shape": tuple(wanted)}


def _transpose_vjp(xp: Any, g: Any, y: Any, x: Any, *, axes: tuple[int, ...]) -> tuple[Any]:
    return (_transpose(xp, g, axes=tuple(int(i) for i in np.argsort(axes))),)


def _transpose_type(x: ArrayType, *, axes: tuple[int, ...]) -> ArrayType:
    return ArrayType(tuple(x.shape[i] for i in axes), x.dtype)


@primitive(
    forward=lambda xp, x, *, axes: xp.transpose(x, axes), vjp=_transpose_vjp, infer=_transpose_type, symbol="ᵀ",
    latex="{0}^{{\\mathsf{{T}}}}",
)
def transpose(x: Any, axes: Any = None) -> Any:
    """Return `x` with its axes in another order; reversed by default."""
    x = as_node(x)
    if axes is None:
        order = tuple(reversed(range(x.ndim)))
    else:
        order = tuple(whole("axis", a) for a in (axes if isinstance(axes, (tuple, list, np.ndarray)) else (axes,)))
        order = tuple(a % x.ndim if -x.ndim <= a < x.ndim else a for a in order)
        if sorted(order) != list(range(x.ndim)):
            raise ShapeError(f"transpose: axes {order} are no order of the {x.ndim} axes of shape {x.shape}.")
    return (x,), {"axes": order}


_transpose = transpose


def _broadcast_to_type(x: ArrayType, *, shape: tuple[int, ...]) -> ArrayType:
    if broadcast("broadcast_to", [x.shape, shape]) != shape:
        raise ShapeError(f"broadcast_to: shape {x.shape} does not broadcast to {shape}.")
    return ArrayType(shape, x.dtype)


@primitive(
    forward=lambda xp, x, *, shape: xp.broadcast_to(x, shape), vjp=lambda xp, g, y, x, *, shape: (g,),
    infer=_broadcast_to_type, symbol="broadcast",
)
def broadcast_to(x: Any, shape: Any) -> Any:
    """Return `x` repeated along new axes and axes of size 1 until it has this shape."""
    return (x,), {"shape": _sizes("broadcast_to", shape)}


@primitive(
    forward=lambda xp, x, *, dtype: x.astype(dtype), vjp=lambda xp, g, y, x, *, dtype: (g,),
    infer=lambda x, *, dtype: ArrayType(x.shape, dtype), symbol="{dtype}",
)
def astype(x: Any, dtype: Any) -> Any:
    """Return `x` converted to another kind of number."""
    return (x,), {"dtype": dtype_of("astype", dtype)}


def _concatenate_vjp(xp: Any, g: Any, y: Any, *xs: Any, axis: int) -> tuple[Any, ...]:
    ends = np.cumsum([x.shape[axis] for x in xs])
    before = (slice(None),) * axis
    return tuple(
        g[(*before, slice(int(end) - x.shape[axis], int(end)))] for x, end in zip(xs, ends, strict=True)
    )


def _concatenate_type(*xs: ArrayType, axis: int) -> ArrayType:
    first = xs[0].shape
    for x in xs:
        if x.ndim != len(first) or x.shape[:axis] + x.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ShapeError(
                f"concatenate: shapes {first} and {x.shape} differ beside axis {axis}; only that axis may differ."
            )
    size = sum(x.shape[axis] for x in xs)
    return ArrayType((*first[:axis], size, *first[axis + 1 :]), np.result_type(*(x.dtype for x in xs)))


@primitive(
    forward=lambda xp, *xs, axis: xp.concatenate(xs, axis=axis), vjp=_concatenate_vjp, infer=_concatenate_type,
)
def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    """Join arrays along an existing axis; with None, their entries into one axis."""
    parts = tuple(as_node(x) if axis is not None else nodes.ravel(x) for x in several("concatenate", arrays))
    if not parts:
        raise ShapeError("concatenate: no arrays were given; at least one is needed.")
    return parts, {"axis": one_axis(0 if axis is None else axis, parts[0].ndim)}


@derived
def stack(arrays: Any, axis: int = 0) -> Tensor:
    """Join arrays of one shape along a new axis."""
    parts = [as_node(x) for x in several("stack", arrays)]
    if len({x.shape for x in parts}) > 1:
        raise ShapeError(f"stack: shapes {sorted({x.shape for x in parts})} differ; all must be equal.")
    return nodes.concatenate([nodes.expand_dims(x, axis) for x in parts], axis)


@derived
def expand_dims(x: Any, axis: Any) -> Tensor:
    """Insert axes of size 1, at these positions of the result."""
    x = as_node(x)
    count = x.ndim + (len(axis) if isinstance(axis, (tuple, list)) else 1)
    new = axes(axis, count)
    sizes = iter(x.shape)
    return nodes.reshape(x, [1 if i in new else next(sizes) for i in range(count)])


@derived
def squeeze(x: Any, axis: Any = None) -> Tensor:
    """Remove axes of size 1: all of them, or those named."""
    x = as_node(x)
    gone = [i for i, size in enumerate(x.shape) if size == 1] if axis is None else axes(axis, x.ndim)
    for i in gone:
        if x.shape[i] != 1:
            raise ShapeError(f"squeeze: axis {i} of shape {x.shape} has size {x.shape[i]}; only size 1 can go.")
    return nodes.reshape(x, [size for i, size in enumerate(x.shape) if i not in gone])


@derived
def ravel(x: Any) -> Tensor:
    """Return the entries as one axis."""
    return nodes.reshape(x, (-1,))


@derived
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes."""
    x = as_node(x)
    order = list(range(x.ndim))
    i, j = one_axis(axis1, x.ndim), one_axis(axis2, x.ndim)
    order[i], order[j] = j, i
    return nodes.transpose(x, order)


@derived
def full_like(a: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """Return a constant of the shape of `a` (and of its dtype, unless one is given) that holds one number."""
    a = as_node(a)
    return constant(np.full(a.shape, fill_value, a.dtype if dtype is None else dtype))


@derived
def zeros_like(a: Any, dtype: Any = None) -> Tensor:
    """Return a constant of zeros of the shape of `a`."""
    return nodes.full_like(a, 0, dtype)


@derived
def ones_like(a: Any, dtype: Any = None) -> Tensor:
    """Return a constant of ones of the shape of `a`."""
    return nodes.full_like(a, 1, dtype)
