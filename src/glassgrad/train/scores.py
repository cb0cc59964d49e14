"""Scores of many rows by native code, where that pays: for the figures after each epoch, and for predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..engine.arrays import NumpyProgram
from ..engine.blas import threads_of_numpy
from ..engine.compiled import say_once
from ..engine.llvm.native import CannotCompileError
from ..engine.repeat import Repeated
from ..graph import type_of
from ..nn.model import ROWS_AT_ONCE, Sequential
from ..simplify import simplify
from ..trace import Graph, trace

ROWS = 480  # at once, ten bands of a product: as many as fit into the cache with what is computed from them
WORTH = 2e10  # multiplications on which native code saves what LLVM takes to compile them, about half a second

Scores = Callable[[Mapping[str, Any], Any], Any]


def scorer(model: Sequential, x: Any) -> Scores:
    """Return a function ``(weights, x) -> scores``, compiled if so many rows as `x` has are worth it."""
    return native_if_possible(model, x) if len(x) * model.parameter_count > WORTH else by_numpy(model)


def native_if_possible(model: Sequential, x: Any) -> Scores:
    """Return such a function for rows like `x` in native code, or by the interpreter where none can be made."""
    try:
        return NativeScores(model, x)
    except CannotCompileError as error:
        say_once(f"{error}.")
        return by_numpy(model)


def by_numpy(model: Sequential) -> Scores:
    """Return such a function that runs the interpreter."""
    return lambda weights, x: model.with_parameters(weights).scores(x)


class EpochScores:
    """Scores after each epoch of native steps: by NumPy at first, by native code once that would have paid.

    Few runs come to their last epoch, so nothing is compiled in advance. From which epoch on it is depends on sizes
    alone: a run that is resumed goes on with the same bits.

    Parameters
    ----------
    x : array
        Rows like those that will be scored.
    rows, epochs : int
        How many rows are scored after each of how many epochs.
    """

    def __init__(self, model: Sequential, x: Any, rows: int, epochs: int) -> None:
        self._model, self._like = model, x[:1]
        self._planned = PlannedScores(model, x)
        self._native: Scores | None = None
        work = rows * model.parameter_count
        self._last = inf if work * epochs <= 2 * WORTH else WORTH / work  # epoch that NumPy serves

    def __call__(self, epoch: int, weights: Mapping[str, Any], x: Any) -> Any:
        """Return the scores of all rows after an epoch, (N, C)."""
        # The threads of NumPy's library would look for more work for a tenth of a second afterwards, on the cores that
        # the next steps want.
        with threads_of_numpy(1):
            if epoch <= self._last or x.dtype != self._like.dtype:  # a test set need not be 8-bit as well
                return self._planned(weights, x)
            self._native = self._native or native_if_possible(self._model, self._like)
            return self._native(weights, x)


class PlannedScores:
    """Scores by NumPy in arrays that are made once, so that no epoch asks for more memory than the first."""

    def __init__(self, model: Sequential, x: Any) -> None:
        self._interpreted = by_numpy(model)  # for rows of another kind, and fewer of them
        self._rows, self._dtype = min(ROWS_AT_ONCE, len(x)), x.dtype
        self._program = NumpyProgram(_graph(model, x, self._rows))

    def __call__(self, weights: Mapping[str, Any], x: Any) -> Any:
        """Return the scores of all rows, (N, C)."""
        rows = self._rows
        if len(x) < rows or x.dtype != self._dtype:
            return self._interpreted(weights, x)
        found = []
        for start in range(0, len(x), rows):
            done = max(start + rows - len(x), 0)  # the last rows are as many as all others; some of them are done
            piece = x[start - done : start - done + rows]
            found.append(self._program([*weights.values(), piece])[0][done:])
        return np.concatenate(found)


def _graph(model: Sequential, x: Any, rows: int) -> Graph:
    """Return the graph that makes scores of weights and of so many rows like those of `x`."""
    types = {name: type_of(tensor) for name, tensor in model.parameters().items()}
    return simplify(trace(lambda weights, x: model.with_parameters(weights)(x))(
        types, ArrayType((rows, *x.shape[1:]), x.dtype)))


class NativeScores:
    """What a model makes of rows, for weights that change: ``scores(weights, x)``.

    Raises
    ------
    CannotCompileError
        If native code cannot be made here, or a part of the model needs NumPy.
    """

    def __init__(self, model: Sequential, x: Any) -> None:
        self._model = model
        self._loop = Repeated([_graph(model, x, ROWS)], carried={}, watched=None)

    def __call__(self, weights: Mapping[str, Any], x: Any) -> Any:
        """Return the scores of all rows, (N, C)."""
        whole = len(x) // ROWS
        x = np.ascontiguousarray(x)
        place = len(weights)
        _, _, outputs = self._loop.run(dict(enumerate(weights.values())), {place: x[: whole * ROWS]}, whole)
        found = outputs[0].reshape(whole * ROWS, *outputs[0].shape[2:])
        if whole * ROWS == len(x):
            return found
        return np.concatenate([found, self._model.with_parameters(weights).scores(x[whole * ROWS :])])
