"""Large loops in pieces for several cores: the same results, the same bits, however many there are."""

from __future__ import annotations

import itertools
import multiprocessing
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bounds import check
from plain import PlainProgram, native_programs
from programs import given, graph

import glassgrad as gg
from glassgrad.engine.blas import allowed
from glassgrad.engine.llvm.crew import FREE, words
from glassgrad.engine.llvm.sizes import FEW, own_registers
from glassgrad.engine.plan.loops import Loop
from glassgrad.engine.plan.pieces import MOST, collected, cut_alike
from glassgrad.engine.plan.plan import plan
from glassgrad.engine.plan.products import Product
from glassgrad.interpret import Program
from glassgrad.trace import Graph

RNG = np.random.default_rng(0)
LARGE = RNG.standard_normal((1000, 1000)).astype("float32")
ROW = RNG.standard_normal(1_000_003).astype("float32")
SEEDS = 60


def bumps(x: Any) -> Any:
    return gg.sum(gg.tanh(x) * gg.exp(-x * x))


def scores(x: Any) -> Any:
    """Rows that are gone through three times, their sums, and sums and largest entries over the rows and of all."""
    y = gg.softmax(x)
    return y, gg.sum(y * x, axis=1), gg.sum(gg.tanh(y), axis=0), gg.max(x), gg.sum(x * x)


def loops(made: Graph, grain: int | None = None) -> list[Loop]:
    found = plan(made) if grain is None else plan(made, grain=grain)
    return [step for step in found.steps if isinstance(step, Loop)]


def types(*shape: int) -> gg.ArrayType:
    return gg.ArrayType(shape, "float32")


# Which loops are cut -----------------------------------------------------------------------------------------------


def test_large_loops_are_cut_and_small_ones_are_not() -> None:
    (large,) = loops(gg.trace(gg.grad(bumps))(types(1_000_000)))
    assert large.portion % 64 == 0
    assert large.pieces == MOST
    assert not any(loop.portion for loop in loops(gg.trace(gg.grad(bumps))(types(10_000))))
    assert not any(loop.portion for loop in loops(gg.trace(gg.tanh)(types(784, 50))))


def test_no_loop_of_a_small_network_is_cut() -> None:
    net, sgd = gg.nn.TwoLayerNet(784, 50, 10, seed=0, divisor=255), gg.optim.SGD(0.1)
    weights = {name: tensor.value for name, tensor in net.parameters().items()}
    images, labels = gg.ArrayType((100, 784), "uint8"), gg.ArrayType((100,), "int64")
    one, key = gg.ArrayType((), "float32"), np.array([0, 1])
    step = gg.train.training_step(net, gg.cross_entropy, sgd)
    assert not any(loop.portion for loop in loops(gg.trace(step)(weights, sgd.start(weights), images, labels, one, one,
                                                                 key)))


@pytest.mark.parametrize(("rows", "columns"), [(4, 300_000), (300, 4_000), (20_000, 60)])
def test_parts_of_sums_take_little_beside_what_is_summed(rows: int, columns: int) -> None:
    made = gg.trace(lambda x: gg.sum(gg.exp(gg.tanh(x)), axis=0))(types(rows, columns))
    (loop,) = (loop for loop in loops(made) if gg.engine.plan.loops.REDUCTIONS & {node.op for node in loop.nodes})
    assert loop.pieces * columns <= rows * columns / 16 or not loop.portion
    assert bool(loop.portion) == (rows > 16)
    assert len(collected(loop)) == 1


def test_a_single_long_row_that_needs_its_sum_becomes_several_loops() -> None:
    found = loops(gg.trace(lambda x: gg.softmax(gg.tanh(x)))(types(1_000_000)))
    assert len(found) > 1
    assert sum(loop.portion > 0 for loop in found) > 1


def test_a_program_for_fewer_rows_is_cut_like_that_for_all() -> None:
    full, rest = (loops(gg.trace(scores)(types(rows, 1000))) for rows in (1000, 100))
    assert [loop.portion > 0 for loop in full] != [loop.portion > 0 for loop in rest]
    cut_alike(full, rest)
    assert [loop.portion > 0 for loop in full] == [loop.portion > 0 for loop in rest]


def test_explain_says_which_loops_are_cut() -> None:
    compiled = gg.compile(bumps, engine="native")
    compiled(ROW)
    assert "over 1000003, in 64 pieces for as many cores as are free" in compiled.explain()
    compiled(ROW[:1000].copy())
    assert "pieces" not in compiled.explain()


# Results -----------------------------------------------------------------------------------------------------------


def cases() -> list[tuple[Graph, list[Any], list[Any]]]:
    """Return random graphs, arguments and results; and loops with rows that later passes read, sums of all kinds."""
    found = [(graph(seed, "float32"), given(seed, "float32").arrays) for seed in range(SEEDS)]
    found += [(gg.trace(lambda x: scores(x) if x.ndim > 1 else (bumps(x), gg.exp(x)))(types(*shape)),
               [RNG.standard_normal(shape).astype("float32")]) for shape in ((300, 7), (70, 130), (9, 5, 40), (700,))]
    with np.errstate(all="ignore"):
        return [(made, arguments, Program(made.inputs, made.outputs)(arguments)) for made, arguments in found]


