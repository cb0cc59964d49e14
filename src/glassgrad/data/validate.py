"""What data must be before they are used, each check with the sentence that says why not.

>>> matrix([[1.0, float("nan")]], "x")
Traceback (most recent call last):
    ...
glassgrad.errors.DataError: x: row 0, column 1 is nan; every value must be finite. Replace it or leave its row out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError

__all__ = ["check_divisor", "check_image_shape", "encode_labels", "matrix"]
Array = np.ndarray
_BLOCK = 1 << 22  # values looked at in one go: a memory map is never read as a whole


def matrix(x: Any, what: str) -> tuple[Array, tuple[int, ...]]:
    """Return examples as an (N, D) array of finite numbers, and the shape that each had."""
    array = numbers(x, what)
    if array.ndim < 2:
        raise DataError(f"{what}: the shape is {array.shape}; one row an example is needed, (N, D). "
                        "A single column is x.reshape(-1, 1).")
    if array.size == 0:
        raise DataError(f"{what}: the shape is {array.shape}; there is nothing to learn from.")
    shape = array.shape[1:]
    flat = array.reshape(len(array), -1)
    check_finite(flat, what)
    return flat, shape


def numbers(x: Any, what: str) -> Array:
    """Return `x` as an array of integers or floats; booleans become bytes."""
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise DataError(f"{what}: {int(np.ma.getmaskarray(x).sum()):,} values are masked, that is missing. Fill them "
                        "in, or leave their rows out.")
    try:
        array = np.asarray(x)
    except (ValueError, TypeError, OverflowError):
        lengths = _lengths(x)
        rows = f": row 0 has {lengths[0]} values, row {lengths[1]} has {lengths[2]}" if lengths else ""
        raise DataError(f"{what}: the rows do not make an array{rows}. Every row needs the same length.") from None
    if array.dtype == np.bool_:
        return array.view(np.uint8)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise DataError(f"{what}: the values are {_kind(array)}; integers or floats of up to 64 bits are needed. "
                        "Convert text and categories to numbers first.")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _kind(array: Array) -> str:
    names = {"O": "Python objects", "U": "text", "S": "bytes of text", "c": "complex numbers", "M": "dates",
             "m": "time spans", "V": "records"}
    return names.get(array.dtype.kind, str(array.dtype))


def _lengths(x: Any) -> tuple[int, int, int] | None:
    """Return the length of row 0, the first row of another length, and its length."""
    try:
        lengths = [len(row) for row in x]
    except TypeError:
        return None
    for row, length in enumerate(lengths):
        if length != lengths[0]:
            return lengths[0], row, length
    return None


def check_finite(x: Array, what: str) -> None:
    """Raise unless every value of an (N, D) array is finite; name the first that is not."""
    if x.dtype.kind != "f":
        return
    rows = max(1, _BLOCK // x.shape[1])
    for start in range(0, len(x), rows):
        good = np.isfinite(x[start:start + rows])
        if not good.all():
            row, column = np.argwhere(~good)[0]
            raise DataError(f"{what}: row {start + row}, column {column} is {x[start + row, column]}; every value must "
                            "be finite. Replace it or leave its row out.")


def check_divisor(divisor: float) -> float:
    """Return the raw value that means 1.0, as a float."""
    try:
        value = float(divisor)
    except (TypeError, ValueError):
        value = 0.0
    if not 0 < value < np.inf:
        raise DataError(f"divisor={divisor!r} must be a positive number: the raw value that means 1.0.")
    return value


def check_image_shape(given: Sequence[int] | None, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape of an example as an image, if it is one."""
    if given is None:
        return shape if len(shape) in {2, 3} else None
    image = tuple(int(size) for size in given)
    if len(image) not in {2, 3} or min(image) < 1 or np.prod(image) != np.prod(shape):
        raise DataError(f"image_shape={image} must be height and width (and channels) whose product is the "
                        f"{int(np.prod(shape))} values of an example.")
    return image


# Labels -------------------------------------------------------------------------------------------------------------


