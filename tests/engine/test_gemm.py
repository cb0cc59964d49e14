"""Products called by their address from native code give what NumPy gives, whatever the library's integers are."""

from __future__ import annotations

import functools
import itertools

import native_loops
import numpy as np
import pytest

from glassgrad.engine.blas import candidates, load
from glassgrad.engine.llvm.gemm import GEMM, GEMV, REALS

BOUND = {np.dtype("f4"): 2e-6, np.dtype("f8"): 4e-15}  # times the sum of absolute products
PLACES = {place.name: place for place in candidates() if place.name in {"numpy", "scipy", "openblas"}}
SIZES = [(1, 1, 1), (1, 50, 784), (100, 1, 784), (50, 10, 1), (7, 13, 5), (100, 50, 784), (33, 65, 129)]


@pytest.fixture(params=list(PLACES))
def blas(request):
    return load(PLACES[request.param])


@functools.cache
def native(ints, name):
    """The routine inside a compiled function of its own."""
    arguments = ["address", *(GEMM if "gemm" in name else GEMV)]
    kinds = {each: "float64" if each in REALS else "int64" for each in arguments}
    return native_loops.compiled([f"{name}({', '.join(arguments)})"], kinds, ints=ints)


def at(array):
    """The address of an array's first element, as an integer."""
    return array.ctypes.data


def numbers(seed, *shape, dtype):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_gemm_is_the_product_of_matrices(blas, dtype, sizes):
    m, n, k = sizes
    bits = 8 * np.dtype(dtype).itemsize
    gemm, address = native(blas.ints, f"gemm{bits}"), {32: blas.sgemm, 64: blas.dgemm}[bits]
    factors = [(1, 0), (-0.1, 1), (2.5, -3)]
    for transa, transb, (alpha, beta) in itertools.product([False, True], [False, True], factors):
        a = numbers(1, *((k, m) if transa else (m, k)), dtype=dtype)
        b = numbers(2, *((n, k) if transb else (k, n)), dtype=dtype)
        c = numbers(3, m, n, dtype=dtype)
        A, B = (x.T if turned else x for x, turned in ((a, transa), (b, transb)))
        expected = alpha * (A.astype("f8") @ B.astype("f8")) + beta * c.astype("f8")
        size = abs(alpha) * (np.abs(A) @ np.abs(B)) + abs(beta) * np.abs(c)
        gemm(address, transa, transb, m, n, k, alpha, at(a), a.shape[1], at(b), b.shape[1], beta, at(c), n)
        assert np.all(np.abs(c - expected) <= BOUND[c.dtype] * size)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_gemm_of_a_part_leaves_the_rest_of_the_matrix_alone(blas, dtype):
    bits = 8 * np.dtype(dtype).itemsize
    a, b, c = numbers(1, 9, 11, dtype=dtype), numbers(2, 11, 8, dtype=dtype), np.full((9, 8), 7, dtype)
    gemm, address = native(blas.ints, f"gemm{bits}"), {32: blas.sgemm, 64: blas.dgemm}[bits]
    gemm(address, False, False, 3, 4, 5, 1.0, at(a[2:, 1:]), 11, at(b[1:, 3:]), 8, 0.0, at(c[4:, 2:]), 8)
    assert np.allclose(c[4:7, 2:6], a[2:5, 1:6] @ b[1:6, 3:7], rtol=1e-5)
    c[4:7, 2:6] = 7
    assert np.all(c == 7)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(1, 1), (784, 50), (1, 9), (9, 1), (33, 65)], ids=str)
def test_gemv_is_the_product_of_a_matrix_and_a_vector(blas, dtype, shape):
    bits = 8 * np.dtype(dtype).itemsize
    gemv, address = native(blas.ints, f"gemv{bits}"), {32: blas.sgemv, 64: blas.dgemv}[bits]
    for trans, (alpha, beta), step in itertools.product([False, True], [(1, 0), (-0.1, 1)], [1, 3]):
        a = numbers(1, *shape, dtype=dtype)
        A = a.T if trans else a
        x, y = numbers(2, step * A.shape[1], dtype=dtype), numbers(3, step * A.shape[0], dtype=dtype)
        u, v = x[::step].astype("f8"), y[::step].astype("f8")
        expected, size = alpha * (A @ u) + beta * v, abs(alpha) * (np.abs(A) @ np.abs(u)) + abs(beta) * np.abs(v)
        gemv(address, trans, *shape, alpha, at(a), shape[1], at(x), step, beta, at(y), step)
        assert np.all(np.abs(y[::step] - expected) <= BOUND[y.dtype] * size)


def test_nothing_but_the_arguments_tells_the_code_which_library_it_calls(blas):
    call = native(blas.ints, "gemm32")
    one = np.ones((1, 1), "f4")
    call(blas.sgemm, False, False, 1, 1, 1, 1.0, at(one), 1, at(one), 1, 0.0, at(one), 1)
    assert str(blas.sgemm) not in call.llvm
    assert call.llvm.count("inttoptr i64 %") >= 5  # the table's address, the function's and the three matrices'
