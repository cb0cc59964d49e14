"""Random compositions of correct rules over many scales, and corruptions of them; everything follows from a seed."""

from __future__ import annotations

import numpy as np
from cases_right import _layer_norm, _layer_norm_rule, _sigmoid, _softmax, _softmax_rule, _softplus

import glassgrad as gg

_STEPS = {
    "sin": (np.sin, lambda g, y, x: g * np.cos(x)),
    "tanh": (np.tanh, lambda g, y, x: g / np.cosh(x) ** 2),
    "sigmoid": (_sigmoid, lambda g, y, x: g * _sigmoid(x) * _sigmoid(-x)),
    "softplus": (_softplus, lambda g, y, x: g * _sigmoid(x)),
    "square": (np.square, lambda g, y, x: 2 * g * x),
    "relu": (lambda x: np.maximum(x, 0), lambda g, y, x: g * (x > 0)),
    "abs": (np.abs, lambda g, y, x: g * np.sign(x)),
    "softmax": (_softmax, lambda g, y, x: _softmax_rule(g, y, x)[0]),
    "layer norm": (_layer_norm, lambda g, y, x: _layer_norm_rule(g, y, x)[0]),
    "atan": (np.arctan, lambda g, y, x: g / (1 + x * x)),
    "residual": (lambda x: x + np.sin(x), lambda g, y, x: g * (1 + np.cos(x))),
    "cumsum": (lambda x: np.cumsum(x, -1), lambda g, y, x: np.cumsum(g[..., ::-1], -1)[..., ::-1]),
}
CORRUPTIONS = {
    "sign": lambda d, _: -d,
    "factor 2": lambda d, _: 2 * d,
    "one entry": lambda d, position: _change(d, position, 1.01),
    "relative 1e-4": lambda d, _: d * (1 + 1e-4),
    "zero": lambda d, _: 0 * d,
    "rolled": lambda d, _: np.roll(d, 1),
}


def _change(d, position, factor):
    d = d.copy()
    d.reshape(-1)[position] *= factor
    return d


def composition(seed):
    """Return ``(names, forward, rule, x)``: a chain of steps with linear maps between and a scale in and out."""
    rng = np.random.default_rng(seed)
    rows, width = int(2 ** (3.6 * rng.random() ** 2)), int(2 ** (1 + 2.6 * rng.random() ** 2))  # few are large
    scale_in, scale_out = 10.0 ** rng.uniform(-8, 8, 2)
    names = [str(name) for name in rng.choice(list(_STEPS), int(rng.integers(1, 5)))]
    maps = [rng.standard_normal((width, width)) for _ in names]
    x = rng.standard_normal((rows, width)) * scale_in

    def run(x):
        values = [x / scale_in]
        for name, weight in zip(names, maps, strict=True):
            values.append(values[-1] @ weight)
            values.append(_STEPS[name][0](values[-1]))
        return values

    def forward(x):
        return run(x)[-1] * scale_out

    def rule(g, y, x):
        values = run(x)
        d = g * scale_out
        for position in range(len(names) - 1, -1, -1):
            d = _STEPS[names[position]][1](d, values[2 * position + 2], values[2 * position + 1])
            d = d @ maps[position].T
        return (d / scale_in,)

    return names, forward, rule, x


def _jacobian(rule, y, x):
    return np.array([rule(g.reshape(y.shape), y, x)[0] for g in np.eye(y.size)])


def corrupted(rule, name, forward, x):
    """Return a rule whose gradient is changed in one way; linear in g like the right one.

    Where one entry is changed, it is the one that moves the output most: not one that the steps made 0.
    """
    position = int(np.argmax(np.abs(_jacobian(rule, forward(x), x)).sum(axis=0)))
    return lambda g, y, x: (CORRUPTIONS[name](rule(g, y, x)[0], min(position, x.size - 1)),)


def can_be_seen(rule, other, forward, x):
    """Return whether the values of the function, in float64, can tell two rules for its gradient apart.

    A change of a slope by less than ``eps |y| / |x|`` moves the output by less than its last digit even when the input
    doubles. Saturated functions have such slopes, and the right rule's own are then often wrong in their first digit.
    """
    y = forward(x)
    change = np.abs(_jacobian(rule, y, x) - _jacobian(other, y, x)).reshape(y.size, x.size).max(axis=1)
    return bool((change * np.abs(x).max() > np.finfo(float).eps * np.abs(y.reshape(-1))).any())


def random_network(seed):
    """Return the loss of a small ReLU network; by the seed at its kinks, saturated, in float32, or plain."""
    rng = np.random.default_rng(seed)
    d, h, c, n = (int(rng.integers(2, 5)) for _ in range(4))
    x = rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.7)
    W1 = rng.standard_normal((d, h))
    kind = seed % 4
    if kind == 0:
        x[0] = 0.0  # with biases of 0, every unit stands at its kink
    if kind == 1:
        W1 *= 50
    dtype = np.float32 if kind == 2 else np.float64
    values = {"W1": W1, "b1": np.zeros(h), "W2": rng.standard_normal((h, c)), "b2": np.zeros(c)}
    p = {name: gg.parameter(value.astype(dtype), name) for name, value in values.items()}
    scores = gg.matmul(gg.relu(gg.matmul(x.astype(dtype), p["W1"]) + p["b1"]), p["W2"]) + p["b2"]
    return gg.cross_entropy(scores, rng.integers(0, c, n))
