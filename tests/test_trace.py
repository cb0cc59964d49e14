"""Graphs of functions: traced, called, run, opened, checked for what is not finite."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import glassgrad as gg


def model(p: Any, x: Any) -> Any:
    return {"scores": gg.affine(x, p["W"], p["b"]), "pair": (gg.sum(x), [x])}


P = {"W": np.eye(2), "b": np.array([1.0, 2.0])}
X = np.array([[1.0, 2.0]])


def test_a_graph_returns_what_the_function_returns() -> None:
    graph = gg.trace(model)(P, X)
    found = graph(P, X * 2)
    np.testing.assert_array_equal(found["scores"], [[3, 6]])
    assert isinstance(found["pair"], tuple)
    np.testing.assert_array_equal(found["pair"][1][0], X * 2)
    assert [node.name for node in graph.inputs] == ["W", "b", "x"]
    assert repr(graph) == "Graph(model: 3 inputs, 2 operations, 3 outputs)"
    assert [node.op.name for node in graph.operations] == ["affine", "sum"]
    assert all(node.value is None for node in graph.nodes)


def test_tensors_in_nodes_out() -> None:
    graph = gg.trace(lambda x: x * x, name="square")(np.float32(1))
    x = gg.tensor(np.float32(3))
    y = graph(x)
    y.backward()
    assert (graph.name, y.item(), x.grad) == ("square", 9, 6)
    assert graph(2).dtype == np.float32
    mixed = gg.trace(lambda x, y: x * y)(np.float32(1), np.float32(1))(x, 2.0)
    assert (mixed.dtype, mixed.item()) == (np.float32, 6)


def test_a_graph_keeps_what_was_known_when_it_was_traced() -> None:
    W = gg.parameter(2.0, "W")
    graph = gg.trace(lambda x: W * 3 * x)(1.0)
    assert graph(5.0) == 30
    y = graph(gg.tensor(5.0))
    y.backward()
    assert W.grad == 15
    record = graph.run(5.0)
    assert record.backward()[W] == 15


def test_a_graph_is_called_with_what_it_was_traced_for() -> None:
    graph = gg.trace(gg.exp)(gg.ArrayType((2,)))
    with pytest.raises(gg.ShapeError, match=r"exp: 'x' was traced as float64\[2\], and float64\[3\] was given"):
        graph(np.ones(3))
    for wrong in (np.ones(2, np.float32), gg.tensor(np.ones(3)), 1.0):
        with pytest.raises(gg.ShapeError, match="Give an array of that kind, or trace"):
            graph(wrong)
    with pytest.raises(gg.ShapeError, match="the containers differ"):
        graph(1.0, 2.0)
    with pytest.raises(gg.ShapeError, match=r"traced as int64\[\], and float64\[\] was given"):
        gg.trace(lambda n: n + 1)(1)(2.5)
    with pytest.raises(gg.ShapeError, match=r"and bool\[\] was given"):
        gg.trace(lambda x: x + 1)(1.0)(True)


def test_a_function_must_return_arrays() -> None:
    with pytest.raises(gg.TraceError, match="<lambda> must return arrays, or containers of arrays: 'text' has dtype"):
        gg.trace(lambda x: "text")(1.0)
    assert gg.trace(lambda x: None)(1.0)(2.0) is None
    assert gg.trace(lambda x: 7.0)(1.0)(2.0) == 7
    assert gg.trace(lambda: 7.0)()() == 7


def test_inputs_are_named_after_the_parameters() -> None:
    def names(function: Any, *args: Any) -> list[Any]:
        return [node.name for node in gg.trace(function)(*args).inputs]

    assert names(lambda x, *rest: x, 1.0, 2.0) == ["x", "argument 1"]
    assert names(lambda x: x[0], [1.0, (2.0,)]) == ["x[0]", "x[1][0]"]
    assert names(lambda x: x[0], {0: 1.0}) == ["x[0]"]
    assert names(functools.partial(lambda a, b: b, 1.0), 2.0) == ["b"]
    assert names(type("Odd", (), {"__signature__": 3, "__call__": lambda self, x: x})(), 1.0) == ["argument 0"]
    assert gg.trace(functools.partial(lambda a: a))(1.0).name == "partial"


def test_traces_nest() -> None:
    def outer(x: Any) -> Any:
        inner = gg.trace(lambda y: x * y + 1)(2.0)
        return inner(x * 3)

    graph = gg.trace(outer)(1.0)
    assert graph(2.0) == 13
    kept: list[gg.Graph] = []
    gg.trace(lambda x: kept.append(gg.trace(lambda y: x * y)(1.0)) or x)(1.0)
    with pytest.raises(gg.TraceError, match=r"'x' is a placeholder of another traced function.*\(test_trace.py:\d+\)"):
        kept[0](2.0)


def test_a_record_holds_every_value() -> None:
    graph = gg.trace(lambda x, y: gg.sum(x * y) + 1)(np.ones(2), np.ones(2))
    x = np.array([1.0, 2.0])
    record = graph.run(x, np.array([3.0, 4.0]))
    x[:] = 0
    assert record.output == 12
    assert sorted(record.values, key=lambda node: node.serial) == graph.nodes
    np.testing.assert_array_equal(record[graph.operations[0]], [3, 8])
    found = record.backward()
    assert found is record.gradients
    np.testing.assert_array_equal(found[graph.inputs[1]], [1, 2])
    np.testing.assert_array_equal(record.backward(10.0)[graph.inputs[0]], [30, 40])
    with pytest.raises(ValueError, match="read-only"):
        record[graph.inputs[0]][0] = 1
    tensors = graph.run(gg.tensor([1.0, 2.0]), gg.tensor([3.0, 4.0]))
    assert tensors.output == 12
    with pytest.raises(gg.TraceError, match="Call the graph itself"):
        gg.trace(lambda x: graph.run(x, x).output)(np.ones(2))


def test_a_record_differentiates_the_output_that_is_named() -> None:
    graph = gg.trace(lambda x: (x * x, [x**3, gg.argmax([x.reshape(1), 0.0][0])]))(2.0)
    record = graph.run(2.0)
    assert record.backward()[graph.inputs[0]] == 4
    assert record.backward(output=1)[graph.inputs[0]] == 12
    with pytest.raises(gg.GradientError, match="integers and booleans have no derivative"):
        record.backward(output=2)


def test_the_first_value_that_is_not_finite_is_named() -> None:
    def risky(x: Any, keep: Any) -> Any:
        z = gg.where(keep, x, 1.0)
        return gg.sum(gg.log(z - 1) * 2)

    graph = gg.trace(risky)(np.ones((2, 2)), np.ones((2, 2), bool))
    graph.run(np.full((2, 2), 3.0), np.ones((2, 2), bool)).check_finite()
    x = np.array([[2.0, 3.0], [4.0, 1.0]])
    with np.errstate(divide="ignore"):
        record = graph.run(x, np.array([[True, True], [True, False]]))
    with pytest.raises(gg.NonFiniteError) as caught:
        record.check_finite()
    line = risky.__code__.co_firstlineno + 2
    assert str(caught.value) == ("-inf first appears in the result of log at index (1, 1) of shape (2, 2); "
                                 f"its inputs: subtract [0, 3] (test_trace.py:{line})")
    single = gg.trace(lambda x: x * 2)(1.0).run(np.inf)
    with pytest.raises(gg.NonFiniteError, match=r"inf first appears in 'x' \(test_trace.py"):
        single.check_finite()
    chosen = gg.trace(lambda c, x, e: gg.where(c, x, np.nan) + gg.sum(e))(np.ones(2, bool), 1.0, np.ones(0))
    with pytest.raises(gg.NonFiniteError, match=r"nan first appears in the constant"):
        chosen.run(np.array([True, False]), 1.0, np.ones(0)).check_finite()


def test_ranges_of_masks_and_of_nothing_can_be_told() -> None:
    graph = gg.trace(lambda c, x, e: gg.where(c, 1 / x, e))(np.ones(2, bool), np.ones(2), np.ones(2))
    with np.errstate(divide="ignore"):
        record = graph.run(np.array([True, False]), np.array([1.0, 0.0]), np.ones(2))
    with pytest.raises(gg.NonFiniteError, match=r"result of reciprocal at index \(1,\).*x \[0, 1\]"):
        record.check_finite()
    from glassgrad.fault import Fault

    given = (("c", np.array([True, False])), ("reciprocal", np.array([])), ("e", np.array([2.0])))
    fault = Fault(graph.outputs[0], np.array([np.nan, 1]), (0,), given)
    assert "its inputs: c [0, 1], reciprocal empty, e 2" in str(fault)


def test_open_replaces_composites_by_their_definitions() -> None:
    x = gg.tensor(0.5, name="x")
    y = gg.sigmoid(x)
    y.name = "y"
    opened = gg.open(y)
    assert [node.op.name for node in ancestors_of(opened)] == [
        "variable", "constant", "multiply", "exp", "constant", "add", "reciprocal",
    ]
    assert (opened.name, opened.path) == ("y", "sigmoid")
    assert opened.item() == pytest.approx(y.item(), rel=1e-15)
    opened.backward()
    slope = x.grad
    y.backward()
    assert slope == pytest.approx(x.grad, rel=1e-15)
    assert x in ancestors_of(opened)


def ancestors_of(node: gg.Tensor) -> list[gg.Tensor]:
    from glassgrad.build import ancestors

    return ancestors([node])


def names(graph: gg.Graph) -> list[str]:
    return [node.op.name for node in graph.operations]


def test_open_by_name_and_by_levels() -> None:
    with gg.scope("head"):
        graph = gg.trace(lambda x, t: gg.cross_entropy(gg.tanh(x), t) * 2)(np.ones((1, 3)), np.array([1]))
    assert names(gg.open(graph, "tanh")) == ["multiply", "sigmoid", "multiply", "subtract", "cross_entropy", "multiply"]
    assert names(gg.open(graph, levels=0)) == names(graph)
    once = gg.open(graph, "cross_entropy", levels=1)
    assert names(once) == ["tanh", "softmax", "cross_entropy_error", "multiply"]
    assert once.outputs[0].where == graph.outputs[0].where
    assert once.operations[1].path == "head/cross_entropy"
    fully = gg.open(graph)
    assert all(node.op.body is None for node in fully.nodes)
    x = np.array([[0.1, 0.2, 0.7]])
    np.testing.assert_allclose(fully(x, np.array([2])), graph(x, np.array([2])), rtol=1e-15)
    assert "sigmoid" in {part.name for node in fully.nodes for part in node.scope}
    with pytest.raises(gg.SettingError, match=r"op 'sigmod' is not known\. Did you mean 'sigmoid'"):
        gg.open(graph, "sigmod")
    with pytest.raises(gg.SettingError, match="is not known"):
        gg.open(graph, "_private")


def test_a_definition_that_is_its_input_or_a_number_opens_too() -> None:
    from glassgrad.graph import Op, nodes

    same = Op("same", lambda xp, x: x, body=lambda xp, x: x)
    seven = Op("seven", lambda xp, x: 7.0 + 0 * x, body=lambda xp, x: 7.0)
    x = gg.tensor(3.0)
    assert gg.open(same(nodes, x)).op.name == "identity"
    assert gg.open(seven(nodes, x)).item() == 7
    assert gg.trace(lambda x: seven(nodes, x))(1.0).outputs[0].type == gg.ArrayType(())
    y = same(nodes, x)
    y.backward()
    assert x.grad == 1
