"""Nodes: their values, what they remember, how large a graph may be, and what they refuse."""

from __future__ import annotations

import copy
import gc
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.array_type import numeric
from glassgrad.graph import type_of


def test_values_come_at_once() -> None:
    x = gg.tensor([1.0, 2.0], name="x")
    y = x * x + 1
    np.testing.assert_array_equal(y.value, [2, 5])
    assert (y.shape, y.dtype, y.ndim, y.size, y.op.name) == ((2,), np.float64, 1, 2, "add")
    assert [node.op.name for node in y.inputs] == ["multiply", "constant"]
    assert x.is_leaf
    assert not y.is_leaf
    assert (x.name, y.name) == ("x", None)


def test_python_control_flow_works_on_values() -> None:
    x = gg.tensor(3.0)
    assert x > 2
    assert not x < 2
    assert (x >= 3, x <= 3) != (False, False)
    assert float(x) == 3.0
    assert int(x) == 3
    assert list(range(5))[gg.tensor(2)] == 2
    assert [part.item() for part in gg.tensor([1.0, 2.0])] == [1.0, 2.0]
    assert len(gg.tensor([[1.0], [2.0]])) == 2
    assert type(gg.tensor(True).item()) is bool


def test_operators_on_both_sides() -> None:
    x = gg.tensor([2.0, 4.0])
    found = [x + 1, 1 + x, x - 1, 1 - x, x * 3, 3 * x, x / 2, 8 / x, 1 / x, x**2, 2**x, -x, +x, abs(-x), x @ x,
             [1, 1] @ x]
    expected = [[3, 5], [3, 5], [1, 3], [-1, -3], [6, 12], [6, 12], [1, 2], [4, 2], [0.5, 0.25], [4, 16], [4, 16],
                [-2, -4], [2, 4], [2, 4], 20, 6]
    for own, value in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own.value, value)
    np.testing.assert_array_equal(gg.tensor([[1.0, 2.0]]).T.value, [[1], [2]])


def test_numbers_at_the_edge_keep_their_side() -> None:
    x = gg.tensor(2.0)
    for huge in (1.5e308, -1.7e308, np.inf, -np.inf):
        found = [huge - x, huge / x, huge + x, huge * gg.tensor(0.5), x - huge, x / huge]
        expected = [huge - 2.0, huge / 2.0, huge + 2.0, huge * 0.5, 2.0 - huge, 2.0 / huge]
        assert [float(y.value) for y in found] == expected
    assert [str((x**exponent).params["exponent"]) for exponent in (0.0, -0.0, 3, 3.0)] == ["0.0", "-0.0", "3", "3.0"]


def test_nodes_made_by_one_line_share_how_they_came_about_and_keep_what_is_their_own() -> None:
    def line(a: Any, b: Any) -> Any:
        return a * b

    x = gg.tensor(2.0)
    first, second, still = line(x, x), line(x, x), line(gg.constant(2.0), gg.constant(3.0))
    with gg.scope("inside"):
        third = line(x, x)
    assert first._origin is second._origin
    first.name = "first"
    assert (first.name, second.name, third.name) == ("first", None, None)
    assert (first.path, third.path) == ("", "inside")
    assert first.where == second.where == third.where
    (first * still).backward()
    (third * second).backward()
    assert (first.grad, still.grad, second.grad) == (6.0, None, 4.0)
    code = compile("y = a * b", "another file", "exec")
    exec(code, other := {"a": x, "b": x})  # noqa: S102
    assert other["y"].where.file == "another file"


def test_a_deep_copy_of_what_holds_an_op_has_the_same_op() -> None:
    y = gg.tensor(2.0) * 3.0
    (copied,) = copy.deepcopy([y.op])
    assert copied is y.op


def test_nodes_far_apart_in_time_go_back_as_close_ones_do() -> None:
    x = gg.tensor(3.0)
    c = gg.tensor([1.0, 2.0])
    for _ in range(200):
        gg.tensor(0.0)  # the numbers of nodes go on
    y = x * x + x
    gg.sum(c * c + c).backward()
    y.backward()
    assert (x.grad, y.grad) == (7.0, 1.0)
    np.testing.assert_array_equal(c.grad, [3.0, 5.0])


