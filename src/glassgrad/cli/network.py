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
from ..transform import grad

EPSILON = 1e-7  # stands in the logarithm of the book's code
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


def epsilon_figures(model: Sequential, x: Any, t: Any) -> dict[str, float]:
    """Return, per parameter, what ``log(y + 1e-7)`` of the book's code adds to the mean difference, whatever h is.

    Its forward pass has the 1e-7 and its backward pass, ``y - t``, has not: they differentiate two losses.
    """
    exact, weights = loss_of_few(model, x, t)
    scores, wanted = build(model.settings(), "float64"), np.asarray(t[:SAMPLES])

    def of_the_book(parameters: dict[str, Any]) -> Any:
        y = nodes.softmax(scores.with_parameters(parameters)(x[:SAMPLES]), axis=-1)
        return -nodes.sum(nodes.log(y + EPSILON)[np.arange(len(wanted)), wanted]) / len(wanted)

    book, ours = grad(of_the_book)(weights), grad(exact)(weights)
    return {name: float(np.mean(np.abs(book[name] - ours[name]))) for name in weights}


def loss_of_few(model: Sequential, x: Any, t: Any) -> tuple[Any, dict[str, Any]]:
    """Return this network's loss on a few samples as a function of its weights, in float64, and the weights."""
    exact = build(model.settings(), "float64")
    weights = {name: np.asarray(tensor.value, np.float64) for name, tensor in model.parameters().items()}
    few, wanted = x[:SAMPLES], t[:SAMPLES]

    def loss(parameters: dict[str, Any]) -> Any:
        return nodes.cross_entropy(exact.with_parameters(parameters)(few), wanted)

    return loss, weights
