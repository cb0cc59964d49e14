"""Axes to other positions, arrays cut into parts, parts joined: functions made of transpose, indexing, concatenate."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..graph import Tensor, nodes
from .define import as_node, derived, one_axis, whole


@derived
def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Move axes to other positions; the others keep their order."""
    x = as_node(x)
    start, end = (
        [one_axis(a, x.ndim) for a in (given if isinstance(given, (tuple, list)) else (given,))]
        for given in (source, destination)
    )
    if len(start) != len(end) or len(set(start)) < len(start) or len(set(end)) < len(end):
        raise ShapeError(f"moveaxis: source {source} and destination {destination} must name as many different axes.")
    order = [i for i in range(x.ndim) if i not in start]
    for place, axis in sorted(zip(end, start, strict=True)):
        order.insert(place, axis)
    return nodes.transpose(x, order)


@derived
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Cut an axis into equal parts, or at the given places; returns a list.

    Examples
    --------
    >>> import glassgrad as gg
    >>> [part.value.tolist() for part in gg.split([1.0, 2.0, 3.0], [1])]
    [[1.0], [2.0, 3.0]]
    """
    x = as_node(x)
    along = one_axis(axis, x.ndim)
    size, before = x.shape[along], (slice(None),) * along
    if isinstance(indices_or_sections, (tuple, list, np.ndarray)):
        ends = [whole("split: place", place) for place in indices_or_sections]
    else:
        count = whole("split: number of parts", indices_or_sections)
        if count < 1 or size % count:
            raise ShapeError(f"split: axis {along} of shape {x.shape} cannot be cut into {count} equal parts; give "
                             "the places to cut at.")
        ends = [size // count * i for i in range(1, count)]
    return [x[(*before, slice(start, end))] for start, end in zip([0, *ends], [*ends, size], strict=True)]


def _joined(name: str, least: int, axis: int, doc: str) -> None:
    def function(tup: Any) -> Tensor:
        parts = [as_node(part) for part in tup]
        raised = [nodes.reshape(part, _raised_shape(part.shape, least)) for part in parts]
        return nodes.concatenate(raised, 0 if raised and raised[0].ndim == 1 else axis)

    function.__name__, function.__doc__ = name, doc
    derived(function)


def _raised_shape(shape: tuple[int, ...], least: int) -> tuple[int, ...]:
    """Return the shape that NumPy's ``atleast_nd`` gives."""
    if least == 3 and len(shape) in (1, 2):
        return (1, *shape, 1) if len(shape) == 1 else (*shape, 1)
    return (1,) * (least - len(shape)) + shape


_joined("vstack", 2, 0, "Join arrays as rows, one below the other.")
_joined("hstack", 1, 1, "Join arrays side by side: along the second axis, vectors along their only one.")
_joined("dstack", 3, 2, "Join arrays along a third axis.")


@derived
def column_stack(tup: Any) -> Tensor:
    """Join vectors as the columns of a matrix; matrices side by side."""
    parts = [as_node(part) for part in tup]
    return nodes.concatenate([p if p.ndim > 1 else nodes.reshape(p, (prod(p.shape), 1)) for p in parts], 1)
