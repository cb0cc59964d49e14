"""What random programs have brought to light: loops that would wait for each other, casts, norms of large numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassgrad as gg

ENGINES = ("numpy", "native")


def test_loops_are_not_merged_if_what_is_read_as_well_needs_one_of_them() -> None:
    x = np.arange(-12.0, 28.0).reshape(8, 5)

    def function(x: Any) -> Any:
        low = gg.maximum(x, 1.0)
        row = gg.sin(np.arange(5.0) * gg.sum(low * 2))  # needs all of `low`
        return gg.sum(gg.where(x > 0, low, row))  # `x > 0` could be computed with either, not with both

    low = np.maximum(x, 1)
    wanted = np.where(x > 0, low, np.sin(np.arange(5) * (low * 2).sum())).sum()
    assert gg.compile(function, engine="native")(x) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16"])
@pytest.mark.parametrize("size", [3, 1000])
def test_floats_beyond_small_integers_wrap_round_as_in_numpy(engine: str, dtype: str, size: int) -> None:
    x = np.resize(np.array([-1.0, -3.5, 255.9, 300.0, -70000.0]), size)
    for given in (x, x.astype("float32")):
        found = gg.compile(lambda x: gg.astype(x, dtype), engine=engine)(given)
        np.testing.assert_array_equal(found, x.astype("int32").astype(dtype))


@pytest.mark.parametrize("engine", ["interpret", *ENGINES])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8"])
def test_sums_of_products_of_several_dtypes_do_not_overflow(engine: str, dtype: str) -> None:
    x, y = np.arange(6.0).reshape(1, 2, 3), np.full((3, 2), 100).astype(dtype)  # the sum of a row is no int8
    products = gg.compile(lambda x, y: gg.einsum("abc,ce->", x, y), engine=engine)
    assert products(x, y) == x.sum() * 2 * float(y[0, 0])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_norms_whose_squares_are_no_floats(engine: str, dtype: str) -> None:
    length = gg.compile(gg.value_and_grad(gg.norm), engine=engine)
    for scale in (np.finfo(dtype).max / 8, 1.0, np.finfo(dtype).tiny):
        value, slope = length(np.array([3, 4], dtype) * np.asarray(scale, dtype))
        assert value == pytest.approx(5 * float(scale), rel=1e-6)
        np.testing.assert_allclose(slope, [0.6, 0.8], rtol=1e-6)
    assert length(np.zeros(0, dtype))[0] == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float32"])
def test_a_remainder_by_what_is_not_a_number_is_none(engine: str, dtype: str) -> None:
    x = np.arange(2).astype(dtype)
    rest, whole = gg.compile(lambda x: (x % float("nan"), x // float("nan")), engine=engine)(x)
    assert np.isnan(rest).all()
    assert np.isnan(whole).all()
    np.testing.assert_array_equal(gg.compile(lambda x: x % 2.5, engine=engine)(x), x % 2.5)
