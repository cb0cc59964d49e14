"""Indexing agrees with NumPy in value, type and derivative, for patterns nobody thought of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import glassgrad as gg

steady = settings(max_examples=80, deadline=None, derandomize=True, database=None)


def scattered(shape: tuple[int, ...], index: Any, g: Any) -> Any:
    """Return what indexing hands back, entry by entry."""
    positions = np.arange(int(np.prod(shape))).reshape(shape)[index]
    flat = np.zeros(int(np.prod(shape)))
    for position, part in zip(np.ravel(positions), np.ravel(g), strict=True):
        flat[position] += part
    return flat.reshape(shape)


def check(shape: tuple[int, ...], index: Any) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    expected = x[index]
    leaf = gg.tensor(x)
    y = leaf[index]
    np.testing.assert_array_equal(y.value, expected, strict=True)
    assert gg.trace(lambda x: x[index])(x).outputs[0].type == y.type
    g = np.random.default_rng(1).normal(size=expected.shape)
    y.backward(g)
    np.testing.assert_allclose(leaf.grad, scattered(shape, index, g), rtol=1e-14)


@steady
@given(st.data())
def test_integers_slices_new_axes_and_ellipsis(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    check(shape, data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)))


@steady
@given(st.data())
def test_integer_arrays(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=4))
    before = data.draw(st.sampled_from([(), (slice(None, None, -1),)]))
    used = data.draw(st.integers(1, len(shape) - len(before)))
    result = data.draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    arrays = [
        data.draw(hnp.arrays(np.intp, result, elements=st.integers(-size, size - 1)))
        for size in shape[len(before) : len(before) + used]
    ]
    after = data.draw(st.sampled_from([(), (Ellipsis,), (None,)]))
    check(shape, (*before, *arrays, *after))


@steady
@given(st.data())
def test_masks(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))
    first = data.draw(st.integers(0, len(shape) - 1))
    last = data.draw(st.integers(first + 1, len(shape)))
    mask = data.draw(hnp.arrays(bool, shape[first:last]))
    before = data.draw(st.sampled_from([(slice(None),) * first, (slice(None),) * first + (None,)]))
    after = data.draw(st.sampled_from([(), (Ellipsis,)]))
    check(shape, (*before, mask, *after))
    if last == len(shape):
        check(shape, (Ellipsis, mask))


def test_a_mask_that_does_not_fit_is_refused() -> None:
    x = gg.tensor(np.ones((2, 3)))
    with pytest.raises(gg.ShapeError, match=r"mask of shape \(3,\) does not fit axes of sizes \(2,\)"):
        x[np.array([True, False, True])]
    with pytest.raises(gg.ShapeError, match="does not fit"):
        x[np.array(True)]


def test_a_mask_without_a_value_is_refused_in_a_trace() -> None:
    with pytest.raises(gg.DtypeError, match=r"no known length.*gg\.where"):
        gg.trace(lambda x: x[x > 0])(np.ones(3))


def test_what_cannot_be_an_index_is_refused() -> None:
    x = gg.tensor([1.0, 2.0, 3.0])
    with pytest.raises(gg.DtypeError, match="must hold integers or booleans"):
        x[0.5]
    with pytest.raises(gg.DtypeError, match="must hold integers or booleans"):
        x[[0.0, 1.0]]
    with pytest.raises(gg.DtypeError, match="of a slice: 'a' was given, a str; an integer is needed"):
        x["a":]
    with pytest.raises(gg.ShapeError, match="index 3 is out of bounds for axis 0 with size 3"):
        x[3]
    with pytest.raises(gg.ShapeError, match="out of bounds"):
        gg.trace(lambda x: x[3])(np.ones(3))
    with pytest.raises(gg.ShapeError, match="too many indices"):
        x[0, 0]


def test_an_empty_list_picks_nothing() -> None:
    assert gg.tensor([1.0, 2.0])[[]].shape == (0,)


def test_take_and_take_along_axis() -> None:
    x = np.arange(12.0).reshape(3, 4)
    order = np.argsort(-x, axis=1)
    np.testing.assert_array_equal(gg.take(x, [1, 5, 1]).value, np.take(x, [1, 5, 1]))
    np.testing.assert_array_equal(gg.take(x, [1, 1], axis=-1).value, np.take(x, [1, 1], axis=-1))
    np.testing.assert_array_equal(gg.take_along_axis(x, order, 1).value, np.take_along_axis(x, order, 1))
    leaf = gg.tensor(x)
    gg.sum(leaf.take([1, 5, 1])).backward()
    assert leaf.grad[0, 1] == 2
    with pytest.raises(gg.ShapeError, match="indices have 1 axes, x has 2"):
        gg.take_along_axis(x, [0], 1)


def test_put_back_is_the_transpose_of_indexing() -> None:
    g = gg.tensor([1.0, 2.0, 4.0])
    np.testing.assert_array_equal(gg.put_back(g, [1, 1, 0], (3,)).value, [4, 3, 0])


def test_labels_become_rows() -> None:
    np.testing.assert_array_equal(gg.one_hot(np.array([[1], [0]]), 2, "float32").value, np.eye(2)[[[1], [0]]])
    assert gg.one_hot([1], 2, "float32").dtype == np.float32
    assert gg.one_hot(np.array([], int), 2).shape == (0, 2)
    with pytest.raises(gg.ShapeError, match="label 2 at index \\(1,\\) is not among the 2 classes 0 to 1"):
        gg.one_hot([0, 2], 2)
    with pytest.raises(gg.DtypeError, match="labels must be integers"):
        gg.one_hot([0.5], 2)
