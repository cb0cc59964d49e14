"""Epochs of training steps as one native loop: the same graph as `step`, entered a few times a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import inf
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..engine.llvm.native import CannotCompileError
from ..engine.repeat import NOT_FINITE, Repeated
from ..errors import DataError
from ..graph import Tensor, nodes, type_of
from ..nn.layers import Layer
from ..optim import Optimizer, State
from ..simplify import simplify
from ..trace import Graph, trace
from .step import Loss, Stepper, Weights, finite, not_finite

ENTER_EVERY = 0.05  # seconds between two returns to Python, for progress and interruption
AT_FIRST = 16  # steps of the first stretch, by which the others are measured
SAVING = 0.01  # of the time, to copy the state now and then, from which a step that fails can be found again


class NativeStepper(Stepper):
    """A `Stepper` whose epochs run in native code, on data that stay as they came.

    Raises
    ------
    CannotCompileError
        If native code cannot be made here, or a part of the step needs NumPy.
    """

    def __init__(
        self, model: Layer, loss: Loss, optimizer: Optimizer, seed: int, x: Any, t: Any, batches: tuple[int, ...]
    ) -> None:
        super().__init__(model, loss, optimizer, seed)
        self._x, self._t = np.ascontiguousarray(x), np.ascontiguousarray(t)
        self._batches = batches
        function = partial(_on_chosen, self._function)
        graphs = [self._whole(function, batch) for batch in batches]
        first = len(self._state_arrays())
        self._places = {"x": first, "t": first + 1, "chosen": first + 2, "lr": first + 3, "count": first + 4,
                        "key": first + 5}
        carried = {output: output - 1 for output in range(1, first + 1)}
        self._loop = Repeated(graphs, carried, watched=0)
        self._loop.start(dict(enumerate(self._state_arrays())))
        self._pace = 0.0  # seconds a step
        self._stale = False
        self._saved: dict[int, Any] = {}  # the state as it was,
        self._saved_at = 0  # after so many steps,
        self._since: list[tuple[Any, int]] = []  # the rows of every stretch since then, with their size of batch,
        self._worked = inf  # and the seconds that they took; none is saved yet
        self._cost = 0.0  # seconds that a copy takes

    def _state_arrays(self) -> list[Any]:
        return [*self._weights.values(), *(array for slots in self._state.values() for array in slots)]

    def _whole(self, function: Callable[..., Any], batch: int) -> Graph:
        number = ArrayType((), self._dtype)
        whole = np.dtype(np.int64)
        return simplify(trace(function)(
            self._weights, self._state, type_of(self._x), type_of(self._t), ArrayType((batch,), whole), number, number,
            ArrayType((2,), whole),
        ))

    @property
    def weights(self) -> Weights:
        """Copies of the present weights."""
        self._refresh()
        return self._weights

    @property
    def state(self) -> State:
        """Copies of the present state of the optimiser."""
        self._refresh()
        return self._state

    def restore(self, count: int, weights: Mapping[str, Any], state: State) -> None:
        """Go on from where another run stood after so many steps."""
        super().restore(count, weights, state)
        self._restart()

    def _refresh(self) -> None:
        if self._stale:
            arrays = iter(self._loop.state().values())
            self._weights = {name: next(arrays) for name in self._weights}
            self._state = {name: tuple(next(arrays) for _ in slots) for name, slots in self._state.items()}
            self._stale = False

    def epoch(self, x: Any, t: Any, order: Any, batch: int) -> Iterator[Any]:
        """Move the weights through an epoch; yield the losses of each stretch of steps."""
        whole = len(order) // batch
        done = 0
        while done < whole:
            count = min(whole - done, max(1, int(ENTER_EVERY / self._pace)) if self._pace else AT_FIRST)
            yield self._stretch(order[done * batch : (done + count) * batch], batch, count)
            done += count
        rest = order[whole * batch :]
        if len(rest):
            yield self._stretch(rest, len(rest), 1) if self._serves(len(rest)) else self._alone(rest)

    def _serves(self, batch: int) -> bool:
        return batch in self._batches[: self._loop.served]

    def _alone(self, rows: Any) -> Any:
        """Do the step of a batch of another size by the interpreter."""
        self._refresh()
        loss = self.step(self._x[rows], self._t[rows])
        self._restart()
        return np.array([loss])

    def _restart(self) -> None:
        """Let native code go on from the weights that the interpreter has left."""
        self._loop.start(dict(enumerate(self._state_arrays())))
        self._worked = inf

    def _stretch(self, chosen: Any, batch: int, count: int) -> Any:
        if self._worked > self._cost / SAVING:
            self._save()
        self._since.append((chosen, batch))
        began = time.perf_counter()
        status, losses = self._run(chosen, batch, count)
        seconds = time.perf_counter() - began
        self._worked += seconds
        if status == 0:
            self._pace = seconds / count
            return losses
        raise self._replayed(status)

    def _save(self) -> None:
        began = time.perf_counter()
        self._loop.save(self._saved)
        self._cost = time.perf_counter() - began
        self._saved_at, self._worked = self.count, 0.0
        self._since.clear()

    def _run(self, chosen: Any, batch: int, count: int) -> tuple[int, Any]:
        """Do so many steps natively; return what the program complained of, and the losses."""
        steps = np.arange(self.count + 1, self.count + count + 1)
        streams = {
            "chosen": chosen, "lr": self._rates(steps), "count": steps.astype(self._dtype),
            "key": np.stack([np.full(count, self.seed), steps], axis=1),
        }
        done, status, outputs = self._loop.run(
            {self._places["x"]: self._x, self._places["t"]: self._t},
            {self._places[name]: values for name, values in streams.items()}, count, self._batches.index(batch),
        )
        self._stale = True
        self.count += done
        return status, outputs[0]

    def _rates(self, steps: Any) -> Any:
        if not callable(self.optimizer.lr):
            return np.full(len(steps), self.optimizer.rate(1), self._dtype)
        return np.array([self.optimizer.rate(int(step)) for step in steps], self._dtype)

    def check(self) -> None:
        """Raise an error that names what made the weights NaN or infinite in the last step, if they are."""
        if not finite(self.weights):
            raise self._replayed(NOT_FINITE)

    def _replayed(self, status: int) -> Exception:
        """Come to the step that failed once more, natively from the saved state; return the error that it gives.

        The interpreter does that step, and the one before it, which may have made the weights that it fails on.
        """
        ahead = max(self.count - 1 - self._saved_at, 0)
        self._loop.start(self._saved)
        self.count = self._saved_at
        for chosen, batch in self._since:
            count = min(ahead + self._saved_at - self.count, len(chosen) // batch)
            if count and self._run(chosen[: count * batch], batch, count)[0]:
                return DataError("the data were changed while the training went on: steps that had gone well do not "
                                 "any more. Leave x and t as they are until fit returns, or give it copies.")
        self._stale = True
        self._refresh()
        rows = [chosen[start : start + batch] for chosen, batch in self._since
                for start in range(0, len(chosen), batch)]
        for chosen in rows[ahead:]:
            try:
                self.step(self._x[chosen], self._t[chosen])
                super().check()
            except Exception as error:
                self._restart()
                return error
        if status == NOT_FINITE:  # sums in another order end just below what a number can be
            return not_finite(self.count, "the loss or a weight is not finite")
        return CannotCompileError(f"step {status} of the program failed in native code, and not by the interpreter")


def _on_chosen(
    step: Callable[..., Any], weights: Mapping[str, Tensor], state: State, x: Tensor, t: Tensor, chosen: Tensor,
    lr: Tensor, count: Tensor, key: Tensor,
) -> Any:
    """Do a training step on these rows of the data."""
    return step(weights, state, nodes.take(x, chosen, 0), nodes.take(t, chosen, 0), lr, count, key)
