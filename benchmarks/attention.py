"""Value and gradient of self-attention, compiled, beside the interpreter, JAX and PyTorch.

    taskset -c 1 python benchmarks/attention.py [--rounds 15]

Products over leading axes, ``einsum`` and softmax: the part of a network that is not made of matrices. Results are
compared first; times are medians of interleaved runs, float32. Libraries that are not installed are left out.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import glassgrad as gg

SIZES = [(8, 16, 32, 4), (32, 64, 64, 4), (8, 256, 128, 8)]  # sequences, their length, width, heads
RNG = np.random.default_rng(0)


def loss(xp: Any, weights: Any, x: Any, heads: int) -> Any:
    """Return the mean square of what attention makes of sequences."""
    count, length, width = x.shape
    q, k, v = (xp.reshape(x @ w, (count, length, heads, width // heads)) for w in weights[:3])
    scores = xp.einsum("bqhd,bkhd->bhqk", q, k) / (width // heads) ** 0.5
    shares = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    shares = shares / xp.sum(shares, axis=-1, keepdims=True)
    mixed = xp.einsum("bhqk,bkhd->bqhd", shares, v)
    return xp.mean((xp.reshape(mixed, x.shape) @ weights[3]) ** 2)


def by_jax(weights: list[Any], x: Any, heads: int) -> Any:
    """Return a call that JAX has compiled."""
    import jax

    both = jax.jit(jax.value_and_grad(lambda weights: loss(jax.numpy, weights, given, heads)))
    given, own = jax.numpy.asarray(x), [jax.numpy.asarray(w) for w in weights]
    return lambda: jax.block_until_ready(both(own))


def by_torch(weights: list[Any], x: Any, heads: int) -> Any:
    """Return a call that PyTorch runs eagerly, with its own fused attention."""
    import torch

    given, own = torch.from_numpy(x), [torch.from_numpy(w.copy()).requires_grad_() for w in weights]
    count, length, width = x.shape

    def call() -> Any:
        q, k, v = ((given @ w).reshape(count, length, heads, width // heads).transpose(1, 2) for w in own[:3])
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
        value = ((mixed @ own[3]) ** 2).mean()
        return value.detach().numpy(), [g.numpy() for g in torch.autograd.grad(value, own)]

    return call


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for count, length, width, heads in SIZES:
        x = RNG.standard_normal((count, length, width)).astype("float32")
        weights = [(RNG.standard_normal((width, width)) / width**0.5).astype("float32") for _ in range(4)]
        ways = {}
        for engine in ("native", "interpret"):
            both = gg.compile(gg.value_and_grad(lambda weights, heads=heads, x=x: loss(gg, weights, x, heads)),
                              engine=engine)
            ways[engine] = lambda both=both, weights=weights: both(weights)
        for name, prepare in (("JAX", by_jax), ("PyTorch", by_torch)):
            try:
                ways[name] = prepare(weights, x, heads)
            except ImportError:
                continue
        results = [call() for call in ways.values()]
        for value, slopes in results:
            np.testing.assert_allclose(value, results[0][0], rtol=1e-4)
            for slope, right in zip(slopes, results[0][1], strict=True):
                np.testing.assert_allclose(slope, right, rtol=1e-3, atol=1e-3 * np.abs(right).max())
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, call in ways.items():
                began = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - began)
        own = np.array(times["native"])
        print(f"{count} x {length} x {width}, {heads} heads: {1e3 * np.median(own):.2f} ms; of the time of "
              + ", ".join(f"{name} {np.median(own / np.array(seconds)):.2f}" for name, seconds in times.items()
                          if name != "native"), flush=True)


if __name__ == "__main__":
    main()
