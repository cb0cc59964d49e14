"""Joined, padded and sliced arrays and their gradients: loops of the engine, whatever the index looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from bounds import check
from plain import PlainProgram, native_programs

import glassgrad as gg
from glassgrad.engine.plan.plan import Call
from glassgrad.interpret import Program
from glassgrad.simplify import simplify
from glassgrad.trace import Graph

PATTERNS = [
    np.s_[1:], np.s_[:, 1:], np.s_[::-1], np.s_[..., ::-2], np.s_[None, 2], np.s_[2, None, ..., 1:3], np.s_[-1, -1],
    np.s_[..., None], np.s_[1:1], np.s_[5:0:-2, ::3], np.s_[:, 0], np.s_[-4:-1, None, 1::2], np.s_[()], np.s_[...],
    np.s_[None, ::-1, None, -2], np.s_[4:, 4:], np.s_[::7, ::5], np.s_[:, 3:4], np.s_[1::4, -2::-3],
]
MADE: dict[str, Callable[[Any], Any]] = {
    "pad": lambda x: gg.pad(x, ((1, 2), (0, 3)), constant_values=0.5), "pad nothing": lambda x: gg.pad(x, 0) * 1.0,
    "roll": lambda x: gg.roll(x, 2, axis=1) * x, "roll flat": lambda x: gg.roll(x, -1), "flip": gg.flip,
    "concatenate": lambda x: gg.concatenate([x, 2 * x, x[:0], x[::-1]], axis=0),
    "stack": lambda x: gg.stack([x, gg.sin(x)], axis=1), "column": lambda x: gg.column_stack([x, x[:, 0]]),
    "split": lambda x: gg.split(x, [2, 3], axis=1)[2], "diff": lambda x: gg.diff(x, n=2),
    "tile": lambda x: gg.tile(x, (2, 3)), "whole": lambda x: gg.concatenate([gg.sum(x, axis=0, keepdims=True)]),
    "kinds": lambda x: gg.concatenate([x, np.arange(12).reshape(2, 6), np.ones((1, 6), np.float32)]),
    "numbers": lambda x: gg.stack([x[0, 0], x[1, 2], 3.0]), "empty": lambda x: gg.pad(x[:, :0], 1),
}


def graph_of(function: Callable[[Any], Any], x: Any) -> Graph:
    def loss(x: Any) -> Any:
        y = function(x)
        return gg.sum(gg.tanh(y) * np.cos(np.arange(y.size) + 0.3).reshape(y.shape)) + gg.sum(x * x), y * 1.0

    return simplify(gg.trace(gg.value_and_grad(loss, has_aux=True))(x))


def test_every_pattern_and_every_way_to_join_is_one_native_program() -> None:
    functions = {str(pattern): lambda x, pattern=pattern: x[pattern] for pattern in PATTERNS} | MADE
    cases = []
    for dtype in ("float32", "float64"):
        x = np.random.default_rng(0).standard_normal((6, 6)).astype(dtype)
        cases += [(f"{name} {dtype}", graph_of(function, x), x) for name, function in functions.items()]
    cases += [(f"no entries {name}", graph_of(function, np.zeros(shape)), np.zeros(shape))
              for name, function in (("roll", MADE["roll"]), ("pad", MADE["pad"]), ("flip", gg.flip))
              for shape in ((0, 3), (3, 0))]
    programs = native_programs([graph for _, graph, _ in cases])
    for (name, graph, x), program in zip(cases, programs, strict=True):
        wanted = Program(graph.inputs, graph.outputs)([x])
        assert not any(isinstance(step, Call) for step in program.plan.steps), name
        for how, found in (("plain", PlainProgram(graph)([x])), ("native", program([x]))):
            check(graph, [x], found, wanted, f"{name} {how}")


def test_number_types() -> None:
    """Truth values and whole numbers are joined and padded too; what is padded with is of their kind."""
    def run(x: Any, flags: Any) -> Any:
        return gg.pad(x, 1, constant_values=-1), gg.concatenate([flags, flags[::-1]]), gg.concatenate([x, np.arange(3)])

    compiled, plainly = (gg.compile(run, engine=engine) for engine in ("native", "interpret"))
    for dtype in (np.int8, np.int64):
        arguments = np.array([1, 0, 5], dtype), np.array([True, False])
        for one, other in zip(compiled(*arguments), plainly(*arguments), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
    assert "not compiled" not in compiled.explain()


def test_neighbours_join_one_loop() -> None:
    """Gradients of differences of neighbours are put together while the sum is written: no array for each of them."""
    compiled = gg.compile(gg.grad(lambda x: gg.sum((x[:, 1:] - x[:, :-1]) ** 3)), engine="native")
    x = np.random.default_rng(1).standard_normal((40, 50))
    wanted = gg.compile(compiled.function, engine="interpret")(x)
    np.testing.assert_allclose(compiled(x), wanted, rtol=1e-13, atol=1e-13)
    assert ("put_back", "put_back", "add") in [
        tuple(node.op.name for node in step.nodes)[-3:] for step in compiled._last[1].plan.steps]  # type: ignore[index]
    assert "not compiled" not in compiled.explain()


def test_an_array_may_be_cut_into_pieces() -> None:
    """The same bits, however many cores there are; here by plain Python, which runs one piece after the other."""
    x = np.random.default_rng(2).standard_normal((40, 30)).astype(np.float32)
    graph = graph_of(lambda x: gg.roll(x, 3, axis=0)[::-2, 1:], x)
    program = PlainProgram(graph, grain=100)
    assert any(getattr(step, "portion", 0) for step in program.plan.steps)
    check(graph, [x], program([x]), Program(graph.inputs, graph.outputs)([x]), "in pieces")
