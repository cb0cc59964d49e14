"""How a run goes: its clock, the figures of its epochs, the weights to keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..nn.layers import Layer
from ..nn.model import Sequential
from .checkpoint import Keeper, Standing
from .choice import scores as scores_for
from .sets import Pair
from .step import Stepper, Weights, finite

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


class Course:
    """One run of `fit`."""

    def __init__(
        self, model: Sequential, stepper: Stepper, sets: dict[str, Pair], total: int, steps: int, classify: bool,
        progress: Callable[[Progress], object] | None,
    ) -> None:
        self.model, self.stepper, self.sets = model, stepper, sets
        self.total, self.steps, self.classify, self.progress = total, steps, classify, progress
        self.result = Result(model)
        self.best_weights: Weights | None = None
        self.keeper: Keeper | None = None
        rows = sum(len(x) for x, _ in sets.values())
        self._scores = scores_for(stepper, model, sets["training"][0], rows, -(-total // steps))
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
            if self.keeper and left:  # not between the last step of an epoch and its figures
                self.keeper.keep(self._standing)

    def finish_epoch(self, callbacks: Iterable[Callable[[Progress], object]], patience: int | None) -> bool:
        """Evaluate, remember, tell; return whether to stop."""
        began = time.perf_counter()
        self.stepper.check()
        weights = self.stepper.weights
        row: Row = {"epoch": len(self.result.history) + 1, "iteration": self.stepper.count,
                    "loss": float(np.mean(self._losses))}
        self._losses.clear()
        for name, (x, t) in self.sets.items():
            row |= self._figures(weights, name, x, t)
        row["seconds"] = round(began - self._began - self._aside, 6)
        self.result.history.append(row)
        if not self.result.best or _better(row[self._monitor], self.result.best[self._monitor]):
            self.result.best, self.best_weights = row, weights
        self._aside += time.perf_counter() - began
        if self.progress:
            self._show(time.perf_counter())
        where = self._where()
        answers = [callback(where) for callback in callbacks]  # every callback is told, also if one says stop
        if any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers):
            self.result.stopped = "callback"
        elif patience and row["epoch"] - self.result.best["epoch"] >= patience:
            self.result.stopped = "early"
        if self.result.stopped == "finished" and self.keeper:
            self.keeper.keep(self._standing)
        return self.result.stopped != "finished"

    def _standing(self) -> Standing:
        stepper, result = self.stepper, self.result
        seconds = time.perf_counter() - self._began - self._aside
        return Standing(stepper.count, stepper.weights, stepper.state, self.best_weights,
                        int(result.best.get("epoch", 0)), result.history, self._losses, result.samples, seconds)

    def stand(self, at: Standing) -> None:
        """Go on from where a run stood."""
        self.stepper.restore(at.count, at.weights, at.state)
        self.result.history, self.result.samples, self._losses = at.history, at.samples, at.losses
        if at.best is not None:
            self.best_weights, self.result.best = dict(at.best), at.history[at.best_epoch - 1]
        self._began -= at.seconds

    def end(self) -> None:
        """Leave no checkpoint of a run that has come to its end."""
        if self.keeper:
            self.keeper.remove()

    @property
    def _monitor(self) -> str:
        return "validation_loss" if "validation" in self.sets else "loss"

    def _figures(self, weights: Weights, name: str, x: Any, t: Any) -> Row:
        found: Row = {}
        with np.errstate(all="ignore"):  # huge weights show in the figures
            scores = self._scores(len(self.result.history) + 1, weights, x)
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
        if keep == "last" and finite(self.stepper.weights):
            self.model.update(self.stepper.weights)
        elif self.best_weights is not None:
            self.model.update(self.best_weights)
        elif self.result.stopped == "interrupted":
            self.model.update(self.stepper.weights)  # before the end of the first epoch: what there is


def _better(loss: float, best: float) -> bool:
    """Whether a loss is lower than the best so far; any number is better than NaN."""
    return loss < best or bool(np.isnan(best) and not np.isnan(loss))


def accuracy(scores: Any, t: Any) -> float:
    """Return the share of rows whose highest score is the wanted class (class numbers, or one-hot rows).

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    wanted = t if t.ndim == 1 else t.argmax(axis=-1)
    return float(np.mean(scores.argmax(axis=-1) == wanted))
