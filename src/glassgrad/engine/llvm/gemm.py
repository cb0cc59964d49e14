"""Products of matrices inside native code: calls of a BLAS, or loops made for their sizes.

Generated source says ``gemm32(address, ...)`` where it multiplies matrices of float32; the address of the BLAS's
function arrives as an ordinary integer while the program runs, so the object code knows neither Python nor a library,
and can be kept on disk. Matrices are row-major and given by the addresses of their first elements, as
`array.ctypes.data` has it. Where `tiles` is known to be faster, its loops take the place of the call.

>>> import numpy as np
>>> from glassgrad.engine.blas import best
>>> from glassgrad.engine.llvm.native import native
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

from collections.abc import Callable, Mapping
from functools import partial

from llvmlite import ir

from .emit import POINTER, Number, Operand, cast, declared
from .kinds import BOOLEAN, INT32, INT64, KINDS, Kind
from .sizes import Sizes, chosen
from .tiles import product

__all__ = ["routines"]

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # the words of the C interface of BLAS
WORD = INT32  # its enumerations
GEMM = ["transa", "transb", "m", "n", "k", "alpha", "a", "lda", "b", "ldb", "beta", "c", "ldc"]
GEMV = ["trans", "m", "n", "alpha", "a", "lda", "x", "incx", "beta", "y", "incy"]
TRANSPOSES, REALS, POINTERS = {"trans", "transa", "transb"}, {"alpha", "beta"}, {"a", "b", "c", "x", "y"}


def routines(ints: int, products: ir.Module) -> dict[str, Callable[..., Number]]:
    """Return what a native program may call of a BLAS whose integers have 32 or 64 bits.

    Parameters
    ----------
    ints : int
        Bits of the library's integers: ``Blas.ints``.
    products : llvmlite.ir.Module
        Gets the functions of the products that are written out.

    Returns
    -------
    dict
        ``gemm32`` and ``gemm64`` (address, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
        C = alpha op(A) op(B) + beta C, where op(A) is m x k and op(B) is k x n.
        ``gemv32`` and ``gemv64`` (address, trans, m, n, alpha, a, lda, x, incx, beta, y, incy):
        y = alpha op(A) x + beta y, where A itself is m x n.
        `a`, `b`, `c`, `x`, `y` are addresses; a transpose is a truth value.
    """
    found: dict[str, Callable[..., Number]] = {}
    for bits in (32, 64):
        whole, real = KINDS[f"int{ints}"], KINDS[f"float{bits}"]
        found[f"gemm{bits}"] = partial(_gemm, products, whole, real)
        found[f"gemv{bits}"] = partial(_call, GEMV, whole, real)
    return found


def _gemm(products: ir.Module, whole: Kind, real: Kind, builder: ir.IRBuilder, address: Number,
          *given: Operand) -> Number:
    """Multiply two matrices, in the way that is fastest for their sizes."""
    named = dict(zip(GEMM, given, strict=True))
    sizes = _sizes(real.bits, named)
    registers = None if sizes is None else chosen(sizes)
    if sizes is None or registers is None:
        return _call(GEMM, whole, real, builder, address, *given)
    alpha = cast(builder, named["alpha"], real).value
    matrices = [builder.inttoptr(cast(builder, named[name], INT64).value, POINTER) for name in "abc"]
    function = product(products, sizes, registers)
    builder.call(declared(builder.module, function.name, function.function_type), [alpha, *matrices])
    return Number(builder, INT64.constant(0), INT64)


def _sizes(bits: int, given: Mapping[str, Operand]) -> Sizes | None:
    """Return the sizes of a product if they are known here; only the left operand may have gaps."""
    m, n, k, beta = (given[name] for name in ("m", "n", "k", "beta"))
    if not (isinstance(m, int) and isinstance(n, int) and isinstance(k, int)):
        return None
    left, right = bool(given["transa"]), bool(given["transb"])
    left_step, *steps = (given[name] for name in ("lda", "ldb", "ldc"))
    if isinstance(beta, Number) and isinstance(beta.value, ir.Constant):
        beta = beta.value.constant
    if not isinstance(left_step, int) or steps != [k if right else n, n] or beta not in (0, 1):
        return None
    return Sizes(m, n, k, left, right, beta == 1, bits, 0 if left_step == (m if left else k) else left_step)


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
