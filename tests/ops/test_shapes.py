"""Shapes: broadcasting and reductions over anything, the functions made of others, and what is said of misfits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import glassgrad as gg

steady = settings(max_examples=80, deadline=None, derandomize=True, database=None)
BINARY = {
    "add": (np.add, lambda g, x, y: (g, g)), "subtract": (np.subtract, lambda g, x, y: (g, -g)),
    "multiply": (np.multiply, lambda g, x, y: (g * y, g * x)),
    "divide": (np.divide, lambda g, x, y: (g / y, -g * x / y**2)),
}


def summed_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Add up a cotangent over the axes that broadcasting repeated, one at a time."""
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and g.shape[axis] != 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


@steady
@given(st.data())
def test_cotangents_come_back_in_the_shape_that_was_broadcast(data: st.DataObject) -> None:
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=3)).input_shapes
    name = data.draw(st.sampled_from(sorted(BINARY)))
    function, rule = BINARY[name]
    random = np.random.default_rng(0)
    x, y = (random.uniform(0.5, 2.0, shape) for shape in shapes)
    left, right = gg.tensor(x), gg.tensor(y)
    z = getattr(gg, name)(left, right)
    np.testing.assert_array_equal(z.value, function(x, y))
    assert gg.trace(getattr(gg, name))(x, y).outputs[0].type == z.type
    g = random.normal(size=z.shape)
    z.backward(g)
    for leaf, part in zip((left, right), rule(g, x, y), strict=True):
        np.testing.assert_allclose(leaf.grad, summed_to(np.asarray(part), leaf.shape), rtol=1e-13, atol=1e-14)
        assert leaf.grad.shape == leaf.shape


@steady
@given(st.data())
def test_reductions_agree_with_numpy_over_any_axes(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=3))
    axis = data.draw(st.one_of(st.none(), hnp.valid_tuple_axes(len(shape)),
                               *([st.integers(-len(shape), len(shape) - 1)] if shape else [])))
    keep = data.draw(st.booleans())
    name = data.draw(st.sampled_from(["sum", "mean", "max", "min", "var", "std"]))
    x = np.random.default_rng(1).normal(size=shape)
    expected = getattr(np, name)(x, axis=axis, keepdims=keep)
    found = getattr(gg, name)(x, axis=axis, keepdims=keep)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.value, expected, rtol=1e-12, atol=1e-15)
    if name in ("sum", "mean"):
        slope = gg.grad(lambda x: gg.sum(getattr(gg, name)(x, axis, keep)))(x)
        np.testing.assert_allclose(slope, 1.0 if name == "sum" else max(expected.size, 1) / x.size)


@steady
@given(st.data())
def test_products_of_matrices_agree_with_numpy_over_any_batch(data: st.DataObject) -> None:
    drawn = data.draw(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_side=3, max_dims=2))
    random = np.random.default_rng(2)
    x, y = (random.normal(size=shape) for shape in drawn.input_shapes)
    z = gg.matmul(x, y)
    np.testing.assert_allclose(z.value, x @ y, rtol=1e-13, atol=1e-14)
    assert z.shape == drawn.result_shape == gg.trace(gg.matmul)(x, y).outputs[0].shape
    dx, dy = gg.grad(lambda x, y: gg.sum(x @ y), (0, 1))(x, y)
    ones = np.ones(z.shape)
    row, column = x.ndim == 1, y.ndim == 1
    full = np.expand_dims(ones, [a for a, missing in ((-2, row), (-1, column)) if missing])
    left, right = (x[None, :] if row else x), (y[:, None] if column else y)
    np.testing.assert_allclose(dx, summed_to(full @ right.swapaxes(-1, -2), left.shape).reshape(x.shape), atol=1e-13)
    np.testing.assert_allclose(dy, summed_to(left.swapaxes(-1, -2) @ full, right.shape).reshape(y.shape), atol=1e-13)


