"""A chain and a fan-in of a million nodes: time to build, to go backward and to let go, and the memory it takes.

    python benchmarks/size.py [--nodes 1000000]

Each case runs in a process of its own with the recursion limit at 100, so that its peak memory is its own; once with
Python's collector of cycles on, as it is, and once with it off (``gc.disable()``): a graph has no cycles, so that a
program that builds huge ones may switch it off meanwhile.

The last two lines are a tenth of the fan-in, by this library and by micrograd, if that is installed (extra ``bench``):
by them the figures can be related to those of another machine. micrograd recurses, so the limit is left as it is there,
and it cannot do the chain.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import resource
import subprocess
import sys
import time
from itertools import pairwise, product
from typing import Any

import glassgrad as gg


def chain(x: Any, step: Any, count: int) -> Any:
    """Return the end of a chain of so many sums."""
    for _ in range(count):
        x = x + step
    return x


def fan_in(x: Any, half: Any, count: int) -> Any:
    """Return the sum of half as many products, added two by two: about `count` nodes."""
    layer = [x * half for _ in range(count // 2)]
    while len(layer) > 1:
        odd = [layer[-1]] if len(layer) % 2 else []
        layer = [a + b for a, b in zip(layer[::2], layer[1::2], strict=False)] + odd
    return layer[0]


CASES = {"chain": chain, "fan-in": fan_in}


def peak() -> float:
    """Return the most memory this process has held, in MB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def leaves(library: str) -> tuple[Any, Any]:
    """Return the two numbers to calculate with."""
    if library == "micrograd":
        value = importlib.import_module("micrograd.engine").Value
        return value(2.0), value(0.5)
    sys.setrecursionlimit(100)
    return gg.tensor(2.0), gg.constant(0.5)


def measure(name: str, count: int, collector: str, library: str) -> None:
    """Run one case and print its line."""
    x, half = leaves(library)
    base = peak()
    if collector == "off":
        gc.disable()
    times = [time.perf_counter()]
    y = CASES[name](x, half, count)
    times.append(time.perf_counter())
    y.backward()
    times.append(time.perf_counter())
    expected = 1.0 if name == "chain" else count // 2 * 0.5
    if x.grad != expected:
        raise SystemExit(f"{name}: the derivative is {x.grad}, not {expected}")
    del y
    times.append(time.perf_counter())
    build, backward, free = (after - before for before, after in pairwise(times))
    both = build + backward
    print(f"{library:10}{name:8}{collector:>10}{count:10}{build:10.2f}{backward:12.2f}{free:8.2f}{both:9.2f}"
          f"{peak() - base:10.0f}{1e6 * both / count:11.2f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--collector", choices=("on", "off"), default="on")
    parser.add_argument("--library", choices=("glassgrad", "micrograd"), default="glassgrad")
    options = parser.parse_args()
    if options.case:
        return measure(options.case, options.nodes, options.collector, options.library)
    titles = (("", 18), ("collector", 10), ("nodes", 10), ("build s", 10), ("backward s", 12), ("free s", 8),
              ("both s", 9), ("peak MB", 10), ("us a node", 11))
    print("".join(f"{title:>{width}}" for title, width in titles), flush=True)
    runs = [(name, collector, options.nodes, "glassgrad") for name, collector in product(CASES, ("on", "off"))]
    runs += [("fan-in", "on", options.nodes // 10, library) for library in ("glassgrad", "micrograd")
             if importlib.util.find_spec(library)]
    for name, collector, count, library in runs:
        subprocess.run([sys.executable, __file__, "--nodes", str(count), "--case", name, "--collector", collector,
                        "--library", library], check=True)
    return None


if __name__ == "__main__":
    main()
