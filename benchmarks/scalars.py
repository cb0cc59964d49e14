"""Speed of the functions of one number in native loops, and of one long chain of them with its gradient.

    taskset -c 0 python benchmarks/scalars.py [--rounds 200]

First, for 10,000 numbers: nanoseconds an element in a native loop, by NumPy into an array at hand, and by JAX (jit, its
cost of one call included), and what compiling the loop takes beside that of a loop which only copies. Then the chain
``y = tanh(1.01 y + 0.1) exp(-y y) + y``, ten times over a million float32, summed, value and gradient: as one loop,
as loops over strips that fit into the nearest cache, by JAX and by PyTorch. All are run in turn, and the best time of
each counts. Peers that are missing are named as missing.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests" / "engine"))

from native_loops import compiled

FUNCTIONS = ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "erf", "erfc", "gaussian")
COUNT, LENGTH, DEPTH, STRIP = 10_000, 1_000_000, 10, 512
Run = Callable[[], Any]


def best_of(runs: dict[str, Run], rounds: int) -> dict[str, float]:
    """Return the best time of each, in seconds, all of them run in turn."""
    times = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name] = min(times[name], time.perf_counter() - start)
    return times


def library(name: str) -> Any:
    """Return a library, or None if it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


# One function ---------------------------------------------------------------------------------------------------------


def loop_of(function: str, dtype: str) -> tuple[Any, float]:
    """Return a native loop that fills its second array, and what compiling took, in milliseconds."""
    start = time.perf_counter()
    value = f"{function}_{dtype.removeprefix('float')}(x[i])" if function else "x[i]"
    loop = compiled(["for i in range(n):", f"    y[i] = {value}"],
                    {"n": "int64", "x": f"{dtype}[n]", "y": f"{dtype}[n]"})
    loop(0, np.empty(0, dtype), np.empty(0, dtype))
    return loop, 1e3 * (time.perf_counter() - start)


def one_function(rounds: int) -> None:
    """Print the table of functions."""
    jax = library("jax")
    loop_of("", "float32")  # what is done once in a process
    bare = min(loop_of("", "float32")[1] for _ in range(3))
    print(f"| function | native, ns | NumPy | JAX | compiling, ms beyond the {bare:.0f} of a copy |")
    print("| --- " * 5 + "|")
    for name in FUNCTIONS:
        for dtype in ("float32", "float64"):
            x = np.random.default_rng(0).uniform(0.1, 5, COUNT).astype(dtype)
            y = np.empty_like(x)
            loop, _ = loop_of(name, dtype)
            compiling = min(loop_of(name, dtype)[1] for _ in range(3)) - bare
            runs: dict[str, Run] = {"native": lambda loop=loop, x=x, y=y: loop(x.size, x, y)}
            by_numpy = getattr(np, name, None)
            if by_numpy:
                runs["NumPy"] = lambda by_numpy=by_numpy, x=x, y=y: by_numpy(x, out=y)
            if jax:
                runs |= _by_jax(jax, name, x)
            times = best_of(runs, rounds)
            cells = [f"{times[who] / COUNT * 1e9:.2f}" if who in times else "-" for who in ("native", "NumPy", "JAX")]
            print(f"| {name} {dtype} | {' | '.join(cells)} | {compiling:.0f} |", flush=True)


def _by_jax(jax: Any, name: str, x: Any) -> dict[str, Run]:
    function = next((getattr(space, name) for space in (jax.numpy, jax.nn, jax.scipy.special) if hasattr(space, name)),
                    lambda x: jax.numpy.exp(-x * x))
    with jax.enable_x64(True):
        compiled, given = jax.jit(function), jax.numpy.asarray(x)
        compiled(given).block_until_ready()
    return {"JAX": lambda: compiled(given).block_until_ready()}


# The chain ------------------------------------------------------------------------------------------------------------


def one_loop() -> Any:
    """Return the chain as one native loop, written out."""
    forward = [
        f"a{k} = y{k} * float32(1.01) + float32(0.1); t{k} = tanh_32(a{k}); e{k} = exp_32(-y{k} * y{k}); "
        f"y{k + 1} = t{k} * e{k} + y{k}" for k in range(DEPTH)
    ]
    backward = [
        f"s = float32(4) * sigmoid_32(float32(2) * a{k}) * sigmoid_32(-(float32(2) * a{k})); "
        f"g = g * (e{k} * s * float32(1.01) - float32(2) * (t{k} * e{k} * y{k}) + float32(1))"
        for k in reversed(range(DEPTH))
    ]
    body = "; ".join(["y0 = x[i]", *forward, f"total = accumulate_32(total, y{DEPTH})", "g = float32(1)", *backward,
                      "slope[i] = g"])
    lines = ["total = float32(0)", "for i in range(n):", f"    {body}", "sum[0] = float64(total)"]
    return compiled(lines, {"n": "int64", "x": "float32[n]", "slope": "float32[n]", "sum": "float64[1]"})


