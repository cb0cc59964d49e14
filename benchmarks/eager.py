"""Graphs built and differentiated at once, one op after the other, beside other libraries that do so.

    python benchmarks/eager.py [--repeats 3] [--markdown]

Scalar graphs of 1,000 and of 100,000 nodes (sums, products, differences, quotients and powers of two numbers, added
up two by two), and chains of 1,000 products and sums on arrays of 1,000 float32. Values and derivatives are compared
first; then the libraries take turns, the collector of cycles is run before each turn, and medians and best times are
printed, in microseconds a node, build and backward together. Needs the extra ``bench``; a library that is not
installed is left out, and that is said.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import glassgrad as gg
from glassgrad.build import ancestors

Run = Callable[[Callable[..., Any], list[Any]], tuple[float, list[Any]]]
BLOCK = 15  # nodes that one round of `formula` adds


def formula(count: int) -> Callable[[Any, Any], Any]:
    """Return a function of two numbers whose graph has about `count` nodes and is not deep: micrograd recurses."""

    def of(a: Any, b: Any) -> Any:
        terms = []
        for _ in range(count // BLOCK):
            c = a + b
            d = a * b + b**3
            e = c * d - a
            f = e * 0.5 + c
            terms.append(f / (b * b + 1.0) - d * c)
        while len(terms) > 1:
            odd = [terms[-1]] if len(terms) % 2 else []
            terms = [x + y for x, y in zip(terms[::2], terms[1::2], strict=False)] + odd
        return terms[0]

    return of


def chain(count: int, total: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a function of two arrays: a chain of `count` products and sums, and the sum over what comes out."""

    def of(x: Any, c: Any) -> Any:
        y = x
        for _ in range(count // 2):
            y = y * c + x
        return total(y)

    return of


# What each library needs to be told ---------------------------------------------------------------------------------


def with_leaves(leaf: Callable[[Any], Any], grad: Callable[[Any], Any], value: Callable[[Any], float]) -> Run:
    """Return how a library is run that keeps its graph in the numbers: leaves, formula, ``backward()``."""

    def run(function: Callable[..., Any], numbers: list[Any]) -> tuple[float, list[Any]]:
        leaves = [leaf(number) for number in numbers]
        y = function(*leaves)
        y.backward()
        return value(y), [grad(part) for part in leaves]

    return run


def glassgrad() -> Run:
    """Return how this library is run."""
    return with_leaves(gg.tensor, lambda x: x.grad, lambda y: y.value)


def micrograd() -> Run:
    """Return how micrograd is run: with single numbers only."""
    value = importlib.import_module("micrograd.engine").Value
    return with_leaves(value, lambda x: x.grad, lambda y: y.data)


def torch() -> Run:
    """Return how PyTorch is run: on one thread."""
    library = importlib.import_module("torch")
    library.set_num_threads(1)

    def leaf(x: Any) -> Any:
        kind = library.float32 if getattr(x, "dtype", None) == np.float32 else library.float64
        return library.tensor(x, dtype=kind, requires_grad=True)

    return with_leaves(leaf, lambda x: x.grad.numpy(), lambda y: y.item())


def mygrad() -> Run:
    """Return how MyGrad is run."""
    library = importlib.import_module("mygrad")
    return with_leaves(library.tensor, lambda x: x.grad, lambda y: float(y.data))


def autograd() -> Run:
    """Return how HIPS autograd is run: it takes functions."""
    value_and_grad = importlib.import_module("autograd").value_and_grad

    def run(function: Callable[..., Any], numbers: list[Any]) -> tuple[float, list[Any]]:
        value, slopes = value_and_grad(function, argnum=(0, 1))(*numbers)
        return float(value), list(slopes)

    return run


LIBRARIES = {"glassgrad": glassgrad, "PyTorch": torch, "HIPS autograd": autograd, "MyGrad": mygrad,
             "micrograd": micrograd}


def available() -> dict[str, Run]:
    """Return the libraries that are installed."""
    found = {}
    for name, make in LIBRARIES.items():
        try:
            found[name] = make()
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def taken(runs: dict[str, Run], function: Callable[..., Any], numbers: list[Any], repeats: int, tolerance: float
          ) -> dict[str, list[float]]:
    """Compare the results of all, then return the seconds that each took, in turn."""
    expected = runs["glassgrad"](function, numbers)
    for name, run in runs.items():
        value, slopes = run(function, numbers)
        np.testing.assert_allclose(value, expected[0], rtol=tolerance, err_msg=name)
        for slope, other in zip(slopes, expected[1], strict=True):
            np.testing.assert_allclose(slope, other, rtol=tolerance, err_msg=name)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            gc.collect()
            begin = time.perf_counter()
            run(function, numbers)
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def cases(repeats: int) -> list[tuple[str, int, dict[str, list[float]]]]:
    """Return every case: its name, its number of nodes and the seconds of each library."""
    runs = available()
    result = []
    for count, times in ((1000, 20 * repeats), (100_000, repeats)):
        function = formula(count)
        nodes = len(ancestors([function(gg.tensor(0.5), gg.tensor(1.1))]))
        result.append((f"scalars, {nodes:,} nodes", nodes, taken(runs, function, [0.5, 1.1], times, 1e-9)))
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=1000).astype("float32"), rng.random(1000).astype("float32") * np.float32(0.9)]
    arrays_only = {name: run for name, run in runs.items() if name != "micrograd"}
    result.append(("1,000 float32, chain of 1,000", 1000,
                   taken(arrays_only, chain(1000, lambda y: y.sum()), arrays, 20 * repeats, 1e-3)))
    return result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--markdown", action="store_true", help="as a table for the documentation")
    options = parser.parse_args()
    rows = cases(options.repeats)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}; microseconds a node: median (best)\n")
    mark = " | " if options.markdown else "  "
    if options.markdown:
        print("| graph | " + " | ".join(LIBRARIES) + " |\n" + "| --- " * (len(LIBRARIES) + 1) + "|")
    else:
        print(f"{'':32}" + "".join(f"{name:>18}" for name in LIBRARIES))
    for what, nodes, seconds in rows:
        cells = []
        for name in LIBRARIES:
            each = [1e6 * second / nodes for second in seconds.get(name, [])]
            cells.append(f"{statistics.median(each):.2f} ({min(each):.2f})" if each else "-")
        if options.markdown:
            print(f"| {what}{mark}{mark.join(cells)} |")
        else:
            print(f"{what:32}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