def test_everything_that_can_be_cut_gives_the_same() -> None:
    made = cases()
    assert sum(loop.pieces > 1 for each, *_ in made for loop in loops(each, grain=1)) > SEEDS
    native = native_programs([each for each, *_ in made], grain=1)
    for number, ((each, arguments, wanted), program) in enumerate(zip(made, native, strict=True)):
        check(each, arguments, program(arguments), wanted, f"native, graph {number}")
        with np.errstate(all="ignore"):
            check(each, arguments, PlainProgram(each, grain=1)(arguments), wanted, f"plain, graph {number}")


def bits(compiled: Any, x: Any) -> list[bytes]:
    found = compiled(x)
    return [np.asarray(part).tobytes() for part in (found if isinstance(found, (tuple, list)) else [found])]


@contextmanager
def free_cores(count: int) -> Iterator[None]:
    before = words()[FREE]
    words()[FREE] = count
    try:
        yield
    finally:
        words()[FREE] = before


@pytest.mark.parametrize(("function", "x"), [(gg.value_and_grad(bumps), ROW), (scores, LARGE)])
def test_the_bits_do_not_depend_on_the_number_of_cores(function: Any, x: Any) -> None:
    compiled = gg.compile(function, engine="native")
    found = {count: [] for count in (0, 1, 3, 100)}
    for count, results in found.items():
        program = gg.compile(function, engine="native")
        with free_cores(count):
            results += [bits(program, x) for _ in range(5)]
            assert words()[FREE] == count, "every core that was taken is given back"
    assert {tuple(result) for results in found.values() for result in results} == {tuple(bits(compiled, x))}
    wanted = gg.compile(function, engine="interpret")(x)
    for value, right in zip(compiled(x), wanted, strict=True):
        np.testing.assert_allclose(value, right, rtol=2e-4, atol=1e-6)


def test_no_core_is_taken_where_none_is_free() -> None:
    code = """
import os
import numpy as np, glassgrad as gg
from glassgrad.engine.blas import allowed
compiled = gg.compile(lambda x: gg.sum(gg.sin(gg.exp(gg.tanh(x)))), engine="native")
x = np.zeros(3_000_000, "float32")
before = len(os.listdir("/proc/self/task"))
for _ in range(20):
    compiled(x)
print(allowed() - 1, len(os.listdir("/proc/self/task")) - before)
"""
    if not Path("/proc/self/task").exists():
        pytest.skip("threads are counted by Linux's files")
    free = allowed() - 1
    for threads, wanted in (("1", [0, 0]), ("2", [min(free, 1)] * 2)):
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                             env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads})
        assert list(map(int, run.stdout.split())) == wanted, run.stderr


# Products ----------------------------------------------------------------------------------------------------------


def products(function: Any, *shapes: tuple[int, int]) -> list[Product]:
    return [step for step in plan(gg.trace(function)(*(types(*shape) for shape in shapes))).steps
            if isinstance(step, Product)]


def test_large_products_with_few_columns_are_cut() -> None:
    assert [step.pieces for step in products(operator.matmul, (1000, 784), (784, 50))] == [20]
    assert [step.pieces for step in products(operator.matmul, (100, 784), (784, 50))] == [2]
    assert [step.pieces for step in products(lambda x, g: x.T @ g, (100, 784), (100, 50))] == [4]
    assert [step.pieces for step in products(operator.matmul, (80, 784), (784, 50))] == [1]
    assert [step.pieces for step in products(operator.matmul, (1000, 784), (784, FEW + 1))] == [1]
    assert [step.pieces for step in products(operator.matmul, (40, 100_000), (100_000, 50))] == [1]
    assert [step.pieces for step in products(operator.matmul, (100_000, 100), (100, 1))] == [1]


@pytest.mark.parametrize("rows", [577, 1009])
@pytest.mark.parametrize("function", [
    lambda x, y, z: (x @ y, z.T @ x), lambda x, y, z: (x @ y + 1.5, 0.5 - z.T @ x),
    lambda x, y, z: ((y.T @ x.T).T * 2, (x.T @ z).T),
])
@pytest.mark.skipif(own_registers() is None, reason="this processor has no fused multiplication")
def test_products_in_pieces(function: Any, rows: int) -> None:
    x, y, z = (RNG.standard_normal(shape).astype("float32") for shape in ((rows, 1000), (1000, 30), (rows, 64)))
    compiled = gg.compile(function, engine="native")
    found = compiled(x, y, z)
    assert "pieces" in compiled.explain()
    wanted = function(*(array.astype("float64") for array in (x, y, z)))
    sizes = (abs(x).astype("f8") @ abs(y), abs(z.T).astype("f8") @ abs(x))
    for value, right, size in zip(found, wanted, sizes, strict=True):
        assert np.all(abs(value - right) <= 4e-6 * (size + 2))
    for count in (0, 3):
        with free_cores(count):
            assert [np.asarray(part).tobytes() for part in found] == bits(lambda x: compiled(x, y, z), x)


