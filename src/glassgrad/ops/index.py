"""Picking entries: indexing as NumPy does it, and its transpose, which puts them back."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..build import constant
from ..errors import DtypeError, ShapeError
from ..graph import Tensor, nodes
from .define import as_node, derived, one_axis, primitive, whole

# A pattern is an index with its arrays taken out: hashable, so that it can be a parameter. Each part is an integer,
# None, "..." for Ellipsis, a triple for a slice, or "array", which stands for the next array input.
Part = int | None | str | tuple[int | None, int | None, int | None]
Pattern = tuple[Part, ...]


def index_of(pattern: Pattern, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put the arrays back into a pattern: the index as NumPy takes it."""
    following = iter(arrays)
    return tuple(
        next(following) if part == "array" else Ellipsis if part == "..." else slice(*part)
        if isinstance(part, tuple) else part
        for part in pattern
    )


def _split(index: Any, shape: tuple[int, ...]) -> tuple[Pattern, list[Tensor]]:
    parts = [_readable(part) for part in (index if isinstance(index, tuple) else (index,))]
    pattern: list[Part] = []
    arrays: list[Tensor] = []
    axis = 0
    for part in parts:
        if part is Ellipsis:
            axis += len(shape) - sum(map(_width, parts))
        if not isinstance(part, Tensor):
            pattern.append(part if isinstance(part, (int, tuple)) or part is None else "...")
        elif part.dtype.kind == "b":
            arrays += _places(part, shape[axis : axis + part.ndim])
            pattern += ["array"] * part.ndim
        else:
            arrays.append(part)
            pattern.append("array")
        axis += _width(part)
    return tuple(pattern), arrays


def _readable(part: Any) -> Any:
    """Return an integer, None, Ellipsis, the triple of a slice, or a Tensor of integers or booleans."""
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, slice):
        start, stop, step = (None if end is None else whole("an end or step of a slice:", end)
                             for end in (part.start, part.stop, part.step))
        if step == 0:
            raise ShapeError("a slice of step 0 was given; any other step is needed.")
        return start, stop, step
    if isinstance(part, (int, np.integer)) and not isinstance(part, bool):
        return int(part)
    return _index_array(part)


def _width(part: Any) -> int:
    """Return how many axes a part of an index takes up."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, Tensor) and part.dtype.kind == "b" else 1


def _places(mask: Tensor, sizes: tuple[int, ...]) -> list[Tensor]:
    """Return a mask as the indices of its True entries: their number is what the result's shape needs."""
    if mask.value is None:
        raise DtypeError("a boolean index has no known length while a function is traced; use gg.where instead.")
    if mask.shape != sizes or not mask.ndim:
        raise ShapeError(f"index: a mask of shape {mask.shape} does not fit axes of sizes {sizes}; they must be equal.")
    return [constant(places) for places in mask.value.nonzero()]


def _index_array(part: Any) -> Tensor:
    node = as_node(part)
    if node.dtype.kind == "f" and node.size == 0:  # [] is an empty list of indices
        return nodes.astype(node, np.intp)
    if node.dtype.kind not in "iub":
        raise DtypeError(f"an index must hold integers or booleans; got {node.type}. Round and convert it first.")
    return node


def _getitem_type(x: ArrayType, *arrays: ArrayType, pattern: Pattern) -> ArrayType:
    stand_ins = tuple(np.zeros(array.shape, array.dtype) for array in arrays)
    empty = np.lib.stride_tricks.as_strided(np.zeros(1, x.dtype), x.shape, (0,) * x.ndim)  # no memory, any shape
    try:
        return ArrayType(empty[index_of(pattern, stand_ins)].shape, x.dtype)
    except IndexError as error:
        raise ShapeError(f"index: {error} (shape {x.shape}).") from None


def _getitem_vjp(xp: Any, g: Any, y: Any, x: Any, *arrays: Any, pattern: Pattern) -> tuple[Any, ...]:
    return (put_back(xp, g, *arrays, pattern=pattern, shape=x.shape), *(None for _ in arrays))


@primitive(
    forward=lambda xp, x, *arrays, pattern: x[index_of(pattern, arrays)], vjp=_getitem_vjp, infer=_getitem_type,
    symbol="[·]", latex="{0}[\\cdot]",
)
def getitem(x: Any, index: Any) -> Any:
    """``x[index]``: integers, slices, None, Ellipsis, integer and boolean arrays, as in NumPy.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.tensor([1.0, 2.0, 3.0])[[2, 0, 2]]
    Tensor([3., 1., 3.], op=getitem)
    """
    x = as_node(x)
    pattern, arrays = _split(index, x.shape)
    return (x, *arrays), {"pattern": pattern}


