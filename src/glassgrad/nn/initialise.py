"""First values of weights: normal random numbers whose spread suits the layer.

>>> import numpy as np
>>> round(float(he(np.random.default_rng(0), 200, 1000).std()), 3)
0.1
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from ..errors import SettingError, one_of

Initialiser = Callable[[np.random.Generator, int, int], Any]


def std(spread: float) -> Initialiser:
    """Return an initialiser of standard deviation `spread` (the deck's weight_init_std)."""
    if not (np.isfinite(spread) and spread >= 0):
        raise SettingError(f"the standard deviation of weights must be a number >= 0; got {spread}.")
    return lambda rng, inputs, outputs: spread * rng.standard_normal((inputs, outputs))


def xavier(rng: np.random.Generator, inputs: int, outputs: int) -> Any:
    """Standard deviation ``sqrt(1 / inputs)``, for sigmoid and tanh (Glorot and Bengio 2010, in the book's form)."""
    return sqrt(1 / inputs) * rng.standard_normal((inputs, outputs))


def he(rng: np.random.Generator, inputs: int, outputs: int) -> Any:
    """Standard deviation ``sqrt(2 / inputs)``, for ReLU (He et al. 2015)."""
    return sqrt(2 / inputs) * rng.standard_normal((inputs, outputs))


NAMED: dict[str, Initialiser] = {"he": he, "xavier": xavier}


def initialiser(given: str | float | Initialiser) -> Initialiser:
    """Return the initialiser that a name, a standard deviation or a function stands for."""
    if isinstance(given, str):
        if given not in NAMED:
            raise one_of("initialiser", given, NAMED)
        return NAMED[given]
    if callable(given):
        return given
    return std(float(given))