def test_a_value_is_a_copy_that_nobody_can_write_into() -> None:
    given = np.array([1.0, 2.0])
    x = gg.tensor(given)
    given[0] = 9
    np.testing.assert_array_equal(x.value, [1, 2])
    with pytest.raises(ValueError, match="read-only"):
        x.value[0] = 5
    with pytest.raises(ValueError, match="read-only"):
        (x * 2).value[0] = 5
    with pytest.raises(AttributeError):
        x.value = given
    with pytest.raises(AttributeError):
        x.grad = given
    with pytest.raises(TypeError):
        (x[0]).params["pattern"] = ()


def test_tensors_compare_by_identity() -> None:
    x, y = gg.tensor(1.0), gg.tensor(1.0)
    assert x == x
    assert x != y
    assert len({x, y, x}) == 2


def test_an_input_used_twice_is_there_twice() -> None:
    x = gg.tensor(3.0)
    y = x * x
    assert y.inputs == (x, x)
    y.backward()
    assert x.grad == 6


def test_a_fork_adds_what_comes_back() -> None:
    x = gg.tensor(2.0)
    a = x * 3
    (a * a + gg.sin(a) + x).backward()
    assert x.grad == pytest.approx(18 * 2 + 3 * np.cos(6.0) + 1, rel=1e-15)


def test_a_second_backward_finds_the_same_and_accumulate_adds() -> None:
    x = gg.tensor([1.0, 2.0])
    y = gg.sum(x * x)
    y.backward()
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])
    y.backward(accumulate=True)
    np.testing.assert_array_equal(x.grad, [4, 8])
    with pytest.raises(ValueError, match="read-only"):
        x.grad[0] = 1


def test_a_cotangent_is_copied() -> None:
    x = gg.tensor([1.0, 2.0])
    y = +x
    g = np.array([1.0, 1.0])
    y.backward(g)
    g[0] = 99
    np.testing.assert_array_equal(x.grad, [1, 1])
    np.testing.assert_array_equal(y.grad, [1, 1])


def test_there_are_no_cycles() -> None:
    W = gg.parameter(np.eye(3), "W")
    x = np.ones((2, 3))

    def step() -> None:
        gg.cross_entropy(gg.relu(x @ W) * gg.sigmoid(W[0]) + gg.mean(W), [0, 1]).backward()

    for _ in range(5):
        step()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(1000):
            step()
        assert len(gc.get_objects()) - before < 50
    finally:
        gc.enable()


DEEP = """
import sys
import glassgrad as gg
x = gg.tensor(1.0)
y = x + 0.0
(y * 0.5).backward()
graph = gg.trace(lambda x: x + 1.0)(1.0)
sys.setrecursionlimit(100)
for _ in range(50_000):  # two nodes each
    y = y * 0.5 + x
y.backward()
print(round(x.grad, 9))
del y
graph = gg.trace(lambda t: [t := t * 1.5 for _ in range(5_000)][-1])(2.0)
print(graph(0.0), len(gg.open(graph).nodes), graph.run(0.0).output)
del graph
wide = gg.concatenate([x.reshape(1)] * 10_000)
gg.sum(wide).backward()
print(x.grad)
"""


def test_deep_graphs_need_no_recursion() -> None:
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == ["2.0", "0.0", "10001", "0.0", "10000.0"]


def test_threads_agree_bit_for_bit() -> None:
    def work(seed: int) -> bytes:
        W = gg.parameter(np.random.default_rng(3).normal(size=(4, 4)))
        for _ in range(5):
            with gg.scope(f"thread {seed}"):
                loss = gg.sum(gg.tanh(np.linspace(-1, 1, 8).reshape(2, 4) @ W) ** 2)
            assert loss.path == f"thread {seed}"
            loss.backward()
            W = gg.parameter(W.value - 0.1 * W.grad)
        return W.value.tobytes()

    with ThreadPoolExecutor(32) as pool:
        assert len(set(pool.map(work, range(32)))) == 1