def strips() -> Any:
    """Return the chain over strips: each step is a loop over one, and leaves its derivative for the way back."""
    text = f"""total = float64(0)
for start in range(0, n, {STRIP}):
    size = min({STRIP}, n - start)
    for i in range(size):
        y[0, i] = x[start + i]
    for k in range({DEPTH}):
        for i in range(size):
            here = y[k, i]
            a = here * float32(1.01) + float32(0.1)
            e = exp_32(-here * here)
            te = tanh_32(a) * e
            s = float32(4) * sigmoid_32(float32(2) * a) * sigmoid_32(-(float32(2) * a))
            factor[k, i] = e * s * float32(1.01) - float32(2) * (te * here) + float32(1)
            y[k + 1, i] = te + here
    part = float32(0)
    for i in range(size):
        part = accumulate_32(part, y[{DEPTH}, i])
        slope[start + i] = factor[{DEPTH - 1}, i]
    for k in range({DEPTH - 1}):
        for i in range(size):
            slope[start + i] = slope[start + i] * factor[k, i]
    total = total + float64(part)
sum[0] = total"""
    return compiled(text.split("\n"), {
        "n": "int64", "x": "float32[n]", "slope": "float32[n]", "y": f"float32[{DEPTH + 1}, {STRIP}]",
        "factor": f"float32[{DEPTH}, {STRIP}]", "sum": "float64[1]",
    })


def chain(rounds: int) -> None:
    """Print the times of the chain and their ratios to the best peer."""
    x = np.random.default_rng(0).normal(size=LENGTH).astype(np.float32)
    slopes = {name: np.empty_like(x) for name in ("one native loop", "native strips")}
    y, factor = np.empty((DEPTH + 1, STRIP), np.float32), np.empty((DEPTH, STRIP), np.float32)
    total = np.empty(1)
    start = time.perf_counter()
    loop, in_strips = one_loop(), strips()
    loop(0, x, x, total)
    print(f"\ncompiling the one loop took {time.perf_counter() - start:.2f} s")

    def whole() -> float:
        loop(x.size, x, slopes["one native loop"], total)
        return total.item()

    def cut() -> float:
        in_strips(x.size, x, slopes["native strips"], y, factor, total)
        return total.item()

    ours: dict[str, Run] = {"one native loop": whole, "native strips": cut}
    peers = {name: run for name, run in (("JAX jit", _chain_jax(x)), ("PyTorch", _chain_torch(x))) if run}
    values = {name: float(run()) for name, run in ours.items()}
    for name, run in peers.items():
        values[name], slopes[name] = (np.asarray(part) for part in run())
    for name, value in values.items():
        same = np.allclose(slopes[name], slopes["native strips"], 1e-3, 1e-5)
        if abs(value / values["native strips"] - 1) > 1e-4 or not same:
            raise SystemExit(f"{name} has another value or gradient: {value}")
    times = best_of({**ours, **peers}, rounds)
    peer = min((times[name] for name in peers), default=np.nan)
    print("| the chain | ms | of the best peer |\n| --- | --- | --- |")
    for name, taken in times.items():
        print(f"| {name} | {taken * 1e3:.1f} | {taken / peer:.2f} |")


def _chain_jax(x: Any) -> Run | None:
    jax = library("jax")
    if jax is None:
        print("JAX is missing")
        return None

    def total(y: Any) -> Any:
        for _ in range(DEPTH):
            y = jax.numpy.tanh(y * 1.01 + 0.1) * jax.numpy.exp(-y * y) + y
        return y.sum()

    compiled, given = jax.jit(jax.value_and_grad(total)), jax.numpy.asarray(x)
    return lambda: jax.block_until_ready(compiled(given))


def _chain_torch(x: Any) -> Run | None:
    torch = library("torch")
    if torch is None:
        print("PyTorch is missing")
        return None
    torch.set_num_threads(1)

    def run() -> Any:
        leaf = y = torch.tensor(x, requires_grad=True)
        for _ in range(DEPTH):
            y = torch.tanh(y * 1.01 + 0.1) * torch.exp(-y * y) + y
        total = y.sum()
        total.backward()
        return total.detach(), leaf.grad

    return run


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--chain", action="store_true", help="only the chain")
    options = parser.parse_args()
    if not options.chain:
        one_function(options.rounds)
    chain(max(3, options.rounds // 10))


if __name__ == "__main__":
    main()
