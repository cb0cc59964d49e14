"""The training step as one graph: loss, gradients and updates, traced once and run for every batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..engine.compiled import Runnable, program
from ..errors import NonFiniteError, ShapeError
from ..graph import Tensor, type_of
from ..interpret import evaluate_all
from ..nn.layers import Layer
from ..optim import Optimizer, State
from ..simplify import simplify
from ..trace import Graph, Record, trace
from ..transform import value_and_grad

Loss = Callable[[Tensor, Any], Tensor]
Weights = dict[str, Any]


def training_step(model: Layer, loss: Loss, optimizer: Optimizer) -> Callable[..., Any]:
    """Return the function ``(weights, state, x, t, lr, step, key) -> (loss, weights, state)``.

    It is an ordinary function on Tensors: trace it to see, prove or compile what a step does.
    """

    def step(
        weights: Mapping[str, Tensor], state: State, x: Tensor, t: Tensor, lr: Tensor, count: Tensor, key: Tensor
    ) -> tuple[Tensor, Weights, State]:
        def objective(parameters: Mapping[str, Tensor]) -> Tensor:
            found = loss(model.with_parameters(parameters)(x, key=key), t)
            if shape := type_of(found).shape:
                raise ShapeError(f"the loss has shape {shape}; a single number, of shape (), is needed. Take gg.mean "
                                 "or gg.sum of all its entries.")
            return found

        value, gradients = value_and_grad(objective)(weights)
        changed, kept = optimizer.update(weights, gradients, state, lr, count)
        return value, changed, kept

    return step


class Stepper:
    """Weights and optimiser state, and the programs that move them on; one program for every size of batch.

    `engine` runs the steps one by one: "interpret", or "numpy" or "native" as in `glassgrad.compile`.
    """

    def __init__(self, model: Layer, loss: Loss, optimizer: Optimizer, seed: int, engine: str = "interpret") -> None:
        self.optimizer = optimizer
        self.loss = loss
        self.seed = seed
        self.count = 0
        self.engine = engine
        self._weights: Weights = {name: tensor.value for name, tensor in model.parameters().items()}
        self._state = optimizer.start(self._weights)
        self._function = training_step(model, loss, optimizer)
        self._dtype = next(iter(self._weights.values())).dtype
        self._programs: dict[tuple[ArrayType, ArrayType], tuple[Graph, Runnable]] = {}
        self._previous: tuple[Graph, list[Any]] | None = None

    @property
    def weights(self) -> Weights:
        """The present weights, by name."""
        return self._weights

    @property
    def state(self) -> State:
        """The present state of the optimiser, by the name of the weight."""
        return self._state

    def restore(self, count: int, weights: Mapping[str, Any], state: State) -> None:
        """Go on from where another run stood after so many steps."""
        self.count = count
        self._weights = {name: weights[name] for name in self._weights}  # in the order of the model
        self._state = {name: state[name] for name in self._weights}

    def epoch(self, x: Any, t: Any, order: Any, batch: int) -> Iterator[Any]:
        """Move the weights through an epoch: these rows of the data in this order; yield the loss of each step."""
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            yield np.array([self.step(x[chosen], t[chosen])])

    def step(self, x: Any, t: Any) -> float:
        """Move the weights by one batch and return the batch's loss, taken before the move.

        Raises
        ------
        NonFiniteError
            If the loss is NaN or infinite; it names the first value that is, and the weights stay as they were.
        """
        graph, program = self._program(x, t)
        arguments = self._arguments(x, t)
        with np.errstate(all="ignore"):  # what is not finite is named below, better than by a warning
            loss, *moved = program(arguments)
            if not np.isfinite(loss):
                raise self._guilty(graph, arguments)
        self._weights, self._state = self._packed(moved)
        self._previous = graph, arguments
        self.count += 1
        return float(loss)

    def check(self) -> None:
        """Raise an error that names what made the weights NaN or infinite in the last step, if they are."""
        if self._previous and not finite(self._weights):
            raise self._guilty(*self._previous)

    def _arguments(self, x: Any, t: Any) -> list[Any]:
        step = self.count + 1
        rate = self._dtype.type(self.optimizer.rate(step))
        state = [array for slots in self._state.values() for array in slots]
        return [*self._weights.values(), *state, x, t, rate, self._dtype.type(step), np.array([self.seed, step])]

    def _packed(self, flat: list[Any]) -> tuple[Weights, State]:
        following = iter(flat)
        weights = {name: next(following) for name in self._weights}
        return weights, {name: tuple(next(following) for _ in slots) for name, slots in self._state.items()}

    def _program(self, x: Any, t: Any) -> tuple[Graph, Runnable]:
        kind = type_of(x), type_of(t)
        if kind not in self._programs:
            number = ArrayType((), self._dtype)
            key = ArrayType((2,), np.dtype(np.int64))
            graph = simplify(trace(self._function)(self._weights, self._state, *kind, number, number, key))
            self._programs[kind] = graph, program(graph, self.engine)
        return self._programs[kind]

    def _guilty(self, graph: Graph, arguments: list[Any]) -> NonFiniteError:
        """Run the step again value by value and name the first that is not finite.

        Where it is a weight that came in, the step before made it: that one is run again.
        """
        step = self.count + 1
        if self._previous and not finite(self._weights):
            (graph, arguments), step = self._previous, self.count
        with np.errstate(all="ignore"):
            values = evaluate_all(graph.nodes, graph.inputs, arguments)
        try:
            Record(graph, values).check_finite()
            found = "the loss or a weight is not finite"
        except NonFiniteError as error:
            found = str(error)
        return not_finite(step, found)


def finite(weights: Mapping[str, Any]) -> bool:
    """Whether no weight is NaN or infinite."""
    return all(np.isfinite(array).all() for array in weights.values())


def not_finite(step: int, found: str) -> NonFiniteError:
    """Return the error of a step in which something is not finite."""
    return NonFiniteError(
        f"step {step}: {found}. Lower the learning rate, scale the inputs, or clip the gradients (clip=1.0)."
    )
