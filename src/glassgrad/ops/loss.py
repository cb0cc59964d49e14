"""Losses: one number that says how far a prediction is from what was wanted."""

from __future__ import annotations

from math import inf, prod
from typing import Any

import numpy as np

from ..errors import DtypeError, SettingError, ShapeError
from ..graph import nodes
from .activation import log_softmax, sigmoid, softmax, softplus
from .define import as_node, broadcast, composite, floats, setting
from .index import check_labels, one_hot


def targets(xp: Any, labels: Any, y: Any) -> Any:
    """Return labels as probabilities of the shape of `y`: class numbers become one-hot rows."""
    if labels.dtype.kind in "iu" and labels.shape == y.shape[:-1]:
        return one_hot(xp, labels, classes=y.shape[-1], dtype=y.dtype)
    return labels.astype(y.dtype)


def _cross_entropy_arguments(x: Any, t: Any) -> Any:
    x, t = floats(x), as_node(t)
    if not x.ndim or x.shape[-1] == 0:
        raise ShapeError(f"cross entropy: scores of shape {x.shape} have no axis of classes; (N, C) or (C,) is needed.")
    if t.dtype.kind in "iu" and t.ndim == x.ndim and t.shape == (*x.shape[:-1], 1) and x.shape[-1] > 1:
        t = nodes.reshape(t, x.shape[:-1])  # a column of class numbers
    if not x.size:
        raise ShapeError(f"cross entropy: scores of shape {x.shape} have no rows, and no mean; one is needed.")
    classes = t.shape == x.shape[:-1]
    if not classes and t.shape != x.shape:
        raise ShapeError(
            f"cross entropy: labels {t.shape} do not fit scores {x.shape}. Give class numbers of shape "
            f"{x.shape[:-1]} or probabilities of shape {x.shape}."
        )
    if classes and t.dtype.kind not in "iu":
        raise DtypeError(f"cross entropy: class numbers must be integers; got {t.dtype}. Use labels.astype(int).")
    return (x, t), {}


def _rows(y: Any) -> int:
    return prod(y.shape[:-1])


def _for_labels(xp: Any, g: Any, log_y: Any) -> Any:
    """Cotangent of labels that are probabilities: ``-log y / N``."""
    return g * log_y * (-1 / _rows(log_y))


def _log(xp: Any, y: Any) -> Any:
    """Logarithm whose value at 0 is minus infinity without a warning."""
    return xp.where(xp.equal(y, 0), -inf, xp.log(xp.where(xp.equal(y, 0), 1, y)))


def _weighted(xp: Any, t: Any, log_y: Any) -> Any:
    """``-sum(t log y) / N``; a class with t = 0 counts as 0 also where y = 0."""
    return xp.sum(t * xp.where(xp.equal(t, 0), 0, log_y)) * (-1 / _rows(log_y))


def _cross_entropy_error(xp: Any, y: Any, t: Any) -> Any:
    t = targets(xp, t, y)
    return _weighted(xp, t, xp.log(xp.where(xp.equal(t, 0), 1, y)))


def _cross_entropy_error_vjp(xp: Any, g: Any, loss: Any, y: Any, t: Any) -> tuple[Any, Any]:
    p = targets(xp, t, y)
    share = xp.where(xp.equal(p, 0), 0, p / xp.where(xp.equal(p, 0), 1, y))
    return g * share * (-1 / _rows(y)), _for_labels(xp, g, _log(xp, y)) if t.dtype.kind == "f" else None


@composite(
    forward=_cross_entropy_error, vjp=_cross_entropy_error_vjp, arguments=_cross_entropy_arguments,
    symbol="Cross Entropy Error", latex=r"-\tfrac1N \sum {1} \log {0}",
)
def cross_entropy_error(xp: Any, y: Any, t: Any) -> Any:
    """Cross entropy of probabilities `y`: ``L = -sum_k t_k log y_k``, the mean over the rows.

    Nothing is added inside the logarithm, so a probability of 0 for the true class costs infinity; to train, use
    `cross_entropy`, which takes scores and stays finite.

    Parameters
    ----------
    y : (N, C) or (C,) array_like
        Probabilities.
    t : (N,) integers, or array_like of the shape of `y`
        Class numbers, or probabilities (one-hot or soft).

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(round(float(gg.cross_entropy_error([0.25, 0.5, 0.25], [0, 1, 0])), 6))
    0.693147
    """
    return xp.sum(targets(xp, t, y) * xp.log(y)) * (-1 / _rows(y))


