"""Training: mini-batch, gradient, update, again, until it is learned, interrupted, or no longer getting better.

>>> import numpy as np, glassgrad as gg
>>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
>>> net = gg.nn.Sequential(gg.nn.Affine(2, 8, seed=0), gg.nn.Tanh(), gg.nn.Affine(8, 2, seed=1))
>>> result = gg.train.fit(net, (x, np.array([0, 1, 1, 0])), batch=4, iterations=200, optimizer=gg.optim.SGD(0.5))
>>> result.model.predict(x)
array([0, 1, 1, 0])
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from ..data import Dataset
from ..errors import SettingError, one_of
from ..graph import nodes
from ..nn.layers import positive
from ..nn.model import Sequential
from ..optim import SGD, Optimizer
from .arguments import check_kinds, functions
from .batches import batches
from .checkpoint import Checkpoint, Keeper, description, read
from .choice import stepper as stepper_for
from .course import Course, Progress, Result, accuracy
from .sets import Pair, seed_of, sets_of
from .step import Loss


def fit(
    model: Sequential, data: Any, *, loss: Loss | None = None, optimizer: Optimizer | None = None, batch: int = 100,
    epochs: int | None = None, iterations: int | None = None, sampling: str = "shuffle", seed: int = 0,
    test: Pair | None = None, validation: float | Pair | None = None, patience: int | None = None, keep: str = "best",
    callbacks: Iterable[Callable[[Progress], object]] = (), progress: Callable[[Progress], object] | None = None,
    engine: str = "auto", checkpoint: Checkpoint | str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
) -> Result:
    """Train `model` in place; Ctrl-C stops it cleanly.

    Parameters
    ----------
    model : Sequential
        Its weights are replaced at the end by those of the best epoch.
    data : Dataset or pair (x, t)
        Samples along the first axis, uint8 or floats, and integer labels (N,), or targets for another loss. A
        `glassgrad.data.Dataset` brings its test set along.
    loss : callable ``(scores, t) -> Tensor``
        `glassgrad.cross_entropy` by default.
    optimizer : Optimizer
        ``SGD(0.1)`` by default.
    batch : int
    epochs, iterations : int, optional
        How long; give one of the two. 10,000 iterations by default (the deck's).
    sampling : {"shuffle", "replace"}
        Every sample once an epoch, or drawn with replacement as in the deck.
    seed : int
        Chooses batches, dropout and validation set. Same seed, same machine, same number of threads: the same bits.
    test : (x, t), optional
        Held-out data whose accuracy is reported after each epoch, and decides nothing.
    validation : float or (x, t), optional
        A share of the training data (or other data) whose loss decides which epoch is best and when to stop early;
        without it the training loss decides.
    patience : int, optional
        Stop when so many epochs have brought no better one.
    keep : {"best", "last"}
        Which weights the model gets.
    callbacks : iterable of callable
        Called with a `Progress` after each epoch; one that returns True stops the run.
    progress : callable, optional
        Called with a `Progress` about ten times a second and after each epoch, for display.
    engine : {"auto", "native", "numpy", "interpret"}
        What runs the steps: whole epochs as one native loop; NumPy in arrays made once; the reference interpreter.
        "auto" compiles where the run is long enough to gain by it.
    checkpoint : path or Checkpoint, optional
        File that keeps where the run stands, written about once a second, which takes at most a hundredth of the time.
        It is removed when the run has come to its end, and stays if it was interrupted or killed.
    resume : path, optional
        Such a file (it may be the same one), to go on from with the same arguments: the run then ends with the bits
        that it would have had without the interruption.

    Returns
    -------
    Result

    Raises
    ------
    NonFiniteError
        If the loss becomes NaN or infinite; names the guilty op, layer and line. The model has the best weights so far.
    DataError, ShapeError, DtypeError, SettingError
        If the data, a setting or a checkpoint cannot be used; nothing has been changed then.
    """
    place = checkpoint.path if isinstance(checkpoint, Checkpoint) else checkpoint
    check_kinds(model, loss, optimizer, progress, checkpoint=place, resume=resume)
    callbacks = functions(callbacks)
    if isinstance(data, Dataset):
        test = (data.x_test, data.y_test) if test is None else test
        data = data.x_train, data.y_train
    classify = loss is None or loss is nodes.cross_entropy
    sets = sets_of(model, data, test, validation, seed, classify)
    plan = batches(sampling, len(sets["training"][0]), positive("batch", batch), seed_of(seed))
    total = _length(epochs, iterations, plan.steps)
    if keep not in ("best", "last"):
        raise one_of("keep", keep, ("best", "last"))
    if patience is not None:
        positive("patience", patience)
    loss, optimizer = loss or nodes.cross_entropy, optimizer or SGD(0.1)
    stepper = stepper_for(engine, model, loss, optimizer, seed, sets["training"], plan, total)
    run = Course(model, stepper, sets, total, plan.steps, classify, progress)
    if checkpoint is not None or resume is not None:
        rates = [optimizer.rate(step) for step in (1, total // 2 + 1, total)]
        about = description(model, loss, optimizer, sets, batch=plan.batch, sampling=sampling, seed=plan.seed,
                            iterations=total, rates=rates)
        if checkpoint is not None:
            run.keeper = Keeper(Checkpoint.at(checkpoint), about)
        if resume is not None:
            run.stand(read(resume, about))
    x, t = sets["training"]
    try:
        for epoch in range(len(run.result.history), -(-total // plan.steps)):
            first = epoch * plan.steps
            order = plan.order(epoch)[: (total - first) * plan.batch][(stepper.count - first) * plan.batch :]
            run.advance(stepper.epoch(x, t, order, plan.batch), plan.batch, len(order))
            if run.finish_epoch(callbacks, patience):
                break
        run.end()
    except KeyboardInterrupt:
        run.result.stopped = "interrupted"
    finally:
        run.settle(keep)
    return run.result


def _length(epochs: int | None, iterations: int | None, steps: int) -> int:
    if epochs is not None and iterations is not None:
        raise SettingError(f"give epochs ({epochs}) or iterations ({iterations}), not both.")
    if epochs is not None:
        return positive("epochs", epochs) * steps
    return positive("iterations", 10_000 if iterations is None else iterations)


__all__ = ["Progress", "Result", "accuracy", "fit"]
