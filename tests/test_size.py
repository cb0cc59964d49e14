"""Graphs of a hundred thousand nodes: long, and wide; benchmarks/size.py has a million."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
import weakref
from pathlib import Path
from typing import Any

import numpy as np

import glassgrad as gg

COUNT = 100_000


def chain(x: Any, count: int) -> Any:
    for _ in range(count):
        x = x + 1.0e-6
    return x


def fan_in(x: Any, count: int) -> Any:
    """Add up as many products, two by two."""
    layer = [x * 0.5 for _ in range(count // 2)]
    while len(layer) > 1:
        layer = [a + b for a, b in zip(layer[::2], layer[1::2], strict=False)] + ([layer[-1]] if len(layer) % 2 else [])
    return layer[0]


def test_long_and_wide_graphs_need_no_depth_of_recursion() -> None:
    limit = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    x = gg.tensor(2.0)
    sys.setrecursionlimit(depth + 100)
    try:
        for build, slope in ((chain, 1.0), (fan_in, COUNT // 2 * 0.5)):
            y = build(x, COUNT)
            y.backward()
            assert x.grad == slope
            (found,) = gg.vjp(lambda x, build=build: build(x, COUNT // 10), 2.0)[1](1.0)
            assert found == (1.0 if build is chain else COUNT // 20 * 0.5)
    finally:
        sys.setrecursionlimit(limit)


def test_letting_go_of_a_long_chain_frees_it_all_at_once() -> None:
    gc.collect()
    gc.disable()
    try:
        x = gg.tensor(2.0)
        first = x + 1.0
        gone = weakref.ref(first)
        y = chain(first, COUNT)
        del first
        assert gone() is not None
        del y
        assert gone() is None
    finally:
        gc.enable()


def test_a_traced_chain_runs_is_simplified_and_differentiated() -> None:
    graph = gg.trace(gg.grad(lambda x: chain(x * x, 3000)))(2.0)
    assert float(graph(3.0)) == 6
    long = gg.trace(lambda x: chain(x, 20_000))(2.0)
    assert abs(float(long(3.0)) - 3.02) < 1e-9
    assert len(gg.trace(lambda x: chain(x, 3000) + chain(x, 3000))(1.0).operations) == 6001


def test_memory_of_many_steps_stays_flat_without_the_collector() -> None:
    W = np.ones((100, 100)) / 100  # 80 kB: what a step kept would show at once

    def step() -> None:
        w = gg.parameter(W)
        gg.sum(gg.tanh(w @ w)).backward()

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(50):
            step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(300):
            step()
        assert tracemalloc.get_traced_memory()[0] - before < W.nbytes
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()


def test_the_benchmark_of_a_million_runs_with_less() -> None:
    script = Path(__file__).parents[1] / "benchmarks" / "size.py"
    done = subprocess.run([sys.executable, str(script), "--nodes", "2000"], capture_output=True, text=True, check=True)
    assert "chain" in done.stdout
    assert "fan-in" in done.stdout