def test_functions_made_of_others() -> None:
    x = np.arange(6.0).reshape(2, 3)
    same = [
        (gg.stack([x, x + 1], axis=1), np.stack([x, x + 1], axis=1)), (gg.ravel(x), x.ravel()),
        (gg.stack([x, x], -1), np.stack([x, x], -1)), (gg.swapaxes(x, 0, -1), x.T),
        (gg.expand_dims(x, (0, -1)), x[None, ..., None]), (gg.squeeze(x[None, :, None]), x),
        (gg.squeeze(x[None, :, None], 0), x[:, None]), (gg.squeeze(x[None, :, None], (0, 2)), x),
        (gg.dot(2.0, x), 2 * x), (gg.dot(x, x.T), x @ x.T), (gg.divide(1, x + 1), 1 / (x + 1)),
        (gg.reshape(x, (-1, 2)), x.reshape(-1, 2)), (gg.reshape(x, 3, -1), x.reshape(3, 2)),
        (gg.reshape(x, -1), x.ravel()), (gg.transpose(x, (-1, 0)), x.T), (gg.broadcast_to(1.0, 3), np.ones(3)),
        (gg.concatenate([x, [[1.0]]], axis=None), np.append(x, 1.0)), (gg.argmax(x), np.argmax(x)),
        (gg.argmax(x, 0), np.argmax(x, 0)), (gg.concatenate([x, x], -1), np.concatenate([x, x], -1)),
        (gg.power(x, x), x**x), (gg.power(x, 2), x**2), (gg.astype(x, "float32"), x.astype("float32")),
        (gg.cross_entropy(x, [[1], [2]]), gg.cross_entropy(x, [1, 2]).value),
    ]
    for found, expected in same:
        np.testing.assert_array_equal(found.value, expected)
        assert found.dtype == expected.dtype


