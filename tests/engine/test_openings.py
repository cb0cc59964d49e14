"""Tests of truth, places of extremes and logaddexp are native, and NumPy's to the last special value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassgrad as gg

RNG = np.random.default_rng(0)
INF, NAN = np.inf, np.nan
ARRAYS = [
    RNG.standard_normal((7, 9)), RNG.integers(0, 3, (7, 9)).astype("float32"), RNG.integers(-2, 3, (7, 9)),
    RNG.random((7, 9)) < 0.5, np.zeros((3, 4)), np.array([[1.0, NAN, 3.0], [INF, INF, -INF], [NAN, NAN, 0.0]]),
    np.array([[-0.0, 0.0]]), np.array([[2.0]]),
]


def native(function: Any, *arrays: Any) -> Any:
    compiled = gg.compile(function, engine="native")
    found = compiled(*arrays)
    assert "not compiled" not in compiled.explain()
    return found


@pytest.mark.parametrize("x", ARRAYS, ids=range(len(ARRAYS)))
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_tests_of_truth(x: Any, axis: Any, keepdims: bool) -> None:
    settings = {"axis": axis, "keepdims": keepdims}
    found = native(lambda x: (gg.all(x, **settings), gg.any(x, **settings)), x)
    for value, right in zip(found, (np.all(x, **settings), np.any(x, **settings)), strict=True):
        assert np.asarray(value).dtype == bool
        np.testing.assert_array_equal(value, right)


@pytest.mark.parametrize("x", [x for x in ARRAYS if x.dtype != bool])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_places_of_extremes(x: Any, axis: int | None) -> None:
    found = native(lambda x: (gg.argmax(x, axis=axis), gg.argmin(x, axis=axis)), x)
    for value, right in zip(found, (np.argmax(x, axis=axis), np.argmin(x, axis=axis)), strict=True):
        assert np.asarray(value).dtype == np.intp
        np.testing.assert_array_equal(value, right)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logaddexp(dtype: str) -> None:
    special = np.array([-INF, INF, NAN, 0.0, -0.0, 1.0, -1.0, 700.0, -745.0, 1e30], dtype)
    x, y = (part.ravel() for part in np.meshgrid(special, special))
    with np.errstate(all="ignore"):
        right = np.logaddexp(x, y)
    np.testing.assert_allclose(native(gg.logaddexp, x, y), right, rtol=4 * np.finfo(dtype).eps)
    x, y = (10 * RNG.standard_normal(500).astype(dtype) for _ in range(2))
    bound = {"float32": 1e-5, "float64": 1e-14}[dtype]
    np.testing.assert_allclose(native(gg.logaddexp, x, y), np.logaddexp(x, y), rtol=bound)
    slopes = gg.grad(lambda x, y: gg.sum(gg.logaddexp(x, y)), argnums=(0, 1))
    for value, wanted in zip(native(slopes, x, y), slopes(x, y), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kinds", [("int64", "int64"), ("int64", "float32"), ("bool", "bool"), ("int8", "int8"),
                                   ("float32", "float64"), ("uint8", "int64")])
def test_logaddexp_of_any_numbers(kinds: tuple[str, str]) -> None:
    x, y = (np.array([0, 1, 2, 1]).astype(kind) for kind in kinds)
    found, right = gg.compile(gg.logaddexp, engine="native")(x, y[::-1].copy()), np.logaddexp(x, y[::-1])
    assert found.dtype == right.dtype
    np.testing.assert_allclose(found, right, rtol=1e-3 if right.dtype == "float16" else 1e-6)


def test_empty_arrays() -> None:
    x = np.zeros((0, 3))
    found = gg.compile(lambda x: (gg.all(x), gg.any(x, axis=0)), engine="native")(x)
    assert bool(found[0])
    np.testing.assert_array_equal(found[1], [False] * 3)
