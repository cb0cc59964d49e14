"""Graphs inside nodes: cond, scan and checkpoint, at once and traced, to second order, as JAX has them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.interpret import evaluate

RANDOM = np.random.default_rng(0)
W, H, XS = RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3), RANDOM.normal(size=(4, 3))


def close(found: Any, expected: Any) -> None:
    from jax import tree_util

    for own, other in zip(tree_util.tree_leaves(found), tree_util.tree_leaves(expected), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-11, atol=1e-12)


def ops(what: Any) -> list[str]:
    return [node.op.name for node in what.operations]


def recurrent(n: Any, scan: Any, **how: Any) -> Any:
    """Containers everywhere, a matrix from outside, a carry that counts, and results of two shapes."""

    def loss(W: Any, h: Any, xs: Any) -> Any:
        def step(carry: Any, x: Any) -> Any:
            h = n.tanh(n.matmul(carry["h"], W) + x)
            return {"h": h, "c": carry["c"] + n.sum(h * x), "k": carry["k"] + 1}, (h * carry["c"], n.sum(h))

        last, (a, b) = scan(step, {"h": h, "c": 0.5, "k": 0}, xs, **how)
        return n.sum(last["h"] ** 2) * last["c"] * last["k"] + n.sum(a**2) + n.sum(n.sin(b))

    return loss


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_is_that_of_jax_to_second_order(jax: Any, reverse: bool) -> None:
    own = recurrent(gg, gg.scan, reverse=reverse)
    theirs = recurrent(jax.numpy, jax.lax.scan, reverse=reverse)
    every = (0, 1, 2)
    value, slopes = jax.jit(jax.value_and_grad(theirs, every))(W, H, XS)
    close(gg.value_and_grad(own, every)(W, H, XS), (value, slopes))
    close(gg.trace(gg.value_and_grad(own, every))(W, H, XS)(W, H, XS), (value, slopes))
    v = (W * 2, H - 1, XS[::-1])
    second = jax.jit(lambda *at: jax.jvp(jax.grad(theirs, every), at, v)[1])(W, H, XS)
    close(gg.hvp(own, (W, H, XS), v), second)
    graph = gg.trace(gg.grad(own))(W, H, XS)
    close(jax.jit(lambda *at: evaluate(graph.inputs, graph.outputs, at, jax.numpy)[0])(W, H, XS), slopes[0])


def test_a_scan_is_its_unrolled_loop() -> None:
    graph = gg.trace(recurrent(gg, gg.scan))(W, H, XS)
    assert ops(graph).count("scan") == 2  # one for the floats, one for the integer
    opened = gg.open(graph, "scan")
    assert "scan" not in ops(opened)
    assert ops(opened).count("tanh") == len(XS)
    np.testing.assert_allclose(opened(W, H, XS), graph(W, H, XS), rtol=1e-14)


def test_steps_without_arrays_without_results_and_without_steps() -> None:
    assert gg.scan(lambda c, _: (c * 2, None), 1.0, length=10)[0].item() == 1024
    carry, ys = gg.scan(lambda c, x: (c, (x, c)), 2.0, np.zeros((0, 3)))
    assert (carry.item(), ys[0].shape, ys[1].shape) == (2.0, (0, 3), (0,))
    np.testing.assert_array_equal(gg.grad(lambda c: gg.scan(lambda c, x: (c * x, c), c, np.zeros(0))[0])(3.0), 1)
    assert gg.scan(lambda c, x: (c + x, c), np.float32(1), np.ones(3, np.float32))[1].dtype == np.float32
    nested = gg.grad(lambda r: gg.scan(lambda c, _: gg.scan(lambda d, _: (d * r, None), c, length=2), 1.0, length=3)[0])
    assert nested(2.0) == pytest.approx(6 * 2**5)


def test_mistakes_in_a_scan_are_explained() -> None:
    with pytest.raises(gg.ShapeError, match=r"lengths \[2, 3\] were given"):
        gg.scan(lambda c, x: (c, None), 0.0, (np.ones(2), np.ones(3)))
    with pytest.raises(gg.ShapeError, match="say how many steps with length="):
        gg.scan(lambda c, x: (c, None), 0.0)
    with pytest.raises(gg.ShapeError, match="must return a pair"):
        gg.scan(lambda c, x: c, 0.0, np.ones(2))
    with pytest.raises(gg.ShapeError, match="single number; the steps go along"):
        gg.scan(lambda c, x: (c, x), 0.0, 1.0)
    with pytest.raises(gg.ShapeError, match=r"given and returned as float64\[\] and float64\[3\].*test_control"):
        gg.scan(lambda c, x: (c + x, None), 0.0, np.ones((2, 3)))


# cond -----------------------------------------------------------------------------------------------------------------


def bent(n: Any, cond: Any) -> Any:
    def f(p: Any, x: Any) -> Any:
        a, b = cond(n.sum(x) > 0, lambda x: (n.sin(x) * p["a"], p["b"] * 2), lambda x: (x * x * p["b"], p["b"]), x)
        return n.sum(a * a) * b + n.sum(x)

    return f


@pytest.mark.parametrize("sign", [1, -1])
def test_a_cond_is_that_of_jax_to_second_order(jax: Any, sign: int) -> None:
    p, x = {"a": 1.5, "b": 0.7}, np.array([0.5, 1.0, -0.2]) * sign
    own, theirs = bent(gg, gg.cond), bent(jax.numpy, jax.lax.cond)
    expected = jax.jit(jax.value_and_grad(theirs, (0, 1)))(p, x)
    close(gg.value_and_grad(own, (0, 1))(p, x), expected)
    graph = gg.trace(gg.value_and_grad(own, (0, 1)))(p, np.ones(3))
    close(graph(p, x), expected)
    close(gg.open(graph)(p, x), expected)
    close(jax.jit(lambda *at: evaluate(graph.inputs, graph.outputs, at, jax.numpy))(p["a"], p["b"], x),
          [expected[0], expected[1][0]["a"], expected[1][0]["b"], expected[1][1]])
    close(gg.hessian(own)(p, x), jax.jit(jax.hessian(theirs))(p, x))
    slope = gg.grad(own, 1)
    close(gg.vmap(slope, (None, 0))(p, np.stack([x, -x])), np.stack([slope(p, x), slope(p, -x)]))


def test_only_the_chosen_branch_is_computed() -> None:
    slope = gg.grad(lambda x: gg.cond(x > 0, lambda x: gg.sqrt(x), lambda x: x * 0, x))
    assert (slope(4.0), slope(-4.0)) == (0.25, 0)  # the root of -4 would be a warning, which is an error here
    graph = gg.trace(lambda x: gg.cond(x > 0, gg.sqrt, gg.identity, x))(1.0)
    assert graph(-9.0) == -9
    assert ops(gg.open(graph)) == ["greater", "sqrt", "identity", "where"]


def test_mistakes_in_a_cond_are_explained() -> None:
    with pytest.raises(gg.ShapeError, match=r"predicate has shape \(3,\).*use gg.where"):
        gg.cond(H > 0, gg.sin, gg.cos, H)
    with pytest.raises(gg.ShapeError, match=r"return float64\[3\] and float64\[\]; containers and types must be equal"):
        gg.cond(True, gg.sin, gg.sum, H)
    with pytest.raises(gg.ShapeError, match=r"return float64\[3\] and \(float64\[3\],\)"):
        gg.cond(True, gg.sin, lambda x: (x,), H)
    assert gg.cond(True, lambda: gg.tensor(1.0), lambda: 2.0).item() == 1


# checkpoint -----------------------------------------------------------------------------------------------------------


def test_a_checkpoint_changes_no_number(jax: Any) -> None:
    def block(p: Any, x: Any) -> Any:
        h = gg.tanh(x @ p["W"]) * scale
        return h, {"sum": gg.sum(h * x)}

    def loss(wrap: Any) -> Any:
        def f(p: Any, x: Any) -> Any:
            h, more = wrap(block)(p, x)
            return gg.sum(wrap(gg.sin)(h) ** 2) * more["sum"]

        return f

    scale = gg.tensor(1.3)
    p = {"W": W}
    plain, kept = loss(lambda f: f), loss(gg.checkpoint)
    close(gg.value_and_grad(kept, (0, 1))(p, H), gg.value_and_grad(plain, (0, 1))(p, H))
    close(gg.hessian(kept, (0, 1))(p, H), gg.hessian(plain, (0, 1))(p, H))
    graph = gg.trace(gg.grad(kept))(p, H)
    close(graph(p, H), gg.grad(plain)(p, H))
    close(gg.open(graph)(p, H), gg.grad(plain)(p, H))
    kept(p, H).backward()
    through = scale.grad
    plain(p, H).backward()
    assert through == pytest.approx(scale.grad, rel=1e-13)
    assert gg.draw(gg.checkpoint(block)(p, H)[1]["sum"], format="text")


def test_a_checkpoint_is_one_node_and_keeps_no_intermediate_array() -> None:
    def block(x: Any) -> Any:
        for _ in range(50):
            x = gg.sin(x)
        return x

    def arrays(y: Any) -> int:
        waiting, seen = [y], {y}
        while waiting:
            for source in waiting.pop().inputs:
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        return sum(node.value is not None for node in seen)

    x = gg.tensor(np.linspace(0, 1, 10_000))
    assert arrays(block(x)) == 51
    assert arrays(gg.checkpoint(block)(x)) == 2
    assert gg.checkpoint(block)(x).op.symbol.format(**gg.checkpoint(block)(x).params) == "block"

    def peak(wrap: Any) -> int:
        tracemalloc.start()
        try:
            y = x
            for _ in range(8):
                y = wrap(block)(y)
            gg.sum(y).backward()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(gg.checkpoint) < 0.4 * peak(lambda f: f)
