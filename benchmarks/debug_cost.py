"""What ``gg.debug(nan=True)`` costs while all is well: an eager step of 784-50-10 with it and without, in turn.

    python benchmarks/debug_cost.py [--steps 400]

Prints the medians of both, for float64 and float32, and the median of the differences between neighbouring steps.
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


def measure(dtype: str, steps: int) -> tuple[float, float, float]:
    """Return seconds a step without and with the check, and the share of the time that it adds."""
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
    added = np.median(np.subtract(taken[True], taken[False]))
    plain = float(np.median(taken[False]))
    return plain, float(np.median(taken[True])), float(added) / plain


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    steps = parser.parse_args().steps
    print(f"{'':10}{'plain us':>10}{'debug us':>10}{'cost':>8}")
    for dtype in ("float64", "float32"):
        plain, watched, share = measure(dtype, steps)
        print(f"{dtype:10}{plain * 1e6:10.0f}{watched * 1e6:10.0f}{share:8.1%}")


if __name__ == "__main__":
    main()
