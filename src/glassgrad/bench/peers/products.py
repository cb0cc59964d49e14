"""The matrix products of a training step and nothing else: what no way of training can be faster than."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ...engine.blas import best
from ...engine.llvm.native import CannotCompileError, native
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
    """Multiply in a native loop by the BLAS that the engine would take; where native code cannot be had, by NumPy."""
    rng = np.random.default_rng(0)
    calls: list[tuple[Any, ...]] = []
    for kind, (m, k, n) in shapes(work):
        a = rng.random((k, m) if kind == "x.T g" else (m, k), np.float32)
        b = rng.random((n, k) if kind == "g W.T" else (k, n), np.float32)
        calls.append((kind == "x.T g", kind == "g W.T", m, n, k, a, b, np.empty((m, n), np.float32)))
    run = _native(calls) or _by_numpy(calls)
    run(1)
    for a, b, out in _operands(calls):
        if not np.allclose(a @ b, out, rtol=1e-3):
            raise ArithmeticError(f"a product of {a.shape} and {b.shape} is wrong")

    return partial(_round, run, work.steps, calls)


def _round(run: Callable[[int], None], steps: int, calls: list[tuple[Any, ...]]) -> Round:
    """Multiply for a quarter of the steps to warm up, then for all; native code knows `calls` by their addresses."""
    assert calls
    run(steps // 4 + 1)
    began = time.perf_counter()
    run(steps)
    return Round(time.perf_counter() - began, steps, [])


def _operands(calls: list[tuple[Any, ...]]) -> list[tuple[Any, Any, Any]]:
    return [(a.T if left else a, b.T if right else b, out) for left, right, *_, a, b, out in calls]


def _by_numpy(calls: list[tuple[Any, ...]]) -> Callable[[int], None]:
    operands = _operands(calls)

    def run(steps: int) -> None:
        for _ in range(steps):
            for a, b, out in operands:
                np.matmul(a, b, out=out)

    return run


LOOP = """def products(table):
    at = array(table, (3,), int64)
    sgemm = at[0]
    calls = array(at[1], ({count}, 10), int64)
    for step in range(at[2]):
        for i in range({count}):
            gemm32(sgemm, calls[i, 0], calls[i, 1], calls[i, 2], calls[i, 3], calls[i, 4], float32(1), calls[i, 5],
                   calls[i, 6], calls[i, 7], calls[i, 8], float32(0), calls[i, 9], calls[i, 3])
    return 0
"""


def _native(calls: list[tuple[Any, ...]]) -> Callable[[int], None] | None:
    """Return the loop as native code; None where that cannot be had, or no BLAS whose address is known."""
    blas = best()
    if blas is None:
        return None
    try:
        loop = native(LOOP.format(count=len(calls)), "products", blas.ints)
    except CannotCompileError:
        return None
    numbers = np.array([
        [left, right, m, n, k, a.ctypes.data, a.shape[1], b.ctypes.data, b.shape[1], out.ctypes.data]
        for left, right, m, n, k, a, b, out in calls
    ], np.int64)
    threads = max(blas.threads_for(2 * m * n * k) for _, _, m, n, k, *_ in calls)

    def run(steps: int) -> None:
        table = np.array([blas.sgemm, numbers.ctypes.data, steps], np.int64)
        with blas.threads(threads):
            loop(table.ctypes.data)

    return run
