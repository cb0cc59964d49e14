"""The data of a training run: checked against the model and each other before anything begins."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from ..array_type import numeric
from ..errors import DataError, DtypeError, SettingError, ShapeError
from ..nn.model import Sequential
from ..ops.index import check_labels
from .arguments import pair
from .batches import generator

Pair = tuple[Any, Any]
SPLIT = 3  # purpose of the random numbers that choose a validation set


def seed_of(seed: Any) -> int:
    """Return a seed, or raise a `SettingError`."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
        raise SettingError(f"seed must be a whole number from 0 to 2**63 - 1; got {seed!r}.")
    return int(seed)


def sets_of(
    model: Sequential, data: Any, test: Pair | None, validation: float | Pair | None, seed: int, classify: bool
) -> dict[str, Pair]:
    """Return the data by name, checked against the model and each other."""
    sets = {"training": _checked("training", data)}
    if isinstance(validation, Real):
        sets["training"], sets["validation"] = _split(sets["training"], float(validation), seed_of(seed))
    elif validation is not None:
        sets["validation"] = _checked("validation", validation)
    if test is not None:
        sets["test"] = _checked("test", test)
    first = sets["training"][0]
    if not model.parameters():
        raise SettingError(f"{model!r} has no parameters: there is nothing to train.")
    for name, (x, t) in sets.items():
        if x.shape[1:] != first.shape[1:]:
            raise ShapeError(f"{name} data have rows of shape {x.shape[1:]}, training data {first.shape[1:]}.")
        if classify:
            _check_classes(name, model(first[:1]).shape[-1], t)
    return sets


def _check_classes(name: str, classes: int, t: Any) -> None:
    if t.ndim == 1 and t.dtype.kind not in "iu":
        raise DtypeError(f"{name} labels are {t.dtype}: class numbers must be integers. Use labels.astype(int).")
    if t.ndim == 1:
        check_labels(t, classes)
    elif t.shape[1:] != (classes,):
        raise ShapeError(f"{name} labels have shape {t.shape}: give (N,) class numbers or (N, {classes}) one-hot rows.")


def _checked(name: str, given: Any) -> Pair:
    x, t = map(numeric, pair(name, given))
    if x.ndim < 2 or not len(x):
        raise DataError(f"{name} data have shape {x.shape}; rows along the first axis are needed, (N, D), and N >= 1.")
    if t.ndim == 0 or len(t) != len(x):
        count = t.shape[0] if t.ndim else "no"
        raise DataError(f"{name} data: {len(x)} samples and {count} labels; one each is needed.")
    for what, array in (("data", x), ("labels", t)):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise DataError(f"{name} {what} hold {array[place]} at {place}. Remove such rows, or fill them in.")
    return x, t


def _split(whole: Pair, share: float, seed: int) -> tuple[Pair, Pair]:
    x, t = whole
    held = round(share * len(x)) if 0 < share < 1 else 0
    if not 0 < held < len(x):
        raise SettingError(f"validation={share} of {len(x)} samples leaves one side empty; use a share like 0.1.")
    order = generator(seed, SPLIT, 0).permutation(len(x))
    return (x[order[held:]], t[order[held:]]), (x[order[:held]], t[order[:held]])
