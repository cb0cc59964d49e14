"""Cases that were written before the prover was tried on them: 40 wrong rules and 40 right ones.

The tables of `cases_wrong` and `cases_right` accompanied the development; these were written afterwards, in one go, and
what the prover said at the first run stands in ``docs/how_close_is_close.md``. Rows read as there.
"""

from __future__ import annotations

import math

import numpy as np

_R = np.random.default_rng(77)


def _A(*numbers):
    return np.array(numbers, float)


_P, _Q = _A(0.8, -0.4, 1.7, -2.2), _A(1.3, 0.6, -0.9, 2.4)
_M34, _M45, _S33 = _R.standard_normal((3, 4)), _R.standard_normal((4, 5)), _R.standard_normal((3, 3))
_POS = _A(0.4, 1.9, 3.3, 0.7)
_PICK = np.array([3, 1, 1, 0, 3])


def _softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _rms(x):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-3)


def _rms_rule(eps):
    def rule(g, y, x):
        r = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
        return (g * r - x * (g * x).mean(-1, keepdims=True) * r**3,)

    return rule


def _mse(x, t):
    return ((x - t) ** 2).mean()


def _pairwise(x):
    return ((x[:, None] - x[None]) ** 2).sum(-1)


class _Dropout:
    """Its backward pass uses the mask that the last forward pass left."""

    def forward(self, x):
        self.keep = np.abs(x) > 0.015 + 0.0 * x
        return np.where(self.keep, x * 2, 0.0)

    def rule(self, g, y, x):
        return (g * 2.0 * self.keep,)


class _Cache:
    """Remembers the first result for ever."""

    def __init__(self):
        self.first = None

    def rule(self, g, y, x):
        if self.first is None:
            self.first = np.exp(x)
        return (g * self.first,) if self.first.shape == x.shape else (g * np.exp(x),)


class _Accumulating:
    """Adds to its gradient instead of setting it."""

    def __init__(self):
        self.dx = {}

    def rule(self, g, y, x):
        self.dx[x.shape] = self.dx.get(x.shape, 0.0) + 3 * g * x * x
        return (self.dx[x.shape].copy(),)


def _scaled_in_place(g, y, x):
    g *= 1 / x
    return (g.copy(),)


def _masked_in_place(g, y, x):
    g[x > 1] = 0
    return (g.copy(),)


def _gather_set(g, y, x):
    d = np.zeros_like(x)
    d[_PICK] = g
    return (d,)


def _embedding_set(g, y, table):
    d = np.zeros_like(table)
    d[np.array([0, 2, 2, 1])] = g
    return (d,)


def _diff_rule_short(g, y, x):
    d = np.zeros_like(x)
    d[:-1] -= g
    d[1:-1] += g[:-1]
    return (d,)


def _pool(x):
    return x.reshape(*x.shape[:-1], -1, 2).max(-1)


def _pool_rule(g, y, x):
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    first = pairs[..., 0] >= pairs[..., 1]
    return (np.stack([g * first, g * ~first], -1).reshape(x.shape),)


_drop, _cache, _accumulating = _Dropout(), _Cache(), _Accumulating()

