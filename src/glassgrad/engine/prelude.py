"""The words that generated source is written in, as Numba knows them. Imported only where native code is compiled.

All of them are intrinsics: they append a few instructions where they are used, and Numba has no functions of their own
to compile, which is what takes its time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import boolean, float32, float64, int8, int16, int32, int64, types, uint8, uint16, uint32
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from . import error_function, philox, scalars
from .gemm import routines


@intrinsic
def array(_context: Any, address: Any, shape: Any, dtype: Any) -> Any:
    """Return the entries at an address as an array of this shape and kind; nobody owns them here."""
    kind = types.Array(dtype.dtype, len(shape), "C")

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        made = arrayobj.make_array(kind)(context, builder)
        sizes = cgutils.unpack_tuple(builder, values[1])
        step = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
        strides = [step]
        for size in reversed(sizes[1:]):
            strides.insert(0, builder.mul(strides[0], size))
        data = builder.inttoptr(values[0], context.get_data_type(kind.dtype).as_pointer())
        arrayobj.populate_array(made, data=data, shape=sizes, strides=strides, itemsize=step, meminfo=None)
        return made._getvalue()

    return kind(address, types.UniTuple(types.intp, len(shape)), dtype), generate


@intrinsic
def wrapped(_context: Any, index: Any, size: Any) -> Any:
    """Return an index counted from the front; a negative one counts from the end."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place, count = (context.cast(builder, value, given, types.int64)
                        for value, given in zip(values, signature.args, strict=True))
        negative = builder.icmp_signed("<", place, ir.Constant(place.type, 0))
        return builder.select(negative, builder.add(place, count), place)

    return types.int64(index, size), generate


def _extreme(sign: str) -> Callable[..., Any]:
    """Return a function that gives the larger or the smaller of two whole numbers of one type."""

    @intrinsic
    def chosen(_context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            one, other = values[0], context.cast(builder, values[1], signature.args[1], signature.args[0])
            compare = builder.icmp_signed if a.signed else builder.icmp_unsigned
            return builder.select(compare(sign, one, other), one, other)

        return a(a, b), generate

    return chosen


@intrinsic
def fetch(_context: Any, _address: Any) -> Any:
    """Ask for the line of memory at an address, which will be read soon; nothing happens if there is none."""

    def generate(_: Any, builder: Any, __: Any, values: Any) -> Any:
        pointer, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, whole, whole, whole])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        read, near, data = (ir.Constant(whole, number) for number in (0, 2, 1))
        builder.call(function, [builder.inttoptr(values[0], pointer), read, near, data])
        return cgutils.get_null_value(ir.IntType(64))

    return types.int64(types.int64), generate


@intrinsic
def sign(_context: Any, x: Any) -> Any:
    """Return -1, 0 or 1 of the type of a float; NaN stays NaN."""

    def generate(_: Any, builder: Any, __: Any, values: Any) -> Any:
        (value,) = values
        zero, one = ir.Constant(value.type, 0.0), ir.Constant(value.type, 1.0)
        negative = builder.select(builder.fcmp_ordered("<", value, zero), ir.Constant(value.type, -1.0), value)
        return builder.select(builder.fcmp_ordered(">", value, zero), one, negative)

    return x(x), generate


def _instruction(name: str) -> Callable[..., Any]:
    """Return a function that is one instruction of the processor, also on vectors."""

    @intrinsic
    def rounded(_context: Any, x: Any) -> Any:
        def generate(_: Any, builder: Any, __: Any, values: Any) -> Any:
            return builder.call(builder.module.declare_intrinsic(f"llvm.{name}", [values[0].type]), values)

        return x(x), generate

    return rounded


TYPES = {
    "boolean": boolean, "int8": int8, "int16": int16, "int32": int32, "int64": int64, "uint8": uint8, "uint16": uint16,
    "uint32": uint32, "float32": float32, "float64": float64,
}
OWN = {
    "array": array, "wrapped": wrapped, "fetch": fetch,
    "sign": sign, "inf": math.inf, "nan": math.nan, "largest": _extreme(">="),
    "smallest": _extreme("<="),
}
INSTRUCTIONS = {name: _instruction(name) for name in ("floor", "ceil", "trunc", "rint", "sqrt")}
LIBRARY = {name: getattr(math, name) for name in (
    "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "hypot", "atan2")}
SCALARS = {name: word for module in (scalars, error_function, philox) for name, word in vars(module).items()
           if name.endswith(("_32", "_64"))}
SCALARS |= {f"{name}_{bits}": getattr(scalars, name)
            for name in ("largest", "smallest") for bits in (32, 64)}


def words(ints: int) -> dict[str, Any]:
    """Return all words by name; `ints` is the width of the integers of the BLAS that is called."""
    return {**TYPES, **OWN, **INSTRUCTIONS, **LIBRARY, **SCALARS, **routines(ints)}
