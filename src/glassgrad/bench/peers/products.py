"""The matrix products of a training step and nothing else: what no way of training can be faster than."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np

from ..job import Job, Round
from ..work import Training


def shapes(work: Training) -> list[tuple[str, tuple[int, int, int]]]:
    """Return the products of a step, ``(kind, (m, k, n))``: forward, the gradients of the weights and of the inputs.

    >>> [kind for kind, _ in shapes(Training((784, 50, 10)))]
    ['x W', 'x.T g', 'x W', 'x.T g', 'g W.T']
    """
    found = []
    for layer, (inputs, outputs) in enumerate(pairwise(work.sizes)):
        found += [("x W", (work.batch, inputs, outputs)), ("x.T g", (inputs, work.batch, outputs))]
        if layer:
            found.append(("g W.T", (work.batch, outputs, inputs)))
    return found


def train(work: Training) -> Job:
    """Multiply, with every product written to its own array."""
    rng = np.random.default_rng(0)
    calls: list[tuple[Any, Any, Any]] = []
    for kind, (m, k, n) in shapes(work):
        a = rng.random((k, m) if kind == "x.T g" else (m, k), np.float32)
        b = rng.random((n, k) if kind == "g W.T" else (k, n), np.float32)
        calls.append((a.T if kind == "x.T g" else a, b.T if kind == "g W.T" else b, np.empty((m, n), np.float32)))

    def round_() -> Round:
        for steps in (work.steps // 4 + 1, work.steps):
            began = time.perf_counter()
            for _ in range(steps):
                for a, b, out in calls:
                    np.matmul(a, b, out=out)
            seconds = time.perf_counter() - began
        return Round(seconds, work.steps, [])

    return round_
