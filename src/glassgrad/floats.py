"""Single numbers: the same ops on Python's floats, which calculate several times faster than NumPy's.

>>> import glassgrad as gg
>>> x = gg.tensor(3.0)
>>> y = x * x + 2
>>> y.value, y.inputs[0].op.name
(np.float64(11.0), 'multiply')

A sum, a difference, a product, a quotient and a power of two float64 numbers are the same in Python as in NumPy, bit
for bit, since both leave them to the processor and the C library. So a rule that is written with operators needs no
array: it runs on floats unchanged, with `floats` in the place of NumPy. What Python refuses (a division by 0) and what
NumPy warns of (a result that is not finite) is left to NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from types import SimpleNamespace
from typing import Any

from .graph import Op

floats = SimpleNamespace(
    where=lambda condition, x, y: float(x if condition else y),
    maximum=lambda x, y: float(x if x > y or isnan(x) else y),
)
"""What rules of `arithmetic` ops call besides operators, on floats."""

REFUSED = (ZeroDivisionError, OverflowError)
"""What Python raises where NumPy gives an infinity."""


def calculate(op: Op, values: Sequence[float], params: Mapping[str, Any]) -> float | None:
    """Return what an `arithmetic` op gives for these numbers; None where NumPy has more to say."""
    try:
        value = op.forward(floats, *values, **params) if params else op.forward(floats, *values)
    except REFUSED:
        return None
    return value if type(value) is float and value - value == 0 else None  # neither complex nor infinite

