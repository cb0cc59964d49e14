"""Indexing by arrays of integers: which axes of the array they choose, and which axes of the result they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...graph import Tensor
from ...ops.index import Pattern
from .expressions import BY_NAME

GATHER = BY_NAME["getitem"]


@dataclass(frozen=True)
class Chosen:
    """Index along one axis of the array: entry of index array number `array`."""

    array: int


@dataclass(frozen=True)
class Run:
    """Index along one axis of the array: ``start + step * i``, i along axis `axis` of the result (None: `start`)."""

    axis: int | None
    start: int = 0
    step: int = 1


@dataclass(frozen=True)
class Gather:
    """Where the entries of a result lie: an index for every axis of the array.

    Attributes
    ----------
    indices : tuple of Chosen or Run
    first, count : int
        The index arrays, broadcast together, make `count` axes of the result, from axis `first` on.
    """

    indices: tuple[Chosen | Run, ...]
    first: int
    count: int


def gathered_by(node: Tensor) -> Gather | None:
    """Return how a node made by indexing with integer arrays reads its array; None if the node is of another kind."""
    return gathered(node.inputs[0].shape, node.inputs[1:], node.params["pattern"]) if node.op is GATHER else None


def gathered(shape: tuple[int, ...], arrays: Sequence[Tensor], pattern: Pattern) -> Gather | None:
    """Return how an index looks into an array of this shape; None if not by integer arrays, or not by them in a row."""
    if not arrays or any(array.dtype.kind not in "iu" for array in arrays):
        return None
    named = sum(part is not None and part != "..." for part in pattern)
    rest: list[object] = [(None, None, None)] * (len(shape) - named)
    parts: list[object] = []
    for each in pattern:
        parts += rest if each == "..." else [each]
    if "..." not in pattern:
        parts += rest
    advanced = [place for place, part in enumerate(parts) if part == "array" or isinstance(part, int)]
    if advanced[-1] - advanced[0] + 1 != len(advanced):
        return None  # NumPy moves the new axes to the front: left to it
    count = len(np.broadcast_shapes(*(array.shape for array in arrays)))
    indices: list[Chosen | Run] = []
    own, first, number = 0, 0, 0
    for place, part in enumerate(parts):
        if place == advanced[0]:
            first, own = own, own + count
        if part is None:
            own += 1
        elif part == "array":
            indices.append(Chosen(number))
            number += 1
        elif isinstance(part, int):
            indices.append(Run(None, part % shape[len(indices)]))
        else:
            assert isinstance(part, tuple)
            start, _, step = slice(*part).indices(shape[len(indices)])
            indices.append(Run(own, start, step))
            own += 1
    return Gather(tuple(indices), first, count)
