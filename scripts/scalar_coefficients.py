"""Print the polynomials behind `exp`, `log` and their kin: all of ``src/glassgrad/engine/llvm/polynomials.py``.

    python scripts/scalar_coefficients.py > src/glassgrad/engine/llvm/polynomials.py

Each is the polynomial whose largest error, as the result will feel it, is least (found by the exchange of E. Remez,
1934, in 60 digits), rounded to the floats that will hold it. Beside each stands how many bits are right before the
rounding of its coefficients and after.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

mpmath.mp.dps = 60
Function = Callable[[Any], Any]
HALF = mpmath.log(2) / 2 * mpmath.mpf("1.0001")  # the argument may be rounded to a little beyond the middle
WIDEST = (3 - 2 * mpmath.sqrt(2)) ** 2 * mpmath.mpf("1.0001")  # s**2 at sqrt(2), where s = (m - 1) / (m + 1)


def growth(x: Any) -> Any:
    """``(expm1(x) - x) / x**2``."""
    return mpmath.hyp1f1(1, 3, x) / 2


def logarithm(z: Any) -> Any:
    """``(log((1 + s) / (1 - s)) / s - 2) / z`` where ``z = s**2``."""
    s = mpmath.sqrt(z)
    return (mpmath.log((1 + s) / (1 - s)) / s - 2) / z if z else mpmath.mpf(2) / 3


def tangent(z: Any) -> Any:
    """``(tanh(x) / x - 1) / z`` where ``z = x**2``."""
    x = mpmath.sqrt(z)
    return (mpmath.tanh(x) / x - 1) / z if z else -mpmath.mpf(1) / 3


CENTRE, FIRST = mpmath.mpf(5) / 4, mpmath.mpf(3) / 4
LOW, HIGH = ((x - CENTRE) / (x + CENTRE) for x in (FIRST, mpmath.mpf(28)))


def stretched(x: Any) -> Any:
    """Return where a positive number lies between -1 (3/4) and 1 (28), so that all the way to infinity is short."""
    return (2 * (x - CENTRE) / (x + CENTRE) - LOW - HIGH) / (HIGH - LOW)


def error_near(z: Any) -> Any:
    """``erf(x) / x - 1`` where ``z = x**2``."""
    x = mpmath.sqrt(z)
    return mpmath.erf(x) / x - 1 if z else 2 / mpmath.sqrt(mpmath.pi) - 1


def error_far(u: Any) -> Any:
    """``log(x exp(x**2) erfc(x)) + 3/4`` where ``u = stretched(x)``."""
    t = (LOW + HIGH + u * (HIGH - LOW)) / 2
    x = CENTRE * (1 + t) / (1 - t)
    return mpmath.log(x * mpmath.exp(x * x) * mpmath.erfc(x)) + FIRST


TABLES: list[tuple[str, str, Function, Function, Any, Any, dict[int, int]]] = [
    ("GROWTH", "(expm1(x) - x) / x**2, |x| up to half of log(2)", growth,
     lambda x: abs(x * x / mpmath.expm1(x)) if x else mpmath.mpf(0), -HALF, HALF, {32: 6, 64: 10}),
    ("LOGARITHM", "(log((1 + s) / (1 - s)) / s - 2) / z, z = s**2, for (1 + s) / (1 - s) from sqrt(1/2) to sqrt(2)",
     logarithm, lambda z: z / 2, mpmath.mpf(0), WIDEST, {32: 3, 64: 7}),
    ("TANGENT", "(tanh(x) / x - 1) / z, z = x**2, x up to atanh(1/2)", tangent, lambda z: z, mpmath.mpf(0),
     mpmath.atanh(mpmath.mpf("0.5001")) ** 2, {32: 5, 64: 10}),
    ("ERROR_NEAR", "erf(x) / x - 1 in z = x**2, x up to 1", error_near, lambda z: mpmath.mpf(1), mpmath.mpf(0),
     mpmath.mpf(1), {32: 7, 64: 12}),
    ("ERROR_FAR", "log(x exp(x**2) erfc(x)) + 3/4 in u, u = STRETCH (x - 5/4) / (x + 5/4) - OFFSET, x from 3/4 on",
     error_far, lambda u: mpmath.mpf(1), mpmath.mpf(-1), mpmath.mpf(1), {32: 13, 64: 25}),
]


def remez(target: Function, weight: Function, low: Any, high: Any, count: int) -> list[Any]:
    """Return the `count` coefficients of the polynomial whose weighted distance from the target is nowhere large."""
    middle, radius = (low + high) / 2, (high - low) / 2
    nodes = [middle - radius * mpmath.cos(mpmath.pi * (k + mpmath.mpf(1) / 2) / (count + 1)) for k in range(count + 1)]
    grid = _grid(low, high, 60 * count)
    for _ in range(20):
        rows = [[*(weight(x) * x**power for power in range(count)), (-1) ** k] for k, x in enumerate(nodes)]
        right = [weight(x) * target(x) for x in nodes]
        *coefficients, level = mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix(right))
        errors = [weight(x) * (target(x) - mpmath.polyval(coefficients[::-1], x)) for x in grid]
        if max(map(abs, errors)) < abs(level) * mpmath.mpf("1.02"):
            return coefficients
        nodes = [grid[k] for k in _peaks(errors, count + 1)]
    raise SystemExit("the exchange does not settle")


def _grid(low: Any, high: Any, count: int) -> list[Any]:
    return [(low + high - (high - low) * mpmath.cos(mpmath.pi * k / count)) / 2 for k in range(count + 1)]


def _peaks(errors: list[Any], count: int) -> list[int]:
    """Return `count` places of largest error whose signs alternate."""
    peaks: list[int] = []
    for k, error in enumerate(errors):
        if not peaks or (error > 0) != (errors[peaks[-1]] > 0):
            peaks.append(k)
        elif abs(error) > abs(errors[peaks[-1]]):
            peaks[-1] = k
    while len(peaks) > count:
        del peaks[0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1]
    return peaks


def bits_right(coefficients: list[Any], target: Function, weight: Function, low: Any, high: Any) -> str:
    """Return the largest weighted error as a power of two."""
    worst = max(abs(weight(x) * (target(x) - mpmath.polyval(coefficients[::-1], x))) for x in _grid(low, high, 500))
    return mpmath.nstr(-mpmath.log(worst, 2), 4)


def main() -> None:
    """Print all tables, lowest power first."""
    print('"""Coefficients, lowest power first, by width of float: printed by ``scripts/scalar_coefficients.py``."""\n')
    print(f"STRETCH, OFFSET = {float(2 / (HIGH - LOW))}, {float((LOW + HIGH) / (HIGH - LOW))}")
    for name, what, target, weight, low, high, counts in TABLES:
        print(f"\n# {what}\n{name} = {{")
        for bits, count in counts.items():
            exact = remez(target, weight, low, high, count)
            kind = np.float32 if bits == 32 else np.float64
            rounded = [kind(float(c)) for c in exact]
            as_exact = [mpmath.mpf(float(c)) for c in rounded]
            right = [bits_right(c, target, weight, low, high) for c in (exact, as_exact)]
            numbers = textwrap.fill(", ".join(map(str, rounded)) + ",", 112)
            print(f"    {bits}: (  # {right[0]} bits right, {right[1]} when rounded")
            print(textwrap.indent(numbers, " " * 8) + "\n    ),")
        print("}")


if __name__ == "__main__":
    main()
