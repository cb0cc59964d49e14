"""Programs and training in several threads and processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassgrad as gg

THREADS, TIMES = 8, 60
RNG = np.random.default_rng(0)
DATA = [RNG.standard_normal((70, 30)) for _ in range(THREADS)]  # large enough to be read where they lie
W = RNG.standard_normal((30, 20))


def score(x: Any, W: Any) -> Any:
    return gg.softmax(gg.tanh(x @ W)), gg.sum(x, axis=0)


def in_order(x: Any, W: Any) -> Any:
    return gg.exp(gg.sort(gg.tanh(x @ W), axis=1) * 0.1)


@pytest.mark.parametrize("engine", ["native", "numpy", "interpret"])
@pytest.mark.parametrize("function", [score, in_order])
def test_one_program_in_eight_threads(engine: str, function: Any) -> None:
    compiled = gg.compile(function, engine=engine)
    wanted = [gg.compile(function, engine=engine)(x, W) for x in DATA]

    def run(number: int) -> bool:
        return all(np.array_equal(np.concatenate(list(map(np.ravel, compiled(DATA[number], W)))),
                                  np.concatenate(list(map(np.ravel, wanted[number])))) for _ in range(TIMES))

    with ThreadPoolExecutor(THREADS) as pool:  # the first call, which compiles, is made by all at once
        assert all(pool.map(run, range(THREADS)))


def test_two_programs_at_once() -> None:
    programs = [gg.compile(lambda x, k=k: gg.sum(gg.sin(x * k)), engine="native") for k in range(1, 5)]

    def run(number: int) -> bool:
        k = number % 4
        x = DATA[number]
        return all(abs(programs[k](x) - np.sin(x * (k + 1)).sum()) < 1e-9 for _ in range(TIMES))

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(run, range(THREADS)))


def train(seed: int) -> list[bytes]:
    x, t = RNG_DATA
    net = gg.nn.perceptron(5, 8, 3, seed=seed)
    gg.train.fit(net, (x, t), batch=10, epochs=20, seed=seed, engine="native")
    return [tensor.value.tobytes() for tensor in net.parameters().values()]


RNG_DATA = RNG.standard_normal((60, 5)).astype("float32"), RNG.integers(0, 3, 60)


def test_trains_in_threads_give_the_bits_of_trains_one_by_one() -> None:
    alone = [train(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(train, range(4))) == alone


PROGRAM = gg.compile(score, engine="native")


def in_child(x: Any) -> Any:
    return PROGRAM(x, W)[0].tobytes()


@pytest.mark.skipif(os.name != "posix", reason="fork is POSIX's")
def test_forked_children_use_what_the_parent_compiled() -> None:
    """In a process of its own, so that nothing forks beside the threads of other tests."""
    code = """
import multiprocessing, os, sys
import test_threads as t
wanted = [t.in_child(x) for x in t.DATA]
with multiprocessing.get_context("fork").Pool(4) as pool:
    assert pool.map(t.in_child, t.DATA) == wanted
    assert pool.map(t.train, [1, 2]) == [t.train(1), t.train(2)]
print("same")
"""
    run = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", code], capture_output=True,
                         text=True, check=False, cwd=Path(__file__).parent, timeout=300)
    assert run.stdout == "same\n", run.stderr


@pytest.mark.skipif(os.name != "posix", reason="fork is POSIX's")
def test_a_forked_child_finds_open_what_a_thread_of_its_parent_has_locked() -> None:
    code = """
import os, signal, threading
from glassgrad.locks import Lock
first, second, held, done = Lock(), Lock(), threading.Event(), threading.Event()

def hold():
    with first:
        held.set()
        done.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
with second:  # by the thread that forks
    child = os.fork()
    if not child:
        signal.alarm(60)
        with first, second:
            pass
if not child:
    os._exit(0)
assert first._lock.locked() and not second._lock.locked()
done.set()
thread.join()
print(os.waitpid(child, 0)[1])
"""
    run = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", code], capture_output=True,
                         text=True, check=False, timeout=300)
    assert run.stdout == "0\n", run.stderr


def test_spawned_children_compile_or_load_their_own() -> None:
    wanted = [in_child(x) for x in DATA[:2]]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(in_child, DATA[:2]) == wanted