def test_scopes_nest_and_end() -> None:
    with gg.scope("outer") as outer:
        a = gg.tensor(1.0)
        with gg.scope("inner"):
            b = a + 1
        with pytest.raises(KeyError), gg.scope("broken"):
            raise KeyError
        c = a + 1
    assert (a.path, b.path, c.path, (a + 1).path) == ("outer", "outer/inner", "outer", "")
    assert b.scope[0] is outer
    assert repr(outer) == "Scope('outer')"


def test_a_printed_tensor() -> None:
    assert repr(gg.tensor([1, 2], "n")) == "Tensor([1, 2], dtype=int64, op=variable, name='n')"
    assert repr(gg.tensor(0.5) * 2) == "Tensor(1., op=multiply)"
    assert "..." in repr(gg.tensor(np.zeros(100)))
    graph = gg.trace(lambda x: x + 1)(np.float32(1))
    assert repr(graph.inputs[0]) == "Tensor(float32[], op=placeholder, name='x')"
    assert repr(graph.outputs[0].op) == "<op add>"


def test_python_numbers_take_the_kind_of_their_neighbour() -> None:
    x = gg.tensor(np.float32([1, 2]))
    for y in (2 * x, x * 0.5, 1 / x, x**2, x**0.5, gg.maximum(x, 0), gg.where(x > 1, x, 0), x + np.float32(1)):
        assert y.dtype == np.float32
    assert (x + np.float64(1)).dtype == np.float64
    gg.sum(2 * x + 1.5).backward()
    assert x.grad.dtype == np.float32
    assert (gg.tensor([1, 2]) * 2.5).dtype == np.float64
    assert (gg.tensor(np.uint8([200])) + 1).value == np.uint8(201)
    assert gg.add(1, 2).dtype == np.int64
    assert gg.tensor(2.5, dtype="float32").dtype == np.float32


def test_a_python_number_never_wraps_around() -> None:
    with pytest.raises(gg.DtypeError, match="300 cannot be held as uint8"):
        gg.tensor(np.uint8([1])) + 300
    with pytest.raises(gg.DtypeError, match="-1 cannot be held as uint8"):
        gg.maximum(np.uint8([1]), -1)


def test_two_powers_that_differ_only_in_the_kind_of_the_exponent() -> None:
    n = np.arange(3)
    for exponent in (2, 2.0):
        graph = gg.trace(lambda n, e=exponent: n**e)(n)
        assert graph.outputs[0].dtype == (n**exponent).dtype == graph(n).dtype


REFUSED = [
    (np.array(["a"]), "has dtype <U1"), ("word", "has dtype <U4"), (np.array([object()]), "has dtype object"),
    (1j, "has dtype complex128"), (None, "dtype object"),
    ([[1.0], [1.0, 2.0]], "rows of several lengths|cannot become an array of numbers"),
    (np.ma.masked_array([1.0, 2.0], [True, False]), "is a MaskedArray.*masked.filled"),
(np.datetime64("2020-01-01"), "datetime64"), (10**400, "has dtype object|too large"),
]


@pytest.mark.parametrize(("value", "message"), REFUSED, ids=lambda case: type(case).__name__)
def test_what_is_no_array_of_numbers_is_refused(value: Any, message: str) -> None:
    for use in (gg.tensor, gg.exp, lambda value: gg.tensor(1.0) * value, lambda value: gg.trace(gg.exp)(value)):
        with pytest.raises(gg.DtypeError, match=message) as caught:
            use(value)
        assert "\n" not in str(caught.value)


def test_masks_are_never_lost_in_an_operator() -> None:
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    with pytest.raises(gg.UnsupportedError, match="bare numbers"):
        masked * gg.tensor([1.0, 2.0])
    with pytest.raises(gg.DtypeError, match="mask"):
        np.add(masked, gg.tensor([1.0, 2.0]))


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_matrices_with_a_product_of_their_own_are_refused() -> None:
    matrix = np.asmatrix([[1.0, 2.0]])
    for use in (gg.tensor, lambda m: m * gg.tensor(1.0), lambda m: gg.tensor(1.0) * m):
        with pytest.raises(gg.DtypeError, match="is a matrix"):
            use(matrix)


def test_kinds_that_are_no_real_numbers_are_refused_as_dtype() -> None:
    for kind in ("complex128", "U3", object, "no such kind"):
        with pytest.raises(gg.DtypeError):
            gg.tensor(1.0, dtype=kind)
    with pytest.raises(gg.DtypeError, match="cannot be held as"):
        gg.tensor(float("nan"), dtype=int)