def _put_back(xp: Any, g: Any, *arrays: Any, pattern: Pattern, shape: tuple[int, ...]) -> Any:
    index = index_of(pattern, arrays)
    if xp is not np:
        return xp.zeros(shape, g.dtype).at[index].add(g)
    result = np.zeros(shape, g.dtype)
    if arrays:
        np.add.at(result, index, g)  # adds where an index is repeated
    else:
        result[index] = g
    return result


@primitive(
    forward=_put_back,
    vjp=lambda xp, g, y, x, *arrays, pattern, shape: (
        getitem(xp, g, *arrays, pattern=pattern), *(None for _ in arrays)
    ),
    infer=lambda g, *arrays, pattern, shape: ArrayType(shape, g.dtype), symbol="put",
)
def put_back(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `g` added at ``[index]``; where an index is repeated, its entries add up."""
    pattern, arrays = _split(index, tuple(shape))
    return (g, *arrays), {"pattern": pattern, "shape": tuple(shape)}


@derived
def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """Entries at these integer positions, of the flat array or along an axis; repeated ones add their gradients."""
    x = nodes.ravel(x) if axis is None else as_node(x)
    chosen = one_axis(0 if axis is None else axis, x.ndim)
    return nodes.getitem(x, (*[slice(None)] * chosen, _positions(indices, "take", x, chosen)))


def _positions(indices: Any, name: str, x: Tensor, axis: int) -> Tensor:
    indices, size = as_node(indices), x.shape[axis]
    if indices.dtype.kind not in "iu":
        raise DtypeError(f"{name}: positions must be integers; got {indices.type}. Convert floats first; a mask picks "
                         "entries as x[mask].")
    if indices.value is not None:
        beyond = indices.value[(indices.value < -size) | (indices.value >= size)]
        if beyond.size:
            raise ShapeError(f"{name}: position {beyond.flat[0]} lies outside axis {axis} of shape {x.shape}: "
                             + (f"use {-size} to {size - 1}." if size else "it has no entries."))
    return indices


@derived
def take_along_axis(x: Any, indices: Any, axis: int) -> Tensor:
    """Entries of `x` at `indices` along `axis`, one index array entry for each entry of the result (as in NumPy)."""
    x = as_node(x)
    chosen = one_axis(axis, x.ndim)
    indices = _positions(indices, "take_along_axis", x, chosen)
    if indices.ndim != x.ndim:
        raise ShapeError(f"take_along_axis: indices have {indices.ndim} axes, x has {x.ndim}; they must be equal.")
    grid = [
        indices if i == chosen
        else np.arange(x.shape[i]).reshape([-1 if j == i else 1 for j in range(x.ndim)])
        for i in range(x.ndim)
    ]
    return nodes.getitem(x, tuple(grid))


def _one_hot_type(labels: ArrayType, *, classes: int, dtype: np.dtype[Any]) -> ArrayType:
    return ArrayType((*labels.shape, classes), dtype)


def _one_hot(xp: Any, labels: Any, *, classes: int, dtype: np.dtype[Any]) -> Any:
    if xp is not np:
        return (labels[..., None] == np.arange(classes)).astype(dtype)
    check_labels(labels, classes)
    return _unit_rows(classes, dtype)[labels]


@lru_cache(maxsize=64)
def _unit_rows(classes: int, dtype: np.dtype[Any]) -> Any:
    return np.eye(classes, dtype=dtype)


def check_labels(labels: Any, classes: int) -> None:
    """Raise a `ShapeError` naming the first label that is not among ``0 .. classes - 1``."""
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        bad = (np.asarray(labels) < 0) | (np.asarray(labels) >= classes)
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ShapeError(
            f"label {np.asarray(labels)[place]} at index {place} is not among the {classes} classes "
            f"0 to {classes - 1}. Count labels from 0, or give the network more outputs."
        )


@primitive(forward=_one_hot, infer=_one_hot_type, symbol="one-hot")
def one_hot(labels: Any, classes: int, dtype: Any = np.float64) -> Any:
    """Return integer labels as rows with a single 1.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.one_hot([2, 0], 3).value
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    labels = as_node(labels)
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"one_hot: labels must be integers; got {labels.type}.")
    return (labels,), {"classes": int(classes), "dtype": np.dtype(dtype)}
