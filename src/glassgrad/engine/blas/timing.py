"""Measure libraries: the same products by each in turn, a few milliseconds long, each library in a child process.

The children start together and then answer one at a time, round after round, so that what else the machine does meets
all of them alike; of several rounds the fastest counts. Who is far behind after the first round goes home.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from .find import Candidate

__all__ = ["CASES", "Case", "Measured", "crossings", "measure", "workers"]

Seconds = float
PATIENCE = 20.0  # seconds until children that hang are ended
ROUND = 4e-4  # seconds for one product in one round
ROUNDS = 6
BEHIND = 1.5  # times the best, after the first round
LONG = 0.04  # seconds after which two rounds are enough
ENOUGH = 0.5  # seconds for all numbers of threads; only on a busy machine it takes so long
THREADS = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True)
class Case:
    """A product to measure: op(A) is m x k, op(B) is k x n, numbers of 32 or 64 bits."""

    name: str
    bits: int
    transa: bool
    transb: bool
    m: int
    n: int
    k: int

    @property
    def flops(self) -> int:
        """Additions and multiplications."""
        return 2 * self.m * self.n * self.k

    @property
    def numbers(self) -> list[int]:
        """The case as a worker reads it."""
        return [self.bits, int(self.transa), int(self.transb), self.m, self.n, self.k]


# The products of a small network as the deck has it (784-50-10, batch 100), and a square one as large layers have it.
CASES = (
    Case("x @ W1", 32, False, False, 100, 50, 784),
    Case("x.T @ g", 32, True, False, 784, 50, 100),
    Case("h @ W2", 32, False, False, 100, 10, 50),
    Case("square", 32, False, False, 256, 256, 256),
    Case("x @ W1 (64)", 64, False, False, 100, 50, 784),
    Case("x.T @ g (64)", 64, True, False, 784, 50, 100),
)


@dataclass(frozen=True)
class Measured:
    """What a library did.

    Attributes
    ----------
    core : str
        The kernels it used, in its own words; empty for what is no OpenBLAS.
    gflops : dict
        Billions of operations in a second, by the name of the case; empty if it could not be measured.
    score : float
        Geometric mean of `gflops`; 0 if it could not be measured.
    """

    core: str
    gflops: Mapping[str, float]
    score: float = field(init=False)

    def __post_init__(self) -> None:
        rates = self.gflops.values()
        mean = math.exp(math.fsum(map(math.log, rates)) / len(rates)) if rates and all(r > 0 for r in rates) else 0.0
        object.__setattr__(self, "score", mean)


class Worker:
    """A child process that times products by one library, as `worker.py` says."""

    def __init__(self, candidate: Candidate, threads: int = 1) -> None:
        script = Path(__file__).with_name("worker.py")
        environment = os.environ | candidate.environment() | dict.fromkeys(THREADS, str(threads))
        command = [sys.executable or "python", "-I", "-S", str(script)]
        command += [candidate.path, candidate.pattern, str(candidate.ints)]
        self.process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        self.core = ""

    def start(self) -> bool:
        """Wait until the library is loaded; say whether it could be."""
        answer = self._read()
        self.core = answer if isinstance(answer, str) else ""
        return answer is not None

    def seconds(self, case: Case, about: Seconds, threads: int = 1) -> Seconds:
        """Return how long one product takes; infinity if the child has ended."""
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps([*case.numbers, threads, about]).encode() + b"\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]
        answer = self._read()
        return answer if isinstance(answer, float) else math.inf

    def _read(self) -> Any:
        try:
            return json.loads(self.process.stdout.readline() or b"null")  # type: ignore[union-attr]
        except ValueError:
            return None

    def end(self) -> None:
        """End the child."""
        self.process.kill()
        self.process.communicate()


def _end(started: Mapping[str, Worker]) -> None:
    for worker in started.values():
        worker.process.kill()


@contextlib.contextmanager
def workers(
    places: Sequence[Candidate], threads: int = 1, patience: Seconds | None = None,
) -> Iterator[dict[str, Worker]]:
    """Give those workers that start, by the names of their candidates; end all of them afterwards."""
    with ExitStack() as stack:
        started = {}
        for place in places:
            started[place.name] = Worker(place, threads)
            stack.callback(started[place.name].end)
        watchdog = threading.Timer(patience or PATIENCE, _end, [started])
        watchdog.daemon = True
        watchdog.start()
        stack.callback(watchdog.cancel)
        yield {name: worker for name, worker in started.items() if worker.start()}


def measure(places: Sequence[Candidate], rounds: int = ROUNDS) -> dict[str, Measured]:
    """Return what each library does, by the names of the candidates; who cannot run here did nothing.

    Candidates that turn out to be one library with the same kernels are measured once.
    """
    with workers(places) as ready:
        files = {place.name: place.path for place in places}
        same = {name: (files[name], worker.core) for name, worker in ready.items()}
        first = {kernels: name for name, kernels in reversed(same.items())}
        running = {name: ready[name] for name in first.values()}
        best = {name: dict.fromkeys(CASES, math.inf) for name in running}
        for _ in range(rounds):
            for case in CASES:
                for name, worker in running.items():
                    best[name][case] = min(best[name][case], worker.seconds(case, ROUND))
            fastest = {case: min((best[name][case] for name in running), default=math.inf) for case in CASES}
            # The case in the middle: whoever was held up in one or two by something else gets another try.
            running = {name: worker for name, worker in running.items()
                       if median(best[name][case] / fastest[case] for case in CASES) <= BEHIND}
        found = dict.fromkeys((place.name for place in places), Measured("", {}))
        for name, worker in ready.items():
            times = best[first[same[name]]]
            if all(map(math.isfinite, times.values())):
                found[name] = Measured(worker.core, {case.name: case.flops / times[case] / 1e9 for case in CASES})
        return found


LADDER = [Case(f"square {n}", 32, False, False, n, n, n) for n in (32, 48, 64, 96, 128, 192, 256, 384, 512, 768)]
FASTER = 1.1  # times, for more threads to be worth it


def crossings(place: Candidate, cores: int) -> list[tuple[int, int]]:
    """Return from which work on more threads are worth it: pairs (operations, threads), both growing.

    Each number of threads is compared with half of it, on larger and larger square products, until it is clearly faster
    on two sizes in a row; a number that never is ends the search.
    """
    found: list[tuple[int, int]] = []
    end = time.monotonic() + ENOUGH
    if cores < 2:
        return found
    with workers([place], cores) as ready:
        for worker in ready.values():
            threads = 1
            while threads < cores:
                few, threads = threads, min(2 * threads, cores)
                least = found[-1][0] if found else 0
                cases = itertools.takewhile(lambda _: time.monotonic() < end, LADDER)
                work = _worth(worker, few, threads, (case for case in cases if case.flops >= least))
                if work is None:
                    break
                found.append((work, threads))
    return found


def _worth(worker: Worker, few: int, many: int, cases: Iterable[Case]) -> int | None:
    """Return the operations of the first of two cases in a row that the larger number of threads does faster."""
    before: Case | None = None
    for case in cases:
        if not _faster(worker, case, few, many):
            before = None
        elif before is None:
            before = case
        else:
            break
    return None if before is None else before.flops


def _faster(worker: Worker, case: Case, few: int, many: int) -> bool:
    """Whether more threads are clearly faster: the best of several rounds, of fewer where a round takes long."""
    best = {few: math.inf, many: math.inf}
    end = time.monotonic() + LONG
    for done in range(ROUNDS):
        for threads, seconds in best.items():
            best[threads] = min(seconds, worker.seconds(case, ROUND, threads))
        if done and time.monotonic() > end:
            break
    return best[many] * FASTER < best[few]
