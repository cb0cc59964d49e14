"""What checkpoints cost: the same run without and with them, one after the other, medians of several.

    python benchmarks/checkpoints.py [--repeat 5]

The processor's time alone is told beside that by the clock; waiting for the disk is in the latter.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import glassgrad as gg


def taken(hidden: int, iterations: int, checkpoint: Path | None) -> tuple[float, float]:
    """Return how long a run takes, by the clock and of the processor."""
    generator = np.random.default_rng(0)
    x, t = generator.integers(0, 256, (10_000, 784)).astype(np.uint8), generator.integers(0, 10, 10_000)
    model = gg.nn.TwoLayerNet(784, hidden, 10, 0.01, seed=0, divisor=255)
    start, busy = time.perf_counter(), time.process_time()
    gg.train.fit(model, (x, t), iterations=iterations, optimizer=gg.optim.Adam(1e-4), engine="native",
                 checkpoint=checkpoint)
    return time.perf_counter() - start, time.process_time() - busy


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checkpoint.safetensors"
        for hidden, iterations in ((50, 20_000), (1_000, 1_500)):
            taken(hidden, 10, None)  # compiled by now
            runs = [[taken(hidden, iterations, place) for place in (None, file)] for _ in range(repeat)]
            for what, part in (("by the clock", 0), ("of the processor", 1)):
                without, kept = (statistics.median(run[way][part] for run in runs) for way in (0, 1))
                print(f"784-{hidden}-10, Adam, {iterations:,} steps, {what}: {without:.2f} s without checkpoints, "
                      f"{kept:.2f} s with them, {kept / without - 1:+.1%}")


if __name__ == "__main__":
    main()
