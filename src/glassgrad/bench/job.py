"""How one contestant does its work: rounds that are timed on the inside, and results to compare.

>>> job = Calls(lambda: 2.0, 3, lambda value: [value])
>>> done = job()
>>> done.units, done.results
(3, [2.0])
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


class AbsentError(Exception):
    """A contestant cannot take part on this machine; says what is missing, and the remedy."""


@dataclass(frozen=True)
class Round:
    """Seconds of the timed part, how many units of work it was, and results that all contestants must agree on."""

    seconds: float
    units: int
    results: list[float]


Job = Callable[[], Round]


@dataclass(frozen=True)
class Epochs:
    """Training: from a fresh start one epoch that warms up caches, then one that is timed.

    Attributes
    ----------
    start : callable
        Returns the state before the first step.
    epoch : callable ``(state, order) -> (state, mean loss)``
        The loss as a Python float, so that work that is still under way is waited for.
    orders : sequence
        The order of the samples in each of the two epochs.
    steps : int
    """

    start: Callable[[], Any]
    epoch: Callable[[Any, Any], tuple[Any, float]]
    orders: Sequence[Any]
    steps: int

    def __call__(self) -> Round:
        """Train both epochs from the start."""
        state, first = self.epoch(self.start(), self.orders[0])
        began = time.perf_counter()
        _, second = self.epoch(state, self.orders[1])
        return Round(time.perf_counter() - began, self.steps, [first, second])


@dataclass(frozen=True)
class Calls:
    """The same call many times: a tenth of them to warm up, then all of them timed.

    Attributes
    ----------
    call : callable
        Does the work and waits until it is done.
    count : int
    results : callable
        Turns what the call returns into numbers to compare.
    """

    call: Callable[[], Any]
    count: int
    results: Callable[[Any], list[float]]

    def __call__(self) -> Round:
        """Call, and call again with the clock running."""
        for _ in range(-(-self.count // 10)):
            self.call()
        began = time.perf_counter()
        for _ in range(self.count):
            done = self.call()
        seconds = time.perf_counter() - began
        return Round(seconds, self.count, self.results(done))


def centred(scores: Any) -> list[float]:
    """Return scores less the mean of their row, which probabilities determine as well."""
    return [float(entry) for entry in (scores - scores.mean(axis=-1, keepdims=True)).ravel()]


def sampled(value: Any, gradient: Any) -> list[float]:
    """Return a sum, divided by how many it is of, and about a thousand entries of its gradient."""
    return [float(value) / len(gradient), *(float(entry) for entry in gradient[:: max(len(gradient) // 1000, 1)])]
