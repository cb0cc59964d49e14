"""The training step by the interpreter beside the deck's own way in plain NumPy: same data, same weights, in turn.

    python benchmarks/interpreter.py [--steps 400]

Prints medians of the time of one step of the deck's network (784-50-10, batch 100, SGD 0.1), ratios from the same run,
and first that both reach the same loss. The deck's way is written out here as the deck has it: float64, one-hot labels,
``np.dot``, a new array for every intermediate; and once more in float32.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import glassgrad as gg
from glassgrad.train.step import Stepper


class DeckNet:
    """Affine, ReLU, Affine, softmax with loss, in plain NumPy."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.params = {name: array.copy() for name, array in weights.items()}

    def step(self, x: np.ndarray, t: np.ndarray, lr: float) -> float:
        """Do what the deck's gradient and update do; return the loss."""
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        a1 = np.dot(x, W1) + b1
        mask = a1 <= 0
        h = a1.copy()
        h[mask] = 0
        a2 = np.dot(h, W2) + b2
        shifted = a2 - a2.max(axis=1, keepdims=True)
        y = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        loss = -np.sum(t * np.log(y + 1e-7)) / len(x)
        d2 = (y - t) / len(x)
        dh = np.dot(d2, W2.T)
        gradients = {"W2": np.dot(h.T, d2), "b2": np.sum(d2, axis=0)}
        dh[mask] = 0
        np.dot(dh, W1.T)  # the gradient of the images, which the deck's first layer computes too
        gradients |= {"W1": np.dot(x.T, dh), "b1": np.sum(dh, axis=0)}
        for name, gradient in gradients.items():
            self.params[name] -= lr * gradient
        return float(loss)


def network(dtype: str, divisor: float) -> gg.nn.TwoLayerNet:
    """Return the deck's network, always with the same first weights."""
    return gg.nn.TwoLayerNet(784, 50, 10, seed=0, dtype=dtype, divisor=divisor)


def weights_of(dtype: str) -> dict[str, np.ndarray]:
    """Return those weights as arrays."""
    return {name: tensor.value for name, tensor in network(dtype, 1).parameters().items()}


def stepper(dtype: str, divisor: float) -> Stepper:
    """Return our training step for images that are divided by `divisor` inside it."""
    return Stepper(network(dtype, divisor), gg.cross_entropy, gg.optim.SGD(0.1), 0)


def main() -> None:
    """Run, compare the losses, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    steps = parser.parse_args().steps
    rng = np.random.default_rng(0)
    pixels = (rng.integers(0, 256, (10_000, 784)) * (rng.random((10_000, 784)) < 0.2)).astype(np.uint8)
    labels = rng.integers(0, 10, 10_000)
    one_hot = np.eye(10)[labels]
    runs = {}
    for dtype in ("float64", "float32"):
        images, wanted, lr = (pixels / 255).astype(dtype), one_hot.astype(dtype), np.dtype(dtype).type(0.1)
        ours, bytes_, deck = stepper(dtype, 1), stepper(dtype, 255), DeckNet(weights_of(dtype))
        runs[f"deck's way, NumPy {dtype}"] = lambda i, d=deck, x=images, t=wanted, lr=lr: d.step(x[i], t[i], lr)
        runs[f"glassgrad, interpreter {dtype}"] = lambda i, s=ours, x=images: s.step(x[i], labels[i])
        runs[f"  the same, 8-bit images {dtype}"] = lambda i, s=bytes_: s.step(pixels[i], labels[i])
    times: dict[str, list[float]] = {name: [] for name in runs}
    losses: dict[str, float] = {}
    for _ in range(steps):
        chosen = rng.choice(10_000, 100)
        for name, run in runs.items():
            start = time.perf_counter()
            losses[name] = run(chosen)
            times[name].append(time.perf_counter() - start)
    for dtype, tolerance in (("float64", 1e-5), ("float32", 1e-3)):
        ours, theirs = losses[f"glassgrad, interpreter {dtype}"], losses[f"deck's way, NumPy {dtype}"]
        if abs(ours - theirs) > tolerance:
            raise SystemExit(f"{dtype}: the losses differ after {steps} steps: {ours} and {theirs}")
        print(f"{dtype}: losses after {steps} steps agree: {ours:.6f} and {theirs:.6f}")
    base = float(np.median(times["deck's way, NumPy float64"]))
    print(f"{'':32}{'median us':>10}{'ratio':>8}")
    for name, taken in times.items():
        print(f"{name:32}{np.median(taken) * 1e6:10.0f}{np.median(taken) / base:8.2f}")


if __name__ == "__main__":
    main()
