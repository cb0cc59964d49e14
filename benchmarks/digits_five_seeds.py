"""Five runs of the deck's training on the digits: network 64-50-10, 10,000 iterations, batch 100, learning rate 0.1.

Every seed has its own shuffled split (1,437 to learn from, 360 to test with), its own weights and its own batches.
Prints the accuracies; with the deck's settings, training data are learned entirely and 97 to 99 % of the test data.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import glassgrad as gg
from glassgrad.deck import TwoLayerNet


def run(seed: int, iterations: int) -> tuple[float, float]:
    """Train one network; return its accuracy on the training and on the test data."""
    data = gg.data.load("digits", seed=seed)
    x, x_test = data.scaled(data.x_train, np.float64), data.scaled(data.x_test, np.float64)
    net = TwoLayerNet(64, 50, 10, seed=seed)
    random = np.random.default_rng(seed)
    for _ in range(iterations):
        batch = random.choice(len(x), 100)
        for name, slope in net.gradient(x[batch], data.y_train[batch]).items():
            net.params[name] -= 0.1 * slope
    return net.accuracy(x, data.y_train), net.accuracy(x_test, data.y_test)


def main() -> None:
    """Print a line for every seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=10_000)
    options = parser.parse_args()
    print("seed  train  test   seconds")
    for seed in range(5):
        start = time.perf_counter()
        train, test = run(seed, options.iterations)
        print(f"{seed:4d}  {train:.3f}  {test:.3f}  {time.perf_counter() - start:.1f}", flush=True)


if __name__ == "__main__":
    main()
