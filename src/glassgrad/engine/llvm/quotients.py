"""Functions that rest on one of the C library's: remainders and quotients as NumPy rounds them, cube roots."""

from __future__ import annotations

from .emit import Number, call, library, where


def remainder(x: Number, y: Number) -> Number:
    """``x - y floor(x / y)``, which has the sign of y."""
    rest, other_side = _rest(x, y)
    return where(other_side, rest + y, where(rest.compare("==", 0), call("copysign", x.like(0), y), rest))


def floor_divide(x: Number, y: Number) -> Number:
    """``floor(x / y)``, from the remainder, which is exact."""
    rest, other_side = _rest(x, y)
    quotient = (x - rest) / y
    quotient = where(other_side, quotient - 1, quotient)
    floored = call("floor", quotient)
    floored = where(quotient - floored > 0.5, floored + 1, floored)
    floored = where(quotient.compare("==", 0), call("copysign", x.like(0), x / y), floored)
    return where(y.compare("==", 0), x / y, floored)


def _rest(x: Number, y: Number) -> tuple[Number, Number]:
    """Return what is left of x, with its sign, and whether y lies on the other side of 0."""
    rest = library("fmod", x, y, known=False)
    return rest, rest.compare("!=", 0) & ((y < 0) ^ (rest < 0))


def cbrt(x: Number) -> Number:
    """Cube root; a step of Newton's method takes the last wrong digit away, but for 0, infinity and NaN."""
    root = library("cbrt", x)
    better = root - (root - x / (root * root)) / 3
    return where((better - better).compare("==", 0), better, root)
