"""The reference interpreter, and a graph made ready to run many times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.interpret import Program, evaluate


def loss(W: Any, x: Any) -> Any:
    h = gg.tanh(x @ W)
    return gg.sum(h * h), h


W, X = np.random.default_rng(0).normal(size=(2, 3, 3))


def test_both_compute_what_the_function_computes() -> None:
    graph = gg.trace(loss)(W, X)
    expected = [node.value for node in loss(gg.tensor(W), gg.tensor(X))]
    program = Program(graph.inputs, graph.outputs)
    for results in (evaluate(graph.inputs, graph.outputs, [W, X]), program([W, X]), program([W, X])):
        for found, value in zip(results, expected, strict=True):
            np.testing.assert_array_equal(found, value)


def test_a_graph_runs_in_another_library(jax: Any) -> None:
    graph = gg.trace(loss)(W, X)
    value, h = evaluate(graph.inputs, graph.outputs, [jax.numpy.asarray(W), jax.numpy.asarray(X)], jax.numpy)
    np.testing.assert_allclose(value, graph(W, X)[0], rtol=1e-14)
    assert isinstance(h, jax.Array)


def test_inputs_and_constants_may_be_outputs() -> None:
    graph = gg.trace(lambda x, unused: (x, gg.constant(5.0), x + 1, x))(1.0, 2.0)
    for results in (graph(3.0, 4.0), Program(graph.inputs, graph.outputs)([3.0, 4.0])):
        assert [float(part) for part in results] == [3, 5, 4, 3]


def test_an_input_may_have_been_computed() -> None:
    x = gg.tensor(2.0)
    y = x * x
    z = y + 1
    assert evaluate([y], [z], [10.0]) == [5.0]  # z has a value of its own, and keeps it
    with pytest.raises(ValueError, match="argument"):
        evaluate([y], [z], [])
