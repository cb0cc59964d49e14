"""Time to ``import glassgrad``, beside NumPy's own import: medians of fresh processes, in turn.

python benchmarks/import_time.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys

CODE = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def seconds(module: str) -> float:
    """Return how long a fresh process takes to import a module."""
    made = subprocess.run([sys.executable, "-c", CODE.format(module)], capture_output=True, text=True, check=True)
    return float(made.stdout)


def main() -> None:
    """Print both medians and their difference, in milliseconds."""
    pairs = [(seconds("numpy"), seconds("glassgrad")) for _ in range(15)]
    numpy, own = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    more = statistics.median(b - a for a, b in pairs) * 1e3
    print(f"numpy {numpy:.0f} ms, glassgrad (with numpy) {own:.0f} ms: {more:.0f} ms more")


if __name__ == "__main__":
    main()
