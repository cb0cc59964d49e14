"""Random graphs: steps chosen by a seed, on arrays of several kinds, with sizes 0, broadcasting, views and gathers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import glassgrad as gg
from glassgrad.simplify import simplify
from glassgrad.trace import Graph

Random = np.random.Generator

UNARY: list[Callable[[Any], Any]] = [
    gg.tanh, gg.sigmoid, gg.relu, gg.square, gg.softplus, gg.sin, gg.cos, gg.floor, gg.gelu, gg.silu, gg.sign,
    gg.leaky_relu, gg.elu, gg.arctan, gg.erf, gg.rint,
    lambda a: gg.exp(gg.minimum(a, 2.0)), lambda a: gg.log1p(a * a), lambda a: gg.sqrt(0.1 + gg.abs(a)),
    lambda a: -a, lambda a: 0.5 * a + 0.25, lambda a: gg.clip(a, -0.5, 0.7), lambda a: gg.tanh(a) ** 3,
    lambda a: 1 / (2 + gg.abs(a)), lambda a: (1.5 + gg.sin(a)) ** 0.7, lambda a: gg.log(1.1 + gg.abs(a)),
    lambda a: gg.expm1(gg.tanh(a)), lambda a: gg.arcsinh(a), lambda a: gg.where(gg.isfinite(a), a, 0.0),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b, lambda a, b: a - 0.7 * b, lambda a, b: gg.tanh(a) * b, lambda a, b: a / (1 + b * b),
    gg.maximum, gg.minimum, lambda a, b: gg.where(a > b, a, 2 * b), lambda a, b: gg.hypot(a + 2, b),
    lambda a, b: gg.logaddexp(a, b), lambda a, b: gg.arctan2(a, 1.5 + gg.abs(b)),
    lambda a, b: (1.2 + gg.abs(a)) ** gg.tanh(b),
]


def _along(rule: Callable[[Any, int], Any], empty: bool = True) -> Callable[[Any, Random], Any]:
    """Return a step along a random axis; as it was where there is none, or none with entries that is needed."""

    def step(a: Any, rng: Random) -> Any:
        if not a.ndim:
            return a * 1.5
        axis = int(rng.integers(a.ndim))
        return rule(a, axis) if a.shape[axis] or empty else a

    return step


ARRANGE: list[Callable[[Any, Random], Any]] = [
    lambda a, rng: a.T, lambda a, rng: gg.reshape(a, (-1,) if a.size else (0,)), lambda a, rng: gg.expand_dims(a, -1),
    lambda a, rng: gg.expand_dims(a, 0), lambda a, rng: gg.squeeze(a), _along(gg.flip),
    lambda a, rng: a[..., ::2] if a.ndim else a, lambda a, rng: a[1:] if a.ndim else a,
    lambda a, rng: a[..., ::-1] if a.ndim else a, _along(lambda a, k: gg.take(a, -1, k), empty=False),
    lambda a, rng: gg.broadcast_to(a, (2, *a.shape)) if a.ndim < 3 else a,
]
REDUCE: list[Callable[[Any, Random], Any]] = [
    _along(lambda a, k: gg.sum(a, axis=k)), _along(lambda a, k: gg.sum(a, axis=k, keepdims=True)),
    lambda a, rng: gg.sum(gg.tanh(a)), _along(lambda a, k: gg.mean(a, axis=k), empty=False),
    _along(lambda a, k: gg.max(a, axis=k), empty=False),
    _along(lambda a, k: gg.min(a, axis=k, keepdims=True), empty=False),
    _along(gg.softmax, empty=False), _along(gg.log_softmax, empty=False),
    _along(lambda a, k: gg.var(a, axis=k), empty=False), _along(lambda a, k: gg.logsumexp(a, axis=k), empty=False),
    _along(lambda a, k: a - gg.mean(a, axis=k, keepdims=True), empty=False),
    _along(lambda a, k: gg.norm(a, axis=k) if a.shape[k] > 1 else a, empty=False),
]


def _sliced(a: Any, rng: Random) -> Any:
    """Return some entries of an array, by integers, slices both ways, new axes and an ellipsis."""
    parts: list[Any] = []
    for size in a.shape:
        start, stop = (int(place) for place in rng.integers(-size - 1, size + 2, 2))
        step = [-3, -2, -1, 1, 1, 2, 3][int(rng.integers(7))]
        ways = [slice(None), slice(start, None, step), slice(start, stop), slice(None, None, step)]
        parts.append(start % size if size and rng.random() < 0.2 else ways[int(rng.integers(4))])
        parts += [None] * int(rng.random() < 0.2)
    if rng.random() < 0.3:
        parts[int(rng.integers(len(parts) + 1)) :] = [...]
    return a[tuple(parts)]


LAY: list[Callable[[Any, Random], Any]] = [
    _sliced, _sliced, _along(lambda a, k: gg.concatenate([a, 2 * a], axis=k)), lambda a, rng: gg.stack([a, gg.sin(a)]),
    lambda a, rng: gg.pad(a, [(int(b), int(c)) for b, c in rng.integers(0, 3, (a.ndim, 2))] or 0, constant_values=0.5),
    _along(lambda a, k: gg.roll(a, 2, axis=k)), _along(lambda a, k: gg.split(a, [1], axis=k)[1]),
    _along(lambda a, k: gg.diff(a, axis=k)),
]
WALK: list[Callable[[Any, Random], Any]] = [
    _along(lambda a, k: gg.cumsum(a, axis=k)), _along(lambda a, k: gg.cumprod(gg.cos(a), axis=k)),
    lambda a, rng: gg.linear_recurrence(gg.tanh(a), a) if a.ndim else a,
    _along(lambda a, k: gg.take(a, [0, -1, 0], axis=k), empty=False), _along(lambda a, k: gg.prod(gg.cos(a), axis=k)),
]
CALLED: list[Callable[[Any, Random], Any]] = [_along(lambda a, k: gg.sort(a, axis=k))]


@dataclass(frozen=True)
class Given:
    """Arguments of a random program: three arrays of floats, class numbers, truth values, and an image in bytes."""

    floats: list[Any]
    labels: Any
    mask: Any
    image: Any

    @property
    def arrays(self) -> list[Any]:
        """All of them, in order."""
        return [*self.floats, self.labels, self.mask, self.image]


def given(seed: int, dtype: str) -> Given:
    """Return the arguments of the program of this seed; every seventh has an axis of size 0, every third lies oddly."""
    rng = np.random.default_rng(seed + 10_000)
    n, m, p = (int(size) for size in rng.integers(1, 14, 3))
    if seed % 7 == 3:
        n, m = (0, m) if seed % 2 else (n, 0)
    layout = LAYOUTS[seed % len(LAYOUTS)]
    shapes = [(n, m), (m, p), [(m,), (n, 1), (), (1, m)][int(rng.integers(4))]]
    floats = [layout(rng.standard_normal(shape).astype(dtype)) for shape in shapes]
    labels = rng.integers(-n, n, int(rng.integers(1, 9))) if n else np.zeros(0, np.int64)
    kind = [np.int64, np.int32, np.int8][int(rng.integers(3))]
    return Given(floats, layout(labels.astype(kind)), layout(rng.random((n, m)) < 0.5),
                 layout(rng.integers(0, 256, (n, m)).astype(np.uint8)))


def _strided(array: Any) -> Any:
    if not array.ndim:
        return array
    wide = np.zeros([2 * size for size in array.shape], array.dtype)
    seen = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    seen[...] = array
    return seen


LAYOUTS: list[Callable[[Any], Any]] = [
    lambda a: a, np.asfortranarray, _strided, lambda a: np.flip(np.flip(a).copy()), lambda a: a,
]


def program(seed: int, length: int) -> Callable[..., Any]:
    """Return a function of the arguments of this seed that gives what so many random steps make of them."""

    def run(a: Any, b: Any, c: Any, labels: Any, mask: Any, image: Any) -> list[Any]:
        rng = np.random.default_rng(seed)
        dtype = a.dtype
        known = [a, b, c, gg.astype(image, dtype) / 255.0, gg.where(mask, a, -a)]
        if a.shape[0]:
            known.append(gg.take(a, labels, 0))
            known.append(gg.one_hot(labels % a.shape[0], a.shape[0], dtype) @ a)
            known.append(gg.sum(gg.astype(gg.astype(mask, np.int32) * 2 - 1, dtype), axis=1, keepdims=True) * 0.1)
        made: list[Any] = []
        for _ in range(length):
            new = _step(known, rng)
            if new.size <= 600:
                known.append(new)
                made.append(new)
        return [made[-1] * 1.0, *made[-3:-1]] if made else [a * 2.0]

    return run


KINDS = {"unary": 0.3, "binary": 0.25, "product": 0.15, "arrange": 0.08, "reduce": 0.12, "lay": 0.06, "walk": 0.03,
         "call": 0.01}


def _pick(rules: list[Any], rng: Random) -> Any:
    return rules[int(rng.integers(len(rules)))]


def _step(known: list[Any], rng: Random) -> Any:
    """Return one more node, of known ones, the latest of which are the likeliest to be read."""
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    places = len(known) - 1 - np.minimum(rng.geometric(0.3, 2) - 1, len(known) - 1)
    a, b = (known[int(place)] for place in places)
    if kind == "binary":
        fitting = [x for x in known if _fits(a, x)]
        return _pick(BINARY, rng)(a, _pick(fitting, rng))
    if kind == "product":
        pairs = [(x, y) for x in (a, a.T, a[..., ::2] if a.ndim else a) for y in (b, b.T, *known)
                 if 1 <= x.ndim <= 2 and 1 <= y.ndim <= 2 and x.shape[-1] == y.shape[0]]
        if pairs:
            return _around(*_pick(pairs, rng), known, rng)
    if kind == "arrange" and a.ndim < 4:
        return _pick(ARRANGE, rng)(a, rng)
    if kind in ("reduce", "arrange"):
        return _pick(REDUCE, rng)(a, rng)
    if kind in ("lay", "walk", "call") and a.ndim < 3:
        return _pick({"lay": LAY, "walk": WALK, "call": CALLED}[kind], rng)(a, rng)
    return _pick(UNARY, rng)(a)


def _fits(a: Any, b: Any) -> bool:
    try:
        return len(np.broadcast_shapes(a.shape, b.shape)) < 5
    except ValueError:
        return False


def _around(x: Any, y: Any, known: list[Any], rng: Random) -> Any:
    """Return a product with what may be folded into it: a scale, a sign, something added."""
    product = x @ y
    beside = [z for z in known if _fits(product, z) and np.broadcast_shapes(product.shape, z.shape) == product.shape]
    match int(rng.integers(5)):
        case 0:
            return product
        case 1:
            return gg.tanh(product * 0.3)
        case 2 if beside:
            return product + _pick(beside, rng)
        case 3 if beside:
            return _pick(beside, rng) - 0.1 * product
    return -product * gg.sum(gg.tanh(known[2])) * 0.1


def graph(seed: int, dtype: str, length: int = 8) -> Graph:
    """Return the graph of a random program: its results, and the derivatives of a weighted sum of them."""
    arguments = given(seed, dtype)
    run = program(seed, length)

    def whole(floats: list[Any], *others: Any) -> Any:
        def loss(*floats: Any) -> Any:
            results = run(*floats, *others)
            weighted = [gg.sum(y * np.cos(np.arange(y.size) + 0.3).reshape(y.shape).astype(dtype)) for y in results]
            return sum(weighted[1:], weighted[0]), results

        (_, results), gradients = gg.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)(*floats)
        return results, gradients

    traced = gg.trace(whole)(arguments.floats, arguments.labels, arguments.mask, arguments.image)
    return simplify(traced)
