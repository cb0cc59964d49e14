"""The error function, its complement and the bell curve for native loops, as `ops.special` has them for arrays.

Near 0 a polynomial in the square serves; further out the complement is ``exp(-x**2) / x`` times ``exp`` of a
polynomial, with ``x**2`` in two parts so that the exponential gets it without rounding.
"""

from __future__ import annotations

from .emit import Number, call, fused, polynomial, where
from .polynomials import ERROR_FAR, ERROR_NEAR, GROWTH, OFFSET, STRETCH
from .scalars import FORMATS, above, below, exponential, scaled

ZERO_FROM = {32: 11.0, 64: 28.0}  # exp(-x**2) is smaller than any float from here on
GRID = {32: 256, 64: 1024}  # the square of a multiple of 1 / GRID is exact up to there
SHIFT = 0.75


def _bell(x: Number, shift: float, exponent: Number | float) -> tuple[Number, Number, Number]:
    """``exp(exponent - shift - x**2)`` for a small exponent, as `exponential` gives it."""
    push = 1.5 * 2.0 ** FORMATS[x.bits].digits / GRID[x.bits]
    coarse = (x + push) - push
    small = exponent - (x - coarse) * (x + coarse)
    growth = fused(small * small, polynomial(GROWTH[x.bits], small), small)
    high, low, k = exponential(-(coarse * coarse) - shift)
    return high, fused(growth, high + low, low), k


def gaussian(x: Number) -> Number:
    """``exp(-x**2)``."""
    high, low, k = _bell(below(call("fabs", x), ZERO_FROM[x.bits]), 0, 0.0)
    return scaled(high + low, k)


def _tail(size: Number) -> Number:
    """``erfc`` of a number of at least 3/4."""
    size = below(above(size, 0.75), ZERO_FROM[size.bits])
    u = fused((size - 1.25) / (size + 1.25), STRETCH, -OFFSET)
    high, low, k = _bell(size, SHIFT, polynomial(ERROR_FAR[size.bits], u))
    product, inverse = high + low, 1 / size
    quotient = product * inverse
    left = fused(-quotient, size, product) + (low - (product - high))  # what the quotient has not had its share of
    return scaled(fused(left, inverse, quotient), k)


def _near(x: Number) -> Number:
    """``erf`` of a number up to 1."""
    return fused(x, polynomial(ERROR_NEAR[x.bits], x * x), x)


def erf(x: Number) -> Number:
    """``2 / sqrt(pi) * integral of exp(-t**2) from 0 to x``."""
    size = call("fabs", x)
    return where(size < 1, _near(x), call("copysign", 1 - _tail(size), x))


def erfc(x: Number) -> Number:
    """``1 - erf(x)``, with all its digits where that is small."""
    size = call("fabs", x)
    tail = _tail(size)
    return where(size < 0.75, 1 - _near(x), where(x < 0, 2 - tail, tail))

