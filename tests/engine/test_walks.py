"""Running sums and products, and sums by index: native, in NumPy's order and with its bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plain import native_programs

import glassgrad as gg
from glassgrad.engine.plan.walks import Walk
from glassgrad.graph import nodes
from glassgrad.interpret import Program
from glassgrad.simplify import simplify
from glassgrad.trace import Graph

RNG = np.random.default_rng(0)
SHAPES = [(5,), (1,), (0,), (4, 6), (6, 1), (3, 0), (0, 3), (2, 3, 4)]


def running(x: Any) -> Any:
    """Return every kind of running sum and product along every axis, and of all entries."""
    made = [rule(y, axis=axis) for rule in (gg.cumsum, gg.cumprod) for y in (x, gg.flip(x))
            for axis in (*range(x.ndim), None)]
    return [*made, gg.linear_recurrence(x, x[::-1])]


def by_index(g: Any, many: Any, few: Any) -> Any:
    """Return sums by index: repeated indices, from the end, broadcast together, beside slices."""
    return [
        nodes.put_back(g, many, (5, 4)), nodes.put_back(g[:, 0], many, (7,)), nodes.put_back(g[0], (2, few), (3, 3)),
        nodes.put_back(g.T, (slice(None, None, -1), many), (4, 6)),
        nodes.put_back(g[:3], (many[:3, None], few), (5, 3)),
    ]


def graph_of(function: Any, *given: Any) -> tuple[Graph, list[Any]]:
    return simplify(gg.trace(function)(*given)), list(given)


def test_the_bits_are_those_of_numpy() -> None:
    cases = []
    for kind in ("float32", "float64", "int8", "int64"):
        numbers = [(RNG.standard_normal(shape) * 3).astype(kind) for shape in SHAPES]
        cases += [graph_of(running, x) for x in numbers]
        many, few = np.array([3, 0, 3, -1, 0, 3]), np.array([2, 2, -3, 1], np.int32)
        cases.append(graph_of(by_index, (RNG.standard_normal((6, 4)) * 3).astype(kind), many, few))
    for (graph, given), program in zip(cases, native_programs([graph for graph, _ in cases]), strict=True):
        assert all(type(step).__name__ != "Call" for step in program.plan.steps)
        for one, other in zip(program(given), Program(graph.inputs, graph.outputs)(given), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
            assert np.signbit(one).tolist() == np.signbit(other).tolist()


def test_an_index_out_of_range_is_refused_as_the_interpreter_refuses_it() -> None:
    add = gg.compile(lambda g, where: nodes.put_back(g, where, (4,)), engine="native")
    np.testing.assert_array_equal(add(np.ones(3), np.array([1, 1, -1])), [0, 2, 0, 1])
    for bad in (4, -5):
        with pytest.raises(gg.ShapeError, match=r"out of bounds for axis 0 with size 4"):
            add(np.ones(3), np.array([1, bad, 0]))


def test_what_numpy_would_broadcast_is_left_to_it() -> None:
    add = gg.compile(lambda g, where: nodes.put_back(g, where, (4, 2)), engine="native")
    np.testing.assert_array_equal(add(np.ones(2), np.array([1, 1])), [[0, 0], [2, 2], [0, 0], [0, 0]])
    assert "not compiled, called in NumPy: put_back" in add.explain()


def test_a_table_of_words_learns_natively() -> None:
    """The gradient of rows that are looked up, some of them twice, adds up in the table."""
    words, wanted = np.array([[0, 2, 2], [1, 0, 1]]), np.array([[1.0], [-1.0]])

    def loss(table: Any) -> Any:
        return gg.sum((gg.sum(gg.tanh(table[words]), axis=(1, 2))[:, None] - wanted) ** 2)

    slope = gg.compile(gg.grad(loss), engine="native")
    table = RNG.standard_normal((4, 3))
    np.testing.assert_allclose(slope(table), gg.grad(loss)(table), rtol=1e-13)
    assert "not compiled" not in slope.explain()
    assert sum(isinstance(step, Walk) for step in slope._last[1].plan.steps) == 1  # type: ignore[index]
