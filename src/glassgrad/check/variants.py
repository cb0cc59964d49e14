"""Other points and other sizes at which the same rule must hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .measure import Array
from .subject import TROUBLE, Probe

SIZES = (1, 2, 3, 67)
FACTORS = (7.3, 0.137)
"""Odd ones, so that no new point lands on a jump or a tie of round numbers."""


def other_points(arrays: tuple[Array, ...]) -> Iterator[tuple[str, tuple[Array, ...]]]:
    """Return the point scaled up and down, and mirrored if it holds numbers of both signs.

    Scaling keeps what a domain usually needs: signs, symmetry, definiteness.
    """
    for factor in FACTORS:
        yield f"at {factor:g} times the point", tuple(np.array(x * factor) for x in arrays)
    joined = np.concatenate([x.reshape(-1) for x in arrays]) if arrays else np.zeros(0)
    if (joined > 0).any() and (joined < 0).any():
        yield "at the mirrored point", tuple(np.array(-x) for x in arrays)


def other_sizes(probe: Probe, arrays: tuple[Array, ...], y: Array) -> Iterator[tuple[str, tuple[Array, ...]]]:
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
            yield "for single numbers (0-d)", single


def _leading(
    probe: Probe, arrays: tuple[Array, ...], y: Array, n: int
) -> Iterator[tuple[str, tuple[Array, ...]]]:
    sharing = [x.ndim > 0 and x.shape[0] == n for x in arrays]
    follows = y.ndim > 0 and y.shape[0] == n
    alone = [position == 0 for position in range(len(arrays))]
    for size in (*SIZES, 0):
        if n in (size, 0) or (size < 2 and not follows) or (n == 1 and len(arrays) > 1):
            continue
        wanted = (size, *y.shape[1:]) if follows else y.shape
        for chosen in ([sharing] if sharing == alone else [sharing, alone]):
            if chosen != sharing and size < 2:
                continue  # a single row would broadcast against the other arguments
            resized = tuple(_resize(x, size) if it else x for x, it in zip(arrays, chosen, strict=True))
            if _shape_of(probe, resized) == wanted and (follows or _every_row_counts(probe, resized, size)):
                yield f"for {size} instead of {n} rows", resized
                break


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
