"""HIPS autograd: a loss in its NumPy, `value_and_grad`, and the update in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..job import AbsentError, Calls, Epochs, Job, sampled
from ..work import Function, Training, orders, points, repeated, scaled, weights


def train(work: Training) -> Job:
    """Train in float32 with labels as class numbers."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    if work.optimizer != "sgd":
        raise AbsentError("has no optimisers")
    x, labels = scaled(work)
    t = labels.astype(np.float32)[:, None] if work.sizes[-1] == 1 else labels
    rows = np.arange(work.batch)

    def loss(parameters: list[Any], x: Any, t: Any) -> Any:
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = anp.dot(x, W) + b
            x = anp.maximum(x, 0) if work.activation == "relu" else anp.tanh(x)
        scores = anp.dot(x, parameters[-2]) + parameters[-1]
        if work.sizes[-1] == 1:
            return anp.mean(anp.logaddexp(0, scores) - t * scores)
        scores = scores - anp.max(scores, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(scores), axis=1)) - scores[rows, t])

    both = value_and_grad(loss)

    def epoch(parameters: list[Any], order: Any) -> tuple[list[Any], float]:
        total = 0.0
        for chosen in order.reshape(-1, work.batch):
            value, gradients = both(parameters, x[chosen], t[chosen])
            for key, g in enumerate(gradients):
                parameters[key] -= np.float32(work.lr) * g
            total += float(value)
        return parameters, total / work.steps

    return Epochs(lambda: weights(work), epoch, orders(work), work.steps)


def function(work: Function) -> Job:
    """Value and gradient of an expression."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    x = points(work)
    both = value_and_grad(lambda y: anp.sum(repeated(anp, y, work.times)))
    return Calls(lambda: both(x), work.calls, lambda found: sampled(*found))
