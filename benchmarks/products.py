"""Products of matrices with few columns: loops written for their sizes, beside the BLAS that the engine has chosen.

    taskset -c 1 python benchmarks/products.py [--rounds 200]

Both are the word ``gemm32`` or ``gemm64`` of generated source: once with its sizes, once with a number of rows that is
known only when it runs, so that the BLAS is called. Results are compared first; then both are run in turn. Prints
medians, and the median of the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np

from glassgrad.engine.blas import Blas, best
from glassgrad.engine.llvm.native import native

# rows, columns, inner; whether the left and the right operand are turned, and whether the result is added to
DECK = [(100, 50, 784, 0, 0, 0), (100, 10, 50, 0, 0, 0), (100, 50, 10, 0, 1, 0), (50, 10, 100, 1, 0, 1),
        (784, 50, 100, 1, 0, 1)]
OTHERS = [(1000, 50, 784, 0, 0, 0), (784, 50, 1000, 1, 0, 1),
          *(case for n in (16, 32, 64)
            for case in ((100, n, 784, 0, 0, 0), (784, n, 100, 1, 0, 1), (100, n, n, 0, 0, 0)))]
TEXT = """def multiply(table):
    at = array(table, (5,), int64)
    gemm{bits}(at[0], {turned_left}, {turned_right}, {m}, {n}, {k}, float{bits}(0.5), at[1], {lda}, at[2], {ldb}, \
float{bits}({beta}), at[3], {n})
    return 0
"""


def compare(blas: Blas, case: tuple[int, ...], bits: int, rounds: int) -> None:
    """Print the line of a product."""
    m, n, k, turned_left, turned_right, adds = case
    texts = (TEXT.format(bits=bits, turned_left=bool(turned_left), turned_right=bool(turned_right), m=rows, n=n, k=k,
                         lda=m if turned_left else k, ldb=k if turned_right else n, beta=float(adds))
             for rows in (m, "at[4]"))
    random = np.random.default_rng(0)
    kind = f"f{bits // 8}"
    a = random.standard_normal((k, m) if turned_left else (m, k)).astype(kind)
    b = random.standard_normal((n, k) if turned_right else (k, n)).astype(kind)
    tables, results = [], []
    for _ in range(2):
        results.append(np.zeros((m, n), kind))
        tables.append(np.array([blas.sgemm if bits == 32 else blas.dgemm, a.ctypes.data, b.ctypes.data,
                                results[-1].ctypes.data, m]))
    ways = [native(text, "multiply", blas.ints) for text in texts]
    for way, table in zip(ways, tables, strict=True):
        way(table.ctypes.data)
    assert np.allclose(*results, rtol=1e-4, atol=1e-3), case
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for way, table, taken in zip(ways, tables, times, strict=True):
            taken.append(seconds(way, table.ctypes.data))
    own, theirs = map(statistics.median, times)
    ratio = statistics.median(x / y for x, y in zip(*times, strict=True))
    name = f"{m} x {k} x {n}{', left turned' * turned_left}{', right turned' * turned_right}"
    print(f"{name:36}float{bits}{1e6 * own:10.1f}{1e6 * theirs:10.1f}{2e-9 * m * n * k / own:8.1f}"
          f"{2e-9 * m * n * k / theirs:8.1f}{ratio:8.2f}")


def seconds(way: Any, address: int) -> float:
    """Return how long one call takes."""
    begin = time.perf_counter()
    way(address)
    return time.perf_counter() - begin


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    blas = best()
    if blas is None:
        raise SystemExit("there is no BLAS here that could be called")
    print(f"{'':36}{'':7}{'ours, us':>10}{'BLAS, us':>10}{'GF/s':>8}{'GF/s':>8}{'ratio':>8}")
    for case in [*DECK, *OTHERS]:
        for bits in (32, 64):
            compare(blas, case, bits, options.rounds)


if __name__ == "__main__":
    main()
