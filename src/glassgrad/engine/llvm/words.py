"""The words that generated source is written in: what each of them appends to the program that is being compiled.

A word is called with the builder of the program and the values of its arguments; Python numbers among these are
constants. Imported only where native code is compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from llvmlite import ir

from . import error_function, quotients, scalars
from .emit import POINTER, Number, Operand, alike, call, cast, declared, library, number, where
from .gemm import routines
from .kinds import INT64, KINDS, Kind
from .philox import uniform
from .team import together

Body = Callable[..., Number]


def _wrapped(builder: ir.IRBuilder, index: Operand, size: Operand) -> Number:
    """Return an index counted from the front; a negative one counts from the end."""
    place, count = (cast(builder, value, INT64) for value in (index, size))
    return where(place < 0, place + count, place)


def _fetch(builder: ir.IRBuilder, address: Operand) -> Number:
    """Ask for the line of memory at an address, which will be read soon; nothing happens if there is none."""
    whole = ir.IntType(32)
    form = ir.FunctionType(ir.VoidType(), [POINTER, whole, whole, whole])
    place = builder.inttoptr(cast(builder, address, INT64).value, POINTER)
    read, near, data = (ir.Constant(whole, word) for word in (0, 2, 1))
    builder.call(declared(builder.module, "llvm.prefetch.p0", form), [place, read, near, data])
    return number(builder, 0)


def _min(builder: ir.IRBuilder, x: Operand, y: Operand) -> Number:
    """Return the smaller of two numbers of which none is NaN."""
    one, other = alike(builder, x, y)
    return where(one < other, one, other)


def _sign(x: Number) -> Number:
    """Return -1, 0 or 1 of the kind of a float; NaN stays NaN."""
    return where(x > 0, x.like(1), where(x < 0, x.like(-1), x))


def _of_kind(body: Body, kind: Kind, builder: ir.IRBuilder, *given: Operand) -> Number:
    """Return the value of a function for arguments of this kind."""
    return body(*(cast(builder, value, kind) for value in given))


def _of_any(body: Body, builder: ir.IRBuilder, *given: Operand) -> Number:
    """Return the value of a function for arguments of the kind that the first one has."""
    first = number(builder, given[0])
    return body(first, *(cast(builder, value, first.kind) for value in given[1:]))


INSTRUCTIONS = ("floor", "ceil", "trunc", "rint", "sqrt")
LIBRARY = (
    "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "hypot", "atan2", "exp2",
    "log2", "log10",
)
OF_WIDTH: dict[str, Body] = {body.__name__: body for body in (
    scalars.exp, scalars.expm1, scalars.log, scalars.log1p, scalars.sigmoid, scalars.tanh, scalars.accumulate,
    scalars.largest, scalars.smallest, error_function.erf, error_function.erfc, error_function.gaussian,
)}
OF_ANY: dict[str, Body] = {
    "sign": _sign, "abs": partial(call, "fabs"), "largest": scalars.largest, "smallest": scalars.smallest,
    "remainder": quotients.remainder, "floor_divide": quotients.floor_divide, "cbrt": quotients.cbrt,
    **{name: partial(call, name) for name in INSTRUCTIONS}, **{name: partial(library, name) for name in LIBRARY},
}
WORDS: dict[str, Any] = {
    **KINDS, "inf": math.inf, "nan": math.nan, "wrapped": _wrapped, "fetch": _fetch, "min": _min,
    "together": together,
    **{name: partial(_of_any, body) for name, body in OF_ANY.items()},
    **{f"{name}_{bits}": partial(_of_kind, body, KINDS[f"float{bits}"])
       for name, body in OF_WIDTH.items() for bits in (32, 64)},
    **{f"uniform_{bits}": partial(uniform, bits) for bits in (32, 64)},
}


def words(ints: int, products: ir.Module) -> dict[str, Any]:
    """Return all words by name, see `gemm.routines`."""
    return WORDS | routines(ints, products)
