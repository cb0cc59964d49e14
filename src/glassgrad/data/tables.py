"""Tables of named columns, numbers or text, made into examples and labels.

>>> table = Table("cars.csv", ("doors", "colour", "sold"),
...               (np.array([2.0, 4.0, 4.0]), ["red", "blue", "red"], ["no", "yes", "yes"]), (2, 3, 4))
>>> x, y, columns = examples(table, label="sold")
>>> columns
('doors', 'colour=blue', 'colour=red')
>>> x
array([[2., 0., 1.],
       [4., 1., 0.],
       [4., 0., 1.]])
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError, SettingError

__all__ = ["Table", "examples", "pixels"]

LABELS = ("label", "class", "target", "y", "labels", "classes", "species", "digit")
MOST_CATEGORIES = 100
Column = np.ndarray | Sequence[str | None]


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes
    ----------
    source : str
        What the messages call it.
    names : tuple of str
    columns : tuple of float arrays (NaN: missing) or lists of text (None: missing)
    lines : sequence of int
        Where each row stands in the source.
    row_word : str
        What that place is called: line or row.
    """

    source: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: Sequence[int] | np.ndarray
    row_word: str = "line"


def examples(table: Table, label: Any = None, missing: str = "error") -> tuple[np.ndarray, Column, tuple[str, ...]]:
    """Return the examples, the labels and the names of the examples' columns.

    Parameters
    ----------
    table : Table
    label : str or int, optional
        Name or position of the label's column; by default one with a usual name (label, class, target, ...), else the
        last one.
    missing : str
        ``error``, or ``drop`` for leaving out every row that misses a value.

    Returns
    -------
    x : (N, D) array
        float64. A column of text becomes one column of zeros and ones for each of its values.
    y : array or list
    columns : tuple of str
    """
    if missing not in {"error", "drop"}:
        raise SettingError(f"missing={missing!r} must be 'error' or 'drop'.")
    if len(table.names) < 2 or len(table.lines) == 0:
        raise DataError(f"{table.source}: {len(table.lines)} rows of {len(table.names)} columns; at least one row with "
                        "a label and one more column are needed.")
    table = _complete(table, missing)
    place = _place(table, label)
    made: list[tuple[str, np.ndarray]] = []
    for position, (name, column) in enumerate(zip(table.names, table.columns, strict=True)):
        if position != place:
            made += [(name, column)] if isinstance(column, np.ndarray) else _categories(table, name, column)
    x = np.stack([column for _, column in made], axis=1)
    return x, table.columns[place], tuple(name for name, _ in made)


def _place(table: Table, label: Any) -> int:
    """Return the position of the label's column."""
    if label is None:
        lower = [name.lower() for name in table.names]
        return next((lower.index(name) for name in LABELS if name in lower), len(table.names) - 1)
    if isinstance(label, str):
        if label in table.names:
            return table.names.index(label)
        near = difflib.get_close_matches(label, table.names, n=1)
        raise DataError(f"{table.source}: no column is named {label!r}.{f' Did you mean {near[0]!r}?' if near else ''} "
                        f"Columns: {', '.join(table.names[:20])}{', ...' if len(table.names) > 20 else ''}.")
    if isinstance(label, (int, np.integer)) and not isinstance(label, bool):
        if -len(table.names) <= label < len(table.names):
            return int(label) % len(table.names)
        raise DataError(f"{table.source}: label={label} is out of range; there are {len(table.names)} columns, 0 to "
                        f"{len(table.names) - 1}.")
    raise SettingError(f"label={label!r} must be the name or the position of a column.")


def _absent(column: Column) -> np.ndarray:
    if isinstance(column, np.ndarray):
        return np.isnan(column)
    return np.array([value is None for value in column], dtype=bool)


def _complete(table: Table, missing: str) -> Table:
    """Return the table without rows that miss a value, or say which do; refuse infinity."""
    gaps = np.zeros(len(table.lines), dtype=bool)
    first: tuple[int, str] | None = None
    for name, column in zip(table.names, table.columns, strict=True):
        absent = _absent(column)
        if absent.any() and (first is None or int(np.argmax(absent)) < first[0]):
            first = int(np.argmax(absent)), name
        gaps |= absent
        if isinstance(column, np.ndarray) and np.isinf(column).any():
            row = int(np.argmax(np.isinf(column)))
            raise DataError(f"{table.source}, {table.row_word} {table.lines[row]}, column {name!r}: {column[row]}; "
                            "every value must be finite. Replace it or leave the row out.")
    if first is None:
        return table
    if missing == "error":
        raise DataError(f"{table.source}, {table.row_word} {table.lines[first[0]]}, column {first[1]!r}: the value is "
                        f"missing, as in {int(gaps.sum()):,} of {len(gaps):,} rows. Fill them in, or leave these rows "
                        "out with missing='drop'.")
    if gaps.all():
        raise DataError(f"{table.source}: every row misses a value, so none is left. Remove the columns with gaps.")
    rows = np.flatnonzero(~gaps).tolist()
    columns = tuple(column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows]
                    for column in table.columns)
    return Table(table.source, table.names, columns, np.asarray(table.lines)[rows], table.row_word)


def _categories(table: Table, name: str, column: Sequence[str | None]) -> list[tuple[str, np.ndarray]]:
    """Return one column of zeros and ones for each value that a column of text has."""
    values = sorted({str(value) for value in column})
    if len(values) > MOST_CATEGORIES:
        raise DataError(f"{table.source}: column {name!r} is text with {len(values):,} different values, {values[0]!r} "
                        f"and so on; at most {MOST_CATEGORIES} become categories. Remove the column, or make it "
                        "numbers.")
    places = {value: place for place, value in enumerate(values)}
    codes = np.array([places[str(value)] for value in column])
    return [(f"{name}={value}", (codes == place).astype(np.float64)) for place, value in enumerate(values)]


def pixels(x: np.ndarray, columns: Sequence[str], image_shape: Any) -> tuple[np.ndarray, Any, float]:
    """Return the examples as bytes, their shape and divisor if they are images, else as they are.

    They are if `image_shape` says so, or if the columns are named like Kaggle's (pixel0, pixel1, ..., or 1x1, 1x2,
    ...) and make a square.
    """
    side = round(len(columns) ** 0.5)
    if image_shape is None and side * side == len(columns) and (
        all(name.lower().startswith("pixel") for name in columns)
        or list(columns) == [f"{row}x{column}" for row in range(1, side + 1) for column in range(1, side + 1)]
    ):
        image_shape = (side, side)
    if image_shape is None or x.min() < 0 or x.max() > 255 or not (x == np.floor(x)).all():
        return x, image_shape, 1.0
    return x.astype(np.uint8), image_shape, 255.0