def encode_labels(
    parts: Sequence[tuple[Any, int, str]], classes: Sequence[str] | None = None,
) -> tuple[list[Array], tuple[str, ...]]:
    """Return the labels of every part as positions in one tuple of classes, and the classes.

    Parameters
    ----------
    parts : sequence of (labels, number of examples, what)
        The first is the training part: a class that only a later part has is an error.
    classes : sequence of str, optional
        Known names; the labels must be positions in it.

    Examples
    --------
    >>> encode_labels([(["b", "a", "b"], 3, "the data")])
    ([array([1, 0, 1])], ('a', 'b'))
    """
    columns = [_column(labels, count, what) for labels, count, what in parts]
    if classes is not None:
        names = tuple(str(name) for name in classes)
        if len(set(names)) < len(names):
            raise DataError(f"classes: {next(name for name in names if names.count(name) > 1)!r} stands twice.")
        for labels, (_, _, what) in zip(columns, parts, strict=True):
            _check_positions(labels, len(names), what)
    else:
        known = np.unique(columns[0])
        names = tuple(str(value) for value in known.tolist())
        columns = [_positions(labels, known, what) for labels, (_, _, what) in zip(columns, parts, strict=True)]
    if len(names) < 2:
        raise DataError(f"{parts[0][2]}: there is one class only, {names[0]!r}; at least 2 are needed to learn from."
                        if names else "classes: none is named; at least 2 are needed.")
    return [np.ascontiguousarray(labels, dtype=np.int64) for labels in columns], names


def _column(labels: Any, count: int, what: str) -> Array:
    """Return labels as a one-dimensional array of integers or text."""
    if labels is None:
        raise DataError(f"{what}: there are no labels. Give one for each of the {count:,} examples.")
    try:
        array = np.asarray(labels)
    except (ValueError, TypeError):
        raise DataError(f"{what}: the labels do not make an array. One label an example is needed.") from None
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim != 1 or len(array) != count:
        raise DataError(f"{what}: the labels have shape {array.shape} for {count:,} examples; one label an example is "
                        "needed, (N,). One-hot rows are y.argmax(axis=1).")
    if array.dtype.kind == "O":
        array = _from_objects(array, what)
    if array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.floor(array)) & (np.abs(array) < 2.0**53)
        if not whole.all():
            row = int(np.argmin(whole))
            raise DataError(f"{what}: label {array[row]} of row {row} is not an integer. "
                            "Labels are integers or text; for numbers to predict there is no class.")
        return array.astype(np.int64)
    if array.dtype.kind not in "iubU":
        raise DataError(f"{what}: the labels are {_kind(array)}; integers or text are needed.")
    return array


def _from_objects(array: Array, what: str) -> Array:
    """Return the labels of an object array, which must all be text or all be numbers."""
    missing = [row for row, value in enumerate(array.tolist()) if is_missing(value)]
    if missing:
        raise DataError(f"{what}: the label of row {missing[0]} is missing. Fill it in, or leave the row out.")
    kinds = {bool if isinstance(value, (bool, np.bool_)) else str if isinstance(value, str) else
             float if isinstance(value, (int, float, np.integer, np.floating)) else type(value)
             for value in array.tolist()}
    if len(kinds) > 1 or not kinds <= {str, float, bool}:
        raise DataError(f"{what}: the labels are of kind {', '.join(sorted(kind.__name__ for kind in kinds))}; "
                        "all text or all integers are needed.")
    return np.array(array.tolist())


def is_missing(value: Any) -> bool:
    """Tell whether a value stands for none: None, NaN, or the missing values of tables, which are unequal to all."""
    try:
        return value is None or not bool(value == value)  # noqa: PLR0124 - only NaN is unequal to itself
    except TypeError:  # pandas.NA has no truth value
        return True


def _check_positions(labels: Array, count: int, what: str) -> None:
    if labels.dtype.kind not in "iub":
        raise DataError(f"{what}: the labels are text though the classes are named; integers from 0 to {count - 1} are "
                        "needed.")
    wrong = (labels < 0) | (labels >= count)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{what}: label {labels[row]} of row {row} is out of range; the {count} classes are 0 to "
                        f"{count - 1}.")


def _positions(labels: Array, known: Array, what: str) -> Array:
    if (labels.dtype.kind == "U") != (known.dtype.kind == "U"):
        raise DataError(f"{what}: the labels are {_kind(labels)}, those of the training part {_kind(known)}; "
                        "they must agree.")
    places = np.minimum(np.searchsorted(known, labels), len(known) - 1)
    wrong = known[places] != labels
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{what}: label {labels[row]} of row {row} does not occur in the training part.")
    return places
