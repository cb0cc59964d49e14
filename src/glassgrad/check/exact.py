"""The functions of an array namespace at 50 digits: object arrays of mpmath numbers, as a twin of ops and of graphs.

It is loaded where float64 says too little, and only if mpmath is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import mpmath
import numpy as np

from ..graph import Op, Tensor

Array = Any
DIGITS = 50
ONE_BY_ONE: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p, "sqrt": mpmath.sqrt,
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "tanh": mpmath.tanh, "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh, "arctanh": mpmath.atanh, "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10,
    "exp2": lambda x: mpmath.mpf(2) ** x, "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "hypot": mpmath.hypot, "arctan2": mpmath.atan2, "floor": mpmath.floor, "ceil": mpmath.ceil, "sign": mpmath.sign,
    "power": lambda x, y: x**y, "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
}
BY_OP: dict[str, Callable[..., Any]] = {
    "erf": mpmath.erf, "erfc": mpmath.erfc, "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "cbrt": ONE_BY_ONE["cbrt"],
}
"""Ops that are no expression of such functions."""


class Namespace:
    """NumPy for what moves and adds numbers, mpmath for what computes with one of them."""

    def __getattr__(self, name: str) -> Any:
        if name == "isfinite":
            return lambda x: np.frompyfunc(mpmath.isfinite, 1, 1)(x).astype(bool)
        if name not in ONE_BY_ONE:
            return getattr(np, name)
        return np.frompyfunc(ONE_BY_ONE[name], 2 if name in {"hypot", "arctan2", "power", "logaddexp"} else 1, 1)


def exactly(array: Any) -> Any:
    """Return floats as mpmath numbers in an object array; other arrays as they are."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array[()]
    return np.frompyfunc(lambda number: mpmath.mpf(float(number)), 1, 1)(array)


def twin_of(op: Op) -> Callable[..., Any]:
    """Return the op's definition, or its one line where a namespace's own function defines it, for a `Namespace`."""
    if op.name in BY_OP:
        return lambda _, x: np.frompyfunc(BY_OP[op.name], 1, 1)(x)
    return op.body or op.forward


def compute(order: Iterable[Tensor], at: dict[Tensor, Any]) -> dict[Tensor, Any]:
    """Complete `at`, which has the exact values of some nodes, by the others of `order`, inputs before users."""
    for node in order:
        if node not in at:
            at[node] = exactly(node.value) if not node.inputs else twin_of(node.op)(
                Namespace(), *[at[source] for source in node.inputs], **node.params)
    return at


def slopes_along(twin: Callable[..., Any], arrays: tuple[Array, ...], moves: list[tuple[int, Array]]) -> list[Array]:
    """Return the slopes of all outputs of a twin for each of several moves: an argument and how far its entries go.

    At 50 digits a central difference with a step of 1e-16 is right to more digits than float64 has.
    """
    with mpmath.workdps(DIGITS):
        exact, step = [exactly(a) for a in arrays], mpmath.mpf(10) ** -16

        def at(argument: int, move: Array) -> Array:
            moved = [a + move if j == argument else a for j, a in enumerate(exact)]
            return np.asarray(twin(*moved)).reshape(-1)

        found = []
        for argument, move in moves:
            way = step * exactly(move)
            found.append(((at(argument, way) - at(argument, -way)) / (2 * step)).astype(float))
    return found
