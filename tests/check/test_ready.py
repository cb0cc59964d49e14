"""Many evaluations by native code where that pays: the same verdicts, the same guilty line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compositions import random_network

import glassgrad as gg
from glassgrad.build import record
from glassgrad.check import check_gradient, evaluate, parameter_table, prove_graph, ready, values
from glassgrad.check.adapters import subject_of
from glassgrad.check.verdict import Verdict
from glassgrad.engine.program import NativeProgram
from glassgrad.graph import Op
from glassgrad.interpret import Program
from glassgrad.ops.define import broadcasting

RNG = np.random.default_rng(3)
X, T = RNG.standard_normal((5, 6)), np.array([1, 0, 2, 2, 1])
PARAMETERS = {"W": RNG.standard_normal((6, 4)), "b": RNG.standard_normal(4), "V": RNG.standard_normal((4, 3))}


BENT = Op("bent", lambda xp, x: xp.tanh(x), lambda xp, g, y, x: (g * (1 - 0.9 * y * y),), infer=broadcasting,
          body=lambda xp, x: xp.tanh(x))  # whose rule is wrong


def bent(x: Any) -> Any:
    return record(BENT, (x,))


def loss(p: Any, squash: Any = gg.tanh) -> Any:
    return gg.cross_entropy(squash(X @ p["W"] + p["b"]) @ p["V"], T)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the programs that are made ready."""
    found: list[Any] = []

    def noting(*given: Any) -> Any:
        found.append(ready.ready(*given))
        return found[-1]

    monkeypatch.setattr(evaluate, "ready", noting)
    monkeypatch.setattr(values, "ready", noting)
    return found


def both_ways(monkeypatch: pytest.MonkeyPatch, made: list[Any], judge: Any) -> list[Any]:
    """Return what is found where nothing, and where everything, is worth compiling."""
    results = []
    for worth, kind in ((np.inf, Program), (0.0, NativeProgram)):
        monkeypatch.setattr(ready, "WORTH", worth)
        made.clear()
        results.append(judge())
        assert made
        assert all(type(program) is kind for program in made)
    return results


def test_the_estimate_decides() -> None:
    graph = gg.trace(lambda x, y: gg.sum(gg.tanh(x) * y))(gg.ArrayType((100,)), gg.ArrayType((100,)))
    x, y = RNG.standard_normal((2, 100))
    few, many = (ready.ready(graph.inputs, graph.outputs, {}, times) for times in (1000, 10_000_000))
    assert type(few) is Program
    assert type(many) is NativeProgram
    np.testing.assert_allclose(few([x, y]), many([x, y]), rtol=1e-13)
    products = gg.trace(lambda x: x @ x)(gg.ArrayType((30, 30)))  # nothing to win: the BLAS is the same
    assert type(ready.ready(products.inputs, products.outputs, {}, 10_000_000)) is Program


def test_what_does_not_depend_on_the_inputs_is_not_computed_again() -> None:
    graph = gg.trace(lambda x, y: gg.tanh(x + gg.exp(y)))(gg.ArrayType((3,)), gg.ArrayType((3,)))
    node = next(n for n in graph.nodes if n.op.name == "exp")
    for times in (1, 1e9):
        run = ready.ready(graph.inputs[:1], graph.outputs, {node: np.array([1.0, 2.0, 3.0])}, times)
        np.testing.assert_allclose(run([np.zeros(3)])[0], np.tanh([1.0, 2.0, 3.0]), rtol=1e-15)


def test_a_graph_with_a_node_for_every_point_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "WORTH", 0.0)
    graph = gg.trace(lambda x: sum((gg.sin(x * k) for k in range(ready.LARGE)), gg.cos(x)))(1.0)
    assert type(ready.ready(graph.inputs, graph.outputs, {}, 1e9)) is Program


def test_without_a_compiler_nothing_changes(monkeypatch: pytest.MonkeyPatch, made: list[Any]) -> None:
    from glassgrad.engine import program
    from glassgrad.engine.llvm.native import CannotCompileError

    def refuse(*_: Any) -> Any:
        raise CannotCompileError("llvmlite is not installed")

    monkeypatch.setattr(ready, "WORTH", 0.0)
    monkeypatch.setattr(program, "NativeProgram", refuse)
    assert parameter_table(loss, PARAMETERS).correct
    assert {type(each) for each in made} == {Program}