X = np.ones((2, 3))
REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda: gg.add(X, np.ones(2)), gg.ShapeError, r"add: shapes \(2, 3\) and \(2,\) do not broadcast"),
    (lambda: gg.matmul(X, X), gg.ShapeError, r"inner sizes differ: x \(2, 3\) @ y \(2, 3\). Did you mean y\.T\?"),
    (lambda: gg.matmul(X, np.ones((4, 2))), gg.ShapeError, r"x needs 4 columns, or y 3 rows"),
    (lambda: gg.matmul(X, 2.0), gg.ShapeError, r"both sides need an axis.*Use \*"),
    (lambda: gg.matmul(np.ones((2, 1, 2)), np.ones((3, 2, 2))), gg.ShapeError, "matmul: shapes"),
    (lambda: gg.dot(np.ones((1, 1, 1)), X), gg.ShapeError, "more than two axes"),
    (lambda: gg.affine(X, np.ones((3, 4)), np.ones(3)), gg.ShapeError, r"\(2, 4\) and \(3,\) do not broadcast"),
    (lambda: gg.sum(X, axis=2), gg.ShapeError, "axis 2 lies outside an array of 2 axes: use -2 to 1"),
    (lambda: gg.sum(X, axis=(0, -2)), gg.ShapeError, "names an axis twice"),
    (lambda: gg.sum(1.0, axis=0), gg.ShapeError, "a single number has no axes"),
    (lambda: gg.sum(X, axis=0.5), gg.DtypeError, "axis 0.5 was given, a float; an integer is needed"),
    (lambda: gg.softmax(X, axis=None), gg.ShapeError, "axis None was given; one integer is needed"),
    (lambda: gg.softmax(X, axis=(0, 1)), gg.ShapeError, "one integer is needed"),
    (lambda: gg.max(np.ones((0, 3)), axis=0), gg.ShapeError, r"of no entries was asked for: shape \(0, 3\)"),
    (lambda: gg.argmax(np.ones((0, 3)), axis=0), gg.ShapeError, "has no entries"),
    (lambda: gg.reshape(X, (4, -1)), gg.ShapeError, r"6 entries of shape \(2, 3\) cannot take the shape \(4, -1\)"),
    (lambda: gg.reshape(X, (3, 2), "F"), gg.ShapeError, "follows the shape"),
    (lambda: gg.reshape(X, "wide"), gg.DtypeError, "reshape: size 'wide' was given, a str; an integer is needed"),
    (lambda: gg.transpose(X, (0, 0)), gg.ShapeError, r"axes \(0, 0\) are no order of the 2 axes"),
    (lambda: gg.broadcast_to(X, (2, 2)), gg.ShapeError, r"\(2, 3\) and \(2, 2\) do not broadcast"),
    (lambda: gg.broadcast_to(X, (1, 3)), gg.ShapeError, r"shape \(2, 3\) does not broadcast to \(1, 3\)"),
    (lambda: gg.squeeze(X, 0), gg.ShapeError, "axis 0 of shape .* has size 2; only size 1 can go"),
    (lambda: gg.concatenate([]), gg.ShapeError, "at least one is needed"),
    (lambda: gg.concatenate([X, np.ones((2, 4))]), gg.ShapeError, "only that axis may differ"),
    (lambda: gg.stack([X, X.T]), gg.ShapeError, "all must be equal"),
    (lambda: gg.astype(X, "complex64"), gg.DtypeError, "astype: the dtype 'complex64' was given; one of real numbers"),
    (lambda: gg.cross_entropy(X, [0]), gg.ShapeError, r"labels \(1,\) do not fit scores \(2, 3\)"),
    (lambda: gg.cross_entropy(X, [0.0, 1.0]), gg.DtypeError, "class numbers must be integers"),
    (lambda: gg.cross_entropy(X, [0, 3]), gg.ShapeError, "label 3 at index"),
    (lambda: gg.cross_entropy(1.0, 0), gg.ShapeError, "no axis of classes"),
    (lambda: gg.cross_entropy(np.ones((0, 3)), np.ones(0, int)), gg.ShapeError, "no rows, and no mean"),
    (lambda: gg.subtract(True, np.array([True])), gg.DtypeError, "subtract: numpy boolean subtract"),
    (lambda: gg.power(np.array([1, 2]), -1), gg.ShapeError, "negative integer powers"),
    (lambda: gg.cumsum(X, 2), gg.ShapeError, "axis 2 lies outside an array of 2 axes"),
    (lambda: gg.roll(X, (1, 2, 3), (0, 1)), gg.ShapeError, "3 shifts were given for 2 axes"),
    (lambda: gg.pad(X, -1), gg.ShapeError, "whole numbers, not negative"),
    (lambda: gg.pad(X, ((1, 2, 3),)), gg.ShapeError, "does not fit 2 axes"),
    (lambda: gg.pad(X, 1, "mean"), gg.SettingError, "mode 'mean' has no rule; known: constant"),
    (lambda: gg.pad(X, 1, "edge", 2.0), gg.SettingError, "which mode 'edge' does not use"),
    (lambda: gg.tile(X, -1), gg.ShapeError, r"tile: counts \(-1,\) must not be negative"),
    (lambda: gg.repeat(X, -1), gg.ShapeError, "repeat: -1 must be whole numbers"),
    (lambda: gg.repeat(X, [1, 2, 3], 0), gg.ShapeError, "repeat: operands could not be broadcast"),
    (lambda: gg.diag(X[None]), gg.ShapeError, "one or two axes are needed"),
    (lambda: gg.diagonal(X, 0, 1, -1), gg.ShapeError, "axis1 and axis2 are both axis 1"),
    (lambda: np.trace(gg.tensor(X), 0, 1, 1), gg.ShapeError, "trace: axis1 and axis2 are both axis 1"),
    (lambda: gg.tril(X[0]), gg.ShapeError, r"a triangle of shape \(3,\)"),
    (lambda: gg.moveaxis(X, (0, 1), 0), gg.ShapeError, "as many different axes"),
    (lambda: gg.split(X, 4, 1), gg.ShapeError, "cannot be cut into 4 equal parts"),
    (lambda: gg.tensordot(X, X, 3), gg.ShapeError, "3 axes of shapes"),
    (lambda: gg.tensordot(X, X, 1), gg.ShapeError, "differ in size"),
    (lambda: gg.einsum("ij,jk->ik", X, X), gg.ShapeError, "axis j of 'ij,jk->ik' has sizes 3 and 2"),
    (lambda: gg.einsum("ij->k", X), gg.ShapeError, "must name axes of the arrays"),
    (lambda: gg.einsum("ij", X, X), gg.ShapeError, "names 1 arrays, 2 were given"),
    (lambda: gg.einsum("ijk->i", X), gg.ShapeError, r"does not fit an array of shape \(2, 3\)"),
    (lambda: gg.einsum("ii->i", X), gg.ShapeError, "must be of one size"),
    (lambda: gg.einsum(X, "ij"), gg.ShapeError, "the subscripts come first"),
    (lambda: gg.norm(X, 1), gg.ShapeError, "ord=1 over 2 axes"),
    (lambda: gg.clip(X, 0, 1, min=0), gg.ShapeError, "a limit was given twice"),
    (lambda: gg.cross_entropy(X, [0, 1], np.ones(2)), gg.ShapeError, "one for each of the 3 classes"),
    (lambda: gg.binary_cross_entropy(np.ones(0), 1), gg.ShapeError, "hold no entries, and no mean"),
    (lambda: gg.huber(X, X, delta=0), gg.SettingError, "a number above 0 is needed"),
    (lambda: gg.elu(X, alpha=[1, 2]), gg.DtypeError, r"elu: alpha=\[1, 2\] was given; a plain number is needed"),
    (lambda: gg.take(X, [True, False]), gg.DtypeError, "positions must be integers; got bool"),
    (lambda: gg.linear_recurrence(X, X[0]), gg.ShapeError, "must be equal, and have an axis"),
    (lambda: gg.argmin(np.ones((0, 2)), 0), gg.ShapeError, "argmin: axis 0 of shape"),
    (lambda: np.reciprocal(gg.tensor([1, 2])), gg.DtypeError, "int64 in NumPy and float64 here"),
    (lambda: gg.exp(X, X), gg.UnsupportedError, r"exp: too many positional arguments. Call it as exp\(x, /\)"),
    (lambda: gg.exp(X, base=2), gg.UnsupportedError, "unexpected keyword argument 'base'"),
    (lambda: gg.sum(X, dtype="float32"), gg.UnsupportedError, r"Call it as sum\(x, axis=None, keepdims=False\)"),
    (lambda: gg.sigmoid(), gg.UnsupportedError, "missing a required argument: 'x'"),
    (lambda: gg.ravel(X, order="F"), gg.UnsupportedError, "unexpected keyword argument 'order'"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_misuse_is_explained_in_one_line_that_names_the_place(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        call()
    text = str(caught.value)
    assert isinstance(caught.value, gg.GlassgradError)
    assert text.endswith(f" (test_shapes.py:{call.__code__.co_firstlineno})")
    assert text.count("test_shapes.py") == 1
    assert "\n" not in text


def test_a_weight_for_every_class_makes_a_weighted_mean() -> None:
    x, w = np.random.default_rng(0).normal(size=(4, 3)), np.array([1.0, 2.0, 5.0])
    t = np.array([0, 2, 2, 1])
    rows = np.array([gg.cross_entropy(row, label).item() for row, label in zip(x, t, strict=True)])
    np.testing.assert_allclose(gg.cross_entropy(x, t, w).value, np.sum(w[t] * rows) / np.sum(w[t]), rtol=1e-14)
    np.testing.assert_allclose(gg.cross_entropy(x, np.eye(3)[t], w).value, gg.cross_entropy(x, t, w).value, rtol=1e-14)
    np.testing.assert_allclose(gg.cross_entropy(x, t, np.ones(3)).value, gg.cross_entropy(x, t).value, rtol=1e-14)


def test_the_condition_of_where_has_no_say_in_the_kind_of_numbers() -> None:
    assert gg.where(np.ones(2), 1, 0).dtype == np.int64
    assert gg.where(np.ones(2), np.float32(1), 0.5).dtype == np.float32
    np.testing.assert_array_equal(gg.where(np.array([2.0, 0.0, np.nan]), 1.0, -1.0).value, [1, -1, 1])