_WRONG = [
    ("arctanh: sign", "sign", lambda x: np.arctanh(x / 3), lambda g, y, x: (-g * 3 / (9 - x * x),), _P),
    ("mean square: sign of the target", "sign", _mse, lambda g, y, x, t: (g * 2 * (x - t) / x.size,
     g * 2 * (x - t) / x.size), _P, _Q),
    ("half square: factor 2", "factor 2", lambda x: 0.5 * (x * x).sum(), lambda g, y, x: (2 * g * x,), _P),
    ("x @ x: factor 2", "factor 2", lambda x: x @ x, lambda g, y, x: (g * x,), _P),
    ("mean square: not divided", "missing 1/N", _mse, lambda g, y, x, t: (g * 2 * (x - t), -g * 2 * (x - t)), _P, _Q),
    ("mean over the batch: not divided", "missing 1/N", lambda x, w: (x @ w).mean(0),
     lambda g, y, x, w: (np.ones((3, 1)) * (g @ w.T) / 3, x.T @ (np.ones((3, 1)) * g)), _M34, _M45),
    ("sum of squares: divided", "mean for sum (a 1/N too many)", lambda x: (x * x).sum(),
     lambda g, y, x: (g * 2 * x / x.size,), _P),
    ("bias of an affine map: mean", "mean for sum (a 1/N too many)", lambda x, w, b: x @ w + b,
     lambda g, y, x, w, b: (g @ w.T, x.T @ g, g.mean(0)), _M34, _M45, _A(1, 2, 3, 4, 5)),
    ("square product: second factor not transposed", "missing transpose", lambda x, w: x @ w,
     lambda g, y, x, w: (g @ w, x.T @ g), _S33, _R.standard_normal((3, 3))),
    ("square product: first factor not transposed", "missing transpose", lambda x, w: x @ w,
     lambda g, y, x, w: (g @ w.T, x @ g), _S33, _R.standard_normal((3, 3))),
    ("log determinant: inverse not transposed", "missing transpose", lambda x: np.linalg.slogdet(x)[1],
     lambda g, y, x: (g * np.linalg.inv(x),), _S33 + 3 * np.eye(3)),
    ("weighted sum: operands swapped", "swapped operands", lambda a, b: (a * b).sum(),
     lambda g, y, a, b: (g * a, g * b), _P, _Q),
    ("log of a sum of exponentials: swapped", "swapped operands", np.logaddexp,
     lambda g, z, a, b: (g * np.exp(b - z), g * np.exp(a - z)), _P, _Q),
    ("column scale: not summed", "missing sum over a broadcast axis", lambda x, s: x * s,
     lambda g, y, x, s: (g * s, g * x), _M34, _A(1, 2, -3, 4)),
    ("row offset: summed over nothing", "missing sum over a broadcast axis", lambda x, c: x - c,
     lambda g, y, x, c: (g.copy(), -g[:, :1].copy()), _M34, _A(1, 2, -3)[:, None]),
    ("dropout: mask of the last call", "state of another call", _drop.forward, _drop.rule, _A(0.014, 1, -2)),
    ("exp: cached from the first call", "", np.exp, _cache.rule, _P),
    ("cube: gradients accumulate", "state of another call", lambda x: x**3, _accumulating.rule, _P),
    ("softplus: cotangent ignored", "cotangent ignored", lambda x: np.log1p(np.exp(x)),
     lambda g, y, x: (1 / (1 + np.exp(-x)),), _P),
    ("cotangent's sign only", "", np.cosh, lambda g, y, x: (np.sign(g) * np.sinh(x),), _P),
    ("log: g divided in place", "cotangent changed in place", np.log, _scaled_in_place, _POS),
    ("min(x, 1): g masked in place", "cotangent changed in place", lambda x: np.minimum(x, 1), _masked_in_place, _P),
    ("sigmoid: x (1 - x)", "derivative at the input where the output was meant", lambda x: 1 / (1 + np.exp(-x)),
     lambda g, y, x: (g * x * (1 - x),), _P),
    ("square root: 1 / (2 x)", "derivative at the input where the output was meant", np.sqrt,
     lambda g, y, x: (g / (2 * x),), _POS),
    ("softmax of two rows: diagonal only", "softmax diagonal only", _softmax, lambda g, y, x: (g * y * (1 - y),),
     _R.standard_normal((2, 5))),
    ("sum of cubes: last entry lost", "last element lost", lambda x: (x**3).sum(),
     lambda g, y, x: (np.r_[3 * g * x[:-1] ** 2, 0.0],), _P),
    ("differences: last entry lost", "last element lost", np.diff, _diff_rule_short, _P),
    ("gather: repeated index", "repeated index overwritten instead of added", lambda x: x[_PICK], _gather_set, _P),
    ("embedding: repeated row", "repeated index overwritten instead of added",
     lambda t: t[np.array([0, 2, 2, 1])], _embedding_set, _M34),
    ("rms norm: eps left out", "a small term left out, such as eps", _rms, _rms_rule(0.0), _R.standard_normal((2, 4))),
    ("x / (|x| + 1e-3): eps left out", "a small term left out, such as eps", lambda x: np.log(x * x + 1e-3),
     lambda g, y, x: (g * 2 / x,), _P),
    ("exp: g of both signs taken as positive", "only positive side", np.exp, lambda g, y, x: (np.abs(g) * y,), _P),
    ("negative cotangents dropped", "", np.arctan, lambda g, y, x: (np.maximum(g, 0) / (1 + x * x),), _P),
    ("affine: gradient of the first row for all", "only batch 1", lambda x, w: x @ w,
     lambda g, y, x, w: (g @ w.T, np.outer(x[0], g[0])), _R.standard_normal((1, 4)), _M45),
    ("centred by the mean: path lost", "", lambda x: x - x.mean(), lambda g, y, x: (g.copy(),), _P),
    ("pairwise distances: one side only", "factor 2", _pairwise,
     lambda g, y, x: (2 * ((g.sum(1) + g.sum(0))[:, None] * x - (g + g.T) @ x) / 2,), _M34),
    ("max pool: to both", "", _pool, lambda g, y, x: (np.repeat(g, 2, -1),), _R.standard_normal((2, 6))),
    ("clip by norm taken as constant", "", lambda x: x / np.sqrt((x * x).sum()),
     lambda g, y, x: (g / np.sqrt((x * x).sum()),), _P),
    ("tanh: 3e-6 off", "", np.tanh, lambda g, y, x: (g * (1 - y * y) * (1 + 3e-6),), _P),
    ("entropy: the 1 forgotten", "", lambda p: -(p * np.log(p)).sum(), lambda g, y, p: (-g * np.log(p),), _POS),
]

