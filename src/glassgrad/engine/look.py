"""Whether all results of a native program are finite, asked of native code: sooner told than by NumPy.

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
from .llvm.native import native

HEAD = """def look(told):
    head = array(told, (3,), int64)
    table = array(head[0], (head[1],), int64)
    results = array(told + 24, (head[2], 3), int64)
    for result in range(head[2]):
        count = results[result, 1]
"""
OF_WIDTH = """        if results[result, 2] == {bits}:
            x_{bits} = array(table[results[result, 0]], (count,), float{bits})
            wrong_{bits} = float{bits}(0)
            for i in range(count):
                of_{bits} = float{bits}(1) if x_{bits}[i] - x_{bits}[i] != 0 else float{bits}(0)
                wrong_{bits} = accumulate_{bits}(wrong_{bits}, of_{bits})
            if wrong_{bits} > 0:
                return 1
"""
TEXT = HEAD + "".join(OF_WIDTH.format(bits=bits) for bits in (32, 64)) + "    return 0\n"


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
