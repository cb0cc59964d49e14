"""The slope of a loss in every entry of one parameter: two central differences, a ladder where they do not suffice.

Most entries of a network are smooth around where they are, and the extrapolation of two central differences settles
them with four evaluations. An entry whose quotients do not behave as a smooth function's, or whose claimed gradient
disagrees, is measured again with a full ladder of steps from both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .evaluate import Losses
from .ladder import combine, limits, step_ladders

Array = Any
LEVELS = 40
AT_ONCE = 256
"""So many entries are measured again at a time."""


@dataclass(frozen=True)
class Measured:
    """Slopes, one per entry.

    Attributes
    ----------
    plain : the deck's central difference with step h
    value, bar : the measured slope and its error bar
    kink, low, high : whether the two one-sided slopes differ, and between which the subgradients lie
    near_kink : whether a kink lies within h
    unmoved : whether no step changed the loss
    """

    plain: Array
    value: Array
    bar: Array
    kink: Array
    low: Array
    high: Array
    near_kink: Array
    unmoved: Array


def measure_entries(
    losses: Losses, x: Array, chosen: Array, claimed: Array, *, base: float, noise: float, h: float
) -> Measured:
    """Return the slopes of the loss in the `chosen` flat entries, whose values are `x`.

    `base` is the loss as the caller found it; the one that differences refer to is found as the others are.
    """
    if not len(chosen):
        empty, none = np.zeros(0), np.zeros(0, bool)
        return Measured(empty, empty, empty, none, empty, empty, none, none)
    base = float(losses(chosen[:1], x[:1])[0]) if np.isfinite(base) else base
    plus, minus, widths = _two_steps(losses, x, chosen, base, h)
    central = (plus - minus) / widths
    rounding = (4 * noise + 2 * np.finfo(float).eps * abs(base)) / widths
    value = (4 * central[1] - central[0]) / 3
    bar = np.abs(central[1] - central[0]) + 4 * rounding[1]  # thrice the change that the extrapolation makes
    bend = plus - 2 * base + minus  # h f'': doubles with the step wherever the function is smooth
    rough = _rough(bend, widths, central, rounding)
    unmoved = (plus == base).all(axis=0) & (minus == base).all(axis=0)
    value, bar = np.where(unmoved, 0.0, value), np.where(unmoved, 0.0, bar)
    result = Measured(central[1], value, bar, np.zeros(len(chosen), bool), value.copy(), value.copy(),
                      np.zeros(len(chosen), bool), unmoved)
    scale = np.maximum(np.abs(claimed).max(initial=0.0), np.nanmax(np.abs(value), initial=0.0))
    disagrees = ~(np.abs(value - claimed) <= bar + 1e-7 * np.abs(claimed) + 1e-13 * scale)
    again = np.flatnonzero(rough | disagrees | (bar > 1e-5 * scale))
    for begin in range(0, len(again), AT_ONCE):
        part = again[begin : begin + AT_ONCE]
        _measure_again(losses, x, chosen, part, result, rough[part], base=base, noise=noise, h=h)
    return result


def _two_steps(losses: Losses, x: Array, chosen: Array, base: float, h: float) -> tuple[Array, Array, Array]:
    """Return the loss at ``x + s`` and ``x - s`` for s = 2h, h, and the widths between the two.

    Where the widest step moves nothing, the finer ones are taken to move nothing either.
    """
    plus = np.full((2, len(chosen)), base)
    minus = plus.copy()
    moved = np.arange(len(chosen))
    for level, step in enumerate((2 * h, h)):
        entries, centre = np.concatenate([chosen[moved]] * 2), x[moved]
        found = losses(entries, np.concatenate([centre + step, centre - step])) if len(moved) else np.zeros(0)
        plus[level, moved], minus[level, moved] = found[: len(moved)], found[len(moved) :]
        moved = np.flatnonzero((plus[0] != base) | (minus[0] != base))
    steps = np.array([2 * h, h])[:, None]
    widths = (x + steps) - (x - steps)
    return plus, minus, np.where(widths == 0, np.nan, widths)


def _rough(bend: Array, widths: Array, central: Array, rounding: Array) -> Array:
    """Whether the second differences fail to fall to a quarter when the step is halved, as they do without a kink."""
    excess = np.abs(bend[:-1] - 4 * bend[1:]) / widths[1:]
    return ~(excess <= 1e-3 * np.abs(central[1]) + 16 * rounding[1:]).all(axis=0)


def _measure_again(
    losses: Losses, x: Array, chosen: Array, part: Array, result: Measured, rough: Array, *,
    base: float, noise: float, h: float,
) -> None:
    """Measure some entries by two ladders of steps from both sides, and write what is found into `result`."""
    centre, found = x[part], []
    for steps in step_ladders(centre, LEVELS):
        steps = np.where(steps >= np.abs(centre) * 2.0**-36, steps, np.nan)  # noqa: PLW2901
        points = np.stack([centre + steps, centre - steps])
        walked = np.isfinite(points)
        values = np.full(points.shape, np.nan)
        values[walked] = losses(np.broadcast_to(chosen[part], points.shape)[walked], points[walked])
        found.append(limits(values[0], values[1], np.full(len(part), base), points[0] - centre, centre - points[1],
                            np.full(len(part), noise)))
    both = combine(*found)
    kink, middle = both.kink, (both.right + both.left) / 2
    result.kink[part] = kink
    result.value[part] = np.where(kink, middle, both.value)
    result.bar[part] = np.where(kink, both.right_bar + both.left_bar, both.bar)
    result.low[part] = np.where(kink, np.minimum(both.right, both.left), both.value)
    result.high[part] = np.where(kink, np.maximum(both.right, both.left), both.value)
    off = np.abs(result.plain[part] - both.value)
    noticeable = off > 10 * (both.bar + (4 * noise + 4e-16 * abs(base)) / h) + 1e-7 * np.abs(both.value)
    result.near_kink[part] = kink | (rough & noticeable)
