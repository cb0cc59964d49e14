"""Which rows of a batch bring most of a weight's or bias's gradient, which is a sum over the batch.

>>> import glassgrad as gg
>>> from glassgrad.explain.run import run_of
>>> X, W = gg.constant([[1.0, 0.0], [3.0, 0.0]]), gg.tensor([[1.0], [1.0]])
>>> largest_samples(run_of(gg.sum(gg.dot(X, W)), targets=(W,)))
((1, 0.75), (0, 0.25))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .matrix import PRODUCTS
from .run import Run


def largest_samples(run: Run, how_many: int = 3) -> tuple[tuple[int, float], ...]:
    """Return the rows that bring most to a run's only target, and their shares of the sizes of all; the largest first.

    Empty where the gradient is no sum over the rows of one batch. Row n of X brings the product of column ``X[n]`` with
    row ``dY[n]`` to W, whose size is the product of the sizes of the two.
    """
    sizes = _sizes(run)
    if sizes is None or len(sizes) < 2 or not np.isfinite(sizes).all() or not sizes.sum() > 0:
        return ()
    order = np.argsort(-sizes, kind="stable")[:how_many]
    return tuple((int(row), float(sizes[row] / sizes.sum())) for row in order if sizes[row] > 0)


def _sizes(run: Run) -> Any:
    (target,) = run.targets
    edges = [edge for node in run.cotangents if target in node.inputs for edge in run.edges(node)
             if edge.source is target]
    if len(edges) != 1 or edges[0].node.op.name not in PRODUCTS:
        return None
    node, position = edges[0]
    g, x = np.asarray(run.cotangents[node], float), np.asarray(run.read(node.inputs[0]), float)
    if g.ndim != 2 or x.ndim != 2 or position == 0:
        return None
    with np.errstate(all="ignore"):
        rows = np.linalg.norm(g, axis=1)
        return rows * np.linalg.norm(x, axis=1) if position == 1 else rows
