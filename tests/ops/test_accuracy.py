"""Values and derivatives over the whole range of floats, against 60 digits: within the bounds of the benchmark."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassgrad as gg


def _benchmark() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "accuracy.py"
    spec = importlib.util.spec_from_file_location("accuracy_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


accuracy = _benchmark()


@pytest.mark.parametrize("kind", accuracy.KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("function", accuracy.FUNCTIONS, ids=lambda function: function.name)
def test_values_and_derivatives_keep_their_bounds(function: Any, kind: Any) -> None:
    x = accuracy.points(function, kind, 25, seed=3)
    with np.errstate(all="ignore"):  # poles and overflow are among the points
        values, slopes = accuracy.ours(function.name, x)
    away = ~accuracy.near_zero_of_slope(function, x)
    for found, exact, bound, kept in ((values, function.value, function.value_bound, np.ones(x.shape, bool)),
                                      (slopes, function.slope, function.slope_bound, away)):
        for y, at in zip(found[kept], x[kept], strict=True):
            error, allowed = accuracy._error(y, exact, at, kind), bound(min(abs(float(at)), 1e150))
            assert error <= allowed, f"{function.name}({at!r}) = {y!r}: {error} ulp, {allowed} are allowed"


@pytest.mark.parametrize("kind", accuracy.KINDS, ids=lambda kind: kind.__name__)
def test_compiled_silu_keeps_the_bounds_far_to_the_left_too(kind: Any) -> None:
    function = next(f for f in accuracy.FUNCTIONS if f.name == "silu")
    end, tail = (760, 700) if kind is np.float64 else (110, 80)
    random = np.random.default_rng(0)
    x = np.concatenate([random.uniform(-4, 4, 300), random.uniform(-40, 0, 300), random.uniform(-end, -tail, 300),
                        accuracy.points(function, kind, 25)]).astype(kind)
    away = ~accuracy.near_zero_of_slope(function, x)
    for compiled in (False, True):
        value, slope = (gg.compile(f) if compiled else f for f in (gg.silu, gg.elementwise_grad(gg.silu)))
        with np.errstate(over="ignore"):  # in the sum that `elementwise_grad` differentiates
            values, slopes = np.asarray(gg.tensor(value(x)).value), np.asarray(slope(x))
        assert accuracy.worst(values, function.value, x, kind)[0] <= accuracy.VALUE
        assert accuracy.worst(slopes[away], function.slope, x[away], kind)[0] <= accuracy.SLOPE


def test_silu_at_the_ends_and_its_higher_derivatives() -> None:
    ends = np.array([np.inf, -np.inf, -1e300, 0.0, -0.0])
    for function in (gg.silu, gg.compile(gg.silu)):
        np.testing.assert_array_equal(gg.tensor(function(ends)).value, [np.inf, 0, 0, 0, 0])
        assert np.isnan(gg.tensor(function(np.array(np.nan))).value)
    function, mp = gg.silu, accuracy.mp
    x = np.array([-39.0, -3.0, -1e-3, 0.0, 1e-3, 3.0, 40.0])
    for order in (2, 3):
        function = gg.elementwise_grad(function) if order > 2 else gg.elementwise_grad(gg.elementwise_grad(function))
        exact = [float(mp.diff(lambda t: t / (1 + mp.exp(-t)), mp.mpf(at), order)) for at in x.tolist()]
        np.testing.assert_allclose(function(x), exact, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_near_the_zero_of_a_derivative_its_error_is_that_of_its_two_terms(name: str) -> None:
    function = next(f for f in accuracy.FUNCTIONS if f.name == name)
    x = function.zero_of_slope + np.linspace(-0.5, 0.5, 41)
    _, slopes = accuracy.ours(name, x)
    for y, at in zip(slopes, x, strict=True):
        assert abs(float(y) - float(function.slope(accuracy.mp.mpf(float(at))))) <= 2.0**-52


@pytest.mark.parametrize(("kind", "edge"), [(np.float64, 1024), (np.float32, 128)])
def test_the_derivative_of_a_power_of_two_outlasts_its_value(kind: Any, edge: int) -> None:
    function = next(f for f in accuracy.FUNCTIONS if f.name == "exp2")
    x = (edge + np.array([-0.5, 0, 0.25, 0.5, 0.6, np.inf])).astype(kind)
    with np.errstate(over="ignore"):
        values, slopes = accuracy.ours("exp2", x)
        second = gg.elementwise_grad(gg.elementwise_grad(gg.exp2))(x)
    assert np.isinf(values[1:]).all()
    assert accuracy.worst(slopes[:4], function.slope, x[:4], kind)[0] <= accuracy.SLOPE
    assert np.isinf([*slopes[4:], second[5]]).all()
    assert np.isfinite(second[:5]).all()


def test_a_library_that_tells_wrong_numbers_would_be_found() -> None:
    assert accuracy.ulps(np.nextafter(1.0, 2.0), accuracy.mp.mpf(1), np.float64) == 1
    assert accuracy.ulps(0.0, accuracy.mp.mpf("5e-324"), np.float64) == pytest.approx(1.0, rel=0.02)
    assert accuracy.ulps(np.inf, accuracy.mp.mpf(1), np.float64) == np.inf
    assert accuracy.ulps(1.0, accuracy.mp.inf, np.float64) == np.inf
    assert accuracy.relative([1.0], [accuracy.mp.mpf(2)]) == 0.5


def test_sets_on_which_the_textbook_formula_fails() -> None:
    with np.errstate(over="ignore", under="ignore"):
        for name, found, exact in accuracy.adversarial():
            assert accuracy.relative(found, exact) <= 1e-13, (name, found)


def test_the_error_function_at_special_points() -> None:
    np.testing.assert_array_equal(gg.erf([0.0, np.inf, -np.inf, 6.0]).value, [0, 1, -1, 1])
    np.testing.assert_array_equal(gg.erfc([0.0, np.inf, -np.inf, -6.0]).value, [1, 0, 2, 2])
    assert np.signbit(gg.erf(-0.0).value)
    assert np.isnan(gg.erf(np.nan).value)
    assert np.isnan(gg.erfc(np.nan).value)
    assert gg.erf(np.arange(3)).dtype == np.float64
    assert gg.gaussian(np.array([1e200, -np.inf])).value.tolist() == [0, 0]


def test_a_product_with_zeros_has_derivatives() -> None:
    np.testing.assert_array_equal(gg.grad(gg.prod)(np.array([2.0, 0.0, 5.0])), [0, 10, 0])
    np.testing.assert_array_equal(gg.grad(gg.prod)(np.array([0.0, 0.0, 5.0])), [0, 0, 0])
    slopes = gg.grad(lambda x: gg.sum(gg.cumprod(x)))(np.array([2.0, 0.0, 5.0]))
    np.testing.assert_array_equal(slopes, [1 + 0 + 0, 2 + 10, 0])


def test_powers_keep_their_digits_where_the_exponent_is_no_whole_number() -> None:
    mp = accuracy.mp
    for x, y in ((1e300, 0.3), (3.7e-200, 0.7), (1.5, 250.3), (0.9, -1000.1)):
        dx, dy = gg.grad(gg.power, (0, 1))(x, gg.tensor(y))
        exact = mp.power(mp.mpf(x), mp.mpf(y))
        assert accuracy.ulps(dx.item(), exact * mp.mpf(y) / mp.mpf(x), np.float64) <= 4
        assert accuracy.ulps(dy.item(), exact * mp.log(mp.mpf(x)), np.float64) <= 4


@pytest.mark.parametrize("labels", [0, np.array([1.0, 0.0, 0.0, 0.0])], ids=["class", "one-hot"])
def test_the_loss_of_a_nearly_certain_class_has_a_derivative_with_all_its_digits(labels: Any) -> None:
    row = np.array([0.0, -30.0, -36.0, -40.5])
    exact = [accuracy.mp.exp(accuracy.mp.mpf(x)) for x in row.tolist()]
    others = accuracy.mp.fsum(exact[1:]) / accuracy.mp.fsum(exact)
    slopes = gg.grad(lambda x: gg.cross_entropy(x, labels))(row)
    assert accuracy.relative([slopes[0]], [-others]) <= 1e-15
    assert gg.check_gradient(lambda x: gg.cross_entropy(x, labels), row)
    curved = gg.hessian(lambda x: gg.cross_entropy(x, labels))(row)
    assert accuracy.relative([curved[0, 0]], [others * (1 - others)]) <= 1e-13


def test_labels_between_classes_give_the_difference_of_probabilities() -> None:
    rng = np.random.default_rng(0)
    x, p = rng.normal(size=(6, 4)) * 3, rng.random((6, 4))
    found = gg.grad(gg.cross_entropy)(x, p)
    y = gg.softmax(x).value
    np.testing.assert_allclose(found, (y * p.sum(axis=1, keepdims=True) - p) / 6, rtol=1e-12, atol=1e-15)
