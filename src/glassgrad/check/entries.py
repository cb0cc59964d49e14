"""The slope of a loss in every entry of one parameter: two central differences, a ladder where they do not suffice.

Most entries of a network are smooth around where they are, and the extrapolation of two central differences settles
them with four evaluations. An entry whose quotients do not behave as a smooth function's, or whose claimed gradient
disagrees, is measured again with a full ladder of steps from both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .numeric import extrapolate

Array = Any
LEVELS = 40


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
    run: Callable[[], float], array: Array, chosen: Array, claimed: Array, *, base: float, noise: float, h: float
) -> Measured:
    """Return the slopes of ``run()`` in the `chosen` flat entries of `array`, which it reads.

    `array` is changed in place while measuring and holds its own values again afterwards.
    """
    flat = array.reshape(-1)
    assert np.shares_memory(flat, array), "the entries are changed in place"
    plus, minus, widths = _two_steps(run, flat, chosen, base, h)
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
    for position in np.flatnonzero(rough | disagrees | (bar > 1e-5 * scale)):
        _measure_again(run, flat, int(chosen[position]), int(position), result, base=base, noise=noise, h=h)
    return result


def _two_steps(
    run: Callable[[], float], flat: Array, chosen: Array, base: float, h: float
) -> tuple[Array, Array, Array]:
    """Return the loss at ``x + s`` and ``x - s`` for s = 2h, h, and the widths between the two.

    Where the widest step moves nothing, the finer ones are taken to move nothing either.
    """
    plus = np.full((2, len(chosen)), base)
    minus = plus.copy()
    for position, entry in enumerate(chosen):
        x = flat[entry]
        for level, step in enumerate((2 * h, h)):
            right, left = x + step, x - step
            flat[entry] = right
            plus[level, position] = run()
            flat[entry] = left
            minus[level, position] = run()
            if level == 0 and plus[0, position] == base == minus[0, position]:
                break
        flat[entry] = x
    steps = np.array([2 * h, h])[:, None]
    widths = (flat[chosen] + steps) - (flat[chosen] - steps)
    return plus, minus, np.where(widths == 0, np.nan, widths)


def _rough(bend: Array, widths: Array, central: Array, rounding: Array) -> Array:
    """Whether the second differences fail to fall to a quarter when the step is halved, as they do without a kink."""
    excess = np.abs(bend[:-1] - 4 * bend[1:]) / widths[1:]
    return ~(excess <= 1e-3 * np.abs(central[1]) + 16 * rounding[1:]).all(axis=0)


def _measure_again(
    run: Callable[[], float], flat: Array, entry: int, position: int, result: Measured, *,
    base: float, noise: float, h: float,
) -> None:
    """Measure one entry by two ladders of steps from both sides, and write what is found into `result`."""
    x = float(flat[entry])
    found = []
    for start in (1.0, 0.73):
        top = start * 2.0 ** np.ceil(np.log2(max(abs(x), 1.0)))
        steps = top * 0.5 ** np.arange(LEVELS)
        steps = steps[steps >= abs(x) * 2.0**-36]
        values = np.empty((2, len(steps)))
        for level, step in enumerate(steps):
            for side, sign in enumerate((1.0, -1.0)):
                flat[entry] = x + sign * step
                values[side, level] = run()
        flat[entry] = x
        found.append(limits(values[0], values[1], base, (x + steps) - x, x - (x - steps), noise))
    (value, bar), (right, right_bar), (left, left_bar) = combine(found)
    result.value[position], result.bar[position] = value, bar
    result.low[position] = result.high[position] = value
    if abs(right - left) > right_bar + left_bar:
        result.kink[position] = True
        result.value[position] = (right + left) / 2
        result.bar[position] = right_bar + left_bar
        result.low[position], result.high[position] = min(right, left), max(right, left)
    off = abs(result.plain[position] - value)
    noticeable = off > 10 * (bar + (4 * noise + 4e-16 * abs(base)) / h) + 1e-7 * abs(value)
    result.near_kink[position] = bool(result.kink[position] or noticeable)


def limits(plus: Array, minus: Array, base: Any, right: Array, left: Array, noise: Any) -> tuple[Array, Array]:
    """Return the two-sided, the right and the left slope with their bars, from values on one ladder of steps."""
    eps = np.finfo(float).eps
    error = 2 * (eps * (np.abs(plus) + np.abs(minus) + abs(base)) + 3 * noise)
    quotients = np.stack([(plus - minus) / (right + left), (plus - base) / right, (base - minus) / left], axis=1)
    rounding = np.stack([error / (right + left), error / right, error / left], axis=1)
    bad = ~np.isfinite(quotients).all(axis=1)
    if bad.any():  # outside the domain: only the steps below count
        quotients[: np.flatnonzero(bad)[-1] + 1] = np.nan
    return extrapolate(quotients, rounding, np.array([4.0, 2.0, 2.0]))


def combine(found: list[tuple[Array, Array]]) -> list[tuple[float, float]]:
    """Return mean and bar from two independent ladders: three times the widest of the bars and their difference."""
    (a, bar_a), (b, bar_b) = found
    bar = 3 * np.maximum(np.maximum(bar_a, bar_b), np.abs(a - b))
    bar = np.where(np.isnan(bar), np.inf, bar)
    return [(float(v), float(e)) for v, e in zip((a + b) / 2, bar, strict=True)]
