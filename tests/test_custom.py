"""Ops that users define: recorded, differentiated, opened, drawn and proved like those of the library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.ops.define import OPS


@gg.custom(vjp=lambda xp, g, y, x, *, beta=1.0: (g * (xp.sigmoid(beta * x) if xp is not np else 1 / (
    1 + np.exp(-beta * x))),), symbol="soft+", latex=r"\mathrm{{softplus}}({0})")
def soft(xp: Any, x: Any, *, beta: float = 1.0) -> Any:
    """Smooth ramp."""
    return xp.log1p(xp.exp(beta * x)) / beta


@gg.custom
def bowl(xp: Any, x: Any, y: Any) -> Any:
    """Sum of squares of two."""
    return xp.sum(x * x) + xp.sum(y * y)


X = np.array([0.3, -1.2, 2.0])


def test_it_is_an_op_like_any_other() -> None:
    y = soft(X, beta=2.0)
    np.testing.assert_allclose(y.value, np.log1p(np.exp(2 * X)) / 2)
    assert (y.op, y.op.name, y.op.symbol, dict(y.params)) == (soft.op, "soft", "soft+", {"beta": 2.0})
    assert soft.__doc__ == "Smooth ramp."
    assert soft.op not in OPS
    assert not hasattr(gg, "soft")
    np.testing.assert_allclose(gg.elementwise_grad(soft)(X), 1 / (1 + np.exp(-X)), rtol=1e-14)
    second = gg.elementwise_grad(gg.elementwise_grad(soft))(X)
    np.testing.assert_allclose(second, np.exp(-X) / (1 + np.exp(-X)) ** 2, rtol=1e-13)


def test_it_is_traced_opened_drawn_and_proved() -> None:
    graph = gg.trace(lambda x: gg.sum(soft(x, beta=2.0)) + bowl(x, x))(X)
    assert [node.op.name for node in graph.operations] == ["soft", "sum", "bowl", "add"]
    np.testing.assert_allclose(graph(X), np.sum(np.log1p(np.exp(2 * X)) / 2) + 2 * np.sum(X * X))
    opened = gg.open(graph, "soft")
    assert "soft" not in [node.op.name for node in opened.operations]
    np.testing.assert_allclose(opened(X), graph(X), rtol=1e-14)
    assert "soft+" in gg.draw(graph, format="text")
    assert gg.check_gradient(lambda x: gg.sum(soft(x)), X)


def test_a_wrong_rule_is_found() -> None:
    @gg.custom(vjp=lambda xp, g, y, x: (g * 3 * x,))
    def square(xp: Any, x: Any) -> Any:
        return x * x

    assert not gg.check_gradient(lambda x: gg.sum(square(x)), X)


def test_a_derivative_follows_from_the_function_where_there_is_no_rule() -> None:
    slopes = gg.grad(bowl, (0, 1))(X, 3.0)
    np.testing.assert_allclose(slopes[0], 2 * X)
    assert slopes[1] == 6


def test_functions_of_numpy_alone_have_a_type_and_a_rule() -> None:
    @gg.custom(vjp=lambda xp, g, y, x: (g,), infer=lambda x: x)
    def rounded(xp: Any, x: Any) -> Any:
        return np.rint(x)

    np.testing.assert_array_equal(gg.elementwise_grad(lambda x: rounded(x) ** 2)(X), 2 * np.rint(X))
    assert gg.trace(rounded)(X)(X).tolist() == [0, -1, 2]
    np.testing.assert_array_equal(gg.vmap(rounded)(X), np.rint(X))

    @gg.custom(infer=lambda x: gg.ArrayType((2,)))
    def wrong(xp: Any, x: Any) -> Any:
        return x

    with pytest.raises(gg.ShapeError, match=r"wrong gave float64\[3\], and its infer says float64\[2\].*test_custom"):
        wrong(X)


def test_a_costly_cotangent_is_computed_only_if_it_is_wanted() -> None:
    asked = []

    def lazily(name: str, value: Any) -> Any:
        return lambda: asked.append(name) or value

    @gg.custom(vjp=lambda xp, g, z, x, y: (lazily("x", g * y), lazily("y", g * x)))
    def product(xp: Any, x: Any, y: Any) -> Any:
        return x * y

    assert gg.grad(product, 1)(3.0, 5.0) == 3
    assert asked == ["y"]
    x = gg.tensor(3.0)
    product(x, 5.0).backward()
    assert (x.grad, asked) == (5, ["y", "x"])


def test_products_of_matrices_leave_out_what_nobody_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    original = np.matmul
    monkeypatch.setattr(np, "matmul", lambda a, b: sizes.append((a.shape, b.shape)) or original(a, b))
    W = gg.parameter(np.ones((3, 2)))
    gg.sum(gg.affine(np.ones((4, 3)), W, np.zeros(2))).backward()
    assert sizes == [((4, 3), (3, 2)), ((3, 4), (4, 2))]


def test_mistakes_are_explained() -> None:
    @gg.custom(vjp=lambda xp, g, y, x: g)
    def one(xp: Any, x: Any) -> Any:
        return x * 2

    with pytest.raises(gg.GradientError, match="the rule of one gave a float64; a tuple with one entry for each of"):
        gg.grad(one)(1.0)
    with pytest.raises(gg.SettingError, match="'<lambda>' is no name; use def"):
        gg.custom(lambda xp, x: x)
    with pytest.raises(gg.SettingError, match="leave out forward"):
        gg.custom(infer=lambda x: x, forward=lambda xp, x: x)(one)
    with pytest.raises(gg.UnsupportedError, match=r"Call it as soft\(x, \*, beta=1.0\)"):
        soft(X, gamma=2)
