"""Products of matrices inside native code: calls of a BLAS whose functions are known only by their addresses.

A program made by Numba calls ``gemm32(address, ...)`` where it multiplies matrices of float32; the address arrives as
an ordinary integer while the program runs, so the object code knows neither Python nor a library, and can be kept on
disk. Matrices are row-major and given by the addresses of their first elements, as `array.ctypes.data` has it.

>>> import numba
>>> import numpy as np
>>> from glassgrad.engine.blas import best
>>> from glassgrad.engine.gemm import routines
>>> gemm64 = routines(best().ints)["gemm64"]
>>> @numba.njit
... def multiply(blas, x, W, y):
...     m, k = x.shape
...     n = W.shape[1]
...     gemm64(blas, False, False, m, n, k, 1.0, x.ctypes.data, k, W.ctypes.data, n, 0.0, y.ctypes.data, n)
>>> x, W, y = np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]), np.empty((2, 2))
>>> multiply(best().dgemm, x, W, y)
>>> y.tolist()
[[1.0, 2.0], [3.0, 4.0]]
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["routines"]

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # the words of the C interface of BLAS
WORD = ir.IntType(32)  # its enumerations


REALS = {32: types.float32, 64: types.float64}
INTS = {32: types.int32, 64: types.int64}
GEMM = ["transa", "transb", "m", "n", "k", "alpha", "a", "lda", "b", "ldb", "beta", "c", "ldc"]
GEMV = ["trans", "m", "n", "alpha", "a", "lda", "x", "incx", "beta", "y", "incy"]
KINDS = {
    "transpose": {"trans", "transa", "transb"},
    "integer": {"m", "n", "k", "lda", "ldb", "ldc", "incx", "incy"},
    "real": {"alpha", "beta"},
    "pointer": {"a", "b", "c", "x", "y"},
    "word": {"threads"},
}
KIND = {name: kind for kind, names in KINDS.items() for name in names}


@functools.cache
def routines(ints: int) -> dict[str, Callable[..., None]]:
    """Return what a native program may call of a BLAS whose integers have 32 or 64 bits.

    Parameters
    ----------
    ints : int
        Bits of the library's integers: ``Blas.ints``.

    Returns
    -------
    dict
        ``gemm32`` and ``gemm64`` (address, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
        C = alpha op(A) op(B) + beta C, where op(A) is m x k and op(B) is k x n.
        ``gemv32`` and ``gemv64`` (address, trans, m, n, alpha, a, lda, x, incx, beta, y, incy):
        y = alpha op(A) x + beta y, where A itself is m x n.
        ``set_threads`` (address, threads).
        `a`, `b`, `c`, `x`, `y` are addresses; a transpose is a truth value.
    """
    made = {"set_threads": _intrinsic("set_threads", ["threads"], ints, 64)}
    for bits in REALS:
        made[f"gemm{bits}"] = _intrinsic(f"gemm{bits}", GEMM, ints, bits)
        made[f"gemv{bits}"] = _intrinsic(f"gemv{bits}", GEMV, ints, bits)
    return made


def _intrinsic(name: str, arguments: list[str], ints: int, reals: int) -> Callable[..., None]:
    """Return a function for Numba that calls the C function at an address; the names of arguments tell their kinds."""
    pointer = ir.IntType(8).as_pointer()
    types_of = {"integer": INTS[ints], "real": REALS[reals], "pointer": types.uintp, "word": types.int32}
    first = [ir.Constant(WORD, ROW_MAJOR)] if KIND[arguments[0]] == "transpose" else []

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        def passed(argument: str, value: Any, given: Any) -> Any:
            kind = KIND[argument]
            if kind == "transpose":
                truth = context.cast(builder, value, given, types.boolean)
                return builder.select(truth, ir.Constant(WORD, TRANSPOSED), ir.Constant(WORD, PLAIN))
            number = context.cast(builder, value, given, types_of[kind])
            return builder.inttoptr(number, pointer) if kind == "pointer" else number

        given = [*first, *map(passed, arguments, values[1:], signature.args[1:])]
        form = ir.FunctionType(ir.VoidType(), [value.type for value in given])
        address = context.cast(builder, values[0], signature.args[0], types.uintp)
        builder.call(builder.inttoptr(address, form.as_pointer()), given)
        return context.get_dummy_value()

    def typed(_typing: Any, *given: Any) -> Any:
        return types.void(*given), generate

    # Numba reads the names of the arguments from the signature; a function with `*given` would take them as a tuple.
    names = ["_typing", "address", *arguments]
    typed.__signature__ = Signature([Parameter(each, Parameter.POSITIONAL_OR_KEYWORD) for each in names])  # type: ignore[attr-defined]
    typed.__name__ = name
    return intrinsic(typed)
