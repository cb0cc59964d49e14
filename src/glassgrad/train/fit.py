"""Training: mini-batch, gradient, update, again, until it is learned, interrupted, or no longer getting better.

>>> import numpy as np, glassgrad as gg
>>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
>>> net = gg.nn.Sequential(gg.nn.Affine(2, 8, seed=0), gg.nn.Tanh(), gg.nn.Affine(8, 2, seed=1))
>>> result = gg.train.fit(net, (x, np.array([0, 1, 1, 0])), batch=4, iterations=200, optimizer=gg.optim.SGD(0.5))
>>> result.model.predict(x)
array([0, 1, 1, 0])
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import SettingError, one_of
from ..graph import nodes
from ..nn.layers import Layer, positive
from ..nn.model import Sequential
from ..optim import SGD, Optimizer
from .batches import batches
from .choice import scores as scores_for
from .choice import stepper as stepper_for
from .sets import Pair, seed_of, sets_of
from .step import Loss, Stepper, Weights

Row = dict[str, float]
SHOW_EVERY = 0.1  # seconds between two calls of `progress`


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    epoch, epochs : int
        Epochs finished, and to do in all.
    iteration, iterations : int
        Steps done, and to do in all.
    row : dict
        Figures of the last finished epoch (empty before): epoch, iteration, loss, accuracies, seconds.
    samples_per_second, seconds, seconds_left : float
    """

    epoch: int
    epochs: int
    iteration: int
    iterations: int
    row: Row
    samples_per_second: float
    seconds: float
    seconds_left: float


@dataclass
class Result:
    """What came of a run.

    Attributes
    ----------
    model : Layer
        The model that was trained, with the weights of the best epoch (or the last, as asked).
    history : list of dict
        A row of figures for every epoch.
    best : dict
        The row whose weights were kept; empty if no epoch was finished.
    stopped : str
        "finished", "early" (no longer getting better), "callback" or "interrupted".
    seconds, samples : float, int
        Time and number of samples of the training itself.
    """

    model: Layer
    history: list[Row] = field(default_factory=list)
    best: Row = field(default_factory=dict)
    stopped: str = "finished"
    seconds: float = 0.0
    samples: int = 0


