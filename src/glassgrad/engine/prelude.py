"""The words that generated source is written in, as Numba knows them. Imported only where native code is compiled."""

from __future__ import annotations

import math
from typing import Any

import numba
from llvmlite import ir
from numba import boolean, carray, float32, float64, int8, int16, int32, int64, njit, types, uint8, uint16, uint32
from numba.extending import intrinsic

from . import scalars
from .gemm import routines


@intrinsic
def pointer(context: Any, address: Any) -> Any:
    """Return an address as a pointer without a type, which `carray` takes."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), generate


def _rounding(name: str) -> Any:
    """Return a function that rounds to a whole number: an instruction of the processor, which also works on vectors."""

    @intrinsic
    def rounded(context: Any, x: Any) -> Any:
        def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            (value,) = arguments
            return builder.call(builder.module.declare_intrinsic(f"llvm.{name}", [value.type]), arguments)

        return x(x), generate

    return rounded


@njit(inline="always")
def addresses(table: int, count: int) -> Any:
    """Return the table of addresses as an array."""
    return carray(pointer(table), (count,), int64)


@njit(inline="always")
def wrapped(index: int, size: int) -> int:
    """Return an index counted from the front; a negative one counts from the end."""
    return index + size if index < 0 else index


@njit
def sign(x: float) -> float:
    """Return -1, 0 or 1 of the type of `x`; NaN stays NaN."""
    return x if x != x else type(x)((x > 0) - (x < 0))


@njit
def largest(a: float, b: float) -> float:
    """Return the larger of two numbers; NaN if one is."""
    return a if (a >= b) | (a != a) else b


@njit
def smallest(a: float, b: float) -> float:
    """Return the smaller of two numbers; NaN if one is."""
    return a if (a <= b) | (a != a) else b


TYPES = {
    "boolean": boolean, "int8": int8, "int16": int16, "int32": int32, "int64": int64, "uint8": uint8, "uint16": uint16,
    "uint32": uint32, "float32": float32, "float64": float64,
}
OWN = {
    "carray": carray, "pointer": pointer, "addresses": addresses, "wrapped": wrapped, "sign": sign, "inf": math.inf,
    "nan": math.nan, "largest": largest, "smallest": smallest,
}
ROUNDINGS = {name: _rounding(name) for name in ("floor", "ceil", "trunc", "rint")}
LIBRARY = {name: getattr(math, name) for name in (
    "sqrt", "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "hypot", "atan2")}
SCALARS = {name: word for name, word in vars(scalars).items() if name.endswith(("_32", "_64"))}


def words(ints: int) -> dict[str, Any]:
    """Return all words by name; `ints` is the width of the integers of the BLAS that is called."""
    return {**TYPES, **OWN, **ROUNDINGS, **LIBRARY, **SCALARS, **routines(ints)}
