"""Random numbers of native code are those of NumPy's generator, bit for bit."""

from __future__ import annotations

from typing import Any

import native_loops
import numpy as np
import pytest

import glassgrad as gg

COUNTS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 100, 1001]
LARGEST = 2**63 - 1


@pytest.fixture(scope="module", params=[np.float32, np.float64], ids=lambda kind: kind.__name__)
def drawn(request: Any) -> Any:
    """Return a function that gives `count` native numbers, and makes sure that nothing is written behind them."""
    kind = request.param
    program = native_loops.compiled(
        [f"uniform_{8 * np.dtype(kind).itemsize}(address, count, seed, stream, step)"],
        dict.fromkeys(["address", "count", "seed", "stream", "step"], "int64"))

    def draw(count: int, seed: int, stream: int, step: int) -> Any:
        room = np.full(count + 9, -1, kind)
        program(room, count, seed, stream, step)
        assert (room[count:] == -1).all()
        return room[:count]

    return draw


def test_the_same_bits_as_numpy(drawn: Any) -> None:
    random = np.random.default_rng(1)
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (LARGEST, LARGEST, LARGEST)]
    keys += [tuple(int(part) for part in random.integers(0, LARGEST, 3)) for _ in range(40)]
    for seed, stream, step in keys:
        for count in COUNTS:
            found = drawn(count, seed, stream, step)
            generator = np.random.Generator(np.random.Philox(key=[seed, stream], counter=[0, 0, step, 0]))
            np.testing.assert_array_equal(found, generator.random(count, dtype=found.dtype))


def test_the_same_bits_as_the_op(drawn: Any) -> None:
    for step in range(20):
        found = drawn(35, 7, 3, step)
        interpreted = gg.uniform([7, step], (5, 7), stream=3, dtype=found.dtype)
        np.testing.assert_array_equal(found.reshape(5, 7), interpreted.value)
