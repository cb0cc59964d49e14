"""Products of matrices inside native code: calls of a BLAS whose functions are known only by their addresses.

Generated source says ``gemm32(address, ...)`` where it multiplies matrices of float32; the address arrives as an
ordinary integer while the program runs, so the object code knows neither Python nor a library, and can be kept on disk.
Matrices are row-major and given by the addresses of their first elements, as `array.ctypes.data` has it.

>>> import numpy as np
>>> from glassgrad.engine.blas import best
>>> from glassgrad.engine.native import native
>>> multiply = native('''def multiply(table):
...     at = array(table, (4,), int64)
...     gemm64(at[0], False, False, 2, 2, 2, float64(1), at[1], 2, at[2], 2, float64(0), at[3], 2)
...     return 0
... ''', "multiply", best().ints)
>>> x, W, y = np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]), np.empty((2, 2))
>>> multiply(np.array([best().dgemm, *(a.ctypes.data for a in (x, W, y))]).ctypes.data)
0
>>> y.tolist()
[[1.0, 2.0], [3.0, 4.0]]
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from llvmlite import ir

from .emit import POINTER, Number, Operand, cast
from .kinds import BOOLEAN, INT32, INT64, KINDS, Kind

__all__ = ["routines"]

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # the words of the C interface of BLAS
WORD = INT32  # its enumerations
GEMM = ["transa", "transb", "m", "n", "k", "alpha", "a", "lda", "b", "ldb", "beta", "c", "ldc"]
GEMV = ["trans", "m", "n", "alpha", "a", "lda", "x", "incx", "beta", "y", "incy"]
TRANSPOSES, REALS, POINTERS = {"trans", "transa", "transb"}, {"alpha", "beta"}, {"a", "b", "c", "x", "y"}


def routines(ints: int) -> dict[str, Callable[..., Number]]:
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
        `a`, `b`, `c`, `x`, `y` are addresses; a transpose is a truth value.
    """
    return {f"{name}{bits}": partial(_call, arguments, KINDS[f"int{ints}"], KINDS[f"float{bits}"])
            for name, arguments in (("gemm", GEMM), ("gemv", GEMV)) for bits in (32, 64)}


def _call(arguments: list[str], whole: Kind, real: Kind, builder: ir.IRBuilder, address: Number,
          *given: Operand) -> Number:
    """Call the C function at an address; the names of its arguments tell their kinds."""

    def passed(argument: str, value: Operand) -> ir.Value:
        if argument in TRANSPOSES:
            turned = cast(builder, value, BOOLEAN).value
            return builder.select(turned, WORD.constant(TRANSPOSED), WORD.constant(PLAIN))
        if argument in POINTERS:
            return builder.inttoptr(cast(builder, value, INT64).value, POINTER)
        return cast(builder, value, real if argument in REALS else whole).value

    values = [WORD.constant(ROW_MAJOR), *(passed(*pair) for pair in zip(arguments, given, strict=True))]
    form = ir.FunctionType(ir.VoidType(), [value.type for value in values])
    builder.call(builder.inttoptr(cast(builder, address, INT64).value, form.as_pointer()), values)
    return Number(builder, INT64.constant(0), INT64)
