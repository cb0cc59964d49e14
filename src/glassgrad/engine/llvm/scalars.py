"""Exponentials, logarithms and their kin, for loops that native code vectorises: within 2 units of the last place.

    for i in range(n):
        y[i] = tanh_32(x[i])

Each exists for float32 (``exp_32``) and float64 (``exp_64``), is right for zeros of either sign, the smallest floats,
overflow, infinities and NaN, and calls nothing. The ideas are those of W. J. Cody and W. Waite, "Software Manual for
the Elementary Functions" (1980): write ``x = k log(2) + r`` with a small r, and ``exp(x) = 2**k exp(r)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh
from math import log as _ln

from .emit import Number, call, from_bits, fused, polynomial, to_bits, where
from .polynomials import GROWTH, LOGARITHM, TANGENT


@dataclass(frozen=True)
class Format:
    """How a float is laid out, and the numbers that follow from it.

    Attributes
    ----------
    digits : int
        Binary places after the point; the exponent's bits stand above them.
    bias : int
        What is added to an exponent.
    log2_high, log2_low : float
        ``log(2)`` in two parts; the first so short that its product with any exponent is exact.
    least, most : float
        Outside of these the exponential is 0 and infinite.
    half_root : int
        Bits of the float nearest to ``sqrt(1 / 2)``.
    """

    digits: int
    bias: int
    log2_high: float
    log2_low: float
    least: float
    most: float
    half_root: int

    @property
    def round(self) -> float:
        """What pushes the fraction of a number out of a float; the whole part stays in the lowest bits."""
        return float(3 << (self.digits - 1))

    @property
    def tiny(self) -> float:
        """The smallest float that has all its digits."""
        return 2.0 ** (1 - self.bias)


FORMATS = {
    32: Format(23, 127, 0.693359375, -2.12194440054690583e-4, -105.0, 89.0, 0x3F3504F3),
    64: Format(52, 1023, 6.93147180369123816490e-01, 1.90821492927058770002e-10, -746.0, 710.0, 0x3FE6A09E667F3BCD),
}


# The exponential ------------------------------------------------------------------------------------------------------


def _split(x: Number) -> tuple[Number, Number, Number]:
    """Return r, rest and k with ``x = k log(2) + r`` and ``expm1(r) = r + rest``.

    What is lost when r is rounded is put into the rest. The k is a whole number that holds k plus twice the bias in its
    lowest bits.
    """
    form = FORMATS[x.bits]
    shifted = fused(x, 1 / _ln(2), form.round + 2 * form.bias)
    k = shifted - (form.round + 2 * form.bias)
    exact = fused(k, -form.log2_high, x)
    r = fused(k, -form.log2_low, exact)
    lost = fused(k, -form.log2_low, exact - r)
    return r, fused(r * r, polynomial(GROWTH[x.bits], r), lost), to_bits(shifted)


def _power_of_two(k: Number) -> Number:
    """``2**k`` of a whole number that holds k plus the bias in its lowest bits."""
    return from_bits(k << FORMATS[k.bits].digits)


def above(x: Number, least: float) -> Number:
    """The larger of both; NaN stays."""
    return where(x < least, x.like(least), x)


def below(x: Number, most: float) -> Number:
    """The smaller of both; NaN stays."""
    return where(x > most, x.like(most), x)


def exponential(x: Number) -> tuple[Number, Number, Number]:
    """Return high, low and k with ``e**x = (high + low) 2**k``, where low is what high lacks; for `scaled`."""
    r, rest, k = _split(x)
    high = r + 1
    return high, r - (high - 1) + rest, k


def scaled(x: Number, k: Number) -> Number:
    """``x 2**k`` for a k of `exponential`: in two steps, since ``2**k`` itself may be too large or too small."""
    half = k >> 1
    return x * _power_of_two(half) * _power_of_two(k - half)


def _exp(x: Number) -> Number:
    high, low, k = exponential(x)
    return scaled(high + low, k)


def exp(x: Number) -> Number:
    """``e**x``."""
    form = FORMATS[x.bits]
    return _exp(below(above(x, form.least), form.most))


def expm1(x: Number) -> Number:
    """``exp(x) - 1``, with all its digits near 0; in halves, since ``2**k`` may overflow before the result does."""
    form = FORMATS[x.bits]
    r, rest, k = _split(below(above(x, -(form.digits + 5.0)), form.most))
    half = _power_of_two(k - (form.bias + 1))
    result = fused(rest, half, fused(r, half, half - 0.5)) * 2
    return where(call("fabs", x) < 2.0**-form.digits / 4, x, result)


def _share(e: Number) -> Number:
    """``e / (1 + e)`` for e from 0 to 1; what is lost when ``1 + e`` is rounded is put back."""
    total = e + 1
    lost = e - (total - 1)
    share = e / total
    return fused(share * lost, share - 1, share)


def sigmoid(x: Number) -> Number:
    """``1 / (1 + exp(-x))``: the small one of it and its complement, from which follows the other."""
    small = _share(_exp(above(-call("fabs", x), FORMATS[x.bits].least)))
    return where(x < 0, small, 1 - small)


def tanh(x: Number) -> Number:
    """Hyperbolic tangent: near 0 its series, further out ``1 - 2 sigmoid(-2 abs(x))``."""
    double = call("fabs", x * 2)
    far = fused(_share(_exp(above(-double, FORMATS[x.bits].least))), -2, 1)
    z = x * x
    near = fused(x * z, polynomial(TANGENT[x.bits], z), x)
    return call("copysign", where(double < 2 * atanh(0.5), near, far), x)


# The logarithm --------------------------------------------------------------------------------------------------------


def _logarithm(k: Number, f: Number) -> Number:
    """``k log(2) + log(1 + f)`` for ``1 + f`` between ``sqrt(1/2)`` and ``sqrt(2)``: the series in ``s = f / (2 + f)``.

    ``log(1 + f) = f - (f**2 / 2 - s (f**2 / 2 + rest))``: f, the largest part, is exact.
    """
    form = FORMATS[f.bits]
    s = f / (f + 2)
    z = s * s
    half = f * f * 0.5
    rest = z * polynomial(LOGARITHM[f.bits], z)
    small = fused(s, half + rest, k * form.log2_low)
    return fused(k, form.log2_high, f - (half - small))


def _parts(x: Number) -> tuple[Number, Number]:
    """Return m and a whole number with ``x = 2**k m`` and m between ``sqrt(1/2)`` and ``sqrt(2)``, of a positive float.

    The whole number is k plus the bias plus 1.
    """
    form = FORMATS[x.bits]
    shifted = to_bits(x) - (form.half_root - ((form.bias + 1) << form.digits))
    m = (shifted & ((1 << form.digits) - 1)) + form.half_root
    return from_bits(m), shifted >> form.digits


def _as_float(k: Number, less: float) -> Number:
    """A small whole number as a float, minus another."""
    start = 2.0 ** FORMATS[k.bits].digits
    float_ = from_bits(k | to_bits(from_bits(k).like(start)))
    return float_ - (start + less)


def log(x: Number) -> Number:
    """Natural logarithm; the smallest floats are made larger first."""
    form = FORMATS[x.bits]
    low = x < form.tiny
    m, k = _parts(where(low, x * 2.0 ** (form.digits + 1), x))
    lifted = where(low, x.like(form.digits + 1.0), 0.0)
    return _at_edges(_logarithm(_as_float(k, form.bias + 1) - lifted, m - 1), x, x)


def log1p(x: Number) -> Number:
    """``log(1 + x)``; what the sum loses is put back after the split."""
    form = FORMATS[x.bits]
    u = x + 1
    lost = where(x > 1, 1 - (u - x), x - (u - 1))
    m, k = _parts(u)
    twice = _power_of_two(2 * form.bias + 2 - k)  # 2 * 2**-k, which is 0 for the largest
    f = fused(lost * twice, 0.5, m - 1)
    return call("copysign", _at_edges(_logarithm(_as_float(k, form.bias + 1), f), u, x), x)


def _at_edges(result: Number, x: Number, same: Number) -> Number:
    """Put in what a logarithm is at 0, below 0, at infinity and at NaN."""
    regular = where(x > 0, result, where(x.compare("==", 0), x.like(float("-inf")), x.like(float("nan"))))
    return where(x < float("inf"), regular, same)


# Two numbers into one -------------------------------------------------------------------------------------------------


def accumulate(total: Number, x: Number) -> Number:
    """``total + x``, in an order that LLVM may choose: what lets it sum in several lanes at once."""
    return x.make(x.builder.fadd(total.value, x.value, flags=("reassoc", "nsz")))


def largest(x: Number, y: Number) -> Number:
    """The larger of two numbers of the same type; NaN if one is."""
    return call("maximum", x, y) if x.kind.is_float else where(x > y, x, y)


def smallest(x: Number, y: Number) -> Number:
    """The smaller of two numbers of the same type; NaN if one is."""
    return call("minimum", x, y) if x.kind.is_float else where(x < y, x, y)

