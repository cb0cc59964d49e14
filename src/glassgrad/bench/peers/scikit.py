"""scikit-learn's MLPClassifier, an epoch for each `partial_fit`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..job import Calls, Epochs, Job, centred
from ..work import Inference, Training, orders, scaled, weights


class Ordered(np.random.RandomState):
    """Random numbers that shuffle the samples into the order that everybody has."""

    order: Any = None

    def shuffle(self, x: Any) -> None:
        """Put the order into `x`."""
        x[:] = self.order


def _made(work: Training | Inference, model: Any, x: Any, t: Any) -> Any:
    """Return the model with the first weights: it makes the arrays when it sees the first samples."""
    model.partial_fit(x, t, classes=np.arange(max(work.sizes[-1], 2)))
    arrays = weights(work)
    for own, array in zip(model.coefs_ + model.intercepts_, arrays[::2] + arrays[1::2], strict=True):
        own[...] = array
    del model._optimizer  # so that it begins with no memory of those samples
    return model


def train(work: Training) -> Job:
    """Train with the classifier's own loop and its own shuffling, told the order."""
    from sklearn.neural_network import MLPClassifier

    x, t = scaled(work)
    ordered = Ordered(0)

    def start() -> Any:
        model = MLPClassifier(
            work.sizes[1:-1], activation=work.activation, alpha=0.0, solver=work.optimizer, momentum=0.0,
            learning_rate_init=work.lr, batch_size=work.batch, random_state=ordered,
        )
        ordered.order = np.arange(work.batch)
        return _made(work, model, x[: work.batch], t[: work.batch])

    def epoch(model: Any, order: Any) -> tuple[Any, float]:
        ordered.order = order
        model.partial_fit(x, t)
        return model, float(model.loss_)

    return Epochs(start, epoch, orders(work), work.steps)


def infer(work: Inference) -> Job:
    """Ask for probabilities, which is what the classifier gives."""
    from sklearn.neural_network import MLPClassifier

    x, _ = scaled(work)
    model = _made(work, MLPClassifier(work.sizes[1:-1], activation=work.activation), x[:1], np.zeros(1, int))
    return Calls(lambda: model.predict_proba(x), work.calls, lambda p: centred(np.log(p)))
