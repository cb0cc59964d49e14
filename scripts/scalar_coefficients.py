"""Print the polynomials behind `exp`, `log` and their kin, as they stand in ``src/glassgrad/engine/polynomials.py``.

    python scripts/scalar_coefficients.py

Each is the polynomial whose largest error, as the result will feel it, is least (found by the exchange of E. Remez,
1934, in 60 digits), rounded to the floats that will hold it. Beside each stands how many bits are right before the
rounding of its coefficients and after.
"""

from __future__ import annotations

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


TABLES: list[tuple[str, Function, Function, Any, Any, dict[int, int]]] = [
    ("GROWTH", growth, lambda x: max(abs(x), HALF / 4) * (1 - x / 2), -HALF, HALF, {32: 5, 64: 10}),
    ("LOGARITHM", logarithm, lambda z: z / 2, mpmath.mpf(0), WIDEST, {32: 3, 64: 7}),
    ("TANGENT", tangent, lambda z: z, mpmath.mpf(0), mpmath.atanh(mpmath.mpf("0.5001")) ** 2, {32: 5, 64: 10}),
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
    for name, target, weight, low, high, counts in TABLES:
        print(f"{name} = {{")
        for bits, count in counts.items():
            exact = remez(target, weight, low, high, count)
            kind = np.float32 if bits == 32 else np.float64
            rounded = [float(kind(float(c))) for c in exact]
            right = [bits_right(list(map(mpmath.mpf, c)), target, weight, low, high) for c in (exact, rounded)]
            print(f"    # {right[0]} bits right, {right[1]} when rounded")
            print(f"    {bits}: ({', '.join(str(kind(c)) for c in rounded)}),")
        print("}")


if __name__ == "__main__":
    main()
