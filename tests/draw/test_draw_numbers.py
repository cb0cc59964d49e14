"""Numbers as short text, arrays as heat maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassgrad.array_type import ArrayType
from glassgrad.draw.metrics import columns, shorten, width
from glassgrad.draw.numbers import HEAT_COLUMNS, HEAT_ROWS, NOT_A_NUMBER, figure, short


def shown(value, arrays="auto"):
    array = np.asarray(value)
    return figure(array, ArrayType(array.shape, array.dtype), arrays)


@pytest.mark.parametrize(("number", "text"), [
    (0.0, "0"), (-0.0, "0"), (2.2, "2.2"), (3.3000000000000003, "3.3"), (220.00000000000003, "220"), (99999, "99999"),
    (123456789, "1.235e8"), (1e-7, "1e−7"), (-1.5e300, "−1.5e300"), (np.float32(0.1), "0.1"), (np.nan, "NaN"),
    (np.inf, "∞"), (-np.inf, "−∞"), (True, "true"), (np.int8(-5), "−5"), (0.99999, "1"), (5e-324, "4.941e−324"),
])
def test_short(number, text):
    assert short(number) == text


@given(st.floats())
def test_short_has_four_digits_and_reads_back(number):
    text = short(number)
    assert len(text) <= 11
    if abs(number) < 1.79e308:  # beyond, four digits round to infinity; a NaN is not below either
        assert float(text.replace("−", "-")) == pytest.approx(number, rel=6e-4, abs=1e-320)


def test_arrays():
    assert shown([1.0, 2.0]).lines == ("[1 2]",)
    assert shown([[1.0, 2.0], [3.0, -4.0]]).lines == ("(2, 2)", "[1 2]", "[3 −4]")
    assert shown(np.arange(12.0).reshape(3, 4), "numbers").lines == ("(3, 4)", "[0 1 2 3]", "[4 5 6 7]", "[8 9 10 11]")
    assert shown(np.arange(12.0).reshape(3, 4), "shape").lines == ("(3, 4)",)
    assert shown(np.zeros((0, 3))).lines == ("(0, 3)",)
    assert figure(None, ArrayType((2, 3))).lines == ("(2, 3)",)
    assert figure(None, ArrayType(())).lines == ()


def test_heat_shows_sign_and_size():
    heat = shown([[-4.0, -1.0, 0.0], [1.0, 2.0, 4.0]]).heat
    assert heat == ((-4, -1, 0), (1, 2, 4))


def test_large_arrays_are_averaged_and_summarised():
    array = np.zeros((100, 784), np.float32)
    array[:50] = 2
    seen = shown(array)
    assert (len(seen.heat), len(seen.heat[0])) == (HEAT_ROWS, HEAT_COLUMNS)
    assert [row[0] for row in seen.heat] == [4, 4, 4, 4, 0, 0, 0, 0]
    assert seen.lines == ("(100, 784)", "0 … 2")
    assert seen.exact == "float32[100, 784]: min 0, max 2, mean 1, zeros 50 %"


@pytest.mark.parametrize("value", [np.nan, np.inf, [1.0, np.nan], [[np.inf] * 5] * 5, np.full((90, 90), np.nan)])
def test_what_is_not_finite_is_marked(value):
    seen = shown(value)
    assert seen.alarm
    assert seen.lines[0].startswith("⚠ ")
    if seen.heat:
        assert {level for row in seen.heat for level in row} == {NOT_A_NUMBER}


ARRAYS = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_]), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0)
)


@given(ARRAYS)
def test_every_array_has_a_figure(array):
    seen = figure(array, ArrayType(array.shape, array.dtype))
    assert all(len(line) < 120 for line in seen.lines)
    assert {level for row in seen.heat for level in row} <= set(range(-4, 6))
    assert seen.alarm == (not np.isfinite(array).all())


def test_widths():
    assert width("WWWW", 10) > width("iiii", 10)
    assert width("蘋果", 14) == 28
    assert columns("蘋果 x") == 6
    assert shorten("蘋果蘋果蘋果", 7) == "蘋果蘋…"


@given(st.text(), st.integers(1, 20))
def test_shortened_text_fits_on_one_line(text, most):
    cut = shorten(text, most)
    assert columns(cut) <= most
    assert cut.isprintable() or all(sign == "\u3000" or sign.isspace() or sign.isprintable() for sign in cut)
    assert not set(cut) & set("\n\r\t\x00\x1b\u202e")
