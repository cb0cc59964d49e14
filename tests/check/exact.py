"""The functions of an array namespace at 50 digits: object arrays of mpmath numbers, as an oracle for ops."""

from __future__ import annotations

import mpmath
import numpy as np

DIGITS = 50
ONE_BY_ONE = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p, "sqrt": mpmath.sqrt,
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "tanh": mpmath.tanh, "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh, "arctanh": mpmath.atanh, "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10,
    "exp2": lambda x: mpmath.mpf(2) ** x, "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "hypot": mpmath.hypot, "arctan2": mpmath.atan2, "floor": mpmath.floor, "ceil": mpmath.ceil, "sign": mpmath.sign,
    "power": lambda x, y: x**y, "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
}
BY_OP = {
    "erf": mpmath.erf, "erfc": mpmath.erfc, "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "cbrt": ONE_BY_ONE["cbrt"],
}
"""Ops that are no expression of such functions."""


class Namespace:
    """NumPy for what moves and adds numbers, mpmath for what computes with one of them."""

    def __getattr__(self, name):
        if name == "isfinite":
            return lambda x: np.frompyfunc(mpmath.isfinite, 1, 1)(x).astype(bool)
        if name not in ONE_BY_ONE:
            return getattr(np, name)
        return np.frompyfunc(ONE_BY_ONE[name], 2 if name in {"hypot", "arctan2", "power", "logaddexp"} else 1, 1)


def exactly(array):
    """Return floats as mpmath numbers in an object array; other arrays as they are."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array[()]
    return np.frompyfunc(lambda number: mpmath.mpf(float(number)), 1, 1)(array)
