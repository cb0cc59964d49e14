"""What is checked, by name, and its arguments as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array_type import is_float, numeric
from ..errors import DtypeError, GradientError
from ..graph import Tensor
from ..trace import Graph

Array = Any


def name_of(f: Any) -> str:
    """Return what a function is called."""
    if isinstance(f, Graph):
        return f.name
    return getattr(f, "__name__", None) or type(f).__name__


def split(args: tuple[Any, ...]) -> tuple[list[Array], list[int]]:
    """Return all arguments as arrays, and which of them are floats and so can be differentiated."""
    arrays = [np.array(numeric(a.value if isinstance(a, Tensor) else a)) for a in args]
    chosen = [position for position, a in enumerate(arrays) if is_float(a.dtype)]
    if not chosen:
        raise DtypeError("none of the arguments holds floats: there is nothing to differentiate. Use x.astype(float).")
    for position in chosen:
        if not np.isfinite(arrays[position]).all():
            raise GradientError(f"argument {position} holds NaN or infinity: there is no slope to measure there.")
    return arrays, chosen
