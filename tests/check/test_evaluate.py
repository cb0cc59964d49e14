"""Losses with one entry changed, many at a time: the same numbers as one by one."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.check import evaluate, parameter_table
from glassgrad.check.evaluate import losses_of, traced

RNG = np.random.default_rng(5)
X, T = RNG.standard_normal((3, 6)), np.array([1, 0, 2])
PARAMETERS = {"W": RNG.standard_normal((6, 4)), "b": RNG.standard_normal(4), "V": RNG.standard_normal((4, 3))}


def dense(p):
    return gg.cross_entropy(gg.matmul(gg.relu(gg.matmul(X, p["W"]) + p["b"]), p["V"]), T)


def shared(p):
    """W stands in two products, and once where it is squared."""
    first = gg.matmul(X, p["W"])
    return gg.sum(gg.tanh(first + p["b"])) + gg.sum(gg.matmul(X * 2, p["W"]) ** 2)


def squared(p):
    return gg.sum(gg.matmul(gg.tanh(gg.matmul(X, p["W"] * p["W"])), p["V"])) + gg.sum(p["b"] * p["b"])


def left(p):
    """W on the left of a product, and transposed on the right of one whose other factor depends on it."""
    return gg.sum(gg.matmul(gg.tanh(gg.matmul(p["W"], p["V"])), gg.matmul(p["W"], p["V"]).T)) + gg.sum(p["b"])


def three_axes(p):
    return gg.sum(gg.tanh(gg.matmul(np.stack([X, 2 * X]), p["W"]) + p["b"]))


@pytest.mark.parametrize("loss", [dense, shared, squared, left, three_axes])
@pytest.mark.parametrize("name", ["W", "b"])
def test_many_are_what_one_by_one_gives(loss, name, monkeypatch):
    own = {key: value.copy() for key, value in PARAMETERS.items()}
    entries = np.arange(own[name].size)
    values = own[name].reshape(-1) + 0.1 * RNG.standard_normal(own[name].size)
    expected = losses_of(loss, own, name, None)(entries, values)
    graph = traced(loss, own)
    monkeypatch.setattr(evaluate, "IN_CACHE", 100)  # several batches, the last not full
    np.testing.assert_allclose(evaluate._together(graph, own, name)(entries, values), expected, rtol=1e-13)
    np.testing.assert_allclose(losses_of(loss, own, name, graph)(entries, values), expected, rtol=1e-13)
    np.testing.assert_array_equal(own[name], PARAMETERS[name])


def test_a_batch_that_disagrees_with_single_evaluations_does_not_count(monkeypatch):
    own = {key: value.copy() for key, value in PARAMETERS.items()}
    monkeypatch.setattr(evaluate, "_together", lambda *_: lambda entries, values: np.zeros(len(entries)))
    entries, values = np.arange(3), np.array([1.0, 2.0, 3.0])
    found = losses_of(dense, own, "W", traced(dense, own))(entries, values)
    np.testing.assert_array_equal(found, losses_of(dense, own, "W", None)(entries, values))
    assert found.all()


@pytest.mark.parametrize("loss", [dense, shared])
def test_the_table_is_the_same_for_a_graph_and_for_plain_calls(loss):
    gradients = gg.grad(loss)(PARAMETERS)
    fast, plain = parameter_table(loss, PARAMETERS), parameter_table(loss, PARAMETERS, gradients)
    for a, b in zip(fast.rows, plain.rows, strict=True):
        assert a.verdict is b.verdict
        assert a.mean_difference == pytest.approx(b.mean_difference, rel=0.3, abs=1e-11)
    assert parameter_table(loss, PARAMETERS, {**gradients, "W": gradients["W"] * 1.0001})["W"].verdict.name == "WRONG"
