"""Setting a part of the examples aside for testing, by a seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DataError, SettingError

__all__ = ["split"]
Pair = tuple[np.ndarray, np.ndarray]


def split(x: np.ndarray, y: np.ndarray, test: float, seed: int, shuffle: bool) -> tuple[Pair, Pair]:
    """Return the training pair and the test pair.

    Parameters
    ----------
    x, y : arrays with N rows
    test : float or int
        Fraction (between 0 and 1; rounded up) or number of examples for the test part.
    seed : int
        Chooses them, through ``numpy.random.default_rng``.
    shuffle : bool
        If not, the last rows are the test part and both parts are views of `x`.

    Raises
    ------
    SettingError
        If `test` or `seed` is out of range.
    DataError
        If a part would be empty, or the training part would miss a class that the test part has.

    Examples
    --------
    >>> x, y = np.arange(5)[:, None], np.array([0, 1, 0, 1, 0])
    >>> (train, _), (test, _) = split(x, y, 0.4, seed=0, shuffle=False)
    >>> train.ravel(), test.ravel()
    (array([0, 1, 2]), array([3, 4]))
    """
    count = _count(test, len(x))
    if shuffle:
        order = np.random.default_rng(_seed(seed)).permutation(len(x))
        pairs = tuple((x[rows], y[rows]) for rows in (order[:-count], order[-count:]))
    else:
        pairs = (x[:-count], y[:-count]), (x[-count:], y[-count:])
    missing = np.setdiff1d(y, pairs[0][1])
    if len(missing):
        raise DataError(
            f"the split leaves the training part without class {int(missing[0])}"
            f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}. "
            + ("Set fewer examples aside, choose another seed, or add examples." if shuffle else
               "The rows seem to be sorted by class: shuffle them, or give a test part of its own.")
        )
    return pairs[0], pairs[1]


def _count(test: Any, total: int) -> int:
    if isinstance(test, bool) or not isinstance(test, (int, float, np.integer, np.floating)):
        raise SettingError(f"test={test!r} must be a fraction between 0 and 1, or a number of examples.")
    whole = isinstance(test, (int, np.integer))
    if not (test >= 1 if whole else 0 < test < 1):
        raise SettingError(f"test={test!r} must be a fraction between 0 and 1, or a number of examples from 1.")
    count = int(test) if whole else math.ceil(round(float(test) * total, 6))
    if not 0 < count < total:
        raise DataError(f"{count} of {total} examples cannot be set aside for testing; "
                        "both parts need at least one. Give more data, or another value of test.")
    return count


def _seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**64:
        raise SettingError(f"seed={seed!r} must be an integer from 0 to 2**64 - 1.")
    return int(seed)