def test_tables_say_the_same(monkeypatch: pytest.MonkeyPatch, made: list[Any]) -> None:
    plain, native = both_ways(monkeypatch, made, lambda: parameter_table(loss, PARAMETERS))
    assert plain.correct
    for one, other in zip(plain.rows, native.rows, strict=True):
        assert one.verdict is other.verdict
        np.testing.assert_allclose(one.mean_difference, other.mean_difference, rtol=1e-2, atol=1e-10)


def test_a_wrong_rule_is_found_in_the_same_place(monkeypatch: pytest.MonkeyPatch, made: list[Any]) -> None:
    tables = both_ways(monkeypatch, made, lambda: parameter_table(lambda p: loss(p, bent), PARAMETERS))
    for one, other in zip(tables[0].rows, tables[1].rows, strict=True):
        assert one.verdict is other.verdict
        assert one.verdict is (Verdict.CORRECT if one.name == "V" else Verdict.WRONG)
        if one.verdict is Verdict.WRONG:
            assert one.worst[0] == other.worst[0]
            np.testing.assert_allclose(one.worst[1:3], other.worst[1:3], rtol=1e-6)
    reports = both_ways(monkeypatch, made, lambda: prove_graph(
        loss({name: gg.parameter(value, name) for name, value in PARAMETERS.items()}, bent)))
    said = [[(f.verdict, f.safeguard, f.where, f.argument, f.index) for f in report.findings] for report in reports]
    assert said[0] == said[1]
    assert "bent (" in said[0][0][2]
    assert "test_ready.py:" in said[0][0][2]


@pytest.mark.parametrize("seed", range(4))
def test_random_networks_fare_the_same(seed: int, monkeypatch: pytest.MonkeyPatch, made: list[Any]) -> None:
    monkeypatch.setattr(ready, "WORTH", 0.0)
    native = prove_graph(random_network(seed))
    monkeypatch.setattr(ready, "WORTH", np.inf)
    assert native.verdict is prove_graph(random_network(seed)).verdict


def test_functions_are_evaluated_as_graphs(monkeypatch: pytest.MonkeyPatch, made: list[Any]) -> None:
    def several(x: Any, y: Any) -> Any:
        return {"sum": gg.sum(x * y), "each": [gg.sin(x), y[::-1]]}

    x, y = RNG.standard_normal((2, 3))
    plain, native = both_ways(monkeypatch, made, lambda: check_gradient(several, x, y))
    assert plain.verdict is native.verdict is Verdict.CORRECT
    assert plain.entries == native.entries


def test_functions_that_are_no_graph_are_called() -> None:
    """Those that ask for values, that give something else each time, and compiled ones, which are what is proved."""
    rng = np.random.default_rng(0)
    for function in (lambda x: x * 2.0 if x.value[0] > 0 else x * 3.0, lambda x: x * rng.random(),
                     gg.compile(lambda x: gg.tanh(x) * 2.0)):
        assert subject_of(function, (np.array([0.5, 1.0]),)).stack is None
    assert check_gradient(lambda x: x * rng.random(), np.ones(2)).verdict is Verdict.WRONG


def test_where_some_points_are_refused_the_others_count() -> None:
    @gg.custom(vjp=lambda xp, g, y, x: (g / (2 * y),), forward=lambda xp, x: refusing(x))
    def root(xp: Any, x: Any) -> Any:
        return xp.sqrt(x)

    def refusing(x: Any) -> Any:
        if np.min(x) < 0:
            raise ValueError("a root of a negative number was asked for")
        return np.sqrt(x)

    assert check_gradient(lambda x: root(x) * 2.0, np.array([0.5, 2.0])).verdict is Verdict.CORRECT


@pytest.mark.parametrize("engine", ["native", "numpy", "interpret"])
def test_a_compiled_function_is_proved_by_its_own_program(engine: str) -> None:
    compiled = gg.compile(lambda x, w: gg.sum(gg.tanh(x[1:] * x[:-1]) * w), engine=engine)
    x, w = RNG.standard_normal(5), RNG.standard_normal(4)
    calls: list[Any] = []
    run = compiled._run
    compiled._run = lambda *given: calls.append(given) or run(*given)  # type: ignore[method-assign, func-returns-value]
    report = check_gradient(compiled, x, w)
    assert report.verdict is Verdict.CORRECT
    assert len(calls) > 0.5 * report.evaluations
    wrong = check_gradient(gg.compile(lambda x, w: bent(x) * w, engine=engine), x[:4], w)
    assert wrong.verdict is Verdict.WRONG
    assert {f.argument for f in wrong.findings} == {"x"}
