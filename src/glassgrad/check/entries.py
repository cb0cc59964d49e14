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

from .ladder import combine, limits, step_ladders

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
        _measure_again(run, flat, int(chosen[position]), int(position), result, base=base, noise=noise, h=h,
                       rough=bool(rough[position]))
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
    base: float, noise: float, h: float, rough: bool,
) -> None:
    """Measure one entry by two ladders of steps from both sides, and write what is found into `result`."""
    x = float(flat[entry])
    step_sets = [s[s >= abs(x) * 2.0**-36] for s in step_ladders(x, LEVELS)]
    found = []
    for steps in step_sets:
        values = np.empty((2, len(steps), 1))
        for level, step in enumerate(steps):
            for side, sign in enumerate((1.0, -1.0)):
                flat[entry] = x + sign * step
                values[side, level] = run()
        flat[entry] = x
        widths = ((x + steps) - x)[:, None], (x - (x - steps))[:, None]
        found.append(limits(values[0], values[1], np.array([base]), *widths, noise))
    both = combine(*found)
    value, bar, kink = float(both.value[0]), float(both.bar[0]), bool(both.kink[0])
    right, left, one_sided = float(both.right[0]), float(both.left[0]), float(both.right_bar[0] + both.left_bar[0])
    result.kink[position] = kink
    result.value[position], result.bar[position] = ((right + left) / 2, one_sided) if kink else (value, bar)
    result.low[position], result.high[position] = (min(right, left), max(right, left)) if kink else (value, value)
    off = abs(result.plain[position] - value)
    noticeable = off > 10 * (bar + (4 * noise + 4e-16 * abs(base)) / h) + 1e-7 * abs(value)
    result.near_kink[position] = bool(result.kink[position] or (rough and noticeable))