def test_training_on_large_batches_and_a_last_one_that_is_smaller() -> None:
    x, t = RNG.standard_normal((1100, 700)).astype("float32"), RNG.integers(0, 5, 1100)

    def train(engine: str) -> list[Any]:
        net = gg.nn.Sequential(gg.nn.Affine(700, 32, seed=1), gg.nn.ReLU(), gg.nn.Affine(32, 5, seed=2))
        gg.train.fit(net, (x, t), batch=1000, epochs=3, seed=1, engine=engine)
        return [tensor.value for tensor in net.parameters().values()]

    for value, same, right in zip(train("native"), train("native"), train("interpret"), strict=True):
        np.testing.assert_array_equal(value, same)
        np.testing.assert_allclose(value, right, rtol=2e-3, atol=2e-4)


# Threads, processes, Ctrl-C ----------------------------------------------------------------------------------------

PROGRAMS = [gg.compile(scores, engine="native"), gg.compile(gg.value_and_grad(lambda x: gg.sum(gg.tanh(x))),
                                                            engine="native")]
DATA = [LARGE, LARGE[::-1].copy()]


def in_child(number: int) -> list[bytes]:
    return bits(PROGRAMS[number % 2], DATA[number // 2 % 2])


def test_two_programs_in_eight_threads() -> None:
    wanted = [in_child(number) for number in range(8)]
    before = words()[FREE]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert list(pool.map(in_child, range(8))) == wanted
    assert words()[FREE] == before


def test_helpers_that_sleep_are_woken_and_called_back() -> None:
    """Loops of all lengths, from threads that pause at random: some helpers come when all the work is done."""
    rows = [np.ascontiguousarray(ROW[:size]) for size in (20_000, 60_000, 200_000)]
    compiled = gg.compile(bumps, engine="native")
    wanted = [bits(compiled, x) for x in rows]

    def work(seed: int) -> bool:
        random = np.random.default_rng(seed)
        same = True
        for choice in random.integers(0, 3, 200):
            time.sleep(random.choice([0.0, 0.0, 1e-4, 1e-3]))
            same &= bits(compiled, rows[choice]) == wanted[choice]
        return same

    before = words()[FREE]
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert words()[FREE] == before


def test_a_process_may_end_while_helpers_look_for_work() -> None:
    code = "import test_pieces as t; t.in_child(0); print('end', flush=True)"
    for _ in range(5):
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                             cwd=Path(__file__).parent, timeout=120)
        assert (run.stdout, run.returncode) == ("end\n", 0), run.stderr


@pytest.mark.skipif(os.name != "posix", reason="fork is POSIX's")
def test_forked_children() -> None:
    """Also such as are forked while another thread has taken all cores."""
    code = """
import multiprocessing, threading
import test_pieces as t
wanted = [t.in_child(number) for number in range(4)]
running = True
def work():
    while running:
        t.in_child(0)
busy = threading.Thread(target=work); busy.start()
with multiprocessing.get_context("fork").Pool(3) as pool:
    assert pool.map(t.in_child, range(4)) == wanted
    assert set(pool.map(t.free, range(6))) == {t.allowed() - 1}
running = False
busy.join()
print("same")
"""
    run = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", code], capture_output=True,
                         text=True, check=False, cwd=Path(__file__).parent, timeout=300)
    assert run.stdout == "same\n", run.stderr


def free(_: int) -> int:
    return int(words()[FREE])


def test_spawned_children() -> None:
    wanted = [in_child(number) for number in range(2)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(in_child, range(2)) == wanted


@pytest.mark.skipif(os.name != "posix" or signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="no Ctrl-C here")
def test_ctrl_c_between_and_in_large_loops() -> None:
    wanted = in_child(1)
    for delay in (0.01, 0.05, 0.1):
        timer = threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            list(map(in_child, itertools.repeat(1)))
        timer.join()
    assert in_child(1) == wanted
    assert words()[FREE] == allowed() - 1


def test_training_with_loops_that_are_cut_and_a_last_batch_that_is_smaller() -> None:
    x, t = RNG.standard_normal((900, 40)).astype("float32"), RNG.integers(0, 5, 900)

    def train(engine: str) -> list[Any]:
        net = gg.nn.Sequential(gg.nn.Affine(40, 1500, seed=1), gg.nn.Sigmoid(), gg.nn.Affine(1500, 5, seed=2))
        gg.train.fit(net, (x, t), batch=700, epochs=2, seed=1, optimizer=gg.optim.Adam(), engine=engine)
        return [tensor.value for tensor in net.parameters().values()]

    first, again, plain = train("native"), train("native"), train("interpret")
    for value, same, right in zip(first, again, plain, strict=True):
        np.testing.assert_array_equal(value, same)
        np.testing.assert_allclose(value, right, rtol=2e-3, atol=2e-4)
