"""Transformations compose, and answer for every kind of function; test_gradient.py looks at the derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassgrad as gg


def test_the_order_of_derivatives_does_not_matter() -> None:
    def f(x, y):
        return gg.sum(gg.sin(x * y) * gg.exp(y))

    x, y, v = np.random.default_rng(0).normal(size=(3, 4))
    one = gg.grad(lambda y: gg.dot(gg.grad(f)(x, y), v))(y)
    other = gg.jvp(gg.grad(f, 1), (x, y), (v, np.zeros(4)))[1]
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_reverse_and_forward_are_adjoint() -> None:
    def f(x):
        return gg.softmax(x @ np.arange(12.0).reshape(3, 4) / 10)

    x, v = np.random.default_rng(1).normal(size=(2, 3))
    g = np.random.default_rng(2).normal(size=4)
    _, pull = gg.vjp(f, x)
    _, pushed = gg.jvp(f, (x,), (v,))
    assert np.dot(g, pushed) == pytest.approx(np.dot(pull(g)[0], v), rel=1e-13)


def test_transforms_of_functions_without_arguments_of_their_own() -> None:
    assert gg.value_and_grad(lambda x, p: x * 2, 1)(1.0, {"none": None}) == (2.0, {"none": None})
    value, change = gg.jvp(lambda p: 3.0, (None,), (None,))
    assert (value, change) == (3, 0)


def test_float32_in_float32_out() -> None:
    x = np.float32([1, 2])
    value, slope = gg.value_and_grad(lambda x: gg.mean(gg.tanh(x) * 2.0))(x)
    assert (value.dtype, slope.dtype) == (np.float32, np.float32)
    assert gg.jvp(gg.sin, (x,), (x,))[1].dtype == np.float32


TAKERS = ["grad", "value_and_grad", "elementwise_grad", "jacobian", "hessian", "trace", "vmap", "checkpoint", "custom",
          "compile"]


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize("given", [3, gg.tensor(2.0)])
def test_what_is_no_function_is_refused_at_once(name: str, given: Any) -> None:
    with pytest.raises(gg.DtypeError, match=rf"^{name}: a function is needed.*; got .*\. Give f itself"):
        getattr(gg, name)(given)


def test_what_is_no_function_is_refused_beside_its_arguments() -> None:
    for name in ("vjp", "jvp", "hvp", "scan"):
        with pytest.raises(gg.DtypeError, match=f"^{name}: a function is needed"):
            getattr(gg, name)(3, (1.0,), (1.0,))
    with pytest.raises(gg.DtypeError, match=r"^cond: a function is needed, to be called later; got 5"):
        gg.cond(True, gg.sin, 5, 1.0)
    with pytest.raises(gg.DtypeError, match=r"^custom: a function is needed, to be called later; got 3"):
        gg.custom(vjp=3)(gg.sin)  # type: ignore[call-overload]


def test_arguments_in_their_places() -> None:
    for transform in (gg.jvp, gg.hvp):
        with pytest.raises(gg.DtypeError, match=rf"{transform.__name__}\(f, \(x,\), \(v,\)\); got 1\.0"):
            transform(gg.sin, 1.0, 1.0)  # type: ignore[operator]
    with pytest.raises(gg.SettingError, match="argnums: 'a' was given; the number of an argument is needed"):
        gg.grad(gg.sin, "a")(1.0)  # type: ignore[arg-type]
