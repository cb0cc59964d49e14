"""Scores of many rows by native code, where that pays: for the accuracies after each epoch, and for predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..engine.compiled import say_once
from ..engine.native import CannotCompileError
from ..engine.repeat import Repeated
from ..graph import type_of
from ..nn.model import Sequential
from ..simplify import simplify
from ..trace import trace

ROWS = 480  # at once, ten bands of a product: as many as fit into the cache with what is computed from them
WORTH = 5e10  # multiplications, some seconds of NumPy's, below which compiling would take longer

Scores = Callable[[Mapping[str, Any], Any], Any]


def scorer(model: Sequential, x: Any, rows: int) -> Scores:
    """Return a function ``(weights, x) -> scores``, compiled if so many rows in all are worth it.

    Parameters
    ----------
    x : array
        Rows like those that will be scored.
    rows : int
    """
    if rows * model.parameter_count > WORTH:
        try:
            return NativeScores(model, x)
        except CannotCompileError as error:
            say_once(f"{error}.")
    return by_numpy(model)


def by_numpy(model: Sequential) -> Scores:
    """Return such a function that runs the interpreter."""
    return lambda weights, x: model.with_parameters(weights).scores(x)


class NativeScores:
    """What a model makes of rows, for weights that change: ``scores(weights, x)``.

    Raises
    ------
    CannotCompileError
        If native code cannot be made here, or a part of the model needs NumPy.
    """

    def __init__(self, model: Sequential, x: Any) -> None:
        self._model = model
        self._weights = {name: type_of(tensor) for name, tensor in model.parameters().items()}
        rows = ArrayType((ROWS, *x.shape[1:]), x.dtype)
        graph = trace(lambda weights, x: model.with_parameters(weights)(x))(self._weights, rows)
        self._loop = Repeated([simplify(graph)], carried={}, watched=None)

    def __call__(self, weights: Mapping[str, Any], x: Any) -> Any:
        """Return the scores of all rows, (N, C)."""
        whole = len(x) // ROWS
        x = np.ascontiguousarray(x)
        place = len(self._weights)
        _, _, outputs = self._loop.run(dict(enumerate(weights.values())), {place: x[: whole * ROWS]}, whole)
        found = outputs[0].reshape(whole * ROWS, -1)
        if whole * ROWS == len(x):
            return found
        return np.concatenate([found, self._model.with_parameters(weights).scores(x[whole * ROWS :])])
