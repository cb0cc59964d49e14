"""Correct rules that are hard to check: none may be called wrong.

A row reads: name, forward, rule, arrays. In a rule, `g` is the cotangent of the output `y`.
"""

from __future__ import annotations

import math

import numpy as np


def _A(*numbers):
    return np.array(numbers, float)


def _softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _softmax_rule(g, y, x):
    return (y * (g - (g * y).sum(-1, keepdims=True)),)


def _logsumexp(x):
    top = x.max(-1, keepdims=True)
    return (np.log(np.exp(x - top).sum(-1, keepdims=True)) + top)[..., 0]


def _sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1 + small)


def _softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _deep_tanh(x, depth=200):
    for _ in range(depth):
        x = np.tanh(1.01 * x)
    return x


def _deep_tanh_rule(g, y, x, depth=200):
    values = [x]
    for _ in range(depth):
        values.append(np.tanh(1.01 * values[-1]))
    g = g.copy()
    for value in reversed(values[1:]):
        g = g * 1.01 * (1 - value * value)
    return (g,)


def _max_first(g, y, x):
    d = np.zeros_like(x)
    d.reshape(-1)[np.argmax(x)] = g
    return (d,)


def _max_split(g, y, x):
    ties = (x == x.max()).astype(float)
    return (g * ties / ties.sum(),)


def _sort_rule(g, y, x):
    d = np.zeros_like(x)
    d[np.argsort(x, kind="stable")] = g
    return (d,)


def _norm(x):
    return np.sqrt((x * x).sum())


def _norm_rule(g, y, x):
    return (g * x / y if y > 0 else np.zeros_like(x),)


def _batch_norm(x, eps):
    centred = x - x.mean(0)
    return centred / np.sqrt((centred**2).mean(0) + eps)


def _batch_norm_rule(g, y, x, eps):
    deviation = np.sqrt(x.var(0) + eps)
    return ((g - g.mean(0) - y * (g * y).mean(0)) / deviation,)


def _layer_norm(x, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps)


def _layer_norm_rule(g, y, x, eps=1e-5):
    deviation = np.sqrt(x.var(-1, keepdims=True) + eps)
    return ((g - g.mean(-1, keepdims=True) - y * (g * y).mean(-1, keepdims=True)) / deviation,)


def _cross_entropy(labels):
    def forward(x):
        z = x - x.max(-1, keepdims=True)
        return -(z - np.log(np.exp(z).sum(-1, keepdims=True)))[np.arange(len(labels)), labels].mean()

    def rule(g, y, x):
        d = _softmax(x)
        d[np.arange(len(labels)), labels] -= 1
        return (g * d / len(labels),)

    return forward, rule


def _cholesky_rule(g, y, x):
    phi = np.tril(y.T @ g)
    phi[np.diag_indices_from(phi)] *= 0.5
    inverse = np.linalg.inv(y)
    s = inverse.T @ phi @ inverse
    return ((s + s.T) / 2,)


def _symmetrised_cholesky(x):
    return np.linalg.cholesky((x + x.T) / 2)


def _inverse_rule(g, y, x):
    return (-y.T @ g @ y.T,)


def _ill_conditioned(condition, size=3, seed=0):
    rng = np.random.default_rng(seed)
    u, _ = np.linalg.qr(rng.standard_normal((size, size)))
    v, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return u @ np.diag(np.geomspace(1, 1 / condition, size)) @ v


def _xlogy(x, y):
    return np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, y)))


def _hinge(x):
    return np.maximum(0.0, 1 - x)


def _unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(0)
    return g.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True).reshape(shape)


def _convolution(x, w):
    return np.stack([(x[i : i + len(w)] * w).sum() for i in range(len(x) - len(w) + 1)])


