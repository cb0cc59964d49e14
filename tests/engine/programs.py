"""Random graphs: steps chosen by a seed, on arrays of several shapes, with sizes 0, broadcasting and views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import glassgrad as gg

UNARY: dict[str, Callable[[Any], Any]] = {
    "tanh": gg.tanh, "sigmoid": gg.sigmoid, "relu": gg.relu, "exp": lambda a: gg.exp(gg.minimum(a, 3.0)),
    "log1p": lambda a: gg.log1p(a * a), "sqrt": lambda a: gg.sqrt(gg.abs(a)), "square": gg.square,
    "negative": lambda a: -a, "softplus": gg.softplus, "sin": gg.sin, "scaled": lambda a: 0.5 * a,
    "clip": lambda a: gg.clip(a, -0.5, 0.7), "power": lambda a: a**3, "floor": gg.floor, "gelu": gg.gelu,
    "silu": gg.silu, "sign": gg.sign, "reciprocal": lambda a: 1 / (2 + gg.abs(a)), "leaky": gg.leaky_relu,
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (1 + b * b), "maximum": gg.maximum, "minimum": gg.minimum,
    "where": lambda a, b: gg.where(a > b, a, b * 2), "hypot": gg.hypot,
}


def _sized(rule: Callable[[Any, int], Any]) -> Callable[[Any, np.random.Generator], Any]:
    return lambda a, rng: rule(a, int(rng.integers(a.ndim))) if a.ndim else a


ARRANGE: dict[str, Callable[[Any, np.random.Generator], Any]] = {
    "transpose": lambda a, rng: a.T, "flat": lambda a, rng: gg.reshape(a, (-1,)),
    "column": lambda a, rng: gg.expand_dims(a, -1), "row": lambda a, rng: gg.expand_dims(a, 0),
    "squeeze": lambda a, rng: gg.squeeze(a), "reverse": _sized(lambda a, k: gg.flip(a, k)),
    "slice": lambda a, rng: a[..., ::2] if a.ndim else a, "tail": lambda a, rng: a[1:] if a.ndim else a,
    "first": lambda a, rng: a[0] if a.ndim and a.shape[0] else a,
    "take": lambda a, rng: gg.take(a, rng.integers(0, a.shape[0], 4), 0) if a.ndim and a.shape[0] else a,
    "sum": _sized(lambda a, k: gg.sum(a, axis=k)), "kept": _sized(lambda a, k: gg.sum(a, axis=k, keepdims=True)),
    "total": lambda a, rng: gg.sum(a), "mean": _sized(lambda a, k: gg.mean(a, axis=k) if a.shape[k] else a),
    "max": _sized(lambda a, k: gg.max(a, axis=k) if a.shape[k] else a),
    "min": _sized(lambda a, k: gg.min(a, axis=k, keepdims=True) if a.shape[k] else a),
    "softmax": _sized(lambda a, k: gg.softmax(a, k) if a.shape[k] else a),
    "log_softmax": _sized(lambda a, k: gg.log_softmax(a, k) if a.shape[k] else a),
    "var": _sized(lambda a, k: gg.var(a, axis=k) if a.shape[k] else a),
    "cumsum": _sized(lambda a, k: gg.cumsum(a, axis=k)), "broadcast": lambda a, rng: gg.broadcast_to(a, (3, *a.shape)),
}


def program(seed: int, length: int = 8) -> Callable[..., Any]:
    """Return a function of three arrays that gives what the steps of this seed make of them."""

    def run(*arrays: Any) -> Any:
        rng = np.random.default_rng(seed)
        known = list(arrays)
        for _ in range(length):
            known.append(_step(known, rng))
        last = [a for a in known[len(arrays):] if a.size < 2000]
        return [*last[-3:], known[-1] * 1.0]

    return run


def _step(known: list[Any], rng: np.random.Generator) -> Any:
    kind = rng.integers(5)
    a, b = (known[int(i)] for i in rng.integers(0, len(known), 2))
    if kind == 0:
        return list(UNARY.values())[rng.integers(len(UNARY))](a)
    if kind == 1 and a.ndim + b.ndim < 6:
        try:
            np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            return a + 1.0
        return list(BINARY.values())[rng.integers(len(BINARY))](a, b)
    if kind == 2 and 1 <= a.ndim <= 2 and 1 <= b.ndim <= 2:
        for left, right in ((a, b), (a.T, b), (a, b.T)):
            if left.shape[-1] == right.shape[0]:
                product = left @ right
                return product * 0.5 if rng.integers(2) else product + known[0][0, 0] * 0.1
    if kind == 3:
        return list(UNARY.values())[rng.integers(len(UNARY))](a)
    return list(ARRANGE.values())[rng.integers(len(ARRANGE))](a, rng) if a.ndim < 4 else gg.sum(a, axis=0)


def arguments(seed: int, dtype: str) -> list[Any]:
    """Return three arrays for the program of this seed; every seventh seed has an axis of size 0."""
    rng = np.random.default_rng(seed + 10_000)
    n, m = (int(size) for size in rng.integers(1, 6, 2))
    if seed % 7 == 3:
        m = max(m, 1)
    shapes = [(n, m), (m, n) if seed % 2 else (m,), (0, m) if seed % 7 == 3 else (n, 1)]
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]
