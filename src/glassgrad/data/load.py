"""One door to all data: a name, a path or a table."""

from __future__ import annotations

from typing import Any

from .dataset import Dataset, from_arrays
from .digits import SOURCE, digits

__all__ = ["load"]


def load(name_or_path: Any, *, test: float = 0.2, seed: int = 0, shuffle: bool = True) -> Dataset:
    """Return a data set."""
    if name_or_path == "digits":
        x, y = digits()
        return from_arrays(x, y, name="digits", classes=tuple("0123456789"), image_shape=(8, 8), divisor=16,
                           source=SOURCE, test=test, seed=seed, shuffle=shuffle)
    raise NotImplementedError