WRONG = [(name, cause, f, rule, tuple(arrays)) for name, cause, f, rule, *arrays in _WRONG]
_T = _R.standard_normal((4, 4))


def _banana(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def _banana_rule(g, y, x):
    a = x[1] - x[0] ** 2
    return (g * np.array([-400 * x[0] * a - 2 * (1 - x[0]), 200 * a]),)


def _mish(x):
    return x * np.tanh(np.log1p(np.exp(x)))


def _mish_rule(g, y, x):
    t = np.tanh(np.log1p(np.exp(x)))
    return (g * (t + x * (1 - t * t) / (1 + np.exp(-x))),)


def _solve_rule(g, y, a, b):
    d = np.linalg.solve(a.T, g)
    return -np.outer(d, y), d


def _expm(x):
    total, term = np.eye(len(x), dtype=x.dtype), np.eye(len(x), dtype=x.dtype)
    for k in range(1, 30):
        term = term @ x / k
        total = total + term
    return total


def _expm_rule(g, y, x):
    n = len(x)
    block = np.zeros((2 * n, 2 * n))
    block[:n, :n] = block[n:, n:] = x.T
    block[:n, n:] = g
    return (_expm(block)[:n, n:].copy(),)


def _newton_root(a):
    r = np.maximum(a, 1.0)
    for _ in range(60):
        r = 0.5 * (r + a / r)
    return r


def _bce(z, t):
    return np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))


def _stable_sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def _bilinear(f, x):
    i = np.clip(np.floor(x).astype(int), 0, len(f) - 2)
    w = x - i
    return f[i] * (1 - w) + f[i + 1] * w


def _bilinear_rule(g, y, f, x):
    i = np.clip(np.floor(x).astype(int), 0, len(f) - 2)
    w = x - i
    df = np.zeros_like(f)
    np.add.at(df, i, g * (1 - w))
    np.add.at(df, i + 1, g * w)
    return df, g * (f[i + 1] - f[i])


def _horner(c, x):
    y = np.zeros_like(x)
    for a in c[::-1]:
        y = y * x + a
    return y


def _horner_rule(g, y, c, x):
    powers = np.stack([x**k for k in range(len(c))])
    slope = sum(k * c[k] * x ** (k - 1) for k in range(1, len(c)))
    return powers @ g, g * slope