def test_integers_have_no_derivative_and_say_so() -> None:
    n = gg.tensor([1, 2], "n")
    with pytest.raises(gg.GradientError, match=r"'n' holds int64, which has no derivative. Give it as float"):
        _ = n.grad
    with pytest.raises(gg.GradientError, match="integers and booleans have no derivative"):
        gg.sum(n).backward()
    x = gg.tensor([0.5, 0.5])
    gg.sum(x * n).backward()
    np.testing.assert_array_equal(x.grad, [1, 2])


def test_what_has_no_single_answer_is_refused() -> None:
    x = gg.tensor([1.0, 2.0], "x")
    with pytest.raises(gg.ShapeError, match=r"'x' has shape \(2,\): its truth is not one answer"):
        bool(x > 1 if False else x)
    with pytest.raises(gg.ShapeError, match="only a single number is one Python number"):
        x.item()
    with pytest.raises(gg.ShapeError, match="it has no length"):
        len(x[0])
    with pytest.raises(gg.DtypeError, match="cannot be an index"):
        [1, 2][x[0]]
    with pytest.raises(gg.UnsupportedError, match="has no function 'fft'"):
        gg.nodes.fft  # noqa: B018
    with pytest.raises(AttributeError, match="dir\\(glassgrad\\)"):
        gg.fft  # noqa: B018


def test_where_a_node_was_made() -> None:
    x = gg.tensor(1.0)
    line = x.where.line
    y = np.add(x, 1)
    z = gg.cross_entropy([x.item(), 2.0], 0)
    w = x.reshape(1)[0]
    assert [node.where.line - line for node in (y, z, w)] == [2, 3, 4]
    assert y.where.file == __file__
    assert y.where.function == "test_where_a_node_was_made"
    assert str(y.where) == f"test_graph.py:{line + 2}"


def test_where_a_node_was_made_by_code_of_the_library() -> None:
    slope = gg.grad(lambda x: x * x)
    slope(gg.tensor(1.0)).where.line  # noqa: B018
    node = slope(gg.tensor(1.0))
    assert node.where.file == __file__


def traced(function: Any, *args: Any) -> str:
    with pytest.raises(gg.TraceError) as caught:
        gg.trace(function)(*args)
    return str(caught.value)


def test_a_placeholder_has_no_truth_and_no_number() -> None:
    def choose(x: Any) -> Any:
        return x if x > 0 else -x

    text = traced(choose, 1.0)
    line = choose.__code__.co_firstlineno + 1
    assert text == ("the result of greater is a placeholder (bool[]) while the function is traced: it has no truth. "
                    f"Use gg.where(condition, a, b) instead of if. (test_graph.py:{line})")
    assert re.search(r"'x' is a placeholder.*no number.*\(test_graph.py:\d+\)", traced(lambda x: float(x), 1.0))
    assert "gg.take" in traced(lambda n: [1.0, 2.0][n], 1)
    assert "no value" in traced(lambda x: gg.constant(x), 1.0)


def test_types_print_and_check_what_they_are_given() -> None:
    assert str(gg.ArrayType(3, "float32")) == "float32[3]"
    assert gg.ArrayType((2, 3)).ndim == 2
    assert type_of(gg.ArrayType(())) == gg.ArrayType(())
    assert type_of(2).dtype == np.int64
    assert numeric([1, 2]).shape == (2,)


def test_a_name_is_given_to_one_function_only() -> None:
    with pytest.raises(AssertionError, match="two functions are called 'exp'"):
        gg.nodes.register("exp", gg.exp)
    with pytest.raises(AssertionError, match="a leaf is given"):
        gg.tensor(1.0).op.forward(np)
    assert not hasattr(gg.nodes, "_private")


def test_the_namespace_lists_what_it_has() -> None:
    names = dir(gg)
    assert {"exp", "tensor", "open", "Tensor", "softmax"} <= set(names)
    assert not {"record", "backward", "infer", "numpy_ufunc"} & set(names)
    for name in names:
        if name not in gg._LAZY:
            assert getattr(gg, name) is not None
