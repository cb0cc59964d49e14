"""What `fit` is given beside numbers: where it is of another kind, one sentence says so before anything is traced."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import DtypeError, kind_of, refuse_no_function, shortened
from ..nn.model import Sequential
from ..optim import Optimizer


def check_kinds(model: Any, loss: Any, optimizer: Any, progress: Any, **places: Any) -> None:
    """Raise a `DtypeError` if one of these is not what it has to be; `places` are paths."""
    if not isinstance(model, Sequential):
        raise _other("model", model, "a model of layers", "gg.nn.Sequential(gg.nn.Affine(784, 10))")
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise _other("optimizer", optimizer, "an optimiser", "gg.optim.Adam()")
    for name, function in (("loss", loss), ("progress", progress)):
        if function is not None:
            refuse_no_function(name, function)
    for name, place in places.items():
        if place is not None and not isinstance(place, (str, os.PathLike)):
            raise _other(name, place, "the path of a file", "'run.safetensors'")


def functions(callbacks: Any) -> tuple[Callable[..., object], ...]:
    """Return callbacks as they can be called after every epoch, or raise a `DtypeError`."""
    if not isinstance(callbacks, Iterable):
        raise _other("callbacks", callbacks, "a list of functions", "[print]")
    found = tuple(callbacks)
    for callback in found:
        refuse_no_function("callbacks", callback)
    return found


def pair(name: str, given: Any) -> tuple[Any, Any]:
    """Return samples and what is wanted of them, or raise a `DtypeError` where there are not two of them."""
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise _other(f"{name} data", given, "a pair of samples and labels", "(x, t)")
    x, t = given
    return x, t


def _other(name: str, given: Any, needed: str, example: str) -> DtypeError:
    return DtypeError(f"{name}: {shortened(given)} was given, {kind_of(given)}; {needed} is needed, such as {example}.")
