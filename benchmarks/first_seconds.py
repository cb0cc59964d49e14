"""Whether training by NumPy is worth it until the native program is compiled: what the first run would gain by it.

    taskset -c 1 python benchmarks/first_seconds.py

A run with the same seed gives the same bits, whatever is on disk. So a run that begins with so many steps by NumPy has
to begin with them every time, also where nothing needs to be compiled. Printed are, for each network, the seconds that
compiling takes, the time of a step by NumPy and by native code, and what follows: how much sooner the first run would
be done if another core did steps by NumPy all the while, undisturbed; and how much later every other run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

import glassgrad as gg
from glassgrad.train.batches import batches
from glassgrad.train.native import NativeStepper
from glassgrad.train.step import Stepper

SAMPLES, BATCH = 10_000, 100
NETWORKS = {"784-50-10, SGD": ((50,), gg.optim.SGD(0.1)), "784-50-10, Adam": ((50,), gg.optim.Adam(1e-3)),
            "784-256-256-10, SGD": ((256, 256), gg.optim.SGD(0.1)), "784-1024-10, Adam": ((1024,), gg.optim.Adam(1e-3))}


def network(hidden: tuple[int, ...]) -> gg.nn.Sequential:
    """Return a network for images."""
    sizes = (784, *hidden, 10)
    layers: list[gg.nn.Layer] = []
    for seed, (inputs, outputs) in enumerate(pairwise(sizes)):
        layers += [gg.nn.Affine(inputs, outputs, seed=seed), gg.nn.ReLU()]
    return gg.nn.Sequential(*layers[:-1], divisor=255)


def of_step(stepper: Stepper, x: np.ndarray, t: np.ndarray, repeat: int) -> float:
    """Return the median seconds of a step over some epochs, the first of them left out."""
    plan = batches("shuffle", SAMPLES, BATCH, 0)

    def epoch(number: int) -> float:
        start = time.perf_counter()
        for _ in stepper.epoch(x, t, plan.order(number), BATCH):
            pass
        return (time.perf_counter() - start) / plan.steps

    return statistics.median([epoch(number) for number in range(repeat + 1)][1:])


def timed(make: Callable[[], NativeStepper]) -> tuple[float, NativeStepper]:
    """Return how long it takes to make something, and the thing."""
    start = time.perf_counter()
    made = make()
    return time.perf_counter() - start, made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    generator = np.random.default_rng(0)
    x, t = generator.integers(0, 256, (SAMPLES, 784)).astype(np.uint8), generator.integers(0, 10, SAMPLES)
    print("network                compiling     step, NumPy  native   first run sooner by  every other later by")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GLASSGRAD_CACHE"] = folder
        for name, (hidden, optimizer) in NETWORKS.items():
            model = network(hidden)
            seconds, native = timed(lambda: NativeStepper(model, gg.cross_entropy, optimizer, 0, x, t, (BATCH,)))  # noqa: B023
            plain = Stepper(model, gg.cross_entropy, optimizer, 0, "numpy")
            by_numpy, by_native = (of_step(stepper, x, t, repeat) for stepper in (plain, native))
            steps = seconds / by_numpy
            print(f"{name:<22} {seconds:6.2f} s  {by_numpy * 1e6:12.0f} us {by_native * 1e6:6.0f} us "
                  f"{steps * by_native:14.2f} s {steps * (by_numpy - by_native):16.2f} s")


if __name__ == "__main__":
    main()
