"""glassgrad itself. Everything that the comparison knows of our engine stands in this module."""

from __future__ import annotations

import numpy as np

from ... import optim
from ...engine import compile  # noqa: A004 - the verb of the library
from ...graph import nodes
from ...train.fit import fit
from ...transform import value_and_grad
from ..job import Calls, Job, Round, centred, sampled
from ..work import Function, Inference, Training, network, points, raw, repeated, scaled


def train(work: Training) -> Job:
    """Train by `fit`, on the data as they came; its own clock leaves out what it evaluates between epochs."""
    x, t, divisor = raw(work)
    logistic = work.sizes[-1] == 1
    if logistic:
        t = t.astype(np.float32)[:, None]
    model, optimizer = network(work, divisor), optim.named(work.optimizer, lr=work.lr)

    def round_() -> Round:
        result = fit(model.clone(), (x, t), loss=nodes.binary_cross_entropy if logistic else None, optimizer=optimizer,
                     batch=work.batch, epochs=2, keep="last")
        first, second = result.history
        return Round(second["seconds"] - first["seconds"], work.steps, [first["loss"], second["loss"]])

    return round_


def infer(work: Inference) -> Job:
    """Ask the model for scores."""
    model, (x, _) = network(work), scaled(work)
    return Calls(lambda: model.scores(x), work.calls, centred)


def function(work: Function) -> Job:
    """Value and gradient of an expression, compiled."""
    x = points(work)
    both = compile(value_and_grad(lambda y: nodes.sum(repeated(nodes, y, work.times))))
    return Calls(lambda: both(x), work.calls, lambda found: sampled(*found))


def planned_bytes(work: Training) -> int | None:  # noqa: ARG001 - the engine will know
    """Return how many bytes the plan of the training step says it needs beyond the data, if there is a plan."""
    return None
