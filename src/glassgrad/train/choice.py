"""Which engine runs the steps of a training: native code where that pays, else NumPy or the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine.compiled import engine_named, say_once
from ..engine.llvm.native import CannotCompileError
from ..nn.layers import Layer
from ..nn.model import Sequential
from ..optim import Optimizer
from .batches import Batches
from .native import NativeStepper
from .scores import EpochScores, by_numpy
from .step import Loss, Stepper

WORTH = 5e9  # multiplications of a run, about 1 s of interpreting, below which compiling would take longer
PER_STEP = 2e6  # multiplications that take as long as the calls of NumPy in one step


def stepper(
    engine: str, model: Layer, loss: Loss, optimizer: Optimizer, seed: int, data: tuple[Any, Any], batches: Batches,
    steps: int,
) -> Stepper:
    """Return what moves the weights.

    "auto" looks at the size of the run alone, never at the clock or at what is cached: the same run takes the same way,
    and gives the same bits.

    Raises
    ------
    SettingError
        If the engine is unknown.
    """
    engine = engine_named(engine)
    if engine == "auto":
        per_sample = sum(tensor.size for tensor in model.parameters().values())
        engine = "native" if steps * (3 * per_sample * batches.batch + PER_STEP) > WORTH else "interpret"
    if engine == "native":
        try:
            return NativeStepper(model, loss, optimizer, seed, *data, batch_sizes(batches, steps))
        except CannotCompileError as error:
            say_once(f"{error}.")
            engine = "numpy"
    return Stepper(model, loss, optimizer, seed, engine)


def scores(stepper: Stepper, model: Sequential, x: Any, rows: int, epochs: int) -> Callable[..., Any]:
    """Return a function ``(epoch, weights, x) -> scores`` for the figures after each epoch.

    Parameters
    ----------
    stepper : Stepper
        Only a run whose steps are native has native scores.
    x : array
        Rows like those that will be scored.
    rows, epochs : int
        How many rows are scored after each of how many epochs.
    """
    if isinstance(stepper, NativeStepper):
        return EpochScores(model, x, rows, epochs)
    interpreted = by_numpy(model)
    return lambda epoch, weights, x: interpreted(weights, x)


def batch_sizes(batches: Batches, steps: int) -> tuple[int, ...]:
    """Return the sizes of batch that a run meets: all equal, or the last of an epoch smaller."""
    rest = batches.samples % batches.batch
    return (batches.batch, rest) if rest and batches.covers_all and steps >= batches.steps else (batches.batch,)