def fit(
    model: Sequential, data: Any, *, loss: Loss | None = None, optimizer: Optimizer | None = None, batch: int = 100,
    epochs: int | None = None, iterations: int | None = None, sampling: str = "shuffle", seed: int = 0,
    test: Pair | None = None, validation: float | Pair | None = None, patience: int | None = None, keep: str = "best",
    callbacks: Iterable[Callable[[Progress], object]] = (), progress: Callable[[Progress], object] | None = None,
    engine: str = "auto",
) -> Result:
    """Train `model` in place; Ctrl-C stops it cleanly.

    Parameters
    ----------
    model : Sequential
        Its weights are replaced at the end by those of the best epoch.
    data : Dataset or (x, t)
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

    Returns
    -------
    Result

    Raises
    ------
    NonFiniteError
        If the loss becomes NaN or infinite; names the guilty op, layer and line. The model has the best weights so far.
    DataError, ShapeError, DtypeError, SettingError
        If the data or a setting cannot be used; nothing has been changed then.
    """
    if not isinstance(data, tuple):
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
    stepper = stepper_for(
        engine, model, loss or nodes.cross_entropy, optimizer or SGD(0.1), seed, sets["training"], plan, total
    )
    run = _Run(model, stepper, sets, total, plan.steps, classify, progress)
    x, t = sets["training"]
    try:
        for epoch in range(-(-total // plan.steps)):
            order = plan.order(epoch)[: (total - stepper.count) * plan.batch]
            run.advance(stepper.epoch(x, t, order, plan.batch), plan.batch, len(order))
            if run.finish_epoch(callbacks, patience):
                break
    except KeyboardInterrupt:
        run.result.stopped = "interrupted"
    finally:
        run.settle(keep)
    return run.result


class _Run:
    """The state of one `fit`: clock, history, best weights."""

    def __init__(
        self, model: Sequential, stepper: Stepper, sets: dict[str, Pair], total: int, steps: int, classify: bool,
        progress: Callable[[Progress], object] | None,
    ) -> None:
        self.model, self.stepper, self.sets = model, stepper, sets
        self.total, self.steps, self.classify, self.progress = total, steps, classify, progress
        self.result = Result(model)
        self.best_weights: Weights | None = None
        rows = sum(len(x) for x, _ in sets.values())
        self._scores = scores_for(stepper, model, rows, -(-total // steps), sets["training"][0])
        self._losses: list[float] = []
        self._shown = self._began = time.perf_counter()
        self._aside = 0.0  # seconds spent on evaluation and display

    def advance(self, stretches: Iterable[Any], batch: int, samples: int) -> None:
        """Go through an epoch of so many samples, stretch by stretch, each of which gives the losses of its steps."""
        left = samples
        for losses in stretches:
            self._losses += losses.tolist()
            done = min(left, len(losses) * batch)
            left -= done
            self.result.samples += done
            now = time.perf_counter()
            if self.progress and now - self._shown > SHOW_EVERY:
                self._show(now)

    def finish_epoch(self, callbacks: Iterable[Callable[[Progress], object]], patience: int | None) -> bool:
        """Evaluate, remember, tell; return whether to stop."""
        began = time.perf_counter()
        weights = self.stepper.weights
        row: Row = {"epoch": len(self.result.history) + 1, "iteration": self.stepper.count,
                    "loss": float(np.mean(self._losses))}
        self._losses.clear()
        for name, (x, t) in self.sets.items():
            row |= self._figures(weights, name, x, t)
        row["seconds"] = round(began - self._began - self._aside, 6)
        self.result.history.append(row)
        if not self.result.best or row[self._monitor] < self.result.best[self._monitor]:
            self.result.best, self.best_weights = row, weights
        self._aside += time.perf_counter() - began
        if self.progress:
            self._show(time.perf_counter())
        where = self._where()
        answers = [callback(where) for callback in callbacks]  # every callback is told, also if one says stop
        if any(answer is True for answer in answers):
            self.result.stopped = "callback"
        elif patience and row["epoch"] - self.result.best["epoch"] >= patience:
            self.result.stopped = "early"
        return self.result.stopped != "finished"

    @property
    def _monitor(self) -> str:
        return "validation_loss" if "validation" in self.sets else "loss"

    def _figures(self, weights: Weights, name: str, x: Any, t: Any) -> Row:
        found: Row = {}
        with np.errstate(all="ignore"):  # huge weights show in the figures
            scores = self._scores(weights, x)
        if name == "validation":
            found["validation_loss"] = float(self.stepper.loss(scores, t).item())
        if self.classify:
            found[f"{'train' if name == 'training' else name}_accuracy"] = accuracy(scores, t)
        return found

    def _where(self) -> Progress:
        done, seconds = self.stepper.count, time.perf_counter() - self._began
        training = max(seconds - self._aside, 1e-9)
        return Progress(
            epoch=len(self.result.history), epochs=-(-self.total // self.steps), iteration=done, iterations=self.total,
            row=self.result.history[-1] if self.result.history else {},
            samples_per_second=self.result.samples / training, seconds=seconds,
            seconds_left=seconds / max(done, 1) * (self.total - done),
        )

    def _show(self, now: float) -> None:
        assert self.progress is not None
        self.progress(self._where())
        self._shown = time.perf_counter()
        self._aside += self._shown - now

    def settle(self, keep: str) -> None:
        """Give the model the weights to keep, whatever ended the run."""
        self.result.seconds = time.perf_counter() - self._began - self._aside
        if keep == "last" and all(np.isfinite(array).all() for array in self.stepper.weights.values()):
            self.model.update(self.stepper.weights)
        elif self.best_weights is not None:
            self.model.update(self.best_weights)
        elif self.result.stopped == "interrupted":
            self.model.update(self.stepper.weights)  # before the end of the first epoch: what there is


def accuracy(scores: Any, t: Any) -> float:
    """Return the share of rows whose highest score is the wanted class (class numbers, or one-hot rows).

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    wanted = t if t.ndim == 1 else t.argmax(axis=-1)
    return float(np.mean(scores.argmax(axis=-1) == wanted))


def _length(epochs: int | None, iterations: int | None, steps: int) -> int:
    if epochs is not None and iterations is not None:
        raise SettingError(f"give epochs ({epochs}) or iterations ({iterations}), not both.")
    if epochs is not None:
        return positive("epochs", epochs) * steps
    return positive("iterations", 10_000 if iterations is None else iterations)


__all__ = ["Progress", "Result", "accuracy", "fit"]
