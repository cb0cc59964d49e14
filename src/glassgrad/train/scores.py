"""Scores of many rows by native code, for the accuracies after each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.repeat import Repeated
from ..graph import ArrayType, type_of
from ..nn.model import Sequential
from ..simplify import simplify
from ..trace import trace

ROWS = 500  # at once: as many as fit into the cache together with what is computed from them


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