RIGHT = [
    ("banana valley", _banana, _banana_rule, (_A(-1.2, 1.0),)),
    ("banana at its minimum", _banana, _banana_rule, (_A(1.0, 1.0),)),
    ("mish", _mish, _mish_rule, (_A(-3, 0.2, 4),)),
    ("linear solve", np.linalg.solve, _solve_rule, (_T + 4 * np.eye(4), _A(1, -2, 3, 0.5))),
    ("matrix exponential", _expm, _expm_rule, (0.3 * _S33,)),
    ("square root by Newton's iteration", _newton_root, lambda g, y, a: (g / (2 * y),), (_A(2.0, 0.3, 900.0),)),
    ("binary cross entropy, sure", _bce, lambda g, y, z, t: (g * (_stable_sigmoid(z) - t), -g * z),
     (_A(30, -25, 3), _A(1, 0, 1))),
    ("binary cross entropy, surely wrong", _bce, lambda g, y, z, t: (g * (_stable_sigmoid(z) - t), -g * z),
     (_A(500, -500), _A(0, 1))),
    ("linear interpolation", _bilinear, _bilinear_rule, (_A(1, 4, 2, 8), _A(0.3, 1.5, 2.9))),
    ("linear interpolation at a node", _bilinear, _bilinear_rule, (_A(1, 4, 2, 8), _A(0.3, 2.0))),
    ("polynomial by Horner", _horner, _horner_rule, (_A(1, -2, 0.5, 3), _A(0.7, -1.1))),
    ("rms norm", _rms, _rms_rule(1e-3), (_R.standard_normal((2, 4)),)),
    ("rms norm of zeros", _rms, _rms_rule(1e-3), (np.zeros((2, 3)),)),
    ("pairwise distances", _pairwise,
     lambda g, y, x: (2 * ((g.sum(1) + g.sum(0))[:, None] * x - (g + g.T) @ x),), (_M34,)),
    ("max pool", _pool, _pool_rule, (_R.standard_normal((2, 6)),)),
    ("max pool with a tie", _pool, _pool_rule, (_A(1, 1, 3, 2),)),
    ("two relus that cancel at 0", lambda x: np.maximum(x, 0) - np.maximum(-x, 0), lambda g, y, x: (g.copy(),),
     (_A(0, 1, -2),)),
    ("relu of relu at 0", lambda x: np.maximum(np.maximum(x, 0) - 0.5, 0), lambda g, y, x: (g * (x > 0.5),),
     (_A(0.5, 0, 2),)),
    ("relu6 at 6", lambda x: np.clip(x, 0, 6), lambda g, y, x: (g * ((x > 0) & (x < 6)),), (_A(6, 0, 3),)),
    ("|x|^1.5 at 0", lambda x: np.abs(x) ** 1.5, lambda g, y, x: (g * 1.5 * np.sqrt(np.abs(x)) * np.sign(x),),
     (_A(0, 1, -4),)),
    ("x |x| at 0", lambda x: x * np.abs(x), lambda g, y, x: (2 * g * np.abs(x),), (_A(0, -3),)),
    ("power -3 at 1e-3", lambda x: x**-3.0, lambda g, y, x: (-3 * g * x**-4.0,), (_A(1e-3, -2),)),
    ("sine of 1 / x", lambda x: np.sin(1 / x), lambda g, y, x: (-g * np.cos(1 / x) / x**2,), (_A(0.02, 1),)),
    ("exp(-1 / x^2) near 0", lambda x: np.exp(-1 / x**2), lambda g, y, x: (g * 2 * y / x**3,), (_A(0.2, 1),)),
    ("log of cosh, large", lambda x: np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - math.log(2),
     lambda g, y, x: (g * np.tanh(x),), (_A(200, -0.1, 0),)),
    ("Lorentzian of width 1e-4", lambda x: 1 / (1 + (x / 1e-4) ** 2),
     lambda g, y, x: (-g * y * y * 2 * x / 1e-8,), (_A(1e-4, 3e-5),)),
    ("sum with an offset of 1e9", lambda x: (x + 1e9).sum(), lambda g, y, x: (g * np.ones_like(x),), (_P,)),
    ("wave of 1e-3 on a parabola", lambda x: x * x + 1e-3 * np.sin(300 * x),
     lambda g, y, x: (g * (2 * x + 0.3 * np.cos(300 * x)),), (_A(0.5, -2),)),
    ("staircase plus slope", lambda x: np.floor(4 * x) + 0.5 * x, lambda g, y, x: (0.5 * g,), (_A(0.3, 1.6),)),
    ("remainder", lambda x: np.mod(x, 1.0), lambda g, y, x: (g.copy(),), (_A(0.3, 2.6, -0.2),)),
    ("Student's log-density", lambda x, s: -np.log(s) - 2 * np.log1p((x / s) ** 2 / 3),
     lambda g, y, x, s: (-g * 4 * x / (3 * s * s + x * x), g * (-1 / s + 4 * x * x / (s * (3 * s * s + x * x)))),
     (_A(0.5, -40), _A(2, 0.3))),
    ("standardise, mean 1e5", lambda x: (x - x.mean()) / x.std(),
     lambda g, y, x: ((g - g.mean() - y * (g * y).mean()) / x.std(),), (1e5 + _A(1, 2, 4, 7),)),
    ("embedding", lambda t: t[_PICK[:4] % 3],
     lambda g, y, t: (np.stack([g[_PICK[:4] % 3 == i].sum(0) for i in range(3)]),), (_M34,)),
    ("einsum with a batch", lambda a, b: np.einsum("bij,bjk->bik", a, b),
     lambda g, y, a, b: (np.einsum("bik,bjk->bij", g, b), np.einsum("bij,bik->bjk", a, g)),
     (_R.standard_normal((2, 2, 3)), _R.standard_normal((2, 3, 2)))),
    ("padding with zeros", lambda x: np.pad(x, 2), lambda g, y, x: (g[2:-2].copy(),), (_P,)),
    ("flip and roll", lambda x: np.roll(x[::-1], 1), lambda g, y, x: (np.roll(g, -1)[::-1].copy(),), (_P,)),
    ("attention of one head", lambda q, k: _softmax(q @ k.T / 2), lambda g, y, q, k: (
        (d := y * (g - (g * y).sum(-1, keepdims=True)) / 2) @ k, d.T @ q), (_M34, _R.standard_normal((5, 4)))),
    ("a wide sum of sines", lambda x: np.sin(x).sum(), lambda g, y, x: (g * np.cos(x),), (_R.standard_normal(500),)),
    ("tiny and huge weights", lambda x: x @ _A(1e-9, 1e9, 1, -1e4), lambda g, y, x: (g * _A(1e-9, 1e9, 1, -1e4),),
     (_P,)),
    ("argmin picks a constant", lambda x: np.array([1.0, 5.0, 2.0, 4.0])[np.argmin(x)] + x.min(),
     lambda g, y, x: (g * (np.arange(4) == np.argmin(x)),), (_P,)),
]
