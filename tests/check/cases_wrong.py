"""Wrong rules, each as people write them: every one must be called wrong.

A row reads: name, the cause that should be named ("" where none of the usual ones fits), forward, rule, arrays.
"""

from __future__ import annotations

import math

import numpy as np
from cases_right import (
    _A,
    _R,
    _batch_norm,
    _convolution,
    _cross_entropy,
    _erf,
    _iterated,
    _iterated_rule,
    _layer_norm,
    _logsumexp,
    _norm,
    _sigmoid,
    _softmax,
    _softplus,
    _unbroadcast,
)

_X33, _W33 = _R.standard_normal((3, 3)), _R.standard_normal((3, 3))
_X24, _W43 = _R.standard_normal((2, 4)), _R.standard_normal((4, 3))
_TAKE = np.array([0, 2, 2, 1, 0])
_V = _A(0.5, -1.2, 2.0)
_LABELS = np.array([0, 2])


class _Calls:
    """A rule that counts its calls, for rules with a memory."""

    def __init__(self):
        self.count, self.mask, self.buffer = 0, None, None

    def drifting(self, g, y, x):
        self.count += 1
        return (g * 2 * x * (1 + 1e-9 * self.count),)

    def forward_relu(self, x):
        self.mask = x > 0
        return x * self.mask

    def stale_relu(self, g, y, x):
        return (g * self.mask,)

    def random(self, g, y, x):
        self.count += 1
        return (g * 2 * x * (1 + 1e-12 * np.random.default_rng(self.count).standard_normal(x.shape)),)

    def reused(self, g, y, a, b):
        self.buffer = np.array(g * b)
        return self.buffer, self.buffer


def _overwrite(g, y, x):
    g[x <= 0] = 0
    return (g.copy(),)


def _input_overwritten(g, y, x):
    d = 2 * x * g
    x *= 0
    return (d,)


def _input_nudged(g, y, x):
    d = 2 * x * g
    x.reshape(-1)[0] += 1e-7
    return (d,)


def _output_overwritten(g, y, x):
    y *= g
    return (y.copy(),)


def _without_strides(g, y, x):
    """Read g as if it were contiguous, as a kernel does that was handed a bare pointer."""
    if g.ndim == 1 and g.strides[0] not in (g.itemsize, 0):
        g = g[::-1]
    return (2 * g * x,)


def _tail_lost(block):
    def rule(g, y, x):
        d = 2 * g * x
        whole = len(d) // block * block
        if len(d) > block:
            d[whole:] = 0
        return (d,)

    return rule


def _at(d, position, factor):
    d = np.array(d)
    d.reshape(-1)[position] *= factor
    return d


def _take_lost(g, y, x):
    d = np.zeros_like(x)
    d[_TAKE] = g
    return (d,)


def _fanout_lost(g, y, x):
    return (g * np.exp(x),)


def _pad_edge(x):
    return np.pad(x, 1, mode="edge")


def _norm_eps(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-3)


def _norm_eps_dropped(g, y, x):
    deviation = np.sqrt(x.var(-1, keepdims=True))
    return ((g - g.mean(-1, keepdims=True) - y * (g * y).mean(-1, keepdims=True)) / deviation,)


def _row(name, cause, f, rule, *arrays):
    return (name, cause, f, rule, arrays)


def _cross_entropy_wrong(change):
    forward, rule = _cross_entropy(_LABELS)
    return forward, lambda g, y, x: (change(rule(g, y, x)[0], g, x),)


_SMALL_X = _A(1, 2, 3, 4)
_CE = _R.standard_normal((2, 3))