def _with_weights(x: Any, t: Any, weight: Any = None) -> Any:
    (x, t), params = _cross_entropy_arguments(x, t)
    if weight is None:
        return (x, t), params
    weight = floats(weight)
    if weight.shape != x.shape[-1:]:
        raise ShapeError(f"cross entropy: weights of shape {weight.shape} were given; one for each of the "
                         f"{x.shape[-1]} classes is needed, shape {x.shape[-1:]}.")
    return (x, t, weight), params


def _less(xp: Any, y: Any, p: Any, total: Any) -> Any:
    """Return ``y total - p`` for softmaxes y and labels p that add up to `total`, exact also where y is nearly 1.

    It is ``y (total - p) - p (1 - y)``, and 1 - y is the sum of the others. Only one entry of a row can be above 1/2,
    and only of that one is the sum needed: from 1 down to there the subtraction loses digits.
    """
    large = y > 0.5
    others = xp.sum(xp.where(large, 0, y), axis=-1, keepdims=True)
    return y * (total - p) - p * xp.where(large, others, 1 - y)


def _shares(xp: Any, x: Any, t: Any, weight: Any) -> Any:
    """Return how much each entry counts: its probability times its class's weight, divided by the sum of these."""
    weighted = targets(xp, t, x) * weight
    return weighted / xp.sum(weighted)


def _mean_weighted(xp: Any, x: Any, t: Any, weight: Any, log_y: Any) -> Any:
    share = _shares(xp, x, t, weight)
    return -xp.sum(share * xp.where(xp.equal(share, 0), 0, log_y))


def _weighted_vjp(xp: Any, g: Any, loss: Any, x: Any, t: Any, weight: Any) -> tuple[Any, Any, Any]:
    """With shares s of sum 1: ``dx = softmax(x) sum_k s - s``; weights and labels change the shares, too."""
    share, log_y = _shares(xp, x, t, weight), log_softmax(xp, x, axis=-1)
    dx = _less(xp, softmax(xp, x, axis=-1), share, xp.sum(share, axis=-1, keepdims=True))
    p, excess = targets(xp, t, x), -log_y - loss
    total = xp.sum(p * weight)
    dt = g * (excess * weight / total) if t.dtype.kind == "f" else None
    return g * dx, dt, g * (xp.where(xp.equal(p, 0), 0, excess) * p / total)


def _cross_entropy(xp: Any, x: Any, t: Any, *weight: Any) -> Any:
    log_y = log_softmax(xp, x, axis=-1)
    if weight:
        return _mean_weighted(xp, x, t, weight[0], log_y)
    if t.shape == x.shape:
        return _weighted(xp, targets(xp, t, x), log_y)
    rows, classes = _rows(x), x.shape[-1]
    if xp is np:
        check_labels(t, classes)
    elif t.dtype.kind == "i":  # no label counts from the end: there it is no class either
        t = t if t.dtype == np.int64 else t.astype(np.int64)
        t = xp.where(t < 0, classes, t)
    chosen = xp.reshape(log_y, (rows, classes))[np.arange(rows), xp.reshape(t, (rows,))]
    return xp.sum(chosen) * (-1 / rows)


def _cross_entropy_vjp(xp: Any, g: Any, loss: Any, x: Any, t: Any, *weight: Any) -> tuple[Any, ...]:
    if weight:
        return _weighted_vjp(xp, g, loss, x, t, *weight)
    p, y = targets(xp, t, x), softmax(xp, x, axis=-1)
    total = xp.sum(p, axis=-1, keepdims=True) if t.shape == x.shape else 1  # probabilities need not add up to 1
    labels = _for_labels(xp, g, log_softmax(xp, x, axis=-1)) if t.dtype.kind == "f" else None
    return _less(xp, y, p, total) * (g * (1 / _rows(x))), labels


