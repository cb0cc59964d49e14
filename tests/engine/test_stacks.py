"""Products over leading axes and in Einstein's notation are native, and equal to the interpreter's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engine.llvm.crew import FREE, words
from glassgrad.engine.llvm.sizes import own_registers
from glassgrad.engine.plan.plan import Call, plan
from glassgrad.tree import flatten

RNG = np.random.default_rng(0)
PRODUCTS = [  # shapes of both
    ((5, 3, 4), (4, 6)), ((2, 5, 3, 4), (4, 6)), ((5, 3, 4), (5, 4, 6)), ((2, 3, 5, 7), (2, 3, 7, 9)),
    ((5, 7), (4, 7, 9)), ((1, 5, 7), (4, 7, 9)), ((4, 5, 7), (1, 7, 9)), ((4, 1, 5, 7), (1, 3, 7, 9)),
    ((3, 5, 7), (2, 3, 7, 9)), ((4, 5, 7), (7,)), ((7,), (4, 7, 5)), ((3, 1, 8), (3, 8, 1)), ((3, 1, 8), (3, 8, 5)),
    ((3, 20, 128), (3, 128, 100)), ((2, 2, 2), (2, 2, 2)),
]
EINSTEIN = [
    ("ij,jk->ik", (3, 4), (4, 5)), ("bij,bkj->bik", (2, 3, 4), (2, 5, 4)),
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)), ("bqhd,bkhd->bhqk", (2, 4, 3, 5), (2, 6, 3, 5)),
    ("bhqk,bhkd->bqhd", (2, 3, 4, 6), (2, 3, 6, 5)), ("i,i->", (5,), (5,)), ("i,j->ij", (5,), (4,)),
    ("ij,ij->i", (5, 4), (5, 4)), ("ij,ij->ji", (5, 4), (5, 4)), ("ijk,k->j", (3, 4, 5), (5,)),
    ("ij,kl->jl", (3, 4), (5, 6)), ("abc,cb->a", (3, 4, 5), (5, 4)), ("ij,j->ji", (3, 4), (4,)),
    ("bij,jk->bik", (2, 3, 4), (4, 5)), ("bi,bij->bj", (2, 3), (2, 3, 4)),
]


def leaves(value: Any) -> list[Any]:
    return flatten(value)[0]


def numbers(shape: tuple[int, ...], dtype: str) -> Any:
    return RNG.standard_normal(shape).astype(dtype)


def compare(function: Any, *arrays: Any) -> str:
    """Value and gradients, compiled and interpreted; return what the compiled function says of itself."""
    both = gg.value_and_grad(lambda *given: gg.sum(gg.tanh(function(*given))), argnums=tuple(range(len(arrays))))
    compiled = gg.compile(both, engine="native")
    bound = {"float32": 1e-4, "float64": 1e-12}[str(arrays[0].dtype)]
    for found, wanted in zip(leaves(compiled(*arrays)), leaves(both(*arrays)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=bound, atol=bound)
    return compiled.explain()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_products_of_stacks(left: tuple[int, ...], right: tuple[int, ...], dtype: str) -> None:
    x, y = numbers(left, dtype), numbers(right, dtype)
    assert "not compiled" not in compare(lambda x, y: x @ y, x, y)
    if x.ndim > 1:
        assert "not compiled" not in compare(lambda x, y: gg.swapaxes(x, -1, -2) @ y, x.swapaxes(-1, -2).copy(), y)
    if y.ndim > 1:
        assert "not compiled" not in compare(lambda x, y: x @ gg.swapaxes(y, -1, -2), x, y.swapaxes(-1, -2).copy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("subscripts", "left", "right"), EINSTEIN)
def test_einsteins_notation(subscripts: str, left: tuple[int, ...], right: tuple[int, ...], dtype: str) -> None:
    said = compare(lambda x, y: gg.einsum(subscripts, x, y), numbers(left, dtype), numbers(right, dtype))
    assert "not compiled" not in said


def test_sums_and_transposes_in_einsteins_notation() -> None:
    for subscripts in ("ij->j", "ij->ji", "ijk->ki", "ij->", "ij->ij"):
        x = numbers((3, 4, 5)[: subscripts.index("-")], "float64")
        assert "not compiled" not in compare(lambda x, how=subscripts: gg.einsum(how, x), x)


@pytest.mark.parametrize("subscripts", ["ij,jk,kl->il", "ij,kj,j->ik", "ab,bc,cd,da->", "i,j,k->kij", "bij,bjk,k->bi"])
def test_einsteins_notation_of_more_factors(subscripts: str) -> None:
    sizes = dict(zip("abcdijkl", (2, 3, 4, 5, 4, 5, 3, 6), strict=True))
    arrays = [numbers(tuple(sizes[letter] for letter in term), "float64")
              for term in subscripts.partition("->")[0].split(",")]
    assert "not compiled" not in compare(lambda *given: gg.einsum(subscripts, *given), *arrays)


def test_what_einsteins_notation_repeats_silently_is_left_to_numpy() -> None:
    x, y = numbers((3, 1), "float64"), numbers((4, 5), "float64")
    compare(lambda x, y: gg.einsum("ij,jk->ik", x, y), x, y)


@pytest.mark.parametrize("shapes", [
    ((0, 5, 7), (0, 7, 3)), ((2, 5, 0), (2, 0, 3)), ((2, 0, 4), (2, 4, 3)), ((2, 0, 4), (4, 3)), ((0, 4, 3), (3,)),
])
def test_empty_stacks(shapes: tuple[tuple[int, ...], ...]) -> None:
    compare(lambda x, y: x @ y, *(numbers(shape, "float64") for shape in shapes))


def test_whole_numbers_are_left_to_numpy() -> None:
    x = RNG.integers(0, 9, (2, 3, 3))
    found = gg.compile(lambda x, y: (x @ y, gg.einsum("bij,bjk->bik", x, y)), engine="native")(x, x)
    for value in found:
        np.testing.assert_array_equal(value, x @ x)


def test_slices_of_stacks() -> None:
    compare(lambda x, y: x[:, ::2] @ y[1:], numbers((3, 20, 12), "float64"), numbers((4, 12, 10), "float64"))
    compare(lambda x, y: gg.swapaxes(x, 0, 1) @ y, numbers((5, 4, 7), "float64"), numbers((4, 7, 9), "float64"))


@pytest.mark.skipif(own_registers() is None, reason="this processor has no fused multiplication")
def test_large_stacks_are_cut_and_the_bits_do_not_depend_on_the_cores() -> None:
    x, y = numbers((96, 64, 16), "float32"), numbers((96, 64, 16), "float32")
    compiled = gg.compile(lambda x, y: x @ gg.swapaxes(y, -1, -2), engine="native")
    found = compiled(x, y)
    assert "96 products of 64 x 16 x 64" in compiled.explain()
    assert "pieces" in compiled.explain()
    np.testing.assert_allclose(found, x @ y.swapaxes(1, 2), rtol=1e-4, atol=1e-4)
    before = words()[FREE]
    for free in (0, 3):
        words()[FREE] = free
        try:
            assert compiled(x, y).tobytes() == found.tobytes()
        finally:
            words()[FREE] = before


def attention(weights: dict[str, Any], x: Any) -> Any:
    q, k, v = (gg.swapaxes(gg.reshape(x @ weights[name], (-1, 7, 2, 4)), 1, 2) for name in "qkv")
    mixed = gg.einsum("bhqk,bhkd->bqhd", gg.softmax(q @ gg.swapaxes(k, -1, -2) / 2.0), v)
    return gg.reshape(mixed, (-1, 7, 8)) @ weights["out"]


def test_attention_calls_nothing_of_numpy() -> None:
    weights = {name: numbers((8, 8), "float64") for name in ("q", "k", "v", "out")}
    x = numbers((3, 7, 8), "float64")
    graph = gg.trace(gg.grad(lambda weights, x: gg.sum(attention(weights, x) ** 2)))(weights, x)
    assert not [step for step in plan(graph).steps if isinstance(step, Call)]
    function = gg.grad(lambda weights, x: gg.sum(attention(weights, x) ** 2))
    for found, wanted in zip(leaves(gg.compile(function, engine="native")(weights, x)),
                             leaves(function(weights, x)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-10)
