"""A simplified graph has fewer nodes and the same values."""

from __future__ import annotations

import numpy as np

import glassgrad as gg
from glassgrad.simplify import simplify


def test_equal_expressions_are_computed_once() -> None:
    graph = gg.trace(lambda x, y: (gg.exp(x) * gg.exp(x) + gg.identity(y) * 2, gg.sin(y * 2)))(1.0, 1.0)
    smaller = simplify(graph)
    assert [node.op.name for node in smaller.operations] == ["exp", "multiply", "multiply", "add", "sin"]
    assert smaller(0.5, 2.0) == graph(0.5, 2.0)


def test_params_that_python_calls_equal_are_not_merged() -> None:
    """An integer to the power 2 is an integer, to the power 2.0 a float."""
    graph = simplify(gg.trace(lambda x: (x**2, x**2.0, x**2))(np.array([3])))
    assert [output.dtype.kind for output in graph.outputs] == ["i", "f", "i"]
    assert graph.outputs[0] is graph.outputs[2]
    assert [part.dtype.kind for part in graph(np.array([3]))] == ["i", "f", "i"]


def test_zeros_of_two_signs_are_two() -> None:
    graph = simplify(gg.trace(lambda x: (gg.leaky_relu(x, slope=0.0), gg.leaky_relu(x, slope=-0.0)))(np.ones(1)))
    assert graph.outputs[0] is not graph.outputs[1]