@composite(
    forward=_cross_entropy, vjp=_cross_entropy_vjp, arguments=_with_weights, symbol="Softmax-with-Loss",
    latex=r"-\tfrac1N \sum {1} \log\mathrm{{softmax}}({0})",
)
def cross_entropy(xp: Any, x: Any, t: Any, *weight: Any) -> Any:
    """Softmax with cross-entropy loss, from scores; its derivative is ``(y - t) / N`` (the deck's Softmax-with-Loss).

    Parameters
    ----------
    x : (N, C) or (C,) array_like
        Scores, any size: computed through the logarithm of the softmax.
    t : (N,) integers, or array_like of the shape of `x`
        Class numbers, or probabilities (one-hot or soft). A column (N, 1) of class numbers counts as (N,).
    weight : (C,) array_like, optional
        How much each class counts: the loss becomes the mean over the rows weighted by ``sum_k weight_k t_k``.

    Returns
    -------
    Tensor
        A single number, the mean over the rows.

    Raises
    ------
    ShapeError
        If the labels do not fit the scores, or a label is no class.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(round(float(gg.cross_entropy([[0.3, 2.9, 4.0]], [2])), 6))
    0.305714
    """
    y = softmax(xp, x, axis=-1)
    return -xp.sum(_shares(xp, x, t, weight[0]) * xp.log(y)) if weight else cross_entropy_error(xp, y, t)


@composite(arguments=lambda y, t: ((floats(y), floats(t)), {}), latex=r"\overline{{({0} - {1})^2}}")
def mean_squared_error(xp: Any, y: Any, t: Any) -> Any:
    """Mean of the squared differences over all entries.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(gg.mean_squared_error([1.0, 2.0], [1.0, 4.0]).value)
    2.0
    """
    return xp.mean(xp.square(y - t), axis=None, keepdims=False)


def _entries(x: Any, t: Any) -> int:
    return prod(np.broadcast_shapes(x.shape, t.shape))


def _binary_vjp(xp: Any, g: Any, loss: Any, x: Any, t: Any) -> tuple[Any, Any]:
    """``sigmoid(x) - t``, written so that nothing cancels where t is 0 or 1."""
    t = t.astype(x.dtype)
    share = g * (1 / _entries(x, t))
    return share * ((1 - t) * sigmoid(xp, x) - t * sigmoid(xp, -x)), share * -x


def _not_empty(name: str, x: Any, t: Any) -> tuple[Any, Any]:
    x, t = floats(x), floats(t)
    if 0 in broadcast(name, [x.shape, t.shape]):
        raise ShapeError(f"{name}: shapes {x.shape} and {t.shape} hold no entries, and no mean; one is needed.")
    return x, t


def _binary_arguments(x: Any, t: Any) -> Any:
    return _not_empty("binary_cross_entropy", x, t), {}


def _huber_arguments(y: Any, t: Any, *, delta: float = 1.0) -> Any:
    delta = setting("huber: delta", delta)
    if not delta > 0:
        raise SettingError(f"huber: delta={delta} was given; a number above 0 is needed.")
    return _not_empty("huber", y, t), {"delta": delta}


@composite(
    vjp=_binary_vjp, arguments=_binary_arguments, symbol="Sigmoid-with-Loss",
    latex=r"-\overline{{ {1} \log\sigma({0}) + (1 - {1}) \log\sigma(-{0}) }}",
)
def binary_cross_entropy(xp: Any, x: Any, t: Any) -> Any:
    """Sigmoid with cross entropy, from scores: ``-mean(t log sigmoid(x) + (1 - t) log sigmoid(-x))``.

    Parameters
    ----------
    x : array_like
        Scores, any size.
    t : array_like
        0 or 1 (integers, booleans, floats), or probabilities between; broadcast against `x`.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(round(float(gg.binary_cross_entropy([0.0, 0.0], [0, 1])), 6))
    0.693147
    """
    t = t.astype(x.dtype)
    cost = t * softplus(xp, -x) + (1 - t) * softplus(xp, x)  # softplus(-x) is -log sigmoid(x)
    return xp.mean(cost, axis=None, keepdims=False)


@composite(arguments=_huber_arguments, latex=r"\mathrm{{Huber}}({0}, {1})")
def huber(xp: Any, y: Any, t: Any, *, delta: float) -> Any:
    """Mean of ``d**2 / 2`` for differences d up to `delta`, and of ``delta (|d| - delta / 2)`` beyond.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(gg.huber([1.0, 5.0], [0.0, 0.0]).value)
    2.5
    """
    size = xp.abs(y - t)
    near = xp.minimum(size, delta)
    return xp.mean(near * (size - near * 0.5), axis=None, keepdims=False)