def _convolution_rule(g, y, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(len(g)):
        dx[i : i + len(w)] += g[i] * w
        dw += g[i] * x[i : i + len(w)]
    return dx, dw


def _erf(x):
    return np.vectorize(math.erf, otypes=[float])(np.asarray(x, float))


def _iterated(x, y):
    """A map that leads 25 times back into itself: smooth near 0.3, chaotic at seven times that."""
    for k in range(25):
        x = np.sin(x) * y + np.tanh(x - 0.1 * k)
    return x


def _iterated_rule(g, z, x, y):
    dx, dy = 1.0, 0.0
    for k in range(25):
        slope = np.cos(x) * y + 1 - np.tanh(x - 0.1 * k) ** 2
        dx, dy = slope * dx, slope * dy + np.sin(x)
        x = np.sin(x) * y + np.tanh(x - 0.1 * k)
    return g * dx, g * dy


_R = np.random.default_rng(1)
_W300 = _R.standard_normal((300, 5))
_M = _R.standard_normal((4, 4))
_SPD = _M @ _M.T + 4 * np.eye(4)
_TAKE = np.array([0, 2, 2, 1, 0])


def _elementwise(name, f, d, *points):
    """Rows of one elementwise function at several points; `d` is its derivative from (x, y)."""
    return [(f"{name} at {p}", f, lambda g, y, x: (g * d(x, y),), (_A(*np.atleast_1d(p)),)) for p in points]


CASES = [
    *_elementwise("square", lambda x: x * x, lambda x, y: 2 * x, 1e8, 1e-8, (1e8, 1e-8, 3), (-2, 0, 5)),
    *_elementwise("cube", lambda x: x**3, lambda x, y: 3 * x * x, 0.0, (1e3, 1e-3), -7.0),
    *_elementwise("sqrt", np.sqrt, lambda x, y: 0.5 / y, 1e-8, 4.0, 1e12),
    *_elementwise("log", np.log, lambda x, y: 1 / x, 1e-7, 1.0, 1e9, 1e-30),
    *_elementwise("reciprocal", lambda x: 1 / x, lambda x, y: -y * y, 1e-5, -3.0, 1e6),
    *_elementwise("large offset", lambda x: 1e10 + x, lambda x, y: 1.0, 1.0),
    *_elementwise("exp", np.exp, lambda x, y: y, 100.0, -100.0, 300.0, -300.0, 0.0, (1, -30, 20)),
    *_elementwise("expm1", np.expm1, lambda x, y: np.exp(x), 1e-12, 2.0, -40.0),
    *_elementwise("sin", np.sin, lambda x, y: np.cos(x), 0.0, 3.0, 100.0),
    *_elementwise("fast sine", lambda x: np.sin(1e5 * x), lambda x, y: 1e5 * np.cos(1e5 * x), 0.3, 1.0),
    *_elementwise("relu", lambda x: np.maximum(x, 0), lambda x, y: (x > 0) * 1.0, 0.0, 1e-7, -1e-7, (-2, 0, 3)),
    *_elementwise("leaky relu", lambda x: np.where(x > 0, x, 0.1 * x), lambda x, y: np.where(x > 0, 1.0, 0.1),
                  (-2, 1e-6, 3), 0.0),
    *_elementwise("abs", np.abs, lambda x, y: np.sign(x), 0.0, (-1, 2), 1e-9),
    *_elementwise("floor off a jump", np.floor, lambda x, y: 0 * x, (0.5, 2.25)),
    *_elementwise("floor times x", lambda x: x * np.floor(x), lambda x, y: np.floor(x), (2.5, -3.25)),
    *_elementwise("sigmoid", _sigmoid, lambda x, y: y * _sigmoid(-x), 40.0, -40.0, -700.0, 0.0, (3, -2)),
    *_elementwise("tanh", np.tanh, lambda x, y: 1 / np.cosh(x) ** 2, 0.0, 20.0, (-3, 1e-6)),
    *_elementwise("softplus", _softplus, lambda x, y: _sigmoid(x), 50.0, -50.0, 0.0, (1, -1)),
    *_elementwise("log1p", np.log1p, lambda x, y: 1 / (1 + x), 1e-12, -0.999, 5.0),
    *_elementwise("cancelling cosine", lambda x: (1 - np.cos(x)) / x**2,
                  lambda x, y: np.where(np.abs(x) < 1e-2, -x / 12 + x**3 / 180 - x**5 / 6720,
                                        np.sin(x) / x**2 - 2 * (1 - np.cos(x)) / x**3), 0.5, 0.01, 3.0),
    *_elementwise("cube root", np.cbrt, lambda x, y: 1 / (3 * y * y), 1e-6, 8.0, -27.0),
    *_elementwise("huge", lambda x: x * 1e-190, lambda x, y: 1e-190 + 0 * x, 1e200),
    *_elementwise("tiny", lambda x: x * 1e190, lambda x, y: 1e190 + 0 * x, 1e-200),
    *_elementwise("square of tiny", lambda x: (x * 1e100) ** 2, lambda x, y: 2e200 * x, 1e-100),
    *_elementwise("logit", lambda x: np.log(x) - np.log1p(-x), lambda x, y: 1 / (x * (1 - x)), 1 - 1e-9, 0.3, 1e-6),
    *_elementwise("hinge", _hinge, lambda x, y: np.where(x < 1, -1.0, 0.0), 1.0, (0.5, 2)),
    *_elementwise("clip", lambda x: np.clip(x, -1, 1), lambda x, y: ((x > -1) & (x < 1)) * 1.0, 1.0, (0.5, 3, -1)),
    *_elementwise("erf", _erf, lambda x, y: 2 / math.sqrt(math.pi) * np.exp(-x * x), 0.3, 3.0),
    *_elementwise("gelu", lambda x: 0.5 * x * (1 + _erf(x / math.sqrt(2))),
                  lambda x, y: 0.5 * (1 + _erf(x / math.sqrt(2))) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
                  (0.3, -2, 1)),
    *_elementwise("huber", lambda x: np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5),
                  lambda x, y: np.clip(x, -1, 1), (0.5, 2, -3), 1.0),
    *_elementwise("atan", np.arctan, lambda x, y: 1 / (1 + x * x), 0.0, 1e3),
    *_elementwise("asin", np.arcsin, lambda x, y: 1 / np.sqrt(1 - x * x), 0.999, 0.0),
    *_elementwise("tan", np.tan, lambda x, y: 1 + y * y, 1.5, 0.2),
    *_elementwise("sinh", np.sinh, lambda x, y: np.cosh(x), 0.1, -20.0),
    *_elementwise("log2", np.log2, lambda x, y: 1 / (x * math.log(2)), 3.0),
    *_elementwise("power 2.5", lambda x: x**2.5, lambda x, y: 2.5 * x**1.5, 2.0, 1e-4),
    *_elementwise("exp of a square", lambda x: np.exp(-x * x), lambda x, y: -2 * x * y, 0.0, (1, -5)),
    *_elementwise("swish", lambda x: x * _sigmoid(x), lambda x, y: _sigmoid(x) * (1 + x * _sigmoid(-x)), (0.5, -4)),
    *_elementwise("elu", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
                  lambda x, y: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))), (1, -2), 0.0),
    *_elementwise("sinc", np.sinc, lambda x, y: (np.cos(np.pi * x) - y) / x, 0.5, 3.0),
    *_elementwise("computed in float32", lambda x: np.sin(x.astype(np.float32)).astype(x.dtype),
                  lambda x, y: np.cos(x), (0.7, 2.0)),
    ("max, tie to the first", lambda x: x.max(), _max_first, (_A(1, 3, 3, 2),)),
    ("max, tie split", lambda x: x.max(), _max_split, (_A(1, 3, 3, 2),)),
    ("max, near-tie of 1e-9", lambda x: x.max(), _max_first, (_A(1, 3, 3 - 1e-9, 2),)),
    ("max without a tie", lambda x: x.max(), _max_first, (_A(1, 3, 2),)),
    ("sort", np.sort, _sort_rule, (_A(3, -1, 2, 5),)),
    ("logsumexp at 1e4", _logsumexp, lambda g, y, x: (g[..., None] * _softmax(x),), (_A(1e4, 1e4 - 1, 3),)),
    ("logsumexp in rows", _logsumexp, lambda g, y, x: (g[..., None] * _softmax(x),), (_R.standard_normal((3, 4)),)),
    ("softmax at 1e3", _softmax, _softmax_rule, (_A(1e3, -1e3, 999.5),)),
    ("softmax", _softmax, _softmax_rule, (_R.standard_normal((2, 3)),)),
    ("softmax, nearly equal", _softmax, _softmax_rule, (_A(1, 1 + 1e-9, 1),)),
    ("norm at 0", _norm, _norm_rule, (np.zeros(3),)),
    ("norm at 1e-9", _norm, _norm_rule, (_A(1e-9, 2e-9),)),
    ("norm", _norm, _norm_rule, (_A(3, -4, 12),)),
    ("atan2 at its branch", lambda y, x: np.arctan2(y, x),
     lambda g, z, y, x: (g * x / (x * x + y * y), -g * y / (x * x + y * y)), (_A(1e-3, 2), _A(-1, 1))),
    ("inverse, condition 1e8", np.linalg.inv, _inverse_rule, (_ill_conditioned(1e8),)),
    ("inverse", np.linalg.inv, _inverse_rule, (_SPD,)),
    ("logdet, nearly singular", lambda x: np.linalg.slogdet(x)[1], lambda g, y, x: (g * np.linalg.inv(x).T,),
     (_ill_conditioned(1e6),)),
    ("determinant", np.linalg.det, lambda g, y, x: (g * y * np.linalg.inv(x).T,), (_SPD,)),
    ("trace of a square", lambda x: np.trace(x @ x), lambda g, y, x: (2 * g * x.T,), (_M,)),
    ("cholesky", _symmetrised_cholesky, _cholesky_rule, (_SPD,)),
    ("variance with mean 1e6", lambda x: x.var(), lambda g, y, x: (g * 2 * (x - x.mean()) / x.size,),
     (1e6 + _A(1, 2, 4),)),
    ("variance", lambda x: x.var(), lambda g, y, x: (g * 2 * (x - x.mean()) / x.size,), (_A(1, 2, 4, 8),)),
    ("batch norm", lambda x: _batch_norm(x, 1e-5), lambda g, y, x: _batch_norm_rule(g, y, x, 1e-5),
     (_R.standard_normal((5, 2)),)),
    ("batch norm, variance 1e-12", lambda x: _batch_norm(x, 1e-5), lambda g, y, x: _batch_norm_rule(g, y, x, 1e-5),
     (1e-6 * _R.standard_normal((4, 2)),)),
    ("batch norm, variance 0", lambda x: _batch_norm(x, 1e-5), lambda g, y, x: _batch_norm_rule(g, y, x, 1e-5),
     (np.ones((3, 2)),)),
    ("layer norm", _layer_norm, _layer_norm_rule, (_R.standard_normal((2, 4)),)),
    ("cross entropy", *_cross_entropy(np.array([0, 2])), (_R.standard_normal((2, 3)),)),
    ("cross entropy, probability 0", *_cross_entropy(np.array([1])), (_A(1000, 0, -1000).reshape(1, 3),)),
    ("cross entropy, sure and right", *_cross_entropy(np.array([0])), (_A(40, 0, -40).reshape(1, 3),)),
    ("two scales", lambda x: np.stack([1e6 * x[0] ** 2, 1e-6 * x[1] ** 3]),
     lambda g, y, x: (np.stack([2e6 * x[0] * g[0], 3e-6 * x[1] ** 2 * g[1]]),), (_A(1.5, 2),)),
    ("two scales in one sum", lambda x: 1e6 * np.sin(x[0]) + 1e-6 * np.sin(x[1]),
     lambda g, y, x: (np.stack([1e6 * np.cos(x[0]) * g, 1e-6 * np.cos(x[1]) * g]),), (_A(1.5, 2),)),
    ("0-d", lambda x: x * x, lambda g, y, x: (2 * g * x,), (np.array(3.0),)),
    ("size 0", lambda x: x * x, lambda g, y, x: (2 * g * x,), (np.zeros((0, 3)),)),
    ("broadcast (3, 1) by (1, 4)", lambda x, y: x * y,
     lambda g, z, x, y: (_unbroadcast(g * y, x.shape), _unbroadcast(g * x, y.shape)),
     (_R.standard_normal((3, 1)), _R.standard_normal((1, 4)))),
    ("broadcast bias", lambda x, b: x + b, lambda g, y, x, b: (g.copy(), g.sum(0)),
     (_R.standard_normal((3, 2)), _A(1, 2))),
    ("xlogy at 0", lambda y: _xlogy(np.zeros(2), y), lambda g, z, y: (np.zeros_like(y),), (_A(0.5, 2),)),
    ("xlogy", _xlogy, lambda g, z, x, y: (g * np.log(y), g * x / y), (_A(0.5, 2), _A(0.1, 3))),
    ("constant", lambda x: np.ones(2), lambda g, y, x: (np.zeros_like(x),), (_A(1, 2, 3),)),
    ("200-deep tanh", _deep_tanh, _deep_tanh_rule, (_A(0.3, -1),)),
    ("20-deep tanh", lambda x: _deep_tanh(x, 20), lambda g, y, x: _deep_tanh_rule(g, y, x, 20), (_A(0.3, -1),)),
    ("a 300-wide linear map", lambda x: x @ _W300, lambda g, y, x: (_W300 @ g,), (_R.standard_normal(300),)),
    ("matrix product", lambda x, w: x @ w, lambda g, y, x, w: (g @ w.T, x.T @ g),
     (_R.standard_normal((3, 4)), _R.standard_normal((4, 2)))),
    ("affine", lambda x, w, b: x @ w + b, lambda g, y, x, w, b: (g @ w.T, x.T @ g, g.sum(0)),
     (_R.standard_normal((3, 4)), _R.standard_normal((4, 2)), _A(0.1, -0.2))),
    ("quadratic form", lambda x: x @ _M @ x, lambda g, y, x: (g * (_M + _M.T) @ x,), (_R.standard_normal(4),)),
    ("outer product", np.outer, lambda g, y, a, b: (g @ b, g.T @ a), (_A(1, 2), _A(3, 4, 5))),
    ("convolution", _convolution, _convolution_rule, (_R.standard_normal(6), _A(1, -2, 0.5))),
    ("take with repeats", lambda x: x[_TAKE],
     lambda g, y, x: (np.bincount(_TAKE, g, len(x)),), (_A(1, 2, 3, 4),)),
    ("transpose", lambda x: x.T.copy(), lambda g, y, x: (g.T.copy(),), (_R.standard_normal((2, 3)),)),
    ("reshape", lambda x: x.reshape(-1).copy(), lambda g, y, x: (g.reshape(x.shape).copy(),),
     (_R.standard_normal((2, 3)),)),
    ("cumulative sum", lambda x: np.cumsum(x), lambda g, y, x: (np.cumsum(g[::-1])[::-1].copy(),), (_A(1, 2, 3),)),
    ("product", np.prod, lambda g, y, x: (g * y / x,), (_A(1.5, -2, 3),)),
    ("mean", np.mean, lambda g, y, x: (np.full_like(x, g / x.size),), (_A(1, 2, 3, 4),)),
    ("mean of rows", lambda x: x.mean(0), lambda g, y, x: (np.broadcast_to(g / len(x), x.shape).copy(),),
     (_R.standard_normal((3, 2)),)),
    ("shared input", lambda x: x * np.exp(x) + x, lambda g, y, x: (g * (np.exp(x) * (1 + x) + 1),), (_A(0.5, -1),)),
    ("power with two arrays", lambda x, p: x**p, lambda g, y, x, p: (g * p * x ** (p - 1), g * y * np.log(x)),
     (_A(2, 0.5), _A(3, -1.5))),
    ("divide", lambda x, y: x / y, lambda g, z, x, y: (g / y, -g * x / y**2), (_A(1, 2), _A(3, -1e-3))),
    ("hypot", np.hypot, lambda g, z, x, y: (g * x / z, g * y / z), (_A(3, 1e-8), _A(4, 1))),
    ("logaddexp", np.logaddexp, lambda g, z, x, y: (g * np.exp(x - z), g * np.exp(y - z)), (_A(800, -3), _A(799, 4))),
    ("maximum of two", np.maximum, lambda g, z, x, y: (g * (x > y), g * (y >= x)), (_A(1, 5), _A(2, 3))),
    ("maximum of two, tie split", np.maximum,
     lambda g, z, x, y: (g * ((x > y) + 0.5 * (x == y)), g * ((y > x) + 0.5 * (x == y))), (_A(1, 3), _A(2, 3))),
    ("maximum of two, tie to the second", np.maximum, lambda g, z, x, y: (g * (x > y), g * (y >= x)),
     (_A(1, 3), _A(2, 3))),
    ("relu of a sum at 0", lambda x: np.maximum(x.sum(), 0), lambda g, y, x: (g * (x.sum() > 0) * np.ones_like(x),),
     (_A(1, -1, 0),)),
    ("median of three", lambda x: np.sort(x)[1], lambda g, y, x: (g * (x == np.sort(x)[1]),), (_A(3, 1, 2),)),
    ("total variation", lambda x: np.abs(np.diff(x)).sum(),
     lambda g, y, x: (g * (np.r_[0, np.sign(np.diff(x))] - np.r_[np.sign(np.diff(x)), 0]),), (_A(1, 3, 3, 2),)),
    ("cosine similarity", lambda a, b: a @ b / np.sqrt(a @ a) / np.sqrt(b @ b),
     lambda g, y, a, b: (g * (b / np.sqrt(a @ a * (b @ b)) - y * a / (a @ a)),
                         g * (a / np.sqrt(a @ a * (b @ b)) - y * b / (b @ b))), (_A(1, 2), _A(3, -1))),
    ("gaussian log-density", lambda x, s: -0.5 * (x / s) ** 2 - np.log(s),
     lambda g, y, x, s: (-g * x / s**2, g * (x**2 / s**3 - 1 / s)), (_A(1, -2), _A(0.1, 30))),
    ("root of an implicit equation", lambda a: np.cbrt(a + np.sqrt(a * a + 1)) + np.cbrt(a - np.sqrt(a * a + 1)),
     lambda g, y, a: (g * 2 / (3 * y * y + 3),), (_A(2, 0.5),)),
    ("loss of 1e-12", lambda x: 1e-12 * np.sin(x).sum(), lambda g, y, x: (g * 1e-12 * np.cos(x),), (_A(1, 2),)),
    ("loss of 1e12", lambda x: 1e12 * np.sin(x).sum(), lambda g, y, x: (g * 1e12 * np.cos(x),), (_A(1, 2),)),
    ("a ripple under the noise of its trend", lambda x: 1 + 3e-15 * (x + 0.5 * np.sin(x)),
     lambda g, y, x: (g * 3e-15 * (1 + 0.5 * np.cos(x)),), (_A(402),)),
    ("a kink beside a saturated output", lambda x: np.concatenate([np.abs(x - 0.5), np.tanh(40 * x)]),
     lambda g, y, x: (g[:1] * np.sign(x - 0.5) + g[1:] * 40 / np.cosh(40 * x) ** 2,), (_A(0.5),)),
    ("chaos further out", _iterated, _iterated_rule, (np.array(0.3), np.array(0.7))),
    ("inputs of 1e-8 and 1e8", lambda x: np.sin(x * _A(1e8, 1e-8)),
     lambda g, y, x: (g * np.cos(x * _A(1e8, 1e-8)) * _A(1e8, 1e-8),), (_A(1e-8, 1e8),)),
]
