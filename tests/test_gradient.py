"""Gradients: of any containers, to any order, through traces, and without mistaking one variable for another."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.build import ancestors, record
from glassgrad.gradient import backpropagate, fit
from glassgrad.graph import Op

Pair = namedtuple("Pair", "W b")


def test_value_and_gradient_of_one_argument() -> None:
    value, slope = gg.value_and_grad(lambda x: gg.sum(x * x))(np.array([1.0, 3.0]))
    assert value == 10
    np.testing.assert_array_equal(slope, [2, 6])
    assert isinstance(slope, np.ndarray)
    assert isinstance(gg.grad(lambda x: x**2)(3), np.float64)


def test_gradients_come_in_the_containers_of_their_arguments() -> None:
    def loss(p: Any, scale: float, q: Any) -> Any:
        return gg.sum(p["layer"].W * p["layer"].b) * scale + q[0] * q[1][0]

    p = {"layer": Pair(np.array([1.0, 2.0]), np.array([3.0, 4.0])), "unused": [None, ()]}
    dp, dq = gg.grad(loss, (0, 2))(p, 10.0, [2.0, (5.0,)])
    assert isinstance(dp["layer"], Pair)
    np.testing.assert_array_equal(dp["layer"].W, [30, 40])
    assert dp["unused"] == [None, ()]
    assert dq == [5.0, (2.0,)]


def test_arguments_by_number() -> None:
    f = gg.grad(lambda x, y, z: x * y**2 * z, -2)
    assert f(2.0, 3.0, 5.0) == 60
    assert gg.grad(lambda x, y: x * y, (1, 0))(2.0, 3.0) == (2.0, 3.0)
    with pytest.raises(gg.SettingError, match="argument 1 was asked for, 1 were given"):
        gg.grad(lambda x: x, 1)(1.0)
    with pytest.raises(gg.SettingError, match="names an argument of 2 twice"):
        gg.grad(lambda x, y: x, (0, -2))(1.0, 1.0)


def test_what_else_a_function_returns_is_handed_on() -> None:
    def loss(x: Any) -> Any:
        return x * x, {"twice": 2 * x, "note": "as it was", "count": 3}

    (value, more), slope = gg.value_and_grad(loss, has_aux=True)(4.0)
    assert (value, slope) == (16, 8)
    assert more == {"twice": 8.0, "note": "as it was", "count": 3}
    with pytest.raises(gg.GradientError, match="must return a pair"):
        gg.value_and_grad(lambda x: x, has_aux=True)(1.0)


def test_a_function_that_does_not_depend_on_its_argument_has_the_gradient_zero() -> None:
    assert gg.grad(lambda x: 5.0)(1.0) == 0
    np.testing.assert_array_equal(gg.grad(lambda x: gg.stop_gradient(x).sum())(np.ones(2)), [0, 0])
    np.testing.assert_array_equal(gg.grad(lambda x: gg.sum(gg.sign(x)))(np.ones(2)), [0, 0])
    np.testing.assert_array_equal(gg.grad(lambda x: gg.sum(x > 0) * 1.0)(np.ones(2)), [0, 0])


def test_what_has_no_gradient_is_refused() -> None:
    with pytest.raises(gg.GradientError, match=r"has shape \(2,\): only a single number has a gradient"):
        gg.grad(lambda x: x)(np.ones(2))
    with pytest.raises(gg.DtypeError, match=r"is int64\[2\]: integers and booleans have no derivative. Give floats"):
        gg.grad(gg.sum)(np.array([1, 2]))
    with pytest.raises(gg.DtypeError, match="bool"):
        gg.grad(gg.sum)(True)
    with pytest.raises(gg.GradientError, match="have no derivative"):
        gg.grad(gg.argmax)(np.ones(2))
    with pytest.raises(gg.GradientError, match="depends on a placeholder"):
        gg.trace(lambda x: (x * x).backward())(1.0)
    x = gg.tensor([1.0, 2.0])
    with pytest.raises(gg.ShapeError, match=r"the cotangent has shape \(3,\), the result of multiply has \(2,\)"):
        (x * x).backward(np.ones(3))
    with pytest.raises(gg.DtypeError, match="complex"):
        (x * x).backward(np.array([1j, 1j]))
    with pytest.raises(gg.TraceError, match="needs the numbers of its cotangent"):
        gg.trace(lambda g: x.backward(g))(np.ones(2))


def test_a_cotangent_may_be_a_tensor_or_of_another_kind() -> None:
    x = gg.tensor(np.float32([1, 2]))
    (x * x).backward(gg.tensor([1, 10]))
    np.testing.assert_array_equal(x.grad, np.float32([2, 40]))
    assert x.grad.dtype == np.float32
    (gg.sum(x * x, keepdims=True)).backward()
    np.testing.assert_array_equal(x.grad, [2, 4])


def test_gradients_of_gradients_to_third_order() -> None:
    for function, order in ((lambda x: x**5, [80, 160, 240]), (lambda x: x * x * x * x, [32, 48, 48])):
        slope = function
        for expected in order:
            slope = gg.grad(slope)
            assert slope(2.0) == expected
    third = gg.grad(gg.grad(gg.grad(gg.sigmoid)))
    s = 1 / (1 + math.exp(-0.3))
    assert third(0.3) == pytest.approx(s * (1 - s) * (1 - 6 * s + 6 * s * s), rel=1e-13)
    assert gg.grad(gg.grad(gg.grad(gg.exp)))(1.0) == pytest.approx(math.e, rel=1e-15)


def test_the_variable_of_an_inner_gradient_is_not_that_of_the_outer() -> None:
    assert gg.grad(lambda x: x * gg.grad(lambda y: x * y)(x))(3.0) == 6
    assert gg.grad(lambda x: x * gg.grad(lambda y: x + y)(1.0))(3.0) == 1
    assert gg.grad(lambda x: gg.grad(lambda y: x * y * y)(1.0))(3.0) == 2
    assert gg.grad(lambda x: gg.value_and_grad(lambda y: x * y)(5.0)[0])(3.0) == 5
    assert gg.grad(lambda x: gg.vjp(lambda y: x * y, 5.0)[1](1.0)[0])(3.0) == 1
    assert gg.grad(lambda x: gg.jvp(lambda y: x * y * y, (5.0,), (1.0,))[1])(3.0) == 10
    assert gg.grad(lambda x: gg.jvp(lambda y: y * y, (5.0,), (x,))[1])(3.0) == 10
    assert gg.grad(lambda x: gg.grad(lambda y: gg.grad(lambda z: x * y * z * z)(1.0))(2.0))(3.0) == 2


def test_numbers_stay_numbers_where_nothing_around_is_differentiated() -> None:
    W = gg.parameter(2.0)
    slope = gg.grad(lambda x: W * x * x)(3.0)
    assert isinstance(slope, np.float64)
    inner = []
    assert gg.grad(lambda x: inner.append(gg.grad(lambda y: y * y)(1.0)) or x)(3.0) == 1
    assert isinstance(inner[0], np.float64)


def test_tensors_in_tensors_out_to_be_differentiated_again() -> None:
    x = gg.tensor(3.0)
    value, slope = gg.value_and_grad(lambda x: x**3)(x)
    assert isinstance(value, gg.Tensor)
    slope.backward()
    assert (slope.item(), x.grad) == (27, 18)


def test_a_tensor_used_twice_counts_only_as_the_argument() -> None:
    x = gg.tensor(3.0)
    assert gg.grad(lambda a: a * x)(x).item() == 3
    assert gg.grad(lambda a, b: a * a * b, 0)(x, x).item() == 18
    assert [part.item() for part in gg.grad(lambda a, b: a * a * b, (0, 1))(x, x)] == [18, 9]


def test_gradient_inside_a_trace_is_a_graph() -> None:
    graph = gg.trace(gg.grad(lambda x: gg.sum(gg.sin(x) * x)))(np.ones(3))
    x = np.array([0.1, -2.0, 3.0])
    np.testing.assert_allclose(graph(x), np.cos(x) * x + np.sin(x), rtol=1e-15)
    twice = gg.trace(gg.grad(lambda x: gg.grad(lambda y: x * y * y)(x)))(2.0)
    assert twice(3.0) == 12


def test_gradient_through_a_trace() -> None:
    graph = gg.trace(lambda x, W: gg.sum(gg.tanh(x @ W)))(np.ones((2, 3)), np.ones((3, 2)))
    random = np.random.default_rng(0)
    x, W = random.normal(size=(2, 3)), random.normal(size=(3, 2))
    own = gg.grad(lambda x, W: gg.sum(gg.tanh(x @ W)), (0, 1))(x, W)
    through, found = gg.grad(graph, (0, 1))(x, W), graph.run(x, W).backward()
    for node, expected, again in zip(graph.inputs, own, through, strict=True):
        np.testing.assert_array_equal(again, expected)
        np.testing.assert_array_equal(found[node], expected)


def test_vjp_takes_cotangents_in_the_containers_of_the_result() -> None:
    y, pull = gg.vjp(lambda x, b: {"sum": x + b, "product": x * b, "count": 3}, np.array([1.0, 2.0]), 10.0)
    np.testing.assert_array_equal(y["product"], [10, 20])
    assert y["count"] == 3
    dx, db = pull({"sum": np.ones(2), "product": np.array([1.0, 0.0]), "count": 0})
    np.testing.assert_array_equal(dx, [11, 1])
    assert db == 3
    with pytest.raises(gg.ShapeError, match="the cotangent: the containers differ"):
        pull(1.0)
    graph = gg.trace(lambda g: gg.vjp(gg.sin, np.zeros(2))[1](g)[0])(np.ones(2))
    np.testing.assert_array_equal(graph(np.array([3.0, 4.0])), [3, 4])
    with pytest.raises(gg.GradientError, match="no output holds floats"):
        gg.vjp(gg.argmax, np.ones(2))[1](1)


def test_gradients_that_share_memory_cannot_be_written_into() -> None:
    dx, dy = gg.grad(lambda x, y: gg.sum((x + y) * 2), (0, 1))(np.ones(3), np.ones(3))
    g = np.ones(2)
    same = gg.vjp(lambda x: x, np.ones(2))[1](g)[0]
    for array in (dx, dy, same):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5
    g[0] = 9
    assert same[0] == 1


def test_jvp_agrees_with_differences_and_with_vjp() -> None:
    def f(p: Any, y: Any) -> Any:
        return {"a": gg.sin(p["x"]) * y, "n": gg.argmax(p["x"]), "b": [gg.sum(p["x"]), 2.0]}

    x, y, dx, dy = np.random.default_rng(1).normal(size=(4, 3))
    value, change = gg.jvp(f, ({"x": x}, y), ({"x": dx}, dy))
    np.testing.assert_array_equal(value["a"], np.sin(x) * y)
    np.testing.assert_allclose(change["a"], np.cos(x) * dx * y + np.sin(x) * dy, rtol=1e-14)
    np.testing.assert_allclose(change["b"][0], dx.sum(), rtol=1e-14)
    assert (change["n"], change["b"][1]) == (0, 0)
    with pytest.raises(gg.ShapeError, match=r"a tangent has shape \(2,\) where the argument has \(3,\)"):
        gg.jvp(gg.sum, (x,), (np.ones(2),))
    with pytest.raises(gg.ShapeError, match="jvp: the tangents: the containers differ"):
        gg.jvp(gg.sum, (x,), ([x],))


def test_a_product_with_the_hessian() -> None:
    x, v = np.array([1.0, 2.0]), np.array([1.0, -1.0])
    product = gg.jvp(gg.grad(lambda x: x[0] ** 3 * x[1] + gg.exp(x[1])), (x,), (v,))[1]
    np.testing.assert_allclose(product, [12 * 1 + 3 * -1, 3 - math.exp(2.0)], rtol=1e-14)
    assert isinstance(gg.jvp(gg.sin, (1.0,), (gg.tensor(1.0),))[1], gg.Tensor)


def test_only_what_leads_to_the_targets_is_computed() -> None:
    x, y = gg.tensor(2.0), gg.tensor(3.0)
    a, b = x * x, y * y
    z = a * b
    found = backpropagate(ancestors([z]), {z: np.float64(1)}, [x], np, lambda node: node.value)
    assert set(found) == {z, a, x}
    assert found[x] == 36


def test_a_rule_may_give_less_than_the_shape_of_its_input() -> None:
    x = gg.tensor(np.ones((2, 3)))
    np.testing.assert_array_equal(fit(np, np.float64(2), x), np.full((2, 3), 2.0))
    np.testing.assert_array_equal(fit(np, np.ones((2, 1)), x), np.ones((2, 3)))
    assert fit(np, np.ones((5, 2, 3)), gg.tensor(np.float32(1))).dtype == np.float32


def test_intermediate_values_have_gradients_too() -> None:
    x = gg.tensor(2.0)
    a = x * 3
    z = a * a
    z.backward()
    assert (z.grad, a.grad, x.grad) == (1, 12, 36)
    assert gg.constant(1.0).grad is None
    x.backward()
    assert x.grad == 1


def test_an_op_without_a_rule_hands_nothing_back() -> None:
    step = gg.Op("step", lambda xp, x: xp.floor(x), infer=lambda x: x)
    x = gg.tensor(2.5)
    (step(gg.nodes, x) * x).backward()
    assert x.grad == 2


def test_adding_up_in_place_changes_no_other_cotangent() -> None:
    x = gg.tensor(np.arange(3.0))
    used = [x + float(i) for i in range(4)]
    total = used[0]
    for i, node in enumerate(used[1:], start=2):
        total = total + node * float(i)
    seed = np.array([1.0, 10.0, 100.0])
    total.backward(seed)
    for i, node in enumerate(used, start=1):
        np.testing.assert_array_equal(node.grad, i * np.array([1.0, 10.0, 100.0]))
    np.testing.assert_array_equal(x.grad, 10 * seed)
    np.testing.assert_array_equal(seed, [1.0, 10.0, 100.0])


def test_a_rule_that_fails_leaves_every_grad_as_it_was() -> None:
    x = gg.tensor(3.0)
    (x * x).backward()

    def rule(*_: object) -> None:
        raise RuntimeError("on purpose")

    broken = Op("broken", lambda xp, x: x * 1.0, rule)
    middle = x * 2.0
    with pytest.raises(RuntimeError, match="on purpose"):
        (record(broken, (middle,)) + x).backward()
    assert x.grad == 6.0
    assert middle.grad is None