LISTED = [
    ("chaos further out", "", _iterated,
     lambda g, z, x, y: (_iterated_rule(g, z, x, y)[0], 1.01 * _iterated_rule(g, z, x, y)[1]),
     (np.array(0.3), np.array(0.7))),
    _row("sign of the second argument", "sign", np.subtract, lambda g, z, x, y: (g.copy(), g.copy()), _V, _A(1, 2, 3)),
    _row("factor 2 dropped", "factor 2", np.square, lambda g, y, x: (g * x,), _V),
    _row("no transpose, square", "missing transpose", np.matmul, lambda g, y, x, w: (g @ w, x.T @ g), _X33, _W33),
    _row("no transpose of x, square", "missing transpose", np.matmul, lambda g, y, x, w: (g @ w.T, x @ g), _X33, _W33),
    _row("swapped operands", "swapped operands", np.multiply, lambda g, z, x, y: (g * x, g * y), _V, _A(1, 2, 3)),
    _row("+1e-3", "constant added", np.sin, lambda g, y, x: (g * (np.cos(x) + 1e-3),), _V),
    _row("relative 5e-4", "constant factor", np.sin, lambda g, y, x: (g * np.cos(x) * (1 + 5e-4),), _V),
    _row("missing 1/batch", "factor 2", *_cross_entropy_wrong(lambda d, g, x: d * 2), _CE),
    _row("missing 1/N", "missing 1/N", lambda x: np.mean(x * x), lambda g, y, x: (g * 2 * x,), _SMALL_X),
    _row("1/(N-1) at N = 2000", "", np.mean, lambda g, y, x: (np.full_like(x, g / (x.size - 1)),),
         _R.standard_normal(2000)),
    _row("tanh-GELU for erf-GELU", "", lambda x: 0.5 * x * (1 + _erf(x / math.sqrt(2))),
         lambda g, y, x: (g * (0.5 * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3))) + 0.5 * x / np.cosh(
             0.7978845608 * (x + 0.044715 * x**3)) ** 2 * 0.7978845608 * (1 + 3 * 0.044715 * x * x)),), _V),
    _row("y (1 + y)", "", _sigmoid, lambda g, y, x: (g * y * (1 + y),), _V),
    _row("1 - x^2 for 1 - y^2", "derivative at the input where the output was meant", np.tanh,
         lambda g, y, x: (g * (1 - x * x),), _V),
    _row("softmax diagonal only", "softmax diagonal only", _softmax, lambda g, y, x: (g * y * (1 - y),), _V),
    _row("softmax over the wrong axis", "", _softmax, lambda g, y, x: (y * (g - (g * y).sum(0, keepdims=True)),), _X33),
    _row("batch norm without the variance path", "", lambda x: _batch_norm(x, 1e-5),
         lambda g, y, x: ((g - g.mean(0)) / np.sqrt(x.var(0) + 1e-5),), _R.standard_normal((5, 2))),
    _row("eps left out", "a small term left out, such as eps", _norm_eps, _norm_eps_dropped,
         _R.standard_normal((2, 4)) * _A(1, 0.3)[:, None]),
    _row("norm without / norm", "constant factor", _norm, lambda g, y, x: (g * x,), _V),
    _row("log2 with log's derivative", "constant factor", np.log2, lambda g, y, x: (g / x,), _A(0.5, 3)),
    _row("power without the log factor", "", lambda x, p: x**p, lambda g, y, x, p: (g * p * x ** (p - 1), g * y),
         _A(2, 0.5), _A(3, -1.5)),
    _row("= for += on a shared input", "", lambda x: x * np.exp(x), _fanout_lost, _V),
    _row("missing sum over a broadcast axis", "missing sum over a broadcast axis", lambda x, b: x + b,
         lambda g, y, x, b: (g.copy(), g.copy()), _X24, _A(1, 2, 3, 4)),
    _row("mean for sum", "mean for sum (a 1/N too many)", lambda x, b: x + b,
         lambda g, y, x, b: (g.copy(), g.mean(0)), _X33, _A(1, 2, 3)),
    _row("(1, 3) for (3,)", "", np.square, lambda g, y, x: ((2 * g * x)[None],), _V),
    _row("float32 gradient", "gradient in another dtype", np.square,
         lambda g, y, x: ((2 * g * x).astype(np.float32),), _V),
    _row("repeated index lost", "repeated index overwritten instead of added", lambda x: x[_TAKE], _take_lost,
         _SMALL_X),
    _row("every tie gets the full gradient", "", lambda x: x.max(), lambda g, y, x: (g * (x == y),), _A(1, 3, 3, 2)),
    _row("concatenation shifted", "shifted by one", lambda a, b: np.concatenate([a, b]),
         lambda g, y, a, b: (g[: len(a)].copy(), np.roll(g, 1)[len(a):].copy()), _V, _A(1, 2)),
    _row("one of 1000 entries +1 %", "", np.sin, lambda g, y, x: (_at(g * np.cos(x), 617, 1.01),),
         _R.standard_normal(1000)),
    _row("last element lost", "last element lost", np.sin, lambda g, y, x: (_at(g * np.cos(x), -1, 0.0),), _V),
    _row("gradient of edge padding dropped", "", _pad_edge, lambda g, y, x: (g[1:-1].copy(),), _V),
    _row("factor 2 at scale 1e-7", "factor 2", lambda x: 1e-7 * np.sin(x), lambda g, y, x: (2e-7 * g * np.cos(x),), _V),
    _row("zero at scale 1e-6", "", lambda x: 1e-6 * np.sin(x), lambda g, y, x: (0 * g * x,), _V),
    _row("sign of a 1 beside 1e6", "sign", lambda x: x * _A(1e6, 1, 1e6), lambda g, y, x: (g * _A(1e6, -1, 1e6),), _V),
    _row("9e-4 off in sin(1e4 x)", "constant factor", lambda x: np.sin(1e4 * x),
         lambda g, y, x: (g * 1e4 * np.cos(1e4 * x) * (1 + 9e-4),), _V),
    _row("g |g|", "", np.sin, lambda g, y, x: (g * np.abs(g) * np.cos(x),), _V),
    _row("|g|", "only positive side", np.sin, lambda g, y, x: (np.abs(g) * np.cos(x),), _V),
    _row("g ignored", "cotangent ignored", np.sin, lambda g, y, x: (np.cos(x),), _V),
    _row("clipped g", "", np.sin, lambda g, y, x: (np.clip(g, -5, 5) * np.cos(x),), _V),
    _row("g divided by its norm", "rule not linear in g", lambda x: x @ _W33,
         lambda g, y, x: (_W33 @ g * (np.abs(g).max() / np.sqrt((g * g).sum()) if g.any() else 1),), _V),
    _row("mean of g", "", np.sin, lambda g, y, x: (g.mean() * np.cos(x),), _V),
    _row("relu mask at 0.1", "", lambda x: np.maximum(x, 0), lambda g, y, x: (g * (x > 0.1),), _A(-1, 0.05, 2)),
    _row("leaky slope forgotten", "", lambda x: np.where(x > 0, x, 0.01 * x), lambda g, y, x: (g * (x > 0),), _V),
    _row("wrong for |x| > 5", "", np.square, lambda g, y, x: (g * np.where(np.abs(x) > 5, x, 2 * x),), _V),
    _row("wrong Huber branch", "", lambda x: np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5),
         lambda g, y, x: (g * x,), _A(0.5, 2, -3)),
    _row("relu'(0) = 2", "", lambda x: np.maximum(x, 0), lambda g, y, x: (g * np.where(x == 0, 2.0, x > 0),),
         _A(-1, 0, 2)),
    _row("mask of the last forward", "state of another call", (_s := _Calls()).forward_relu, _s.stale_relu,
         _A(-0.005, 1, -2)),
    _row("drift with the call count", "state of another call", np.square, _Calls().drifting, _V),
    _row("g overwritten", "cotangent changed in place", lambda x: np.maximum(x, 0), _overwrite, _V),
    _row("input overwritten", "input changed in place", np.square, _input_overwritten, _V),
    _row("input nudged by 1e-7", "input changed in place", np.square, _input_nudged, _V),
    _row("output overwritten", "output changed in place", np.exp, _output_overwritten, _V),
    _row("two gradients share a buffer", "shared buffer", np.add, lambda g, z, x, y: ((d := g.copy()), d), _V, _V),
    _row("the gradient is g itself", "shared buffer", lambda x: x + 1, lambda g, y, x: (g,), _V),
    _row("contiguous g only", "memory layout", np.square, _without_strides, _V),
    _row("batch of one only", "only batch 1", lambda x: x @ _W43,
         lambda g, y, x: ((g[:1] @ _W43.T) * np.ones((len(x), 1)),),
         _R.standard_normal((1, 4))),
    _row("0-d only", "", np.square, lambda g, y, x: (g * x if x.ndim == 0 else 2 * g * x,), _V),
    _row("size 0", "", np.square, lambda g, y, x: (2 * g * x if x.size else np.zeros(1),), _V),
    _row("tail of a block", "", np.square, _tail_lost(8), _V),
    _row("float32 only", "float32 only", np.square,
         lambda g, y, x: (g * x * (2 if x.dtype == np.float64 else np.float32(2.01)),), _V),
    _row("noise in the rule", "state of another call", np.square, _Calls().random, _V),
    _row("NaN", "division by zero or overflow in the rule", lambda x: np.where(x == 0, 1.0, np.sin(x) / np.where(
        x == 0, 1, x)), lambda g, y, x: (g * (np.cos(x) * x - np.sin(x)) / (x * x),), _A(0, 1)),
    _row("one gradient for two inputs", "", np.multiply, lambda g, z, x, y: (g * y,), _V, _A(1, 2, 3)),
    _row("the rule raises", "", np.square, lambda g, y, x: (g @ x[None],), _V),
    _row("text instead of numbers", "", np.square, lambda g, y, x: (np.array(["a", "b", "c"]),), _V),
    _row("complex gradient", "", np.square, lambda g, y, x: (2j * g * x,), _V),
    _row("forward overwrites its input", "input overwritten by the forward pass",
         lambda x: np.maximum(x, 0, out=x).copy(), lambda g, y, x: (g * (x > 0),), _V),
]

