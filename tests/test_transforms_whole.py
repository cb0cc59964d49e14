"""Jacobians, Hessians, vmap: over containers, composed with each other, and as JAX finds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassgrad as gg

RANDOM = np.random.default_rng(0)
X, W, B = RANDOM.normal(size=3), RANDOM.normal(size=(3, 2)), RANDOM.normal(size=2)


def layer(n: Any) -> Any:
    return lambda p, x: {"y": n.tanh(n.matmul(x, p["W"]) + p["b"]), "s": n.sum(x * x)}


def single(n: Any) -> Any:
    return lambda p, x: n.sum(n.exp(n.tanh(n.matmul(x, p["W"]) + p["b"]))) * n.sum(n.sin(x))


def same(found: Any, expected: Any, rtol: float = 1e-12) -> None:
    from jax import tree_util

    ours, theirs = tree_util.tree_leaves(found), tree_util.tree_leaves(expected)
    assert tree_util.tree_structure(found) == tree_util.tree_structure(expected)
    for own, other in zip(ours, theirs, strict=True):
        assert own.shape == other.shape
        assert own.dtype == other.dtype
        np.testing.assert_allclose(own, other, rtol=rtol, atol=1e-12)


P = {"W": W, "b": B}


def test_jacobians_of_containers_are_those_of_jax(jax: Any) -> None:
    both = gg.jacobian(layer(gg), (0, 1))(P, X)
    same(both, jax.jit(jax.jacrev(layer(jax.numpy), (0, 1)))(P, X))
    same(gg.jacobian(layer(gg), 1)(P, X), {name: part[1] for name, part in both.items()})
    same(gg.jacobian(layer(gg), (1,))(P, X), {name: part[1:] for name, part in both.items()})


def test_hessians_of_containers_are_those_of_jax(jax: Any) -> None:
    both = gg.hessian(single(gg), (0, 1))(P, X)
    same(both, jax.jit(jax.hessian(single(jax.numpy), (0, 1)))(P, X))
    same(gg.hessian(single(gg))(P, X), {name: row[0] for name, row in both[0].items()})


def test_the_product_with_the_hessian_is_that(jax: Any) -> None:
    V = ({"W": W[::-1], "b": B * 2}, X[::-1])
    expected = jax.jit(lambda *at: jax.jvp(jax.grad(single(jax.numpy), (0, 1)), at, V)[1])(P, X)
    same(gg.hvp(single(gg), (P, X), V), expected)


def test_third_order(jax: Any) -> None:
    def f(n: Any) -> Any:
        return lambda x: n.sum(n.sin(x) * n.exp(n.tanh(x[::-1])))

    third = gg.jacobian(gg.hessian(f(gg)))(X)
    same(third, jax.jit(jax.jacrev(jax.hessian(f(jax.numpy))))(X), 1e-11)
    np.testing.assert_allclose(third, np.transpose(third, (2, 0, 1)), rtol=1e-11, atol=1e-12)
    slopes = gg.elementwise_grad(gg.elementwise_grad(gg.elementwise_grad(gg.sin)))(X)
    np.testing.assert_allclose(slopes, -np.cos(X), rtol=1e-13)
    forward = gg.jvp(lambda x: gg.jvp(lambda x: gg.jvp(gg.sin, (x,), (1.0,))[1], (x,), (1.0,))[1], (0.7,), (1.0,))[1]
    np.testing.assert_allclose(forward, -np.cos(0.7), rtol=1e-13)


def test_a_traced_jacobian_is_a_graph_of_its_own() -> None:
    graph = gg.trace(gg.jacobian(lambda x: gg.softmax(x)))(X)
    np.testing.assert_allclose(graph(X * 2), gg.jacobian(gg.softmax)(X * 2), rtol=1e-13)
    assert len(graph.operations) < 20  # one pass for all rows, not one for each


def test_results_of_no_entries_and_independent_results() -> None:
    assert gg.jacobian(lambda x: x[3:])(X).shape == (0, 3)
    np.testing.assert_array_equal(gg.jacobian(lambda x: gg.tensor(np.ones(2)))(X), np.zeros((2, 3)))
    assert gg.jacobian(gg.sin)(np.float32([1, 2])).dtype == np.float32
    with pytest.raises(gg.GradientError, match="jacobian: the result holds int64"):
        gg.jacobian(lambda x: gg.argmax(x))(X)


# vmap -----------------------------------------------------------------------------------------------------------------

MANY = RANDOM.normal(size=(5, 3))


def test_axes_go_where_they_are_wanted(jax: Any) -> None:
    def f(n: Any) -> Any:
        return lambda a, b: {"sum": a * b["v"], "own": n.sum(a)}

    b = {"v": RANDOM.normal(size=(3, 5)), "k": X}
    for out in (0, {"sum": 1, "own": 0}, {"sum": -1, "own": -1}):
        ours = gg.vmap(f(gg), (0, {"v": 1, "k": None}), out)(MANY, b)
        same(ours, jax.vmap(f(jax.numpy), (0, {"v": 1, "k": None}), out)(MANY, b))
    same(gg.vmap(lambda x: 1.0, 0)(MANY), np.ones(5))


def test_vmap_of_grad_grad_of_vmap_and_vmap_of_vmap(jax: Any) -> None:
    def f(n: Any) -> Any:
        return lambda W, x: n.sum(n.tanh(n.matmul(x, W)) ** 2)

    same(gg.vmap(gg.grad(f(gg), (0, 1)), (None, 0))(W, MANY),
         jax.vmap(jax.grad(f(jax.numpy), (0, 1)), (None, 0))(W, MANY))
    own, theirs = (n.grad(lambda W, n=n, m=m: m.sum(n.vmap(f(m), (None, 0))(W, MANY) ** 2))(W)
                   for n, m in ((gg, gg), (jax, jax.numpy)))
    same(own, theirs)
    table = gg.vmap(gg.vmap(lambda a, b: gg.sum(a * b), (None, 0)), (0, None))(MANY, MANY[:2])
    np.testing.assert_allclose(table, MANY @ MANY[:2].T, rtol=1e-13)


def test_per_example_gradients_of_a_loss_with_labels(jax: Any) -> None:
    labels = np.array([0, 1, 1, 0, 1])
    each = gg.vmap(gg.grad(lambda W, x, t: gg.cross_entropy(x @ W, t)), (None, 0, 0))(W, MANY, labels)
    one = [gg.grad(lambda W, x=x, t=t: gg.cross_entropy(x @ W, t))(W) for x, t in zip(MANY, labels, strict=True)]
    np.testing.assert_allclose(each, np.stack(one), rtol=1e-12)
    assert gg.vmap(gg.cross_entropy)(np.array([[1000.0, 0.0], [0.0, 1000.0]]), np.array([0, 0])).tolist() == [0, 1000]


def test_what_has_no_row_is_done_one_by_one() -> None:
    @gg.custom(vjp=lambda xp, g, y, x: (g / (1 + xp.sum(g * g)),))
    def through(xp: Any, x: Any) -> Any:
        return x * 2

    rule = gg.grad(lambda x: gg.sum(through(x)))
    np.testing.assert_allclose(gg.vmap(rule)(MANY), np.stack([rule(x) for x in MANY]))
    assert gg.vmap(lambda x: through(x))(MANY[:0]).shape == (0, 3)


def test_mistakes_are_explained() -> None:
    with pytest.raises(gg.ShapeError, match=r"sizes \[3, 5\]; one number"):
        gg.vmap(lambda a, b: a)(MANY, X)
    with pytest.raises(gg.ShapeError, match=r"axis 2 of an argument of shape \(5, 3\)"):
        gg.vmap(gg.sin, 2)(MANY)
    with pytest.raises(gg.SettingError, match="no argument is mapped"):
        gg.vmap(gg.sin, None)(MANY)
    with pytest.raises(gg.SettingError, match=r"in_axes=\(0, 1\) does not fit 1"):
        gg.vmap(gg.sin, (0, 1))(MANY)
    with pytest.raises(gg.SettingError, match="an axis is an integer or None; got 'a'"):
        gg.vmap(gg.sin, "a")(MANY)
    with pytest.raises(gg.SettingError, match="out_axes=3 is no axis"):
        gg.vmap(gg.sin, 0, 3)(MANY)
    with pytest.raises(gg.TraceError, match="has no truth"):
        gg.vmap(lambda x: x if x[0] > 0 else -x)(MANY)
