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
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import float32, float64, njit, void

from glassgrad.engine.error_function import erf_32, erf_64, erfc_32, erfc_64, gaussian_32, gaussian_64
from glassgrad.engine.scalars import (
    accumulate_32,
    exp_32,
    exp_64,
    expm1_32,
    expm1_64,
    log1p_32,
    log1p_64,
    log_32,
    log_64,
    sigmoid_32,
    sigmoid_64,
    tanh_32,
    tanh_64,
)

FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "exp": (exp_32, exp_64), "expm1": (expm1_32, expm1_64), "log": (log_32, log_64), "log1p": (log1p_32, log1p_64),
    "tanh": (tanh_32, tanh_64), "sigmoid": (sigmoid_32, sigmoid_64), "erf": (erf_32, erf_64),
    "erfc": (erfc_32, erfc_64), "gaussian": (gaussian_32, gaussian_64),
}
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


def loop_of(function: Any, kind: Any) -> tuple[Any, float]:
    """Return a native loop that fills its second argument, and what compiling took, in milliseconds."""

    def loop(x: Any, y: Any) -> None:
        for i in range(x.shape[0]):
            y[i] = function(x[i])

    def copy(x: Any, y: Any) -> None:
        for i in range(x.shape[0]):
            y[i] = x[i]

    start = time.perf_counter()
    compiled = njit(void(kind[::1], kind[::1]), error_model="numpy")(copy if function is None else loop)
    return compiled, 1e3 * (time.perf_counter() - start)


def one_function(rounds: int) -> None:
    """Print the table of functions."""
    jax = library("jax")
    loop_of(None, float32)  # what Numba does once
    bare = min(loop_of(None, float32)[1] for _ in range(3))
    print(f"| function | native, ns | NumPy | JAX | compiling, ms beyond the {bare:.0f} of a copy |")
    print("| --- " * 5 + "|")
    for name, both in FUNCTIONS.items():
        for function, kind, dtype in zip(both, (float32, float64), ("float32", "float64"), strict=True):
            x = np.random.default_rng(0).uniform(0.1, 5, COUNT).astype(dtype)
            y = np.empty_like(x)
            loop, _ = loop_of(function, kind)
            compiling = min(loop_of(function, kind)[1] for _ in range(3)) - bare
            runs: dict[str, Run] = {"native": lambda loop=loop, x=x, y=y: loop(x, y)}
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
    lines = ["y0 = x[i]", *forward, f"total = accumulate_32(total, y{DEPTH})", "g = float32(1)", *backward,
             "slope[i] = g"]
    head = "def chain(x, slope):\n    total = float32(0)\n    for i in range(x.shape[0]):\n        "
    space = dict(globals())
    exec(head + "\n        ".join(lines) + "\n    return total", space)  # noqa: S102 - the text above
    return njit(float32(float32[::1], float32[::1]), error_model="numpy")(space["chain"])


@njit(float64(float32[::1], float32[::1], float32[:, ::1], float32[:, ::1]), error_model="numpy")
def strips(x: Any, slope: Any, y: Any, factor: Any) -> Any:
    """Compute the chain over strips: each step is a loop over one, and leaves its derivative for the way back."""
    total = 0.0
    for start in range(0, x.shape[0], STRIP):
        size = min(STRIP, x.shape[0] - start)
        given, g = x[start : start + size], slope[start : start + size]
        first, last, ends = y[0], y[DEPTH], factor[DEPTH - 1]
        for i in range(size):
            first[i] = given[i]
        for k in range(DEPTH):
            here, after, along = y[k], y[k + 1], factor[k]
            for i in range(size):
                a = here[i] * float32(1.01) + float32(0.1)
                e = exp_32(-here[i] * here[i])
                te = tanh_32(a) * e
                s = float32(4) * sigmoid_32(float32(2) * a) * sigmoid_32(-(float32(2) * a))
                along[i] = e * s * float32(1.01) - float32(2) * (te * here[i]) + float32(1)
                after[i] = te + here[i]
        part = float32(0)
        for i in range(size):
            part = accumulate_32(part, last[i])
            g[i] = ends[i]
        for k in range(DEPTH - 1):
            along = factor[k]
            for i in range(size):
                g[i] = g[i] * along[i]
        total += float64(part)
    return total


def chain(rounds: int) -> None:
    """Print the times of the chain and their ratios to the best peer."""
    x = np.random.default_rng(0).normal(size=LENGTH).astype(np.float32)
    slopes = {name: np.empty_like(x) for name in ("one native loop", "native strips")}
    y, factor = np.empty((DEPTH + 1, STRIP), np.float32), np.empty((DEPTH, STRIP), np.float32)
    start = time.perf_counter()
    loop = one_loop()
    print(f"\ncompiling the one loop took {time.perf_counter() - start:.2f} s")
    ours: dict[str, Run] = {
        "one native loop": lambda: loop(x, slopes["one native loop"]),
        "native strips": lambda: strips(x, slopes["native strips"], y, factor),
    }
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
