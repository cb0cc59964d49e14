"""Print the polynomials behind `erf` and `erfc`, as they stand in ``src/glassgrad/ops/special.py``.

    python scripts/erf_coefficients.py

Both are Chebyshev interpolations in 50 digits, written out in powers: ``erf(x) / x - 1`` in ``x**2`` from 0 to 1, and
``log(x exp(x**2) erfc(x)) + 9/16`` for x from 3/4 to 28, in the variable u of -1 to 1 that `stretched` defines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

mpmath.mp.dps = 50
CENTRE, FIRST, LAST = mpmath.mpf(6) / 5, mpmath.mpf(3) / 4, mpmath.mpf(28)
NEAR, FAR = 14, 27  # how many coefficients reach 1e-18 on either range


def folded(x: Any) -> Any:
    """Map positive numbers to -1 .. 1, so that all the way to infinity is a short way."""
    return (x - CENTRE) / (x + CENTRE)


LOW, HIGH = folded(FIRST), folded(LAST)


def unstretched(u: Any) -> Any:
    """Return the x of a u between -1 and 1; ``u = (2 folded(x) - LOW - HIGH) / (HIGH - LOW)``."""
    t = (LOW + HIGH + u * (HIGH - LOW)) / 2
    return CENTRE * (1 + t) / (1 - t)


def powers(function: Callable[[Any], Any], count: int) -> list[Any]:
    """Return the coefficients of the polynomial that meets `function` in the `count` Chebyshev points of -1 .. 1."""
    angles = [mpmath.pi * (2 * k + 1) / (2 * count) for k in range(count)]
    values = [function(mpmath.cos(angle)) for angle in angles]
    result = [mpmath.mpf(0)] * count
    before, now = [mpmath.mpf(0)] * count, [mpmath.mpf(1)] + [mpmath.mpf(0)] * (count - 1)
    for j in range(count):
        share = mpmath.fdot(values, [mpmath.cos(j * angle) for angle in angles]) * (1 if j == 0 else 2) / count
        result = [r + share * p for r, p in zip(result, now, strict=True)]
        raised = [mpmath.mpf(0), *now[:-1]]
        before, now = now, [(1 if j == 0 else 2) * r - b for r, b in zip(raised, before, strict=True)]
    return result


def in_squares() -> list[Any]:
    """Return the coefficients of ``erf(x) / x - 1`` in powers of ``x**2``, from the series about 0."""
    from_centre = powers(lambda u: mpmath.erf(mpmath.sqrt((u + 1) / 2)) / mpmath.sqrt((u + 1) / 2) - 1, NEAR)
    result = [mpmath.mpf(0)] * NEAR
    for degree, coefficient in enumerate(from_centre):  # u = 2 s - 1
        for k in range(degree + 1):
            result[k] += coefficient * mpmath.binomial(degree, k) * 2**k * (-1) ** (degree - k)
    return result


def main() -> None:
    """Print both, lowest power first."""
    far = powers(lambda u: mpmath.log(unstretched(u) * mpmath.exp(unstretched(u) ** 2) * mpmath.erfc(unstretched(u)))
                 + mpmath.mpf(9) / 16, FAR)
    print("scale", repr(float(2 / (HIGH - LOW))), "offset", repr(float((LOW + HIGH) / (HIGH - LOW))))
    for name, numbers in (("near", in_squares()), ("far", far)):
        print(name, *(repr(float(number)) for number in numbers), sep="\n    ")


if __name__ == "__main__":
    main()
