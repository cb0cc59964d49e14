"""Every op at every row of the table: value, type, derivatives of two orders, and what a rule may not do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numerical import assert_derivative
from samples import SAMPLES, Sample

import glassgrad as gg
from glassgrad.array_type import is_float
from glassgrad.gradient import gradients, pull
from glassgrad.graph import Op, Tensor, nodes
from glassgrad.ops.define import OPS
from glassgrad.watch import PASSING

BY_NAME = {op.name: op for op in OPS}
each_row = pytest.mark.parametrize("row", SAMPLES, ids=str)
each_composite = pytest.mark.parametrize(
    "row", [row for row in SAMPLES if BY_NAME[row.op].body is not None], ids=str
)
KINDS = {"float64": 1e-13, "float32": 2e-5}  # and how far two forms of one number may lie apart, relatively


def op_of(row: Sample) -> Op:
    return BY_NAME[row.op]


def graph_of(row: Sample, inputs: tuple[Any, ...]) -> gg.Graph:
    return gg.trace(lambda *xs: op_of(row)(nodes, *xs, **row.params))(*inputs)


def eager(row: Sample, inputs: tuple[Any, ...]) -> tuple[Tensor, list[Tensor]]:
    leaves = [gg.tensor(x) for x in inputs]
    return op_of(row)(nodes, *leaves, **row.params), leaves


def cotangent(shape: tuple[int, ...], dtype: Any = "float64", seed: int = 5) -> Any:
    return np.asarray(np.random.default_rng(seed).normal(size=shape), dtype)[()]


def floats(leaves: list[Tensor]) -> list[Tensor]:
    return [leaf for leaf in leaves if is_float(leaf.dtype)]


def differentiable(row: Sample) -> bool:
    y, leaves = eager(row, row.cast("float64"))
    return is_float(y.dtype) and bool(floats(leaves))


each_differentiable = pytest.mark.parametrize("row", [row for row in SAMPLES if differentiable(row)], ids=str)


def test_every_op_has_a_row_and_a_name_of_its_own() -> None:
    assert {op.name for op in OPS} == {row.op for row in SAMPLES}
    assert len(BY_NAME) == len(OPS)


@each_row
def test_what_a_trace_computes_is_what_was_computed_at_once_and_read_only(row: Sample) -> None:
    for dtype in KINDS:
        inputs = row.cast(dtype)
        y, leaves = eager(row, inputs)
        graph = graph_of(row, inputs)
        assert graph.outputs[0].type == y.type == gg.ArrayType(y.value.shape, y.value.dtype)
        np.testing.assert_array_equal(graph(*inputs), y.value, strict=True)
        for node in (y, *leaves):
            assert isinstance(node.value, np.generic) if node.shape == () else not node.value.flags.writeable


@each_row
def test_a_number_of_low_precision_stays_one(row: Sample) -> None:
    low, _ = eager(row, row.cast("float32"))
    high, _ = eager(row, row.cast("float64"))
    if is_float(high.dtype) and "dtype" not in row.params:
        assert low.dtype == np.float32
    np.testing.assert_allclose(low.value, high.value, rtol=2e-5, atol=2e-6)


@each_composite
def test_the_fast_form_equals_the_definition(row: Sample) -> None:
    for dtype, tolerance in KINDS.items():
        y, _ = eager(row, row.cast(dtype))
        opened = gg.open(y)
        assert opened.op.body is None
        assert opened.type == y.type
        np.testing.assert_allclose(opened.value, y.value, rtol=tolerance, atol=tolerance)


@each_composite
def test_the_given_derivative_equals_that_of_the_definition(row: Sample) -> None:
    for dtype, tolerance in KINDS.items():
        y, leaves = eager(row, row.cast(dtype))
        g = cotangent(y.shape, y.dtype)
        given = gradients(y, g, floats(leaves), np)
        derived = gradients(gg.open(y), g, floats(leaves), np)
        for own, other in zip(given, derived, strict=True):
            np.testing.assert_allclose(own, other, rtol=10 * tolerance, atol=10 * tolerance)


@each_differentiable
def test_a_derivative_has_the_type_of_its_input(row: Sample) -> None:
    for dtype, tolerance in KINDS.items():
        y, leaves = eager(row, row.cast(dtype))
        wanted = floats(leaves)
        numbers = gradients(y, cotangent(y.shape, y.dtype), wanted, np)
        graph = gradients(y, gg.constant(cotangent(y.shape, y.dtype)), wanted)
        for leaf, number, node in zip(wanted, numbers, graph, strict=True):
            assert gg.ArrayType(number.shape, number.dtype) == node.type == leaf.type
            np.testing.assert_allclose(node.value, number, rtol=tolerance, atol=tolerance)


@each_differentiable
def test_the_derivative_is_that_of_differences(row: Sample) -> None:
    inputs = row.cast("float64")
    y, leaves = eager(row, inputs)
    g = cotangent(y.shape)
    found = dict(zip(floats(leaves), gradients(y, g, floats(leaves), np), strict=True))
    for position, leaf in enumerate(leaves):
        for entry in np.ndindex(leaf.shape if leaf in found else (0,)):
            def along(h: float, position: int = position, entry: tuple[int, ...] = entry) -> Any:
                moved = [np.array(x) for x in inputs]
                moved[position][entry] += h
                return np.sum(g * op_of(row).forward(np, *(x[()] for x in moved), **row.params))

            if row.op == "stop_gradient":
                assert found[leaf][entry] == 0
            else:
                assert_derivative(along, found[leaf][entry], f"{row}, input {position}{list(entry)}")


@each_differentiable
def test_the_second_derivative_is_that_of_differences_of_the_first(row: Sample) -> None:
    """Along a random line through all inputs and the cotangent, for a random combination of the first derivatives."""
    if row.op == "stop_gradient":
        return
    inputs = row.cast("float64")
    y, leaves = eager(row, inputs)
    wanted = floats(leaves)
    weights = [cotangent(leaf.shape, seed=20 + i) for i, leaf in enumerate(wanted)]
    g = cotangent(y.shape)

    def first(g: Any, *xs: Any) -> Any:
        y, leaves = eager(row, xs)
        return weighted(gradients(y, g, floats(leaves), np), weights)

    lines = [np.tanh(cotangent(np.shape(x), seed=40 + i)) for i, x in enumerate((g, *inputs))]
    movable = [True, *(is_float(leaf.dtype) for leaf in leaves)]

    def along(h: float) -> Any:
        return first(*(x + h * line if moves else x
                       for x, line, moves in zip((g, *inputs), lines, movable, strict=True)))

    seed = gg.tensor(g)
    combined = weighted(gradients(y, seed, wanted), weights)
    second = gradients(gg.sum(combined), np.ones(())[()], [seed, *wanted], np)
    chosen = [line for line, moves in zip(lines, movable, strict=True) if moves]
    assert_derivative(along, weighted(second, chosen), str(row))


def weighted(parts: Any, weights: Any) -> Any:
    total: Any = 0.0
    for part, weight in zip(parts, weights, strict=True):
        total = total + (gg.sum(part * weight) if isinstance(part, Tensor) else np.sum(part * weight))
    return total


@each_differentiable
def test_a_rule_is_linear_in_the_cotangent_and_changes_nothing(row: Sample) -> None:
    y, leaves = eager(row, row.cast("float64"))
    values = [leaf.value for leaf in leaves]
    g, other = cotangent(y.shape), cotangent(y.shape, seed=6)

    def rule(g: Any) -> list[Any]:
        return [part for part in pull(y, g, np, lambda node: node.value) if part is not None]

    kept = [np.copy(array) for array in (g, y.value, *values)]
    once = rule(g)
    np.testing.assert_equal([np.copy(part) for part in once], rule(g))
    for before, after in zip(kept, (g, y.value, *values), strict=True):
        np.testing.assert_array_equal(before, after)
    for part, four, minus, nothing in zip(once, rule(4 * g), rule(-g), rule(0 * g), strict=True):
        np.testing.assert_array_equal(four, 4 * part)
        np.testing.assert_array_equal(minus, -part)
        assert not np.any(nothing)
    for part, more, both in zip(once, rule(other), rule(g + other), strict=True):
        np.testing.assert_allclose(both, part + more, rtol=1e-12, atol=1e-13)


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """What JAX finds for every row, all in one program: the value, and its derivatives from the value alone."""
    import jax

    rows = [row for row in SAMPLES if row.elsewhere]
    moving = [[np.asarray(x) for x in row.inputs if is_float(np.asarray(x).dtype)] for row in rows]

    def one(row: Sample, *xs: Any) -> Any:
        following = iter(xs)
        inputs = [next(following) if is_float(np.asarray(x).dtype) else np.asarray(x)[()] for x in row.inputs]
        return op_of(row)(jax.numpy, *inputs, **row.params)

    def every(moving: Any) -> Any:
        results = []
        for row, xs in zip(rows, moving, strict=True):
            y, back = jax.vjp(lambda *xs, row=row: one(row, *xs), *xs)
            results.append((y, back(cotangent(y.shape, y.dtype)) if differentiable(row) else ()))
        return results

    with jax.enable_x64(True):
        program = jax.jit(every).lower(moving).compile(  # each row runs once: the less optimised the better
            {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
        )
        return dict(zip(map(str, rows), program(moving), strict=True))


@pytest.mark.parametrize("row", [row for row in SAMPLES if row.elsewhere], ids=str)
def test_jax_computes_the_same_from_the_same_line(row: Sample, elsewhere: Any) -> None:
    y, leaves = eager(row, row.cast("float64"))
    theirs, slopes = elsewhere[str(row)]
    assert (theirs.shape, theirs.dtype) == (y.shape, y.dtype)
    np.testing.assert_allclose(theirs, y.value, rtol=1e-13, atol=1e-14)
    if row.op != "stop_gradient" and slopes:
        for own, other in zip(gradients(y, cotangent(y.shape), floats(leaves), np), slopes, strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("row", [row for row in SAMPLES if row.op in PASSING], ids=str)
def test_a_rule_that_is_said_to_hand_on_what_is_not_finite_does_so(row: Sample) -> None:
    y, leaves = eager(row, row.cast("float64"))
    for entry in np.ndindex(*y.shape):
        for bad in (np.nan, np.inf, -np.inf):
            g = np.array(cotangent(y.shape))
            g[entry] = bad
            with np.errstate(all="ignore"):
                parts = pull(y, g[()], np, lambda node: node.value)
            wanted = [part for part, leaf in zip(parts, leaves, strict=True) if is_float(leaf.dtype)]
            assert not any(np.isfinite(part).all() for part in wanted)


@each_row
def test_debugging_finds_nothing_in_a_healthy_program(row: Sample) -> None:
    for dtype in KINDS:
        inputs = row.cast(dtype)
        with gg.debug():
            y, leaves = eager(row, inputs)
            graph_of(row, inputs)(*inputs)
            if is_float(y.dtype) and floats(leaves):
                gg.sum(y * 1.5).backward()
                places = tuple(i for i, leaf in enumerate(leaves) if is_float(leaf.dtype))
                slopes = gg.grad(lambda *xs: gg.sum(op_of(row)(nodes, *xs, **row.params) * 1.5), places)
                gg.trace(slopes)(*inputs)(*inputs)
