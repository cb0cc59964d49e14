"""Every op at every row of the table, for three examples at once: the value and derivatives of one after the other."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from samples import SAMPLES, Sample

import glassgrad as gg
from glassgrad.array_type import is_float
from glassgrad.graph import nodes
from glassgrad.ops.define import OPS

BY_NAME = {op.name: op for op in OPS}
COUNT = 3


def examples(x: Any) -> Any:
    """Return three examples like `x`: floats a little apart, and the rest in another order."""
    x = np.asarray(x)
    if is_float(x.dtype):
        return np.stack([x * scale for scale in (1.0, 1.03, 0.96)])
    return np.stack([x, x[::-1] if x.ndim else x, x])


def variants(row: Sample) -> list[tuple[bool, ...]]:
    every = list(product((True, False), repeat=len(row.inputs)))[:-1]
    return every if len(every) <= 3 else [every[0], every[1], every[-1]]


@pytest.mark.parametrize("row", SAMPLES, ids=str)
def test_an_op_for_many_is_the_op_for_one_again_and_again(row: Sample) -> None:
    op = BY_NAME[row.op]

    def apply(*xs: Any) -> Any:
        return op(nodes, *xs, **row.params)

    for mapped in variants(row):
        inputs = [examples(x) if one else np.asarray(x)[()] for x, one in zip(row.inputs, mapped, strict=True)]
        each = [[x[i] if one else x for x, one in zip(inputs, mapped, strict=True)] for i in range(COUNT)]
        axes = tuple(0 if one else None for one in mapped)
        found = gg.vmap(apply, axes)(*inputs)
        expected = np.stack([apply(*map(gg.tensor, xs)).value for xs in each])
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13, strict=True)
        wanted = tuple(i for i, x in enumerate(inputs) if is_float(x.dtype))
        if wanted and is_float(found.dtype):
            slope = gg.grad(lambda *xs: gg.sum(gg.sin(apply(*xs))), wanted)
            parts = gg.vmap(slope, axes)(*inputs)
            singles = zip(*[slope(*xs) for xs in each], strict=True)
            for part, single in zip(parts, singles, strict=True):
                np.testing.assert_allclose(part, np.stack(single), rtol=1e-11, atol=1e-12)


def test_the_graph_does_not_grow_with_the_number_of_examples() -> None:
    def f(W: Any, x: Any, t: Any) -> Any:
        h = gg.relu(gg.affine(x, W, W[0]))
        y = gg.softmax(gg.concatenate([h, h[1:] * 2])) + gg.logsumexp(gg.reshape(x, (3, 1)), axis=0)
        return gg.cross_entropy(y, t) + gg.var(y) + gg.max(x) + gg.sum(y[np.array([0, 0])]) + gg.tanh(x) @ x

    W = np.arange(9.0).reshape(3, 3) / 10
    sizes = [len(gg.trace(gg.vmap(gg.grad(f), (None, 0, 0)))(W, np.ones((n, 3)), np.ones(n, int)).operations)
             for n in (2, 50)]
    assert sizes[0] == sizes[1]
