"""Frames of pandas and polars as tables, known by what they can do: neither library is imported."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError
from .tables import Column, Table
from .validate import is_missing

__all__ = ["is_frame", "label_of_frame", "read_frame"]


def is_frame(value: Any) -> bool:
    """Tell whether `value` is a table of named columns, each an array."""
    return all(hasattr(value, name) for name in ("columns", "shape", "dtypes", "__getitem__", "head"))


def label_of_frame(frame: Any, label: Any) -> Any:
    """Return a label's column as `tables` wants it: pandas allows names that are numbers."""
    return str(label) if label in list(frame.columns) else label


def read_frame(frame: Any) -> Table:
    """Return a frame as a table.

    Raises
    ------
    DataError
        If two columns have one name, or a column holds neither numbers nor text.
    """
    names = tuple(str(name) for name in frame.columns)
    if len(set(names)) < len(names):
        raise DataError(f"the frame has two columns named {next(name for name in names if names.count(name) > 1)!r}. "
                        "Rename one.")
    columns = tuple(_column(name, frame[key].to_numpy()) for name, key in zip(names, frame.columns, strict=True))
    return Table("frame", names, columns, range(len(frame)), "row")


def _column(name: str, values: np.ndarray) -> Column:
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    if values.dtype.kind not in "OUT":
        raise DataError(f"frame, column {name!r}: {values.dtype} is neither numbers nor text. Convert it first.")
    cells = [None if is_missing(value) else value for value in values.tolist()]
    present = [value for value in cells if value is not None]
    if all(isinstance(value, (bool, int, float, np.number)) for value in present):
        return np.array([np.nan if value is None else float(value) for value in cells])
    wrong = next((row for row, value in enumerate(cells) if value is not None and not isinstance(value, str)), None)
    if wrong is not None:
        raise DataError(f"frame, row {wrong}, column {name!r}: {type(cells[wrong]).__name__} among text; a column "
                        "needs numbers only or text only.")
    return cells
