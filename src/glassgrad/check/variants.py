"""Other points and other sizes at which the same rule must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .measure import Array
from .subject import TROUBLE, Probe

SIZES = (1, 2, 3, 67)
MOST = 2**20
"""So many numbers a point may grow to."""
FACTORS = (7.3, 0.137)
"""Odd ones, so that no new point lands on a jump or a tie of round numbers."""


@dataclass(frozen=True)
class Variant:
    """Other arrays for the same rule; `cause` is what is probably wrong with one that fails only there."""

    where: str
    arrays: tuple[Array, ...]
    cause: str = ""


def other_points(arrays: tuple[Array, ...]) -> Iterator[Variant]:
    """Return the point scaled up and down, and mirrored if it holds numbers of both signs.

    Scaling keeps what a domain usually needs: signs, symmetry, definiteness.
    """
    for factor in FACTORS:
        yield Variant(f"at {factor:g} times the point", tuple(np.array(x * factor) for x in arrays))
    joined = np.concatenate([x.reshape(-1) for x in arrays]) if arrays else np.zeros(0)
    if (joined > 0).any() and (joined < 0).any():
        yield Variant("at the mirrored point", tuple(np.array(-x) for x in arrays))


def other_sizes(probe: Probe, arrays: tuple[Array, ...], y: Array) -> Iterator[Variant]:
    """Return the point with other leading sizes, without entries, and as single numbers, where the function takes it.

    A size counts only if the output follows it: otherwise something else in the function has a fixed size, and
    broadcasting would put a question to the rule that nobody meant.
    """
    first = arrays[0]
    if first.ndim:
        yield from _leading(probe, arrays, y, first.shape[0])
    if first.ndim and first.size and all(x.shape == first.shape for x in arrays) and y.shape == first.shape:
        single = tuple(np.array(x.reshape(-1)[0]) for x in arrays)
        if _shape_of(probe, single) == ():
            yield Variant("for single numbers (0-d)", single)


def _leading(probe: Probe, arrays: tuple[Array, ...], y: Array, n: int) -> Iterator[Variant]:
    follows = y.ndim > 0 and y.shape[0] == n
    for size in (*SIZES, 0):
        if n in (size, 0) or (size < 2 and not follows):
            continue
        wanted = (size, *y.shape[1:]) if follows else y.shape
        for chosen in _who_grows(arrays, n, size):
            resized = tuple(_resize(x, size) if it else x for x, it in zip(arrays, chosen, strict=True))
            if sum(x.size for x in resized) > MOST:
                continue
            if _shape_of(probe, resized) == wanted and (follows or _every_row_counts(probe, resized, size)):
                yield Variant(f"for {size} instead of {n} rows", resized, "only batch 1" if n == 1 else "")
                break


def _who_grows(arrays: tuple[Array, ...], n: int, size: int) -> list[list[bool]]:
    """Return which arguments may have the batch as their leading axis: all of its length, or the first alone.

    One row would broadcast against arguments that stay as they are, and is left out there.
    """
    sharing = [x.ndim > 0 and x.shape[0] == n for x in arrays]
    if n == 1:
        return [[it and x.ndim == arrays[0].ndim for it, x in zip(sharing, arrays, strict=True)]]
    alone = [position == 0 for position in range(len(arrays))]
    return [sharing] if sharing == alone or size < 2 else [sharing, alone]


def _every_row_counts(probe: Probe, arrays: tuple[Array, ...], size: int) -> bool:
    """Whether each row moves a result that has no rows of its own; else the function has a size of its own inside."""
    before = probe.output(arrays)
    for row in range(size):
        moved = [a.copy() for a in arrays]
        for a in moved:
            if a.ndim and len(a) == size:
                a[row] *= 1.01
        try:
            if np.array_equal(probe.output(tuple(moved)), before):
                return False
        except TROUBLE:
            return False
    return True


def _resize(x: Array, size: int) -> Array:
    """Repeat or cut rows; repeated rows are scaled differently, so that no two are alike."""
    if size == 0:
        return np.zeros((0, *x.shape[1:]))
    rows = np.resize(x, (size, *x.shape[1:]))
    scale = 1 + 0.2 * np.random.default_rng(7).random(size)
    return np.array(rows * scale.reshape((size,) + (1,) * (x.ndim - 1)))


def _shape_of(probe: Probe, arrays: tuple[Array, ...]) -> tuple[int, ...] | None:
    try:
        y = np.asarray(probe.forward(*[a.copy() for a in arrays]))
    except TROUBLE:
        return None
    return y.shape if y.dtype.kind == "f" and np.isfinite(y).all() else None
