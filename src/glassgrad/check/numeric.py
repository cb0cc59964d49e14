"""Derivatives from function values alone, each with an error bar that is measured.

>>> import numpy as np
>>> steps = 0.5 ** np.arange(4, 20.0)[:, None]
>>> quotients = (np.exp(1 + steps) - np.exp(1 - steps)) / (2 * steps)
>>> value, bar = extrapolate(quotients, 2e-16 / steps, 4.0)
>>> bool(abs(value[0] - np.e) <= bar[0] < 1e-12)
True

A *ladder* is a sequence of difference quotients with steps that are halved from level to level; each column is a
quantity of its own. Extrapolation (Richardson 1911; Neville's scheme) removes the leading powers of the step. What sets
this one apart is the rule of acceptance: a derivative is a limit, so an estimate counts only if every finer quotient
agrees with it. That rule removes the false convergence of extrapolation across kinks, poles and staircases.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
ORDER = 6
"""Highest number of powers of the step that are removed."""


def extrapolate(
    quotients: Array, rounding: Array, ratio: Array, *, guards: tuple[Array, Array] | None = None,
    check_finer: bool = True,
) -> tuple[Array, Array]:
    """Return the limit of each column of `quotients` for a vanishing step, and its error bar.

    Parameters
    ----------
    quotients : (K, L) array
        Difference quotients with steps H, H/2, H/4 ...; NaN where a level is outside the domain or does not exist.
    rounding : (K, L) array
        Bound on the error of each quotient that comes from rounding and noise of the function; it grows with K.
    ratio : float or (L,) array
        By which the leading error falls per level: 4 for central differences, 2 for one-sided ones.
    guards : two (G, L) arrays, optional
        Quotients with much finer steps and their rounding, which an estimate must agree with too.
    check_finer : bool
        Whether an estimate must agree with every finer quotient; False only to show what that is good for.

    Returns
    -------
    value, bar : (L,) arrays
        The bar is infinite, and the value NaN, where no estimate was accepted.
    """
    D = quotients
    levels, columns = D.shape
    largest_after, smallest_after = _envelopes_of_finer(D, rounding, guards)
    ratio = np.broadcast_to(np.asarray(ratio, D.dtype), (columns,))
    estimates = np.full((ORDER, levels, columns), np.nan, D.dtype)
    bars = np.full(estimates.shape, np.inf, D.dtype)
    previous = D
    for order in range(1, min(ORDER, levels - 1) + 1):
        factor = ratio**order
        finer, coarser = previous[1:], previous[:-1]  # row r holds level r + order
        current = (factor * finer - coarser) / (factor - 1)
        bar = np.maximum(np.abs(current - finer), np.abs(current - coarser)) + rounding[order:]
        if check_finer:
            # Not the whole window: its coarse end is far off and would excuse any jump at finer steps.
            spread = 2 * np.maximum(np.abs(D[order:] - current), np.abs(D[order - 1 : -1] - current)) + bar
            over = np.maximum(largest_after[order:] - current, current - smallest_after[order:])
            bar = np.where(over <= spread, bar, np.inf)
        estimates[order - 1, order:], bars[order - 1, order:] = current, np.where(np.isfinite(bar), bar, np.inf)
        previous = current
    if check_finer:
        bars = _without_contradicted(estimates, bars)
    estimates, bars = estimates.reshape(-1, columns), bars.reshape(-1, columns)
    row = np.argmin(bars, axis=0)
    best, best_bar = estimates[row, np.arange(columns)], bars[row, np.arange(columns)]
    best = np.where(np.isfinite(best_bar), best, np.nan)
    still = ((D == 0) | np.isnan(D)).all(axis=0) & (D == 0).any(axis=0)  # unmoved by every step: exactly independent
    if guards is not None:
        still &= ((guards[0] == 0) | np.isnan(guards[0])).all(axis=0)
    return np.where(still, 0, best), np.where(still, 0, best_bar)


def _without_contradicted(estimates: Array, bars: Array) -> Array:
    """Return the bars, infinite where an estimate from finer steps says something else.

    The slope of a polynomial trend is found exactly from coarse steps; a ripple on it shows only in finer ones.
    """
    low = np.where(np.isfinite(bars), estimates - 3 * bars, -np.inf).max(axis=0)
    high = np.where(np.isfinite(bars), estimates + 3 * bars, np.inf).min(axis=0)
    lowest_top, highest_bottom = np.full_like(high, np.inf), np.full_like(low, -np.inf)
    lowest_top[:-1] = np.minimum.accumulate(high[::-1], axis=0)[::-1][1:]
    highest_bottom[:-1] = np.maximum.accumulate(low[::-1], axis=0)[::-1][1:]
    contradicted = (estimates - 3 * bars > lowest_top) | (estimates + 3 * bars < highest_bottom)
    return np.where(contradicted, np.inf, bars)


def _envelopes_of_finer(D: Array, rounding: Array, guards: tuple[Array, Array] | None) -> tuple[Array, Array]:
    """Return, per level, the largest ``D - 4 r`` and the smallest ``D + 4 r`` among all finer levels."""
    lower = np.where(np.isnan(D), -np.inf, D - 4 * rounding)
    upper = np.where(np.isnan(D), np.inf, D + 4 * rounding)
    largest, smallest = np.full_like(D, -np.inf), np.full_like(D, np.inf)
    largest[:-1] = np.maximum.accumulate(lower[::-1], axis=0)[::-1][1:]
    smallest[:-1] = np.minimum.accumulate(upper[::-1], axis=0)[::-1][1:]
    if guards is not None:
        fine, error = guards
        largest = np.maximum(largest, np.where(np.isnan(fine), -np.inf, fine - 4 * error).max(axis=0))
        smallest = np.minimum(smallest, np.where(np.isnan(fine), np.inf, fine + 4 * error).min(axis=0))
    return largest, smallest


def measured_noise(samples: Array) -> tuple[Array, Array]:
    """Return how far each function value is from a smooth function's, from samples on shrinking spacings.

    Parameters
    ----------
    samples : (S, 9, m) array
        Values of m functions at nine equidistant points, for S spacings, the coarsest first.

    Returns
    -------
    noise, coarse : (m,) arrays
        Fourth differences of a smooth function vanish with the fourth power of the spacing; where they no longer
        fall from one spacing to the next, what is left is noise (after Moré and Wild, 2011). `coarse` reads every
        plateau as noise, also one that finer spacings resolve: of a wiggle or a staircase either can be meant.
    """
    fourth = np.diff(samples, 4, axis=1)
    largest = np.abs(fourth).max(axis=1)
    unit = np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)  # squares of tiny numbers would underflow
    level = unit * np.sqrt(((fourth / unit[:, None]) ** 2).mean(axis=1) / 70.0)  # 70 = 1 + 16 + 36 + 16 + 1
    finite = np.isfinite(level)
    plateau = finite[:-1] & finite[1:] & (level[1:] > level[:-1] / 32)
    coarse = np.where(plateau, level[:-1], 0.0).max(axis=0)
    level = np.where(finite, level, np.inf)[::-1]  # finest first
    noise = level[0].copy()
    going = np.ones(noise.shape, bool)
    for position in range(1, len(level)):
        here = level[position]
        # Noise that wakes stays at the next spacing; at the coarsest, what wakes may as well be a kink out there.
        after = level[position + 1] if position + 1 < len(level) else np.full_like(here, np.inf)
        waking = (noise == 0) & (here > 0) & (after <= 4 * here) & (here <= 4 * after)
        joins = going & np.isfinite(here) & ((here <= 4 * noise) | waking)
        going &= joins | ((noise == 0) & (here == 0))
        noise = np.where(joins, np.maximum(noise, here), noise)
    return np.where(np.isfinite(noise), noise, 0.0), coarse