_F = {
    "sin": (np.sin, lambda x, y: np.cos(x), _V),
    "exp": (np.exp, lambda x, y: y, _V),
    "tanh": (np.tanh, lambda x, y: 1 - y * y, _V),
    "sigmoid": (_sigmoid, lambda x, y: y * (1 - y), _V),
    "softplus": (_softplus, lambda x, y: _sigmoid(x), _V),
    "log": (np.log, lambda x, y: 1 / x, _A(0.2, 3, 40)),
    "sqrt": (np.sqrt, lambda x, y: 0.5 / y, _A(0.2, 3, 40)),
    "cube": (lambda x: x**3, lambda x, y: 3 * x * x, _V),
    "small scale": (lambda x: 1e-9 * np.cos(x), lambda x, y: -1e-9 * np.sin(x), _V),
    "large scale": (lambda x: 1e9 * np.cos(x), lambda x, y: -1e9 * np.sin(x), _V),
}


def _with_change(d, corrupt):
    def rule(g, y, x):
        return (np.array(corrupt(g, np.asarray(d(x, y)) * np.ones_like(x))),)

    return rule


def _corrupted_elementwise():
    changes = [
        ("sign", "sign", lambda g, d: -g * d),
        ("factor 2", "factor 2", lambda g, d: 2 * g * d),
        ("half", "factor 2", lambda g, d: 0.5 * g * d),
        ("1/N", "mean for sum (a 1/N too many)", lambda g, d: g * d / 3),
        ("last lost", "last element lost", lambda g, d: _at(g * d, -1, 0.0)),
        ("rolled", "", lambda g, d: g * np.roll(d, 1)),
        ("one entry 1e-4 off", "", lambda g, d: _at(g * d, 1, 1 + 1e-4)),
        ("all 2e-5 off", "constant factor", lambda g, d: g * d * (1 + 2e-5)),
        ("g squared", "", lambda g, d: g * g * d),
        ("g forgotten", "cotangent ignored", lambda g, d: d + 0 * g),
        ("summed", "", lambda g, d: g.sum() * d),
    ]
    for name, (f, d, x) in _F.items():
        for change, cause, corrupt in changes:
            yield _row(f"{name}: {change}", cause, f, _with_change(d, corrupt), x)


