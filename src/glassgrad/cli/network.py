"""What several commands need: the network for a data set, and its gradient check."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from ..check import GradientTable, parameter_table
from ..data import Dataset
from ..errors import SettingError
from ..graph import nodes
from ..nn.model import Sequential, build, perceptron

SAMPLES = 3  # the deck checks its gradient on three images
ENTRIES = 400  # of each parameter, where a full check would take more than a second or two


def hidden_sizes(text: str) -> tuple[int, ...]:
    """Return the sizes of the hidden layers from text such as ``50`` or ``100,50``."""
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise SettingError(f"--hidden {text!r}: whole numbers are needed, such as 50 or 100,50.") from None
    if any(size < 1 for size in sizes):
        raise SettingError(f"--hidden {text!r}: a layer needs at least 1 unit.")
    return sizes


def network(data: Dataset, hidden: tuple[int, ...], settings: dict[str, Any]) -> Sequential:
    """Return a network that fits the data; weights begin as in the deck (std 0.01) where there is one hidden layer."""
    initial = settings.get("init") or (0.01 if len(hidden) == 1 else "he")
    with suppress(ValueError):
        initial = float(initial)
    return perceptron(
        data.x_train.shape[1], *hidden, len(data.classes), initial=initial, activation=settings["activation"],
        dropout=settings["dropout"], seed=settings["seed"], dtype=settings["dtype"], divisor=data.divisor,
    )


def gradient_table(model: Sequential, x: Any, t: Any) -> GradientTable:
    """Return the deck's gradient check of this network's loss on a few samples, in float64."""
    loss, weights = loss_of_few(model, x, t)
    total = sum(array.size for array in weights.values())
    return parameter_table(loss, weights, entries=None if total <= 5_000 else ENTRIES)


def loss_of_few(model: Sequential, x: Any, t: Any) -> tuple[Any, dict[str, Any]]:
    """Return this network's loss on a few samples as a function of its weights, in float64, and the weights."""
    exact = build(model.settings(), "float64")
    weights = {name: np.asarray(tensor.value, np.float64) for name, tensor in model.parameters().items()}
    few, wanted = x[:SAMPLES], t[:SAMPLES]

    def loss(parameters: dict[str, Any]) -> Any:
        return nodes.cross_entropy(exact.with_parameters(parameters)(few), wanted)

    return loss, weights
