"""NumPy's own functions on Tensors: the op of that name, or a clear refusal; never bare numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassgrad as gg

X = np.array([[1.0, 2.0, 4.0], [3.0, 0.5, 0.25]])
W = np.arange(6.0).reshape(3, 2)
LIKE_NUMPY: list[Callable[[Any], Any]] = [
    lambda x: np.exp(x), lambda x: np.add(x, 1), lambda x: np.add(X, x), lambda x: X + x, lambda x: X * x - x / X,
    lambda x: 2 ** np.log(x), lambda x: np.sum(x), lambda x: np.sum(x, 0), lambda x: np.sum(x, axis=1, keepdims=True),
    lambda x: np.sum(a=x, axis=-1), lambda x: np.dot(x, W) + np.ones(2), lambda x: np.dot(W, x), lambda x: W @ x,
    lambda x: x @ W, lambda x: np.matmul(x, W), lambda x: np.mean(x), lambda x: np.mean(x, (0, 1)),
    lambda x: np.mean(x, 0, None, None), lambda x: np.add.reduce(x), lambda x: np.add.reduce(x, axis=None),
    lambda x: np.add.reduce(x, 1), lambda x: np.maximum.reduce(x, axis=1, keepdims=True), lambda x: np.max(x, axis=1),
    lambda x: np.amax(x), lambda x: np.amin(x, 0), lambda x: np.argmax(x, axis=1), lambda x: np.argmax(x),
    lambda x: np.var(x, 0, ddof=1), lambda x: np.std(x), lambda x: np.transpose(x), lambda x: np.transpose(x, (0, 1)),
    lambda x: np.reshape(x, (3, 2)), lambda x: np.reshape(x, -1), lambda x: np.ravel(x), lambda x: np.squeeze(x[:, :1]),
    lambda x: np.expand_dims(x, 1), lambda x: np.swapaxes(x, 0, 1), lambda x: np.concatenate([x, X], axis=1),
    lambda x: np.concatenate((X, x)), lambda x: np.concatenate([x, x], axis=None), lambda x: np.stack([x, X], axis=-1),
    lambda x: np.where(x > 1, x, 0), lambda x: np.broadcast_to(x, (2, 2, 3)), lambda x: np.take(x, [0, 3]),
    lambda x: np.take(x, [1], 1), lambda x: np.take_along_axis(x, np.array([[0], [2]]), 1), lambda x: np.abs(-x),
    lambda x: np.absolute(x), lambda x: np.true_divide(x, 2), lambda x: np.divide(1, x), lambda x: np.power(x, 3),
    lambda x: np.sqrt(x) + np.square(x) + np.tanh(x) + np.log1p(x) + np.expm1(x) + np.sin(x) + np.cos(x),
    lambda x: np.negative(x), lambda x: np.sign(x), lambda x: np.minimum(x, 1.0), lambda x: np.isfinite(x),
    lambda x: np.less(x, X), lambda x: X >= x,  # noqa: SIM300 - the array comes first on purpose
    lambda x: np.equal(x, X), lambda x: np.reciprocal(x),
    lambda x: np.floor(x) + np.ceil(x) + np.trunc(x) + np.rint(x), lambda x: x % 0.7, lambda x: 7.5 // x,
    lambda x: np.mod(x, X + 0.3), lambda x: np.log2(x) + np.log10(x) + np.exp2(x) + np.cbrt(x),
    lambda x: np.tan(x) + np.sinh(x) + np.cosh(x) + np.arctan(x) + np.arcsinh(x) + np.arccosh(x + 1),
    lambda x: np.arcsin(x / 9) + np.arccos(x / 9) + np.arctanh(x / 9), lambda x: np.hypot(x, X) + np.arctan2(x, 2.0),
    lambda x: np.logaddexp(x, 1.0), lambda x: np.clip(x, 0.4, 2.5), lambda x: np.clip(x, None, 2.5),
    lambda x: np.clip(x, min=1.0), lambda x: x.clip(0.4), lambda x: np.prod(x), lambda x: np.prod(x, axis=1),
    lambda x: np.multiply.reduce(x), lambda x: np.add.accumulate(x), lambda x: np.multiply.accumulate(x, axis=1),
    lambda x: np.cumsum(x), lambda x: np.cumprod(x, axis=0), lambda x: x.cumsum(1), lambda x: np.sort(x),
    lambda x: np.sort(x, axis=None), lambda x: np.argsort(x, axis=0), lambda x: np.argmin(x), lambda x: np.diff(x),
    lambda x: np.diff(x, 2, axis=1), lambda x: np.linalg.norm(x), lambda x: np.linalg.norm(x, axis=1, keepdims=True),
    lambda x: np.linalg.norm(x, 1, 0), lambda x: np.linalg.norm(x, np.inf, axis=0), lambda x: np.any(x > 2, axis=0),
    lambda x: np.all(x > 0), lambda x: np.logical_and(x > 1, x < 3), lambda x: np.logical_not(x > 1),
    lambda x: np.moveaxis(x[None], 0, -1), lambda x: np.split(x, 3, axis=1)[1], lambda x: np.split(x, [1])[0],
    lambda x: np.pad(x, 1), lambda x: np.pad(x, ((0, 1), (2, 0)), constant_values=3.0),
    lambda x: np.pad(x, (1, 1), "reflect"), lambda x: np.pad(x, 1, mode="wrap"), lambda x: np.flip(x),
    lambda x: np.flip(x, 0), lambda x: np.roll(x, 2), lambda x: np.roll(x, -1, axis=1),
    lambda x: np.roll(x, (1, 2), axis=(0, 1)), lambda x: np.tile(x, 2), lambda x: np.tile(x, (2, 1, 3)),
    lambda x: np.repeat(x, 2), lambda x: np.repeat(x, [1, 2], axis=0), lambda x: np.diag(x), lambda x: np.diag(x[0], 1),
    lambda x: np.tril(x), lambda x: np.triu(x, 1), lambda x: np.trace(x), lambda x: np.trace(x[None], 1, 1, 2),
    lambda x: np.diagonal(x, offset=-1), lambda x: np.tensordot(x, W, 1),
    lambda x: np.tensordot(x, X, ([0, 1], [0, 1])),
    lambda x: np.einsum("ij,jk", x, W), lambda x: np.einsum("...j->...", x), lambda x: np.einsum("ii->i", x[:, :2]),
    lambda x: np.einsum("ij->", x), lambda x: np.outer(x, W), lambda x: np.inner(x, X), lambda x: np.vstack([x, X]),
    lambda x: np.hstack([x, X]), lambda x: np.hstack([x[0], X[1]]), lambda x: np.dstack([x, X]),
    lambda x: np.column_stack([x[0], X[1]]), lambda x: np.zeros_like(x), lambda x: np.full_like(x, 7),
    lambda x: np.ones_like(x, dtype="float32"), lambda x: np.copy(x), lambda x: np.positive(x),
    lambda x: np.isnan(x), lambda x: np.linalg.matmul(x, W), lambda x: np.float64(2.5) % x,
    lambda x: x.sum(axis=0), lambda x: x.reshape(3, 2).T, lambda x: x.mean() * x.max(), lambda x: x.astype("float32"),
]


@pytest.mark.parametrize("number", range(len(LIKE_NUMPY)))
def test_the_same_line_gives_the_same_numbers(number: int) -> None:
    line = LIKE_NUMPY[number]
    expected, found = line(X), line(gg.tensor(X))
    assert isinstance(found, gg.Tensor)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found.value, expected, rtol=1e-14)
    assert gg.trace(line)(X).outputs[0].type == found.type


def test_gradients_flow_through_numpy_functions() -> None:
    slope = gg.grad(lambda x: np.sum(np.exp(np.dot(x, W))))(X)
    np.testing.assert_allclose(slope, np.exp(X @ W) @ W.T)


REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (lambda x: np.asarray(x), "asked the variable for its bare numbers.*tensor.value"),
    (lambda x: np.array([x, x]), "bare numbers"),
    (lambda x: np.linalg.det(x), r"numpy\.linalg\.det has no rule for Tensors yet"),
    (lambda x: np.fft.fft(x), "numpy.fft.fft has no rule"),
    (lambda x: np.heaviside(x, x), r"numpy\.heaviside has no rule"),
    (lambda x: np.subtract.reduce(x), r"numpy\.subtract\.reduce has no rule"),
    (lambda x: np.maximum.accumulate(x), r"numpy\.maximum\.accumulate has no rule"),
    (lambda x: np.add.outer(x, x), r"numpy\.add\.outer has no rule"),
    (lambda x: np.add(x, x, out=np.empty(X.shape)), "add: got an unexpected keyword argument 'out'"),
    (lambda x: np.add(x, x, where=X > 1), "unexpected keyword argument 'where'"),
    (lambda x: np.exp(x, dtype="float32"), "unexpected keyword argument 'dtype'"),
    (lambda x: np.sum(x, 0, np.float32), r"sum: got an unexpected keyword argument 'dtype'. Call it as sum\(x"),
    (lambda x: np.sum(x, where=X > 1), "unexpected keyword argument 'where'"),
    (lambda x: np.sum(x, initial=3.0), "unexpected keyword argument 'initial'"),
    (lambda x: np.max(x, 0, np.empty(3)), "unexpected keyword argument 'out'"),
    (lambda x: np.add.reduce(x, initial=1.0), "unexpected keyword argument 'initial'"),
    (lambda x: np.reshape(x, (3, 2), "F"), "unexpected keyword argument 'order'"),
    (lambda x: np.take(x, [9], mode="wrap"), "unexpected keyword argument 'mode'"),
    (lambda x: np.median(x), "numpy.median has no rule"),
    (lambda x: np.linalg.norm(x, 1), "norm: ord=1 over 2 axes"),
    (lambda x: np.sort(x, kind="stable"), "unexpected keyword argument 'kind'"),
    (lambda x: np.cumsum(x, 0, np.float32), "unexpected keyword argument 'dtype'"),
    (lambda x: np.einsum("ij->j", x, optimize=True), "unexpected keyword argument 'optimize'"),
    (lambda x: np.pad(x, 1, "mean"), "mode 'mean' has no rule"),
    (lambda x: np.linalg.outer(x[0], x[0]), r"numpy\.linalg\.outer has no rule"),
    (lambda x: np.where(x), "too many|missing"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_has_no_rule_says_so(number: int) -> None:
    call, message = REFUSED[number]
    with pytest.raises((gg.UnsupportedError, gg.ShapeError, gg.SettingError), match=message):
        call(gg.tensor(X))


def test_what_is_asked_about_a_tensor_is_answered_plainly() -> None:
    x = gg.tensor(X)
    assert (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1), np.size(x, (0, 1))) == ((2, 3), 2, 6, 3, 6)


def test_an_array_is_not_changed_in_place_by_a_tensor() -> None:
    a = X.copy()
    with pytest.raises(gg.UnsupportedError, match="unexpected keyword argument 'out'"):
        a += gg.tensor(X)
    np.testing.assert_array_equal(a, X)


def test_a_function_of_numpy_that_does_not_tell_its_parameters_works_too() -> None:
    from glassgrad.ops.operators import _numpy_names

    names, needed = _numpy_names(min, gg.dot)  # Python's own min has no signature either
    assert (names, needed) == ({}, 2)
    assert gg.nodes.numpy_function(np.dot, (X, W), {}).shape == (2, 2)
