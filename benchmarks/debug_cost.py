"""What it costs to find the first NaN, while there is none: steps of 784-50-10 with that and without, in turn.

    taskset -c 1 python benchmarks/debug_cost.py [--steps 2000]

For eager and compiled steps in float64 and float32, "with it" means inside ``gg.debug(nan=True)``; for whole epochs of
`train.fit` in native code, that losses are looked at and states saved to come back to, which always is so there. Prints
the medians of both, and what the check adds: the median of the ratios of neighbouring steps, with the interval that
holds it with 95 % confidence. Which of a pair comes first changes from pair to pair.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from unittest.mock import patch

import numpy as np

import glassgrad as gg
from glassgrad.engine.repeat import Repeated
from glassgrad.train.native import NativeStepper

Weights = list[np.ndarray]
STEPS = 20  # of a native epoch


def eager(weights: Weights, x: np.ndarray, t: np.ndarray) -> Weights:
    """Do one step of gradient descent: forward, backward, update."""
    W1, b1, W2, b2 = (gg.parameter(weight) for weight in weights)
    loss = gg.cross_entropy(gg.affine(gg.relu(gg.affine(x, W1, b1)), W2, b2), t)
    loss.backward()
    return [node.value - node.dtype.type(0.1) * node.grad for node in (W1, b1, W2, b2)]


@gg.compile
def compiled(weights: list[gg.Tensor], x: gg.Tensor, t: gg.Tensor) -> list[gg.Tensor]:
    """Do the same as one program."""
    W1, b1, W2, b2 = weights
    slopes = gg.grad(lambda W1, b1, W2, b2: gg.cross_entropy(gg.affine(gg.relu(gg.affine(x, W1, b1)), W2, b2), t),
                     argnums=(0, 1, 2, 3))(W1, b1, W2, b2)
    return [weight - 0.1 * slope for weight, slope in zip(weights, slopes, strict=True)]


def measure(step: Callable[..., Weights], dtype: str, steps: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each step, without the check and with it."""
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
    same(weights[False], weights[True])
    return taken[False], taken[True]


class Careless(NativeStepper):
    """Steps that nobody looks at, and none of which can be come back to."""

    def __init__(self, *given: object) -> None:
        with patch("glassgrad.train.native.Repeated", lambda graphs, carried, watched: Repeated(graphs, carried, None)):
            super().__init__(*given)  # type: ignore[arg-type]

    def _save(self) -> None:
        pass


def epochs(count: int) -> tuple[list[float], list[float]]:
    """Return the seconds of a step in each of so many native epochs, without the check and with it."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (100 * STEPS, 784)).astype(np.uint8)
    t, order = rng.integers(0, 10, len(x)), np.arange(len(x))
    given = (gg.nn.TwoLayerNet(784, 50, 10, seed=0, divisor=255), gg.cross_entropy, gg.optim.SGD(0.01), 0, x, t, (100,))
    steppers = {False: Careless(*given), True: NativeStepper(*given)}
    taken: dict[bool, list[float]] = {False: [], True: []}
    for i in range(count):
        for watched in (False, True) if i % 2 else (True, False):
            begin = time.perf_counter()
            for _ in steppers[watched].epoch(x, t, order, 100):
                pass
            taken[watched].append((time.perf_counter() - begin) / STEPS)
    same(*(list(stepper.weights.values()) for stepper in steppers.values()))
    return taken[False], taken[True]


def same(plain: Weights, watched: Weights) -> None:
    """Make sure that the check changes no bit."""
    if not all(np.array_equal(one, other) for one, other in zip(plain, watched, strict=True)):
        raise SystemExit("looking changed the numbers")


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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    steps = parser.parse_args().steps
    cases: dict[str, Callable[[], tuple[list[float], list[float]]]] = {
        f"{name}, {dtype}": partial(measure, step, dtype, steps)
        for name, step in (("eager", eager), ("compiled", compiled)) for dtype in ("float64", "float32")}
    cases["native epochs, float32"] = partial(epochs, steps // 2)
    print(f"{'':24}{'plain us':>10}{'with it':>10}{'cost':>8}   95 % interval")
    for name, case in cases.items():
        plain, watched = map(np.array, case())
        low, cost, high = median_between(watched / plain - 1)
        print(f"{name:24}{np.median(plain) * 1e6:10.0f}{np.median(watched) * 1e6:10.0f}{cost:8.1%}   {low:.1%} to "
              f"{high:.1%}")


if __name__ == "__main__":
    main()
