"""Single cells of the grid of `glassgrad bench grid`, measured for longer: where its few rounds leave a ratio near 1.

    python benchmarks/grid_cells.py "256 x 3, batch 1000, sgd" "1024 x 1, batch 1000, adam" [--seconds 24]

Prints, for each, the rounds and the median over them of our time by that of every other.
"""

from __future__ import annotations

import argparse
from importlib import import_module

from glassgrad.bench.contest import contest
from glassgrad.bench.peers import OURS
from glassgrad.bench.run import Run

grid = import_module("glassgrad.bench.cases.grid")  # the package gives the name to its function


def main() -> None:
    """Measure the cells that were named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cells = dict(grid.cells(quick=False))
    parser.add_argument("cells", nargs="+", choices=list(cells), metavar="CELL")
    parser.add_argument("--seconds", type=float, default=24.0)
    options = parser.parse_args()
    with Run(["grid"]).session as session:
        for label in options.cells:
            held = contest(label, cells[label], grid.PEERS, session, options.seconds, options.seconds)
            ratios = ", ".join(f"{peer} {held.ratio(peer):.2f}" for peer in held.times if peer != OURS)
            print(f"{label}: {len(held.times[OURS].seconds)} rounds; {ratios}")


if __name__ == "__main__":
    main()