_Y43 = _R.standard_normal((4, 3))
_AFFINE = (lambda x, w, b: x @ w + b, (_X24, _W43, _A(0.1, -0.2, 0.3)))


def _corrupted_networks():
    f, arrays = _AFFINE
    yield _row("affine: dx sign", "sign", f, lambda g, y, x, w, b: (-g @ w.T, x.T @ g, g.sum(0)), *arrays)
    yield _row("affine: dW sign", "sign", f, lambda g, y, x, w, b: (g @ w.T, -x.T @ g, g.sum(0)), *arrays)
    yield _row("affine: db mean", "factor 2", f, lambda g, y, x, w, b: (g @ w.T, x.T @ g, g.mean(0)), *arrays)
    yield _row("affine: db first row", "", f, lambda g, y, x, w, b: (g @ w.T, x.T @ g, g[0].copy()), *arrays)
    yield _row("affine: dW of half the batch", "", f,
               lambda g, y, x, w, b: (g @ w.T, x[:1].T @ g[:1], g.sum(0)), *arrays)
    yield _row("affine: dx without a column", "last element lost", f,
               lambda g, y, x, w, b: (np.c_[(g @ w.T)[:, :-1], np.zeros(len(x))], x.T @ g, g.sum(0)), *arrays)
    yield _row("affine: db summed over the wrong axis", "", f,
               lambda g, y, x, w, b: (g @ w.T, x.T @ g, g.sum(1)), *arrays)
    yield _row("affine: db left out", "", f, lambda g, y, x, w, b: (g @ w.T, x.T @ g, 0 * b), *arrays)
    for name, change in [
        ("y for y - t", lambda d, g, x: g * _softmax(x) / 2),
        ("sign", lambda d, g, x: -d),
        ("one-hot added", lambda d, g, x: 2 * g * _softmax(x) / 2 - d),
        ("dout ignored", lambda d, g, x: d / g if g else d),
        ("over classes", lambda d, g, x: d * 2 / 3),
        ("epsilon of 1e-4 in the log", lambda d, g, x: d + 1e-5 * g * _softmax(x)),
    ]:
        yield _row(f"cross entropy: {name}", "", *_cross_entropy_wrong(change), _CE)
    yield _row("logsumexp: not normalised", "constant factor", _logsumexp,
               lambda g, y, x: (g[..., None] * np.exp(x),), _V.reshape(1, 3))
    yield _row("layer norm: no mean path", "", _layer_norm,
               lambda g, y, x: ((g - y * (g * y).mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5),),
               _X24)
    yield _row("layer norm: over the wrong axis", "", _layer_norm,
               lambda g, y, x: ((g - g.mean(0) - y * (g * y).mean(0)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5),),
               _X33)
    yield _row("convolution: kernel flipped", "", _convolution, _flipped, _R.standard_normal(6), _A(1, -2, 0.5))
    yield _row("convolution: ends lost", "", _convolution, _ends_lost, _R.standard_normal(6), _A(1, -2, 0.5))
    yield _row("inverse: transposes left out", "", np.linalg.inv, lambda g, y, x: (-y @ g @ y,), _X33)
    yield _row("inverse: sign", "sign", np.linalg.inv, lambda g, y, x: (y.T @ g @ y.T,), _X33)
    yield _row("determinant: no transpose", "missing transpose", np.linalg.det,
               lambda g, y, x: (g * y * np.linalg.inv(x),), _X33)
    yield _row("variance: not centred", "", np.var, lambda g, y, x: (g * 2 * x / x.size,), _SMALL_X)
    yield _row("variance: N - 1", "constant factor", np.var, lambda g, y, x: (g * 2 * (x - x.mean()) / (x.size - 1),),
               _SMALL_X)
    yield _row("quadratic form: one half", "", lambda x: x @ _W33 @ x, lambda g, y, x: (g * _W33 @ x,), _V)
    yield _row("cumulative sum: not reversed", "", np.cumsum, lambda g, y, x: (np.cumsum(g),), _V)
    yield _row("product: the entry itself left in", "", np.prod, lambda g, y, x: (g * y * np.ones_like(x),), _V)
    yield _row("sort: not sorted back", "", np.sort, lambda g, y, x: (g.copy(),), _A(3, -1, 2))
    yield _row("min: index of the maximum", "", lambda x: x.min(),
               lambda g, y, x: (g * (np.arange(x.size) == x.argmax()),), _A(3, -1, 2))
    yield _row("abs: always 1", "", np.abs, lambda g, y, x: (g.copy(),), _V)
    yield _row("clip: passes everything", "", lambda x: np.clip(x, -1, 1), lambda g, y, x: (g.copy(),), _V)
    yield _row("divide: y not squared", "", np.divide, lambda g, z, x, y: (g / y, -g * x / y), _V, _A(3, -2, 0.7))
    yield _row("divide: sign", "sign", np.divide, lambda g, z, x, y: (g / y, g * x / y**2), _V, _A(3, -2, 0.7))
    yield _row("hypot: swapped", "swapped operands", np.hypot, lambda g, z, x, y: (g * y / z, g * x / z),
               _V, _A(3, -2, 0.7))
    yield _row("atan2: swapped", "", np.arctan2, lambda g, z, y, x: (-g * y / (x * x + y * y), g * x / (x * x + y * y)),
               _V, _A(3, -2, 0.7))
    yield _row("maximum: to the loser", "swapped operands", np.maximum, lambda g, z, x, y: (g * (x < y), g * (y < x)),
               _V, _A(3, -2, 0.7))
    yield _row("where: both", "", lambda x, y: np.where(x > 0, x, y), lambda g, z, x, y: (g.copy(), g * (x <= 0)),
               _V, _A(3, -2, 0.7))
    yield _row("broadcast multiply: rows only", "missing sum over a broadcast axis", np.multiply,
               lambda g, z, x, y: (g * y, _unbroadcast(g * x, y.shape)), _X33[:, :1].copy(), _X33[:1].copy())
    yield _row("outer: transposed", "", np.outer, lambda g, y, a, b: (g @ b, g @ a), _V, _A(3, -2, 0.7))
    yield _row("mean of rows: not divided", "missing 1/N", lambda x: x.mean(0),
               lambda g, y, x: (np.broadcast_to(g, x.shape).copy(),), _X33)
    yield _row("sum of rows: divided", "mean for sum (a 1/N too many)", lambda x: x.sum(0),
               lambda g, y, x: (np.broadcast_to(g / len(x), x.shape).copy(),), _X33)
    yield _row("transpose: reshaped", "", lambda x: x.T.copy(), lambda g, y, x: (g.reshape(x.shape).copy(),), _X24)
    yield _row("relu: mask of the output's sign turned", "", lambda x: np.maximum(x, 0),
               lambda g, y, x: (g * (x < 0),), _V)
    yield _row("relu: no mask", "mask too wide: a gradient where the function does not move",
               lambda x: np.maximum(x, 0), lambda g, y, x: (g.copy(),), _V)
    yield _row("dropout: not scaled back", "factor 2", lambda x: x * _A(2, 0, 2),
               lambda g, y, x: (g * _A(1, 0, 1),), _V)
    yield _row("l1 + l2: l2 forgotten", "", lambda x: np.abs(x).sum() + (x * x).sum(),
               lambda g, y, x: (g * np.sign(x),), _V)
    yield _row("norm at 0 with slope 5", "", _norm, lambda g, y, x: (g * (x / y if y else 5 + 0 * x),), np.zeros(2))
    yield _row("|x| at 0 with slope -3", "", np.abs, lambda g, y, x: (g * np.where(x == 0, -3, np.sign(x)),), _A(0, 1))
    yield _row("saturated sigmoid, 0 for 4e-18", "", _sigmoid, lambda g, y, x: (g * np.where(x < -30, 0, y * (1 - y)),),
               _A(-40, 1))


def _flipped(g, y, x, w):
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    for i in range(len(g)):
        dx[i : i + len(w)] += g[i] * w[::-1]
        dw += g[i] * x[i : i + len(w)]
    return dx, dw


def _ends_lost(g, y, x, w):
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    for i in range(len(g)):
        if 0 < i < len(g) - 1:
            dx[i : i + len(w)] += g[i] * w
        dw += g[i] * x[i : i + len(w)]
    return dx, dw


CASES = [*LISTED, *_corrupted_elementwise(), *_corrupted_networks()]
