"""How ops are defined: what the public functions take, and what follows from a definition."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.graph import nodes
from glassgrad.ops.define import OPS, _arguments_of, axes, broadcasting, one_axis


def test_a_definition_says_how_it_is_called() -> None:
    def body(xp, x, y, *, slope=0.5):
        return xp.maximum(x, slope * y)

    accept = _arguments_of(body)
    assert str(inspect.signature(accept)) == "(x, y, *, slope=0.5)"
    assert accept(1, 2) == ((1, 2), {"slope": 0.5})
    assert accept(1, y=2, slope=3) == ((1, 2), {"slope": 3})
    plain = _arguments_of(lambda xp, x: x)
    assert plain(1) == plain(x=1) == ((1,), {})
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        accept(1)


def test_public_functions_bear_their_names_and_signatures() -> None:
    assert (gg.exp.__name__, gg.exp.__module__, str(inspect.signature(gg.exp))) == ("exp", "glassgrad", "(x, /)")
    assert list(inspect.signature(gg.sum).parameters) == ["x", "axis", "keepdims"]
    assert list(inspect.signature(gg.softmax).parameters) == ["x", "axis"]
    assert list(inspect.signature(gg.cross_entropy).parameters) == ["x", "t", "weight"]
    assert list(inspect.signature(gg.where).parameters) == ["condition", "x", "y"]
    assert list(inspect.signature(gg.stack).parameters) == ["arrays", "axis"]


def test_every_op_can_be_drawn_and_called_by_name() -> None:
    hidden = {op.name for op in OPS} - {name for name in dir(gg) if callable(getattr(gg, name))}
    assert not hidden
    for op in OPS:
        assert op.symbol
        assert "a" in op.latex.format(*["a"] * 3, exponent=2.0)
        assert (op.infer is None) == (op.body is not None)


def test_a_function_without_a_formula_is_written_by_its_name() -> None:
    latex = {op.name: op.latex for op in OPS}
    assert latex["put_back"].format("g") == r"\mathrm{put\_back}(g)"
    assert latex["exp"].format("x") == r"\exp(x)"


def test_axes_are_counted_from_the_front() -> None:
    assert axes([1, -3], 3) == (0, 1)
    assert axes(np.int64(-1), 2) == (1,)
    with pytest.raises(gg.ShapeError, match="side 3 lies outside an array of 2 axes"):
        axes(3, 2, "side")
    with pytest.raises(gg.ShapeError, match="one integer is needed"):
        one_axis([0], 2)


def test_the_rule_of_broadcasting_only_stands_for_itself() -> None:
    with pytest.raises(AssertionError, match="applied by infer"):
        broadcasting(gg.ArrayType(()))


def test_one_rule_serves_three_uses(jax) -> None:
    op = next(op for op in OPS if op.name == "sigmoid")
    assert op(np, np.float64(0)) == op(nodes, 0.0).item() == float(op(jax.numpy, jax.numpy.zeros(()))) == 0.5


def test_random_numbers_are_a_function_of_their_key() -> None:
    draw = gg.uniform([1, 2], (1000,))
    np.testing.assert_array_equal(draw.value, gg.uniform([1, 2], (1000,)).value)
    for other in (gg.uniform([1, 3], (1000,)), gg.uniform([2, 2], (1000,)), gg.uniform([1, 2], (1000,), stream=1)):
        assert abs(np.corrcoef(draw.value, other.value)[0, 1]) < 0.15
    assert 0 <= draw.value.min() < 0.01
    assert 0.99 < draw.value.max() < 1
    assert gg.uniform([1, 2], (2,), dtype="float32").dtype == np.float32
    traced = gg.trace(lambda key: gg.uniform(key, (3,)))(np.array([1, 2]))
    np.testing.assert_array_equal(traced(np.array([5, 6])), gg.uniform([5, 6], (3,)).value)
