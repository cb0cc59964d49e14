"""Single numbers are calculated on Python's floats: with the bits, the infinities and the warnings of NumPy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.ops.define import OPS

SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.1, 5e-324, 2.2e-308, 1.8e308, -1.8e308, 1e200, np.inf, -np.inf, np.nan]
ARITHMETIC = [op for op in OPS if op.arithmetic]
FORMULAS: dict[str, tuple[int, Callable[..., Any]]] = {
    "add": (2, lambda x, y: x + y), "subtract": (2, lambda x, y: x - y), "multiply": (2, lambda x, y: x * y),
    "divide": (2, lambda x, y: x / y), "reciprocal": (1, lambda x: 1 / x), "negative": (1, lambda x: -x),
    "square": (1, gg.square), "relu": (1, gg.relu),
}
POWERS = (0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, 10)


def pairs() -> list[tuple[float, float]]:
    rng = np.random.default_rng(0)
    some = rng.normal(size=300) * 10.0 ** rng.integers(-300, 300, 300)
    return [(x, y) for x in SPECIAL for y in SPECIAL] + list(zip(some.tolist(), some[::-1].tolist(), strict=True))


def bits(x: Any) -> Any:
    """Return the bits of a float64; all NaN are one."""
    x = np.float64(x)
    return "nan" if np.isnan(x) else x.view(np.int64)


def outcome(formula: Callable[..., Any], numbers: tuple[float, ...], hold: Callable[[float], Any]) -> list[Any]:
    """Return the bits of a value and of its derivatives, for numbers held as `hold` makes it."""
    leaves = [gg.tensor(hold(number)) for number in numbers]
    y = formula(*leaves)
    y.backward(np.ones(y.shape))
    return [bits(np.ravel(part)[0]) for part in (y.value, *(leaf.grad for leaf in leaves)) if part is not None]


def test_every_op_that_says_so_is_tested() -> None:
    assert {op.name for op in ARITHMETIC} == {*FORMULAS, "power_by"}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_number_is_calculated_as_an_array_of_one(name: str) -> None:
    count, formula = FORMULAS[name]
    with np.errstate(all="ignore"):
        for numbers in pairs():
            given = numbers[:count]
            assert outcome(formula, given, float) == outcome(formula, given, lambda x: np.array([x])), given


@pytest.mark.parametrize("exponent", POWERS)
def test_a_power_is_that_of_a_numpy_number(exponent: float) -> None:
    with np.errstate(all="ignore"):
        for x, _ in pairs():
            leaf = gg.tensor(x)
            y = leaf**exponent
            y.backward()
            assert bits(y.value) == bits(np.float64(x) ** exponent), x
            if exponent not in (0, 1):
                lower = np.float64(x) if exponent == 2 else np.float64(x) ** (exponent - 1)
                assert bits(leaf.grad) == bits(np.float64(exponent) * lower), x


def test_what_a_person_sees_is_numpy_s() -> None:
    x = gg.tensor(2.0)
    y = x * x + 1
    y.backward()
    assert [type(part) for part in (x.value, y.value, x.grad, y.inputs[0].grad)] == [np.float64] * 4
    assert (y.shape, y.dtype, y.ndim, y.size, y.type) == ((), np.float64, 0, 1, gg.ArrayType(()))
    assert [node.op.name for node in y.inputs] == ["multiply", "constant"]
    assert [source is x for source in y.inputs[0].inputs] == [True, True]
    assert y.where is not None
    assert y.where.function == "test_what_a_person_sees_is_numpy_s"


def test_what_is_not_finite_is_said_as_numpy_says_it() -> None:
    x, zero = gg.tensor(1e200), gg.tensor(0.0)
    for formula, text in ((lambda: x * x, "overflow"), (lambda: x / zero, "divide by zero"), (lambda: x**2, "overflow"),
                          (lambda: zero**-1, "divide by zero"), (lambda: zero / zero, "invalid")):
        with pytest.warns(RuntimeWarning, match=text):
            formula()
        with np.errstate(all="raise"), pytest.raises(FloatingPointError, match=text):
            formula()
    with np.errstate(all="ignore"):
        assert np.isnan((gg.tensor(-8.0) ** 0.5).value)


def test_numbers_and_arrays_mix() -> None:
    x, W = gg.tensor(3.0), gg.tensor(np.array([1.0, 2.0], "float32"))
    y = gg.sum(gg.exp(x * 0.5 - 1) * W) * x + gg.tensor(2, dtype="int64") * x
    y.backward()
    grown = np.exp(0.5)
    assert y.dtype == np.float64
    assert x.grad == pytest.approx(3 * grown + 0.5 * 9 * grown + 2, rel=1e-12)
    assert W.grad.dtype == np.float32
    np.testing.assert_allclose(W.grad, [3 * grown] * 2, rtol=1e-6)
    assert (gg.tensor(np.float32(2)) * 2.0).dtype == np.float32


def test_constants_get_no_derivative() -> None:
    x, c = gg.tensor(3.0), gg.constant(2.0)
    d = c * c
    y = d * x
    y.backward()
    assert (x.grad, d.grad, c.grad) == (4, None, None)
    d.backward()
    assert d.grad is None


def test_threads_agree_with_one_bit_for_bit() -> None:
    x = gg.tensor(0.3)

    def work() -> list[Any]:
        y = x
        leaf = gg.tensor(0.7)
        for i in range(500):
            y = y * leaf + x / (1.5 + i)
        y.backward()
        return [bits(y.value), bits(leaf.grad)]

    expected, found = work(), []
    threads = [threading.Thread(target=lambda: found.append(work())) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 32
