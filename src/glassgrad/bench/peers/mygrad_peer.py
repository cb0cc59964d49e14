"""MyGrad: tensors over NumPy, a backward pass, and the update of the data in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..job import AbsentError, Calls, Epochs, Job, sampled
from ..work import Function, Training, orders, points, repeated, scaled, weights


def train(work: Training) -> Job:
    """Train in float32 with MyGrad's own fused loss."""
    import mygrad
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    if work.optimizer != "sgd":
        raise AbsentError("has no optimisers")
    x, labels = scaled(work)
    t = labels.astype(np.float32)[:, None] if work.sizes[-1] == 1 else labels

    def loss(parameters: list[Any], x: Any, t: Any) -> Any:
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = mygrad.matmul(x, W) + b
            x = relu(x) if work.activation == "relu" else mygrad.tanh(x)
        scores = mygrad.matmul(x, parameters[-2]) + parameters[-1]
        if work.sizes[-1] == 1:
            return mygrad.mean(mygrad.logaddexp(0, scores) - t * scores)
        return softmax_crossentropy(scores, t)

    def epoch(parameters: list[Any], order: Any) -> tuple[list[Any], float]:
        total = 0.0
        for chosen in order.reshape(-1, work.batch):
            value = loss(parameters, x[chosen], t[chosen])
            value.backward()
            for w in parameters:
                w.data -= np.float32(work.lr) * w.grad
            total += value.item()
        return parameters, total / work.steps

    def start() -> list[Any]:
        return [mygrad.tensor(array) for array in weights(work)]

    mygrad.turn_memory_guarding_off()  # it locks arrays against writing; who wants speed turns it off
    return Epochs(start, epoch, orders(work), work.steps)


def function(work: Function) -> Job:
    """Value and gradient of an expression."""
    import mygrad

    mygrad.turn_memory_guarding_off()
    x = points(work)

    def call() -> tuple[Any, Any]:
        leaf = mygrad.tensor(x)
        total = mygrad.sum(repeated(mygrad, leaf, work.times))
        total.backward()
        return total.item(), leaf.grad

    return Calls(call, work.calls, lambda found: sampled(*found))
