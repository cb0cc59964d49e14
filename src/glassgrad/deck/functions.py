"""The deck's functions of arrays: `sigmoid`, `softmax`, `cross_entropy_error`; plain arrays in and out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array_type import Array, numeric
from ..build import placeholder
from ..errors import DataError, ShapeError
from ..graph import nodes, type_of
from ..ops import activation, loss
from .step import apply, floats


def sigmoid(x: Any) -> Array:
    """Logistic function ``1 / (1 + exp(-x))``, without overflow for any x.

    Examples
    --------
    >>> print(sigmoid(np.array([-1000.0, 0.0, 1000.0])))
    [0.  0.5 1. ]
    """
    return apply(activation.sigmoid, floats(x)).output


def softmax(x: Any) -> Array:
    """Scores into probabilities along the last axis: a sample (C,), or a batch (N, C) row by row.

    Examples
    --------
    >>> print(softmax(np.array([1000.0, 1000.0])))
    [0.5 0.5]
    """
    x = floats(x)
    if not x.ndim or x.shape[-1] == 0:
        raise ShapeError(f"softmax: shape {x.shape} has no scores to compare; (C,) or (N, C) is needed.")
    return activation.softmax(np, x, axis=-1)


def cross_entropy_error(y: Any, t: Any) -> Any:
    """Cross entropy ``L = -sum_k t_k log y_k`` of probabilities, the mean over the samples.

    Nothing is added inside the logarithm: a probability of 0 for the true class costs infinity.

    Parameters
    ----------
    y : (N, C) or (C,) array_like
        Probabilities.
    t : (N,) or (N, 1) integers, or array_like of the shape of `y`
        Class numbers, or probabilities: one-hot or soft.

    Returns
    -------
    float

    Raises
    ------
    ShapeError, DtypeError, DataError
        If the labels do not fit, are no class numbers, or there are none.

    Examples
    --------
    >>> y = np.array([[0.1, 0.7, 0.2], [0.25, 0.25, 0.5]])
    >>> print(round(cross_entropy_error(y, [1, 2]), 6), round(cross_entropy_error(y, [[0, 1, 0], [0, 0, 1]]), 6))
    0.524911 0.524911
    """
    y = floats(y)
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        return apply(loss.cross_entropy_error, y, labels_for(y, t)).output


def labels_for(y: Array, t: Any) -> Array:
    """Return labels that fit the scores `y`, by the rule that `cross_entropy` has: class numbers or probabilities.

    One-hot rows become class numbers, which say the same in less.
    """
    if 0 in y.shape[:-1]:
        raise DataError(f"no samples were given: scores of shape {y.shape}. Give at least one.")
    labels = numeric(t)
    if not (labels.shape == y.shape or (labels.shape == y.shape[:-1] and labels.dtype.kind in "iu")):
        labels = nodes.cross_entropy(placeholder(type_of(y)), labels).inputs[1].value  # fits a column, or says why not
    return _class_numbers(labels) if labels.shape == y.shape else labels


def _class_numbers(p: Array) -> Array:
    """Return the class numbers that one-hot rows stand for; other probabilities as they are."""
    classes = np.argmax(p, axis=-1)
    one_hot = np.count_nonzero(p) == classes.size and (np.max(p, axis=-1) == 1).all()
    return classes if one_hot else p
