"""Derivatives from values alone, with a bound on their error."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

LEVELS = 5
FIRST_STEP = 1 / 16


def derivative(function: Callable[[float], Any]) -> tuple[Any, Any]:
    """Return the derivative of a smooth function of one number at 0, and a bound on the error of each entry.

    Central differences over five halved steps, extrapolated to step 0 (Richardson): row k of the tableau has lost the
    error terms up to order 2k. Two neighbours of the last rows must agree; what they differ by is the bound.
    """
    steps = FIRST_STEP * 0.5 ** np.arange(LEVELS)
    sides = [(np.asarray(function(h)), np.asarray(function(-h))) for h in steps]
    row = [(above - below) / (2 * h) for h, (above, below) in zip(steps, sides, strict=True)]
    rounding = np.finfo(float).eps * max(np.abs(side).max(initial=0.0) for pair in sides for side in pair) / steps[-1]
    before = row
    for order in range(1, LEVELS):
        before = row
        row = [(4**order * fine - coarse) / (4**order - 1) for coarse, fine in pairwise(row)]
    return row[-1], np.abs(row[-1] - before[-1]) + 4 * rounding


def assert_derivative(function: Callable[[float], Any], claimed: Any, what: str) -> None:
    """Fail unless `claimed` is the derivative of `function` at 0, as well as differences can tell."""
    measured, error = derivative(function)
    scale = np.maximum(np.abs(measured), 1.0)
    assert np.all(error < 1e-6 * scale), f"{what}: the differences do not converge, error {np.max(error)}"
    gap = np.abs(np.asarray(claimed) - measured)
    assert np.all(gap <= 3 * error + 1e-10 * scale), f"{what}: claimed {claimed}, measured {measured} +- {error}"
