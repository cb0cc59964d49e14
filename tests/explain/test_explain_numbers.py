"""Numbers and arrays as short text."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassgrad.explain.numbers import number, number_latex, percent, summary, value_latex, value_text


@pytest.mark.parametrize(("value", "text", "latex"), [
    (220.00000000000003, "220", "220"),
    (3.3000000000000003, "3.3", "3.3"),
    (-0.0, "0", "0"),
    (1e-7, "1e-7", r"1 \times 10^{-7}"),
    (-2.5e300, "-2.5e300", r"-2.5 \times 10^{300}"),
    (math.nan, "NaN", r"\mathrm{NaN}"),
    (math.inf, "∞", r"\infty"),
    (-math.inf, "-∞", r"-\infty"),
    (np.float32(0.1), "0.1", "0.1"),
    (np.int64(1234567), "1234567", "1234567"),
    (10**20, "1e20", r"1 \times 10^{20}"),
    (np.True_, "True", r"\mathrm{True}"),
])
def test_numbers(value, text, latex):
    assert number(value) == text
    assert number_latex(value) == latex


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_a_number_is_close_to_what_is_written(value, digits):
    written = float(number(value, digits))
    if math.isfinite(written):  # the largest floats may round up beyond the range
        assert written == pytest.approx(value, rel=10.0 ** (1 - digits), abs=5e-324)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_seventeen_digits_are_exact(value):
    assert float(number(value, 17)) == value


def test_small_arrays_are_written_out():
    assert value_text(np.array([[1, 2], [3, 4]])) == "[[1, 2], [3, 4]]"
    assert value_text(np.array([True, False])) == "[True, False]"
    assert value_text(np.zeros((2, 0))) == "[[], []]"
    assert value_text(np.array(2.5)) == "2.5"


def test_large_arrays_are_summarised():
    values = np.zeros((100, 784), np.float32)
    values[0, 0], values[1, 1], values[2, 2], values[3, 3] = -2, 6, np.nan, np.inf
    text = summary(values)
    assert text.startswith("(100, 784): min -2, max 6, mean ")
    assert text.endswith("NaN: 1, ±∞: 1")
    assert "0: 99.9949 %" in text
    assert summary(np.full((20,), np.nan)) == "(20,): NaN: 20"
    assert summary(np.zeros((0, 50))) == "(0, 50): []"


def test_a_summary_of_huge_numbers_does_not_warn():
    assert summary(np.full(20, 1e308)).startswith("(20,): min 1e308, max 1e308, mean ")


@given(st.floats(0, 1))
def test_only_all_is_a_hundred_percent_and_only_none_is_zero(share):
    text = percent(share)
    assert (text == "100 %") == (share == 1)
    assert (text == "0 %") == (share == 0)


@pytest.mark.parametrize(("value", "latex"), [
    (np.array([1.0, 2.0]), r"\begin{pmatrix} 1 & 2 \end{pmatrix}"),
    (np.arange(20.0), r"\left[0 \ldots 19\right]_{20}"),
    (np.ones((2, 1, 1)), r"\left[1 \ldots 1\right]_{2 \times 1 \times 1}"),
    (np.full(20, np.nan), r"\left[\,\cdot\,\right]_{20}"),
    (np.zeros((0, 2)), r"\left[\,\cdot\,\right]_{0 \times 2}"),
])
def test_arrays_as_latex(value, latex):
    assert value_latex(value) == latex
