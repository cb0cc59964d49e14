"""Two-sided and one-sided slopes from function values on ladders of steps, and what two ladders say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .numeric import extrapolate

Array = Any
STARTS = (1.0, 0.73)
"""First steps of the two ladders, in units of the scale: their steps never coincide."""


@dataclass(frozen=True)
class Slopes:
    """Measured slopes, one per column.

    Attributes
    ----------
    value, bar : two-sided slope and its error bar
    right, right_bar, left, left_bar : one-sided slopes
    steepest : largest quotient over steps no larger than the argument, a measure of the function's own scale
    """

    value: Array
    bar: Array
    right: Array
    right_bar: Array
    left: Array
    left_bar: Array
    steepest: Array

    @property
    def kink(self) -> Array:
        """Whether the one-sided slopes are known and differ."""
        return kink_between(self, 0.0)


def kink_between(slopes: Slopes, scale: Array) -> Array:
    """Return where the one-sided slopes differ by more than their bars, which must be narrow."""
    bars = slopes.right_bar + slopes.left_bar
    height = np.maximum(np.abs(slopes.right), np.abs(slopes.left))
    with np.errstate(invalid="ignore"):
        return (np.abs(slopes.right - slopes.left) > bars) & (bars < 0.05 * height + 1e-12 * scale)


def step_ladders(x: Array, levels: int, dtype: Any = np.float64) -> list[Array]:
    """Return two sequences of steps for a coordinate of size `x`, halving from about ``max(|x|, 1)`` downwards."""
    top = np.asarray(2.0, dtype) ** np.ceil(np.log2(np.maximum(np.abs(x), 1.0)))
    powers = np.asarray(0.5, dtype) ** np.arange(levels)
    return [np.asarray(start, dtype) * np.multiply.outer(powers, top) for start in STARTS]


def limits(
    plus: Array, minus: Array, base: Array, right: Array, left: Array, noise: Array, *, guards: int = 0,
    check_finer: bool = True, near: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return slopes, bars and the steepest quotient, from values on one ladder of steps.

    Parameters
    ----------
    plus, minus : (K, L) arrays
        Function values at ``x + step`` and ``x - step``.
    base : (L,) array
    right, left : (K, L) or (K, 1) arrays
        The distances of the two points from x, as rounded.
    noise : (L,) array
        Error of a function value beyond rounding.
    guards : int
        How many of the last levels only check the estimates of the others.
    near : (K, L) array, optional
        Which levels the steepest quotient is sought among; all, if it is not given.

    Returns
    -------
    values, bars : (3, L) arrays
        Two-sided, right and left.
    steepest : (L,) array
    """
    eps = np.finfo(plus.dtype).eps
    columns = plus.shape[1]
    error = 2 * (eps * (np.abs(plus) + np.abs(minus) + np.abs(base)) + 3 * noise)
    quotients = np.concatenate([(plus - minus) / (right + left), (plus - base) / right, (base - minus) / left], axis=1)
    rounding = np.concatenate([error / (right + left), error / right, error / left], axis=1)
    bad = ~np.isfinite(plus - minus)
    # Where a level lies outside the domain, only the steps below it count.
    outside = np.maximum.accumulate(bad[::-1], axis=0)[::-1]
    existing = np.isfinite(right + left) if right.shape == plus.shape else np.broadcast_to(
        np.isfinite(right + left), plus.shape)
    if bad.any():
        ended = np.minimum.accumulate((bad & ~existing)[::-1], axis=0)[::-1]  # the ladder's end is no boundary
        inner = bad & ~ended
        outside = np.maximum.accumulate(inner[::-1], axis=0)[::-1] | bad
        quotients[np.concatenate([outside] * 3, axis=1)] = np.nan
    ratio = np.repeat([4.0, 2.0, 2.0], columns)
    unseen = outside if near is None else outside | ~near
    steepest = np.nanmax(np.abs(np.where(unseen, 0.0, quotients[:, :columns])), axis=0, initial=0.0)
    split = len(plus) - guards
    watch = (quotients[split:], rounding[split:]) if guards else None
    value, bar = extrapolate(quotients[:split], rounding[:split], ratio, guards=watch, check_finer=check_finer)
    return value.reshape(3, columns), bar.reshape(3, columns), steepest


def combine(*found: tuple[Array, Array, Array]) -> Slopes:
    """Return mean and bar over independent ladders: three times the widest of their bars and their differences."""
    values = np.stack([value for value, _, _ in found])
    bars = np.stack([bar for _, bar, _ in found])
    with np.errstate(invalid="ignore"):
        bar = 3 * np.maximum(bars.max(axis=0), np.ptp(values, axis=0))
        value = values.mean(axis=0)
    bar = np.where(np.isnan(bar), np.inf, bar)
    steepest = np.stack([steep for _, _, steep in found]).max(axis=0)
    return Slopes(value[0], bar[0], value[1], bar[1], value[2], bar[2], steepest)
