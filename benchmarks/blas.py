"""How fast each BLAS multiplies: the deck's five products and some sizes, all candidates in turn in one run.

    python benchmarks/blas.py [--rounds 30] [--threads]

Prints GF/s on one thread (the best of the rounds), the microseconds that the deck's five products (784-50-10, batch
100, float32) need together, and the ratio to NumPy's own copy. Then what products with one row, or of few numbers,
cost as a product of matrices, as a plain loop, and of a matrix and a vector, all in native code. Pin the process to one
core for these (``taskset -c 1``).

``--threads`` instead compares numbers of threads for the library that is chosen, alone and beside a busy process, with
OpenBLAS's own time until idle threads rest (2**26 ticks) and with ours.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from glassgrad.engine.blas import Blas, Candidate, allowed, best, candidates
from glassgrad.engine.blas.find import REST
from glassgrad.engine.blas.timing import Case, workers

sys.path.append(str(Path(__file__).parents[1] / "tests" / "engine"))

from native_loops import Compiled, compiled

DECK = [
    Case("x @ W1", 32, False, False, 100, 50, 784),
    Case("h @ W2", 32, False, False, 100, 10, 50),
    Case("g @ W2.T", 32, False, True, 100, 50, 10),
    Case("h.T @ g", 32, True, False, 50, 10, 100),
    Case("x.T @ g", 32, True, False, 784, 50, 100),
]
SQUARES = [Case(f"{n} (f{bits})", bits, False, False, n, n, n) for bits in (32, 64) for n in (32, 128, 512, 1024)]
SMALL = [(1, 784, 50), (1, 50, 10), (1, 256, 256), (1, 1024, 1024), (1024, 1, 1024), (784, 1, 50),
         (32, 2, 8), (32, 8, 8), (32, 8, 1), (8, 32, 8), (32, 16, 10), (32, 32, 32), (100, 10, 50), (100, 50, 10)]
FIVE = Case("the five", 32, False, False, 0, 0, 0)  # all of the deck's together
SECONDS = 1e-3


def rounds(ask: dict[str, Callable[[Case], float]], cases: Sequence[Case], number: int) -> dict[str, dict[Case, float]]:
    """Return the least seconds of each case by each of those asked, all asked in turn."""
    found = {name: dict.fromkeys(cases, math.inf) for name in ask}
    for _ in range(number):
        for case in cases:
            for name, seconds in ask.items():
                found[name][case] = min(found[name][case], seconds(case))
    for times in found.values():
        times[FIVE] = sum(times[case] for case in DECK)
    return found


def one_thread(places: Sequence[Candidate], number: int) -> None:
    """Print the table of libraries."""
    cases = [*DECK, *SQUARES]
    with workers(places, patience=600) as running:
        ask = {name: functools.partial(worker.seconds, about=SECONDS) for name, worker in running.items()}
        found = rounds(ask, cases, number)
        cores = {name: worker.core for name, worker in running.items()}
    print("".join([f"{'GF/s, one thread':22}{'kernels':14}", *(f"{case.name:>11}" for case in [*cases, FIVE])]))
    for name, times in found.items():
        rates = "".join(f"{case.flops / times[case] / 1e9:11.1f}" for case in cases)
        ratio = times[FIVE] / found["numpy"][FIVE]
        print(f"{name:22}{cores[name]:14}{rates}{1e6 * times[FIVE]:8.1f} us   {ratio:.2f} x NumPy's own")


def threads(blas: Blas, number: int) -> None:
    """Print how numbers of threads compare for the library that is chosen, alone and beside a busy process."""
    place = next(place for place in candidates() if place.name == blas.name)
    counts = sorted({min(2**i, allowed()) for i in range(allowed().bit_length() + 1)})
    cases = [*DECK, *SQUARES[:4]]
    print("".join([f"{'us':34}", *(f"{case.name:>11}" for case in cases), f"{'the five':>11}"]))
    for rest, busy in itertools.product(("26", REST) if place.private else ("26",), (0, 1)):
        os.environ["OPENBLAS_THREAD_TIMEOUT"] = rest
        with contextlib.ExitStack() as stack:
            for _ in range(busy):
                process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                stack.callback(process.kill)
            worker = stack.enter_context(workers([place], allowed(), patience=600))[place.name]
            ask = {n: functools.partial(worker.seconds, about=SECONDS, threads=n) for n in counts}
            found = rounds(ask, cases, number)
        for n, times in found.items():
            name = f"{n} threads, rest {rest}{', beside another' if busy else ''}"
            print("".join([f"{name:34}", *(f"{1e6 * times[case]:11.1f}" for case in [*cases, FIVE])]))
    print("".join([f"{'threads_for':34}", *(f"{blas.threads_for(case.flops):11}" for case in cases)]))


def repeated(line: str, names: dict[str, str], ints: int) -> Compiled:
    """Return lines as a native function that runs them so many times."""
    lines = ["for again in range(times):", *(f"    {each}" for each in line.split("\n"))]
    return compiled(lines, {"times": "int64", "address": "int64"} | names, ints=ints)


def ways(m: int, k: int, n: int, blas: Blas) -> dict[Compiled, int]:
    """Return the ways to y = x @ W, each with the address of what it calls."""
    plain = dict.fromkeys(["x", "W", "y"], "int64")
    arrays = {"x": f"float32[{m}, {k}]", "W": f"float32[{k}, {n}]", "y": f"float32[{m}, {n}]"}
    loop = f"""for i in range({m}):
    for j in range({n}):
        y[i, j] = float32(0)
for i in range({m}):
    for l in range({k}):
        for j in range({n}):
            y[i, j] = accumulate_32(y[i, j], x[i, l] * W[l, j])"""
    gemm = f"gemm32(address, False, False, {m}, {n}, {k}, float32(1), x, {k}, W, {n}, float32(0), y, {n})"
    gemv = f"gemv32(address, True, {k}, {n}, float32(1), W, {n}, x, 1, float32(0), y, 1)"
    found = {repeated(gemm, plain, blas.ints): blas.sgemm, repeated(loop, arrays, blas.ints): 0}
    return found | ({repeated(gemv, plain, blas.ints): blas.sgemv} if m == 1 else {})


def small(blas: Blas, number: int) -> None:
    """Print what y = x @ W costs for few rows or numbers, in three ways."""
    print(f"\n{'us':22}{'gemm':>9}{'loop':>9}{'gemv':>9}")
    random = np.random.default_rng(0)
    for m, k, n in SMALL:
        x, W, y = random.random((m, k), "f4"), random.random((k, n), "f4"), np.zeros((m, n), "f4")
        times = max(1, 2_000_000 // (m * k * n))
        chosen = ways(m, k, n, blas)
        least = dict.fromkeys(chosen, math.inf)
        for way, address in chosen.items():
            way(1, address, x, W, y)
            assert np.allclose(y, x @ W, rtol=1e-4)
        for _ in range(number):
            for way, address in chosen.items():
                begin = time.perf_counter()
                way(times, address, x, W, y)
                least[way] = min(least[way], (time.perf_counter() - begin) / times)
        print(f"{f'{m} x {k} x {n}':22}" + "".join(f"{1e6 * seconds:9.3f}" for seconds in least.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", action="store_true", help="compare numbers of threads instead")
    given = parser.parse_args()
    chosen = best()
    assert chosen is not None, "no library can be called here"
    print(f"chosen: {chosen.name} ({chosen.core})")
    if given.threads:
        threads(chosen, given.rounds)
    else:
        one_thread(candidates(), given.rounds)
        with chosen.threads(1):
            small(chosen, given.rounds)
