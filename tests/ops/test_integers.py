"""Functions of floats take integers and booleans as float64: nothing overflows, and the type is the same in a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassgrad as gg

VALUES = {
    "bool": [False, True, True], "int8": [-128, 3, 127], "uint8": [0, 200, 255], "int16": [-300, 0, 300],
    "uint16": [0, 2, 60000], "int64": [-5, 0, 50], "uint64": [0, 1, 4],
}
T = np.array([1.0, 0.0, 1.0])
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(gg, name) for name in (
        "gaussian", "sigmoid", "tanh", "leaky_relu", "elu", "softplus", "silu", "gelu", "softmax", "log_softmax",
        "logsumexp", "mean", "var", "norm",
    )},
    "cross_entropy": lambda x: gg.cross_entropy(x, T), "weighted": lambda x: gg.cross_entropy(x, T, x),
    "binary_cross_entropy": lambda x: gg.binary_cross_entropy(x, T),
    "mean_squared_error": lambda x: gg.mean_squared_error(x, x[::-1]), "huber": lambda x: gg.huber(x, x[::-1]),
}


@pytest.mark.filterwarnings("ignore:(invalid|divide):RuntimeWarning")  # weights of 0, and negative ones
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", VALUES)
def test_integers_are_taken_as_float64(name: str, dtype: str) -> None:
    function, x = FUNCTIONS[name], np.array(VALUES[dtype], dtype)
    wanted = np.asarray(function(gg.constant(x.astype("float64"))).value)
    found = function(gg.constant(x))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.value, wanted, rtol=1e-15)
    for engine in ("interpret", "numpy", "native"):
        value = np.asarray(gg.compile(function, engine=engine)(x))
        assert value.dtype == np.float64
        np.testing.assert_allclose(value, wanted, rtol=1e-14, atol=1e-300)


def test_the_mean_of_large_integers_does_not_overflow() -> None:
    x = np.array([2**63 - 1, 2**63 - 1, 5])
    for engine in ("interpret", "numpy", "native"):
        assert gg.compile(gg.mean, engine=engine)(x) == np.mean(x)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_no_entries_have_no_softmax(name: str) -> None:
    for engine in ("interpret", "numpy", "native"):
        function = gg.compile(lambda x: getattr(gg, name)(x, axis=-1), engine=engine)
        assert function(np.zeros((0, 3))).size == 0
        with pytest.raises(gg.ShapeError, match=rf"{name}: .*axis|no entries lie along axis 1 of shape \(3, 0\)"):
            function(np.zeros((3, 0)))


@pytest.mark.filterwarnings("ignore:(Mean of empty|invalid value):RuntimeWarning")
def test_the_slope_of_a_variance_of_nothing_is_nothing() -> None:
    for engine in ("interpret", "numpy", "native"):
        assert gg.compile(gg.grad(lambda x: gg.sum(gg.var(x, axis=1))), engine=engine)(np.zeros((3, 0))).size == 0
