"""Products written out for their sizes are products, for every kind of register, and take a BLAS's place."""

from __future__ import annotations

import native_loops
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llvmlite import ir

from glassgrad.engine.llvm.emit import declared
from glassgrad.engine.llvm.gemm import GEMM, REALS
from glassgrad.engine.llvm.kinds import INT64, KINDS
from glassgrad.engine.llvm.machine import Modules, Processor, loaded, optimised, this_processor
from glassgrad.engine.llvm.sizes import FEW, Registers, Sizes, registers
from glassgrad.engine.llvm.tiles import product

BOUND = {32: 2e-6, 64: 4e-15}  # times the sum of absolute products
REGISTERS = [Registers(128, 32), Registers(256, 16), Registers(512, 32)]
DECK = [Sizes(100, 50, 784, False, False, False, 32), Sizes(784, 50, 100, True, False, True, 32),
        Sizes(100, 10, 50, False, False, False, 32), Sizes(50, 10, 100, True, False, True, 32),
        Sizes(100, 50, 10, False, True, False, 32)]


def multiplied(sizes, kind, alpha, a, b, c):
    """Run the product that is written for these sizes and registers; LLVM splits registers that are not there."""
    module, products = ir.Module("tiles"), ir.Module("products")
    function = ir.Function(module, ir.FunctionType(INT64.type, [INT64.type]), "run")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    table = builder.inttoptr(function.args[0], ir.PointerType())
    places = [builder.load(builder.gep(table, [INT64.constant(i)], source_etype=INT64.type), typ=INT64.type)
              for i in range(4)]
    addresses = [builder.inttoptr(place, ir.PointerType()) for place in places]
    factor = builder.load(addresses[0], typ=KINDS[f"float{sizes.bits}"].type)
    called = product(products, sizes, kind)
    builder.call(declared(module, called.name, called.function_type), [factor, *addresses[1:]])
    builder.ret(INT64.constant(0))

    def write(triple, layout):
        for each in (module, products):
            each.triple, each.data_layout = triple, layout
        return Modules(str(module), str(products))

    optimal, machine = optimised(write, this_processor())
    arrays = [np.array([alpha], c.dtype), a, b, c]
    table = np.array([array.ctypes.data for array in arrays])
    loaded(machine.emit_object(optimal), "run")(table.ctypes.data)


def check(sizes, kind, alpha=-0.3):
    rng = np.random.default_rng(0)
    m, n, k = sizes.rows, sizes.columns, sizes.inner
    dtype = np.dtype(f"f{sizes.bits // 8}")
    height, width = (k, m) if sizes.left_turned else (m, k)
    a, b, before = (rng.standard_normal(shape).astype(dtype) for shape in (
        (height, sizes.left_step or width), (n, k) if sizes.right_turned else (k, n), (m, n)))
    left, right = (a[:, :width].T if sizes.left_turned else a[:, :width]), (b.T if sizes.right_turned else b)
    around = np.full((m + 2, n), 7, dtype)  # what lies before and behind the result stays as it is
    c = around[1:-1]
    c[...] = before
    multiplied(sizes, kind, alpha, a, b, c)
    added = before if sizes.adds else np.zeros_like(before)
    expected = alpha * (left.astype("f8") @ right.astype("f8")) + added
    size = abs(alpha) * (abs(left).astype("f8") @ abs(right)) + abs(added)
    assert np.all(abs(c - expected) <= BOUND[sizes.bits] * size)
    assert np.all(around[[0, -1]] == 7)


@pytest.mark.parametrize("kind", REGISTERS, ids=str)
@pytest.mark.parametrize("sizes", DECK, ids=str)
def test_products_of_the_deck(sizes, kind):
    check(sizes, kind.halved(sizes.columns, sizes.bits))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(REGISTERS), st.booleans(), st.booleans(), st.booleans(), st.sampled_from([32, 64]))
def test_products_of_all_sizes(data, kind, left_turned, right_turned, adds, bits):
    columns = data.draw(st.integers(kind.bits // bits, FEW + 20))
    rows, inner = data.draw(st.integers(2, 130)), data.draw(st.integers(1, 300))
    gap = data.draw(st.integers(0, 3))
    left_step = gap and gap + (rows if left_turned else inner)
    check(Sizes(rows, columns, inner, left_turned, right_turned, adds, bits, left_step), kind)


def test_an_infinity_or_nan_comes_through():
    sizes = Sizes(4, 10, 40, False, False, False, 32)
    a, b, c = np.ones((4, 40), "f4"), np.ones((40, 10), "f4"), np.empty((4, 10), "f4")
    a[1, 3], a[2, 5] = np.inf, np.nan
    multiplied(sizes, REGISTERS[1], 1.0, a, b, c)
    assert np.all(c[[0, 3]] == 40)
    assert np.all(np.isposinf(c[1]))
    assert np.all(np.isnan(c[2]))


def gemm(arguments):
    """The word `gemm32` with these arguments, compiled; its BLAS stands nowhere."""
    names = ["address", *(name for name in GEMM if name in arguments and not arguments[name])]
    said = ", ".join(arguments[name] or name for name in GEMM)
    kinds = {each: "float64" if each in REALS else "int64" for each in names}
    return native_loops.compiled([f"gemm32(address, {said})"], kinds)


WORDS = {"transa": "False", "transb": "False", "m": "100", "n": "50", "k": "784", "alpha": "float32(1.0)", "a": "",
         "lda": "784", "b": "", "ldb": "50", "beta": "float32(0.0)", "c": "", "ldc": "50"}


@pytest.mark.parametrize(("changes", "written_out"), [
    ({}, True),
    ({"lda": "785"}, True),
    ({"lda": ""}, False),
    ({"ldb": "51"}, False),
    ({"ldc": "51"}, False),
    ({"m": ""}, False),
    ({"n": str(FEW + 1), "ldb": str(FEW + 1), "ldc": str(FEW + 1)}, False),
    ({"beta": "float32(0.5)"}, False),
])
@pytest.mark.skipif(registers(this_processor()) is None, reason="this processor has no fused multiplication")
def test_where_the_loops_take_the_place_of_a_blas(changes, written_out):
    assert ("@product_" in gemm(WORDS | changes).llvm) == written_out


def test_registers_of_processors():
    assert registers(Processor("znver3", "+avx,+avx2,+fma,-avx512f")) == Registers(256, 16)
    assert registers(Processor("skylake-avx512", "+avx2,+fma,+avx512f")) == Registers(512, 32)
    assert registers(Processor("apple-m1", "+neon,+fp16fml")) == Registers(128, 32)
    assert registers(Processor("core2", "+sse,+sse3")) is None
    assert registers(Processor("unknown", "")) is None
