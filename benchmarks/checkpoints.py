"""What checkpoints cost: the share of a run's time that is spent on saving where it stands.

    python benchmarks/checkpoints.py [--repeat 3]

Prints medians, for a small network and a larger one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import glassgrad as gg
from glassgrad.train.checkpoint import Keeper, Standing


def share(hidden: int, iterations: int, file: Path) -> tuple[float, float]:
    """Return how long a run takes, and the share of it that is spent on checkpoints."""
    generator = np.random.default_rng(0)
    x, t = generator.integers(0, 256, (10_000, 784)).astype(np.uint8), generator.integers(0, 10, 10_000)
    model = gg.nn.TwoLayerNet(784, hidden, 10, 0.01, seed=0, divisor=255)
    spent, keep = 0.0, Keeper.keep

    def timed(keeper: Keeper, standing: Callable[[], Standing]) -> None:
        nonlocal spent
        start = time.perf_counter()
        keep(keeper, standing)
        spent += time.perf_counter() - start

    Keeper.keep = timed  # type: ignore[method-assign]
    start = time.perf_counter()
    gg.train.fit(model, (x, t), iterations=iterations, optimizer=gg.optim.Adam(1e-4), engine="native", checkpoint=file)
    seconds = time.perf_counter() - start
    Keeper.keep = keep  # type: ignore[method-assign]
    return seconds, spent / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        for hidden, iterations in ((50, 12_000), (300, 1_500)):
            runs = [share(hidden, iterations, Path(folder) / "checkpoint.safetensors") for _ in range(repeat)]
            seconds, part = (statistics.median(run[i] for run in runs) for i in (0, 1))
            print(f"784-{hidden}-10, Adam, {iterations:,} steps: {seconds:.2f} s, of which checkpoints {part:.2%}")


if __name__ == "__main__":
    main()
