"""A hundred faults put into healthy programs, forward and backward, at once, traced and in training: each is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.graph import nodes
from glassgrad.ops.define import OPS
from glassgrad.place import surroundings
from glassgrad.train.step import Stepper
from glassgrad.watch import KEEPING


class Case(NamedTuple):
    """A fault: the op that has it, the entry of the input that brings it out, and how it is written."""

    op: str
    bad: float
    fault: Callable[..., Any]

    @property
    def line(self) -> int:
        return self.fault.__code__.co_firstlineno


FORWARD = [
    Case("log", -1.0, lambda x: gg.log(x)),
    Case("log", 0.0, lambda x: np.log(x) * 2),
    Case("sqrt", -1.0, lambda x: gg.sqrt(x)),
    Case("exp", 1000.0, lambda x: gg.exp(x)),
    Case("expm1", 1000.0, lambda x: gg.expm1(x)),
    Case("log1p", -2.0, lambda x: gg.log1p(x)),
    Case("reciprocal", 0.0, lambda x: 1 / x),
    Case("divide", 0.0, lambda x: x / x),
    Case("divide", 0.0, lambda x: 3.0 / x),
    Case("multiply", 1e200, lambda x: x * x),
    Case("add", 1.6e308, lambda x: x + x),
    Case("subtract", 1.6e308, lambda x: x - (-1e308)),
    Case("square", 1e200, lambda x: gg.square(x)),
    Case("power_by", -8.0, lambda x: x**0.5),
    Case("power_by", 0.0, lambda x: x**-1.5),
    Case("arcsin", 2.0, lambda x: gg.arcsin(x)),
    Case("cosh", 1000.0, lambda x: gg.cosh(x)),
]


@gg.custom(vjp=lambda xp, g, y, x: (g / (x - 0.25),))
def spiked(xp: Any, x: Any) -> Any:
    return x * 1


BACKWARD = [
    Case("sqrt", 0.0, lambda x: gg.sqrt(x)),
    Case("power_by", 0.0, lambda x: x**0.5),
    Case("cbrt", 0.0, lambda x: gg.cbrt(x)),
    Case("log", 1e-310, lambda x: gg.log(x)),
    Case("reciprocal", 1e-200, lambda x: 1 / x),
    Case("divide", 1e-200, lambda x: 1.5 / x),
    Case("arcsin", 1.0, lambda x: gg.arcsin(x)),
    Case("spiked", 0.25, lambda x: spiked(x)),
    Case("arccosh", 1.0, lambda x: gg.arccosh(x)),
]
PLACE = 2

HIDDEN = [  # an entry for a logarithm, and what loses the NaN or infinity it gives: nothing returned shows it
    (0.0, lambda y: gg.relu(y)),
    (-1.0, lambda y: gg.where(np.arange(4) == PLACE, 0.0, y)),
    (-1.0, lambda y: gg.where(gg.isfinite(y), y, 0.0)),
    (0.0, lambda y: gg.maximum(y, 0.0)),
    (0.0, lambda y: gg.clip(y, -1.0, 1.0)),
    (0.0, lambda y: gg.max(y)),
    (-1.0, lambda y: y > 0),
    (-1.0, lambda y: gg.argmax(y)),
    (-1.0, lambda y: gg.isfinite(y).astype("int64")),
    (0.0, lambda y: gg.relu(y).astype("int64")),
    (-1.0, lambda y: gg.sum(y[3:])),
    (0.0, lambda y: gg.sum(gg.relu(y) * np.array([1.0, 1.0, 0.0, 1.0]))),
    (-1.0, lambda y: gg.sum(y[:, None] * np.zeros((4, 0)))),
    (-1.0, lambda y: gg.sum(gg.matmul(y[:, None], np.zeros((1, 0))))),
    (0.0, lambda y: gg.exp(y)),
    (0.0, lambda y: 1 / y),
    (0.0, lambda y: gg.tanh(gg.sigmoid(y))),
    (0.0, lambda y: gg.softmax(y)),
    (0.0, lambda y: gg.cross_entropy(y, 0)),
]
MASKED = [  # an entry, and a square root whose infinite derivative at 0 never comes to the leaf: a rule loses it
    (0.0, lambda x: gg.sqrt(gg.relu(x))),
    (0.0, lambda x: gg.sqrt(gg.where(x > 0, x, 0.0))),
    (0.0, lambda x: gg.sqrt(gg.where(x > 0, x, gg.stop_gradient(x)))),
    (-1.0, lambda x: gg.sqrt(gg.maximum(x, 0.0))),
    (-1.0, lambda x: gg.sqrt(-gg.minimum(-x, 0.0))),
    (-1.0, lambda x: gg.sqrt(gg.clip(x, 0.0, 2.0))),
    (0.5, lambda x: gg.sqrt(gg.tril(gg.outer(x, np.ones(4))))),
    (0.5, lambda x: gg.sqrt(gg.triu(gg.outer(x, np.ones(4))))),
    (0.5, lambda x: gg.sqrt(gg.pad(x, 1))),
    (0.5, lambda x: gg.sqrt(gg.concatenate([x, np.zeros(1)]))),
    (0.5, lambda x: gg.sqrt(gg.diag(x))),
    (0.5, lambda x: gg.sqrt(gg.sum(x[:, None] * np.zeros((4, 0)), axis=1)) + x),
]


def program(case: Case) -> Callable[..., Any]:
    """Put a fault in the middle of something healthy."""

    def run(x: Any) -> Any:
        with gg.scope("first"):
            h = x * 1.0
            h.name = "h"
        with gg.scope("guilty"):
            y = case.fault(h)
        with gg.scope("last"):
            return gg.sum(y * np.linspace(0.5, 1, 4))

    return run


def data(case: Case) -> Any:
    x = np.full(4, 0.5) if case.op != "arccosh" else np.full(4, 1.5)
    x[PLACE] = case.bad
    return x


def at_once(f: Any, x: Any) -> None:
    f(gg.tensor(x, name="x"))


def backward(f: Any, x: Any) -> None:
    f(gg.tensor(x, name="x")).backward()


def slope(f: Any, x: Any) -> None:
    gg.grad(f)(x)


def traced(f: Any, x: Any) -> None:
    gg.trace(f)(gg.ArrayType((4,)))(x)


def traced_slope(f: Any, x: Any) -> None:
    gg.trace(gg.grad(f))(gg.ArrayType((4,)))(x)


def traced_both(f: Any, x: Any) -> None:
    gg.trace(gg.value_and_grad(f))(gg.ArrayType((4,)))(x)


def recorded(f: Any, x: Any) -> None:
    gg.trace(f)(gg.ArrayType((4,))).run(x).backward()


def second(f: Any, x: Any) -> None:
    gg.grad(lambda x: gg.sum(gg.grad(f)(x)))(x)


FORWARD_CASES = [(case, way) for case in FORWARD for way in (at_once, traced, slope, traced_both)]
BACKWARD_CASES = [(case, way) for case in BACKWARD for way in (backward, slope, traced_slope, recorded, second)]
RATES = [1e80, 1e120, 1e150, 1e200, 1e250, 1e300]


def test_there_are_more_than_a_hundred_of_them() -> None:
    assert len(FORWARD_CASES) + len(BACKWARD_CASES) + len(RATES) > 100


def message(case: Case, way: Callable[..., None]) -> str:
    with pytest.raises(gg.NonFiniteError) as caught, gg.debug(nan=True):
        way(program(case), data(case))
    return str(caught.value)


@pytest.mark.parametrize(("case", "way"), FORWARD_CASES)
def test_a_fault_going_forward_is_named(case: Case, way: Any) -> None:
    text = message(case, way)
    start = rf"-?(nan|inf) first appears in the result of {case.op} in guilty at index \({PLACE},\)"
    assert re.match(start, text), text
    assert "; its inputs: " in text
    assert re.search(r"h \[[-\d.e+]+, [-\d.e+]+\]", text), text
    assert text.endswith(f"(test_debug.py:{case.line})")


@pytest.mark.parametrize(("case", "way"), BACKWARD_CASES)
def test_a_fault_going_backward_is_named(case: Case, way: Any) -> None:
    text = message(case, way)
    start = rf"-?(nan|inf) first appears going backward through the result of {case.op} in guilty, in "
    assert re.match(start, text), text
    assert f"at index ({PLACE},) of shape (4,)" in text
    assert "; its inputs: " in text
    assert text.endswith(f"(test_debug.py:{case.line})")


def finite(*values: Any) -> bool:
    return all(np.isfinite(value).all() for value in values)


def written(f: Callable[..., Any]) -> str:
    return f"test_debug.py:{f.__code__.co_firstlineno}"


@pytest.mark.parametrize(("bad", "hide"), HIDDEN)
@pytest.mark.parametrize("way", [at_once, traced, recorded])
def test_a_fault_that_nothing_shows_is_named(bad: float, hide: Any, way: Any) -> None:
    def run(x: Any) -> Any:
        y = gg.log(x * 1.0)
        return hide(y)

    x = np.array([1.5, 2.0, bad, 3.0])
    with np.errstate(all="ignore"):
        assert finite(run(gg.tensor(x)).value)
    with gg.debug(), pytest.raises(gg.NonFiniteError, match=rf"in the result of log at index \({PLACE},\)"):
        way(run, x)


@pytest.mark.parametrize(("entry", "masked"), MASKED)
@pytest.mark.parametrize("way", [backward, slope, traced_slope, recorded])
def test_a_fault_that_no_derivative_asked_for_shows_is_named(entry: float, masked: Any, way: Any) -> None:
    x = np.array([0.5, 0.5, entry, 0.5])
    with np.errstate(all="ignore"):
        assert finite(gg.grad(lambda x: gg.sum(masked(x)))(x))
    words = "^-?inf first appears going backward through the result of sqrt, in "
    with gg.debug(), pytest.raises(gg.NonFiniteError, match=words) as caught:
        way(lambda x: gg.sum(masked(x)), x)
    assert str(caught.value).endswith(f"({written(masked)})")


def test_what_was_given_and_is_not_used_is_no_fault() -> None:
    data = np.array([1.0, np.nan, 2.0])
    f = lambda x: gg.sum(gg.where(np.isnan(data), 0.0, x) ** 2)  # noqa: E731
    with gg.debug():
        x = gg.tensor(data)
        f(x).backward()
        assert x.grad.tolist() == [2, 0, 4]
        assert gg.trace(f)(data)(data) == 5
        assert gg.trace(gg.grad(f))(data)(data).tolist() == [2, 0, 4]


@pytest.mark.parametrize("rate", RATES)
def test_a_rate_that_explodes_is_named_in_training(rate: float) -> None:
    model = gg.nn.TwoLayerNet(4, 3, 2, seed=0, dtype="float64")
    x, t = np.random.default_rng(0).normal(size=(5, 4)), np.array([0, 1, 0, 1, 1])
    stepper = Stepper(model, gg.cross_entropy, gg.optim.SGD(rate), 0)
    with pytest.raises(gg.NonFiniteError, match=r"^step \d: -?(nan|inf) first appears .*(Affine|ReLU)") as caught:
        [stepper.step(x, t) for _ in range(8)]
    assert "; its inputs: " in str(caught.value)
    assert ".py:" in str(caught.value)


# The switch -----------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _off_again() -> Iterator[None]:
    settings = np.geterr()
    yield
    assert surroundings.get().watch is None
    assert np.geterr() == settings


def test_it_is_on_inside_the_block_only() -> None:
    with np.errstate(all="ignore"):
        assert np.isnan(gg.log(-1.0).value)
        with gg.debug(), pytest.raises(gg.NonFiniteError):
            gg.log(-1.0)
        assert np.isnan(gg.log(-1.0).value)


def test_it_is_a_switch_too() -> None:
    gg.debug()
    try:
        with pytest.raises(gg.NonFiniteError):
            gg.log(-1.0)
        with gg.debug(nan=False), np.errstate(all="ignore"):
            assert np.isnan(gg.log(-1.0).value)
        with pytest.raises(gg.NonFiniteError):
            gg.log(-1.0)
    finally:
        gg.debug(nan=False)


def test_infinities_can_be_meant() -> None:
    with gg.debug(infinity=False):
        masked = gg.where(np.array([True, False]), gg.tensor([1.0, 2.0]), -np.inf)
        assert gg.softmax(masked).value.tolist() == [1, 0]
        with pytest.raises(gg.NonFiniteError, match="in the result of subtract; its inputs: a inf, b inf"):
            gg.tensor(np.inf, name="a") - gg.tensor(np.inf, name="b")


def test_what_was_given_is_named_as_what_it_is() -> None:
    with gg.debug(), pytest.raises(gg.NonFiniteError, match=r"^inf first appears in 'x' at index \(0,\)"):
        gg.sum(gg.relu(gg.tensor([np.inf, 1.0], name="x")))
    with gg.debug(), pytest.raises(gg.NonFiniteError, match=r"^nan first appears in 'x' at index \(1,\)"):
        gg.tensor([1.0, np.nan], name="x") * 2
    x = gg.tensor(0.1, name="x")
    with gg.debug(), pytest.raises(gg.NonFiniteError, match="the cotangent it was given inf"):
        (x * 2).backward(np.inf)
    part = 1.5e308 * 0.5
    with gg.debug(), pytest.raises(gg.NonFiniteError, match="derivative of 'x'; its inputs: the sum of what arrives"):
        (x * part + x * part + x * part).backward()


def test_numbers_that_are_huge_but_finite_are_fine() -> None:
    with gg.debug():
        x = gg.tensor(np.array([1e300, 1e200]))
        gg.sum(x * 2).backward(1e200)
        gg.sum(gg.tensor(np.float32([1e30])) * 2).backward()
        assert gg.trace(lambda x: x * 2)(x)(np.array([1e300, 1.0])).tolist() == [2e300, 2]


def test_ops_that_are_not_looked_at_keep_finite_what_is_finite() -> None:
    edge = np.array([[-np.finfo(float).max, 0.0], [5e-324, np.finfo(float).max]])
    params = {"broadcast_to": {"shape": (2, 2)}, "concatenate": {"axis": 0}, "getitem": {"pattern": (0,)},
              "max": {"axis": (0,), "keepdims": False}, "min": {"axis": (0,), "keepdims": False},
              "reshape": {"shape": (4,)}, "softmax": {"axis": -1}, "transpose": {"axes": (1, 0)}}
    by_name = {op.name: op for op in OPS}
    for name in KEEPING:
        count = {"maximum": 2, "minimum": 2, "where": 3}.get(name, 1)
        with np.errstate(over="ignore"):  # max - min overflows on the way to a softmax that does not
            value = by_name[name](nodes, *[edge] * count, **params.get(name, {})).value
        assert np.isfinite(value).all(), name


def test_a_value_with_a_name_is_called_by_it_and_by_its_op() -> None:
    graph = gg.trace(lambda x: named(gg.log(x), "z"))(1.0)
    with gg.debug(), pytest.raises(gg.NonFiniteError, match="first appears in 'z', a log,"):
        graph(-1.0)
    with gg.debug(), pytest.raises(gg.NonFiniteError, match="first appears in 'z', a log,"):
        graph.run(-1.0)


def named(node: Any, name: str) -> Any:
    node.name = name
    return node
