"""Values and derivatives at the edges of the range, against arithmetic of 60 digits; none of it may warn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import glassgrad as gg

mpmath.mp.dps = 60
EDGES = [0.0, 1e-320, 1e-30, 1e-8, 0.1, 1.0, 5.0, 17.5, 30.0, 37.5, 40.0, 88.0, 350.0, 700.0, 740.0, 800.0, 1e4]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x)) if x >= 0 else mpmath.exp(x) / (1 + mpmath.exp(x))


EXACT: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "tanh": (mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
}


def ulps(found: float, exact: Any) -> float:
    """Return how far a float lies from the exact number, in units of its last place."""
    nearest = float(exact)
    if found == nearest:
        return 0.0
    return float(abs(mpmath.mpf(found) - exact) / mpmath.mpf(float(np.spacing(abs(nearest)))))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("x", EDGES)
@pytest.mark.parametrize("name", EXACT)
def test_value_and_derivative_are_within_four_ulp(name: str, x: float, sign: int) -> None:
    point = gg.tensor(sign * x)
    y = getattr(gg, name)(point)
    y.backward()
    value, slope = (function(mpmath.mpf(sign * x)) for function in EXACT[name])
    assert ulps(float(y.value), value) <= 4
    assert ulps(float(point.grad), slope) <= 4


def test_the_derivative_of_sigmoid_is_not_rounded_to_nothing() -> None:
    slopes = gg.grad(lambda x: gg.sum(gg.sigmoid(x)))(np.array([40.0, -40.0, -700.0, 700.0]))
    assert np.all(slopes > 0)
    assert gg.grad(gg.sigmoid)(np.float32(20.0)) > 0


def test_values_of_a_sigmoid_far_out() -> None:
    np.testing.assert_array_equal(gg.sigmoid([np.inf, -np.inf, 800.0, -800.0]).value, [1.0, 0.0, 1.0, 0.0])
    assert np.isnan(gg.sigmoid(np.nan).value)


def slopes_at(function: Callable[..., Any], *points: Any) -> list[Any]:
    leaves = [gg.tensor(np.asarray(point, float)) for point in points]
    gg.sum(function(*leaves)).backward()
    return [leaf.grad for leaf in leaves]


def test_stated_derivatives_at_kinks() -> None:
    np.testing.assert_array_equal(slopes_at(gg.relu, [-1.0, -0.0, 0.0, 2.0])[0], [0, 0, 0, 1])
    np.testing.assert_array_equal(slopes_at(gg.abs, [-1.0, 0.0, 2.0])[0], [-1, 0, 1])
    for function in (gg.maximum, gg.minimum):
        left, right = slopes_at(function, [1.0, 3.0], [1.0, 3.0])
        np.testing.assert_array_equal([left, right], [[0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_array_equal(slopes_at(gg.max, [1.0, 3.0, 3.0])[0], [0, 0.5, 0.5])
    np.testing.assert_array_equal(slopes_at(gg.min, [1.0, 1.0, 3.0])[0], [0.5, 0.5, 0])
    x, y = slopes_at(gg.power, [0.0, 0.0, 2.0, -2.0], [0.0, 1.0, 0.0, 2.0])
    np.testing.assert_array_equal(x, [0, 1, 0, -4])
    np.testing.assert_array_equal(y, [0, 0, np.log(2.0), 0])


def test_the_mixed_second_derivative_of_a_power_holds_where_the_exponent_is_zero() -> None:
    by_both = gg.grad(gg.grad(lambda x, y: x**y), 1)
    assert by_both(2.0, gg.tensor(0.0)).item() == 0.5


def test_softmax_of_large_scores() -> None:
    x = np.array([[1e3, 0.0, -1e3], [1e3, 1e3, -np.inf]])
    np.testing.assert_array_equal(gg.softmax(x).value, [[1, 0, 0], [0.5, 0.5, 0]])
    np.testing.assert_array_equal(gg.log_softmax(x).value, [[0, -1e3, -2e3], [-np.log(2), -np.log(2), -np.inf]])
    assert np.isfinite(slopes_at(lambda x: gg.softmax(x) * [1.0, 2.0, 3.0], x)[0]).all()
    np.testing.assert_allclose(slopes_at(lambda x: gg.log_softmax(x)[:, 0], x)[0], [[0, 0, 0], [0.5, -0.5, 0]])


def test_logsumexp_of_large_numbers() -> None:
    assert gg.logsumexp([1e4, 1e4]).item() == 1e4 + np.log(2)
    assert gg.logsumexp([-1e4, -np.inf]).item() == -1e4
    assert gg.logsumexp([np.inf, 0.0]).item() == np.inf
    np.testing.assert_allclose(slopes_at(gg.logsumexp, [1e4, 1e4, -1e4])[0], [0.5, 0.5, 0.0])


def test_cross_entropy_at_its_extremes() -> None:
    x = np.array([[1e4, 0.0, -np.inf], [0.0, 40.0, 0.0]])
    loss = gg.cross_entropy(x, [1, 1])
    exact = (mpmath.mpf(10000) + mpmath.log(1 + 2 * mpmath.exp(-40))) / 2
    assert ulps(float(loss.value), exact) <= 4
    np.testing.assert_array_equal(slopes_at(lambda x: gg.cross_entropy(x, [1, 1]), x)[0][0], [0.5, -0.5, 0])
    small = slopes_at(lambda x: gg.cross_entropy(x, [1, 1]), x)[0][1]
    assert small[0] > 0


def test_soft_labels_of_zero_cost_nothing_where_the_probability_is_zero() -> None:
    y, t = [[0.0, 1.0]], [[0.0, 1.0]]
    assert gg.cross_entropy_error(y, t).item() == 0
    dy, dt = slopes_at(gg.cross_entropy_error, y, t)
    np.testing.assert_array_equal(dy, [[0, -1]])
    np.testing.assert_array_equal(dt, [[np.inf, 0]])
    assert gg.cross_entropy([[-np.inf, 0.0]], t).item() == 0
    np.testing.assert_array_equal(slopes_at(lambda y: gg.cross_entropy_error(y, [1]), y)[0], [[0, -1]])


def test_variance_of_numbers_far_from_zero() -> None:
    x = 1e8 + np.array([-1.0, 0.0, 1.0])
    assert gg.var(x).item() == np.float64(2) / 3
    np.testing.assert_allclose(slopes_at(gg.var, x)[0], [-2 / 3, 0, 2 / 3])


def test_not_a_number_and_infinity_pass_through() -> None:
    x = gg.tensor([np.nan, np.inf, -np.inf, 1.0])
    y = x * 2 + 1
    np.testing.assert_array_equal(y.value, [np.nan, np.inf, -np.inf, 3.0])
    y.backward(np.array([1.0, np.nan, 1.0, np.inf]))
    np.testing.assert_array_equal(x.grad, [2.0, np.nan, 2.0, np.inf])
    assert np.isnan(gg.relu(np.nan).value)
    assert np.isnan(gg.max([1.0, np.nan]).value)
