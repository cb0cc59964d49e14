"""Extrapolation, measured noise and non-negative least squares against known values."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassgrad.check.kinks import nonnegative_least_squares
from glassgrad.check.numeric import extrapolate, measured_noise

OFFSETS, SPACINGS = np.arange(-4, 5), (14, 20, 26, 32, 38)
STEPS = 0.5 ** np.arange(0, 36.0)[:, None]


def quotients(f, x):
    plus, minus = f(x + STEPS), f(x - STEPS)
    rounding = 4e-16 * (np.abs(plus) + np.abs(minus)) / STEPS
    return (plus - minus) / ((x + STEPS) - (x - STEPS)), rounding


@pytest.mark.parametrize(("f", "twin", "x"), [
    (np.exp, mpmath.exp, 1.5), (np.sin, mpmath.sin, 3.0), (np.tanh, mpmath.tanh, -0.7), (np.arctan, mpmath.atan, 0.1),
])
def test_the_true_slope_lies_within_the_bar(f, twin, x):
    with mpmath.workdps(40):
        truth = float(mpmath.diff(twin, mpmath.mpf(x)))
    value, bar = extrapolate(*quotients(f, x), 4.0)
    assert abs(value[0] - truth) <= bar[0] <= 1e-10


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=6), st.floats(-2, 2))
def test_polynomials_are_differentiated_within_the_bar(coefficients, x):
    polynomial = np.polynomial.Polynomial(coefficients)
    value, bar = extrapolate(*quotients(polynomial, x), 4.0)
    noise = 1e-13 * (1 + np.abs(coefficients).sum())
    assert abs(value[0] - polynomial.deriv()(x)) <= bar[0] + noise


def test_a_kink_nearby_is_not_extrapolated_across():
    def f(x):
        return np.where(x < 1 + 1e-4, 0.0, x - 1 - 1e-4)

    value, bar = extrapolate(*quotients(f, 1.0), 4.0)
    assert abs(value[0]) <= bar[0]
    careless, its_bar = extrapolate(*quotients(f, 1.0), 4.0, check_finer=False)
    assert abs(careless[0]) > its_bar[0] or its_bar[0] >= bar[0]


def test_a_ripple_on_a_trend_is_seen():
    value, bar = extrapolate(*quotients(lambda x: x**2 + 1e-3 * np.sin(1e4 * x), 1.0), 4.0)
    assert abs(value[0] - (2 + 10 * np.cos(1e4))) <= bar[0]


def test_no_estimate_of_what_has_no_slope():
    _, bar = extrapolate(*quotients(lambda x: np.sign(x) * np.sqrt(np.abs(x)), 0.0), 4.0)
    assert bar[0] > 1


@pytest.mark.parametrize("unit", [1.0, 1e-200, 1e200])
@pytest.mark.parametrize("level", [1e-9, 1e-6])
def test_noise_is_measured_to_a_small_factor_whatever_the_unit(level, unit):
    rng = np.random.default_rng(0)
    samples = np.array([np.sin(1 + OFFSETS * 2.0**-p) + level * rng.standard_normal(9) for p in SPACINGS])
    noise, coarse = measured_noise(unit * samples[:, :, None])
    assert level / 4 <= noise[0] / unit <= 8 * level
    assert coarse[0] >= noise[0] / 32


def test_a_kink_between_the_widest_samples_is_no_noise():
    samples = np.array([np.maximum(OFFSETS * 2.0**-p - 1e-4, 0) for p in SPACINGS])
    assert samples.any(axis=1).tolist() == [True, False, False, False, False]
    assert measured_noise(samples[:, :, None])[0][0] == 0


def test_least_squares_satisfy_the_conditions_of_the_optimum():
    rng = np.random.default_rng(3)
    for _ in range(30):
        A, b = rng.standard_normal((5, 8)), rng.standard_normal(5)
        w, residual = nonnegative_least_squares(A, b)
        pull = A.T @ (b - A @ w)
        assert (w >= 0).all()
        assert (pull <= 1e-8).all()
        np.testing.assert_allclose(pull[w > 1e-9], 0, atol=1e-8)
        assert residual == pytest.approx(np.linalg.norm(A @ w - b))
