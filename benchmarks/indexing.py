"""What slices, running sums and look-ups cost in a compiled value and gradient, beside the interpreter and JAX.

    python benchmarks/indexing.py

Results are compared first; times are medians of interleaved runs, float32.
"""

from __future__ import annotations

import time

import numpy as np

import glassgrad as gg

RNG = np.random.default_rng(0)
CHOSEN = RNG.integers(0, 1000, 2000)
CASES = {
    "differences of neighbours": lambda xp, x: xp.sum((x[:, 1:] - x[:, :-1]) ** 2) + xp.sum((x[1:] - x[:-1]) ** 2),
    "every other column": lambda xp, x: xp.sum((x[:, ::2] * x[:, 1::2]) ** 2),
    "rolled": lambda xp, x: xp.sum((xp.roll(x, 1, axis=1) - x) ** 2),
    "padded": lambda xp, x: xp.sum((xp.pad(x, 1)[2:, 2:] * x) ** 2),
    "running sum over rows": lambda xp, x: xp.sum(xp.cumsum(x, axis=0) ** 2),
    "running sum along rows": lambda xp, x: xp.sum(xp.cumsum(x, axis=1) ** 2),
    "rows looked up": lambda xp, x: xp.sum(xp.take(x, CHOSEN, axis=0) ** 2),
}


def timed(call):
    """Return the milliseconds that a call takes."""
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def main():
    """Print a line for each case."""
    x = RNG.standard_normal((1000, 1000)).astype("float32")
    for name, rule in CASES.items():
        ways = {engine: gg.compile(gg.value_and_grad(lambda x, rule=rule: rule(gg, x)), engine=engine)
                for engine in ("native", "interpret")}
        try:
            import jax

            given, jitted = jax.numpy.asarray(x), jax.jit(jax.value_and_grad(lambda x, rule=rule: rule(jax.numpy, x)))
            ways["JAX"] = lambda _, jitted=jitted, given=given: jax.block_until_ready(jitted(given))
        except ImportError:
            pass
        results = [run(x) for run in ways.values()]
        for value, slope in results:
            np.testing.assert_allclose(value, results[0][0], rtol=1e-4)
            np.testing.assert_allclose(slope, results[0][1], rtol=1e-3, atol=1e-3 * np.abs(results[0][1]).max())
        times = {way: [] for way in ways}
        for _ in range(9):
            for way, run in ways.items():
                times[way].append(timed(lambda run=run: run(x)))
        found = {way: float(np.median(all_)) for way, all_ in times.items()}
        print(f"{name}: " + ", ".join(f"{way} {ms:.2f} ms" for way, ms in found.items())
              + f"; {found['native'] / found['interpret']:.2f} of the interpreter's")


if __name__ == "__main__":
    main()
