"""The words that generated source is written in, as Numba knows them. Imported only where native code is compiled."""

from __future__ import annotations

import math
from typing import Any

import numba
from llvmlite import ir
from numba import boolean, carray, float32, float64, int8, int16, int32, int64, njit, types, uint8, uint16, uint32
from numba.extending import intrinsic

from .gemm import gemm32, gemm64
from .philox import uniform32, uniform64
from .scalars import (
    accumulate,
    exp32,
    exp64,
    expm1_32,
    expm1_64,
    largest,
    log1p_32,
    log1p_64,
    log32,
    log64,
    sigmoid32,
    sigmoid64,
    smallest,
    tanh32,
    tanh64,
)


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


@njit(inline="always")
def sign(x: float) -> float:
    """Return -1, 0 or 1 of the type of `x`; NaN stays NaN."""
    return x if x != x else type(x)((x > 0) - (x < 0))


WORDS: dict[str, Any] = {
    "boolean": boolean, "int8": int8, "int16": int16, "int32": int32, "int64": int64, "uint8": uint8,
    "uint16": uint16, "uint32": uint32, "float32": float32, "float64": float64, "carray": carray, "pointer": pointer,
    "addresses": addresses, "wrapped": wrapped, "sign": sign, "inf": math.inf, "nan": math.nan,
    "largest": largest, "smallest": smallest, "accumulate": accumulate,
    "exp_32": exp32, "exp_64": exp64, "expm1_32": expm1_32, "expm1_64": expm1_64, "log_32": log32, "log_64": log64,
    "log1p_32": log1p_32, "log1p_64": log1p_64, "tanh_32": tanh32, "tanh_64": tanh64, "sigmoid_32": sigmoid32,
    "sigmoid_64": sigmoid64, "gemm_32": gemm32, "gemm_64": gemm64, "uniform_32": uniform32, "uniform_64": uniform64,
}
WORDS |= {name: _rounding(name) for name in ("floor", "ceil", "trunc", "rint")}
WORDS |= {name: getattr(math, name) for name in (
    "sqrt", "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "hypot", "atan2")}
VERSION = numba.__version__
