"""glassgrad itself. Everything that the comparison knows of our engine stands in this module."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from ... import optim
from ...engine import compile  # noqa: A004 - the verb of the library
from ...engine.blas import best
from ...engine.llvm.native import CannotCompileError
from ...graph import nodes
from ...train.fit import fit
from ...train.native import NativeStepper
from ...transform import value_and_grad
from ..job import Calls, Job, Round, centred, sampled
from ..work import Function, Inference, Training, network, points, raw, repeated, scaled

ENGINE = "native"  # what "auto" takes for all but runs of a second; where there is no LLVM, `fit` takes NumPy


def _foundations() -> None:
    """Import what native code stands on and choose the BLAS, which is part of getting ready as an import is."""
    with suppress(ImportError):
        import llvmlite.binding  # noqa: F401
    best()


def train(work: Training) -> Job:
    """Train by `fit`, on the data as they came; its own clock leaves out what it evaluates between epochs."""
    _foundations()
    x, t, divisor = raw(work)
    logistic = work.sizes[-1] == 1
    if logistic:
        t = t.astype(np.float32)[:, None]
    model, optimizer = network(work, divisor), optim.named(work.optimizer, lr=work.lr)

    def round_() -> Round:
        result = fit(model.clone(), (x, t), loss=nodes.binary_cross_entropy if logistic else None, optimizer=optimizer,
                     batch=work.batch, epochs=2, keep="last", engine=ENGINE)
        first, second = result.history
        return Round(second["seconds"] - first["seconds"], work.steps, [first["loss"], second["loss"]])

    return round_


def infer(work: Inference) -> Job:
    """Ask the compiled model for scores."""
    _foundations()
    scores, (x, _) = compile(network(work), engine=ENGINE), scaled(work)
    return Calls(lambda: scores(x), work.calls, centred)


def function(work: Function) -> Job:
    """Value and gradient of an expression, compiled."""
    _foundations()
    x = points(work)
    both = compile(value_and_grad(lambda y: nodes.sum(repeated(nodes, y, work.times))), engine=ENGINE)
    return Calls(lambda: both(x), work.calls, lambda found: sampled(*found))


def planned_bytes(work: Training) -> int | None:
    """Return how many bytes the plan of the training step counts beyond the data; None where none is compiled."""
    x, t, divisor = raw(work)
    model = network(work, divisor)
    try:
        loop = NativeStepper(model, nodes.cross_entropy, optim.named(work.optimizer), 0, x, t, (work.batch,))._loop
    except CannotCompileError:
        return None
    carried = 2 * sum(array.nbytes for array in loop.state().values())  # the weights of this step and of the next
    return loop.memory.work + sum(array.nbytes for array in loop.memory.constants) + carried
