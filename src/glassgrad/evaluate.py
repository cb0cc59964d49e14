"""How well a network does on labelled data: confusion matrix, and the mistakes it was surest of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .nn.model import Sequential
from .ops.activation import softmax
from .train.scores import scorer


@dataclass(frozen=True)
class Evaluation:
    """Predictions for labelled rows.

    Attributes
    ----------
    probabilities : (N, C) array
    predicted, wanted : (N,) integer arrays
    confusion : (C, C) integer array
        Row: true class; column: predicted class.
    accuracy : float
    """

    probabilities: Any
    predicted: Any
    wanted: Any
    confusion: Any
    accuracy: float

    def worst(self, most: int) -> Any:
        """Return the rows of the wrong predictions with the highest probability, the worst first."""
        wrong = np.flatnonzero(self.predicted != self.wanted)
        sure = self.probabilities[wrong, self.predicted[wrong]]
        return wrong[np.argsort(-sure, kind="stable")[:most]]


def probabilities(model: Sequential, x: Any) -> Any:
    """Return the softmax of the model's scores, (N, C); very many rows are scored by native code."""
    weights = {name: tensor.value for name, tensor in model.parameters().items()}
    return softmax(np, scorer(model, x)(weights, x), axis=-1)


def evaluate(model: Sequential, x: Any, t: Any) -> Evaluation:
    """Return what the model makes of rows `x` with class numbers `t`.

    >>> import glassgrad as gg
    >>> net = gg.nn.TwoLayerNet(2, 3, 2, seed=0)
    >>> evaluate(net, np.eye(2, dtype="float32"), np.array([0, 1])).confusion.sum()
    np.int64(2)
    """
    found = probabilities(model, x)
    predicted, classes = found.argmax(axis=1), found.shape[1]
    confusion = np.bincount(t * classes + predicted, minlength=classes**2).reshape(classes, classes)
    return Evaluation(found, predicted, t, confusion, float(np.mean(predicted == t)))
