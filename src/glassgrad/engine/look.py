"""Whether all results of a native program are finite, asked of native code: it takes half of the time that NumPy would.

>>> import numpy as np
>>> results = [np.ones(5), np.ones((2, 3), "float32")]
>>> table = np.array([result.ctypes.data for result in results])
>>> look = Look(table, {place: ArrayType(result.shape, result.dtype) for place, result in enumerate(results)})
>>> look(), results[1].fill(np.inf), look()
(True, None, False)
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from ..array_type import ArrayType, is_float
from .native import native

TEXT = """def look(told):
    head = array(told, (3,), int64)
    table = array(head[0], (head[1],), int64)
    results = array(told + 24, (head[2], 3), int64)
    for result in range(head[2]):
        count = results[result, 1]
        if results[result, 2] == 32:
            single = array(table[results[result, 0]], (count,), float32)
            wrong_32 = float32(0)
            for i in range(count):
                wrong_32 = accumulate_32(wrong_32, float32(1) if single[i] - single[i] != 0 else float32(0))
            if wrong_32 > 0:
                return 1
        if results[result, 2] == 64:
            double = array(table[results[result, 0]], (count,), float64)
            wrong_64 = float64(0)
            for i in range(count):
                wrong_64 = accumulate_64(wrong_64, float64(1) if double[i] - double[i] != 0 else float64(0))
            if wrong_64 > 0:
                return 1
    return 0
"""


class Look:
    """A look at what lies at some addresses; a number less itself is 0 if it is finite, else NaN.

    Parameters
    ----------
    table : numpy.ndarray of int64
        Addresses, which may change from look to look.
    results : mapping of int to ArrayType
        By place in the table: what kind of array lies there, without gaps. Whole numbers are not looked at.
    """

    def __init__(self, table: Any, results: Mapping[int, ArrayType]) -> None:
        rows = [(place, prod(result.shape), 8 * result.dtype.itemsize) for place, result in results.items()
                if is_float(result.dtype)]
        self._table = table  # stays alive
        self._told = np.array([table.ctypes.data, len(table), len(rows), *(number for row in rows for number in row)])
        self._address = self._told.ctypes.data
        self._look = native(TEXT, "look")

    def __call__(self) -> bool:
        """Return whether all are finite."""
        return not self._look(self._address)
