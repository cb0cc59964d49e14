"""What ``gg.debug(nan=True)`` costs while all is well: an eager step of 784-50-10 with it and without, in turn.

    python benchmarks/debug_cost.py [--steps 2000]

Prints for float64 and float32 the medians of both, and what the check adds: the median of the ratios of neighbouring
steps, with the interval that holds it with 95 % confidence. Which of a pair comes first changes from pair to pair.
"""

from __future__ import annotations

import argparse
import time
from contextlib import nullcontext

import numpy as np

import glassgrad as gg


def step(weights: list[np.ndarray], x: np.ndarray, t: np.ndarray) -> list[np.ndarray]:
    """Do one step of gradient descent: forward, backward, update."""
    W1, b1, W2, b2 = (gg.parameter(weight) for weight in weights)
    loss = gg.cross_entropy(gg.affine(gg.relu(gg.affine(x, W1, b1)), W2, b2), t)
    loss.backward()
    return [node.value - node.dtype.type(0.1) * node.grad for node in (W1, b1, W2, b2)]


def measure(dtype: str, steps: int) -> list[float]:
    """Return microseconds a step without and with the check, the share that it adds, and the ends of its interval."""
    rng = np.random.default_rng(0)
    start = [(rng.normal(size=shape) * 0.05).astype(dtype) for shape in ((784, 50), (50,), (50, 10), (10,))]
    x, t = rng.random((100, 784)).astype(dtype), rng.integers(0, 10, 100)
    taken: dict[bool, list[float]] = {False: [], True: []}
    weights = {False: start, True: start}
    for i in range(steps):
        for watched in (False, True) if i % 2 else (True, False):
            with gg.debug(nan=True) if watched else nullcontext():
                begin = time.perf_counter()
                weights[watched] = step(weights[watched], x, t)
                taken[watched].append(time.perf_counter() - begin)
    for one, other in zip(weights[False], weights[True], strict=True):
        if not np.array_equal(one, other):
            raise SystemExit("looking changed the numbers")
    plain, watched = np.array(taken[False]), np.array(taken[True])
    low, middle, high = median_between(watched / plain - 1)
    return [float(np.median(plain)) * 1e6, float(np.median(watched)) * 1e6, middle, low, high]


def median_between(numbers: np.ndarray) -> tuple[float, float, float]:
    """Return the median of numbers, between the ends of its interval of 95 % confidence.

    How many of n numbers lie below the true median is binomial, whatever their distribution; so the ends are those
    whose rank is 1.96 of its standard deviations, sqrt(n) / 2, away from the middle.
    """
    ordered, count = np.sort(numbers), len(numbers)
    reach = 0.98 * count**0.5
    low, high = max(int(count / 2 - reach), 0), min(int(count / 2 + reach) + 1, count - 1)
    return float(ordered[low]), float(np.median(ordered)), float(ordered[high])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    steps = parser.parse_args().steps
    print(f"{'':10}{'plain us':>10}{'debug us':>10}{'cost':>8}   95 % interval")
    for dtype in ("float64", "float32"):
        plain, watched, cost, low, high = measure(dtype, steps)
        print(f"{dtype:10}{plain:10.0f}{watched:10.0f}{cost:8.1%}   {low:.1%} to {high:.1%}")


if __name__ == "__main__":
    main()
