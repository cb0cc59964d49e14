"""Numbers as short text: four digits, NaN and infinity marked, arrays as a small heat map with their shape.

>>> short(0.7310585786300049), short(-1e-7), short(220.00000000000003)
('0.7311', '−1e−7', '220')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..array_type import ArrayType

NUMBERS_UP_TO = 4  # entries of an array that are written out where nothing else is asked for
WRITTEN_UP_TO = 30  # entries that are written out on demand
HEAT_ROWS, HEAT_COLUMNS, HEAT_LEVELS = 8, 14, 4
NOT_A_NUMBER = HEAT_LEVELS + 1  # the level of a heat map's cell that holds NaN or infinity


@dataclass(frozen=True)
class Figure:
    """A value or a derivative as it stands in a picture.

    Attributes
    ----------
    lines : tuple of str
        The text; one line for a number.
    heat : tuple of tuple of int
        Rows of levels from -4 (most negative) over 0 to 4, 5 for a cell that is not finite; empty for a number.
    exact : str
        All there is to say, for a tool tip: every digit, or a summary of the array.
    alarm : bool
        Whether it holds NaN or infinity.
    symbolic : bool
        Whether the text is a formula, which stands as it is.
    """

    lines: tuple[str, ...]
    heat: tuple[tuple[int, ...], ...] = ()
    exact: str = ""
    alarm: bool = False
    symbolic: bool = False

    @property
    def text(self) -> str:
        """The lines as one."""
        return " ".join(self.lines)


def short(number: Any) -> str:
    """Return a number in at most four significant digits."""
    if isinstance(number, (bool, np.bool_)):
        return "true" if number else "false"
    value = float(number)
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 100_000:
        return str(int(value)).replace("-", "−")
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return text.replace("-", "−")


def figure(value: Any, type: ArrayType, arrays: str = "auto") -> Figure:
    """Return how a value is shown; only its shape where it is not known.

    Parameters
    ----------
    value : NumPy value or None
    type : ArrayType
    arrays : {"auto", "heat", "numbers", "shape"}
        How arrays are shown; "auto" writes up to four numbers out and paints more.
    """
    if value is None:
        return Figure((shape_text(type.shape),) if type.shape else (), exact=str(type))
    array = np.asarray(value)
    if array.ndim == 0:
        alarm = not np.isfinite(array)
        number = short(array[()])
        return Figure(("⚠ " + number if alarm else number,), exact=repr(array.item()), alarm=bool(alarm))
    alarm = not bool(np.isfinite(array).all())
    mark = "⚠ " if alarm else ""
    shape = mark + shape_text(array.shape)
    exact = summary(array)
    if arrays == "shape" or array.size == 0:
        return Figure((shape,), exact=exact, alarm=alarm)
    if arrays == "numbers" and array.size <= WRITTEN_UP_TO:
        return Figure((shape, *_rows(array)), exact=exact, alarm=alarm)
    if arrays == "auto" and array.size <= NUMBERS_UP_TO:
        rows = _rows(array)
        return Figure((mark + rows[0],) if array.ndim == 1 else (shape, *rows), exact=exact, alarm=alarm)
    lines = (shape,) if array.size <= HEAT_ROWS * HEAT_COLUMNS else (shape, _range(array))
    return Figure(lines, _heat(array), exact, alarm)


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as Python writes it."""
    return str(tuple(shape))


def summary(array: Any) -> str:
    """Describe an array in one line: type, range, mean, share of zeros and of entries that are not finite.

    >>> summary(np.array([0.0, 1.0, 2.0, 0.0]))
    'float64[4]: [0 1 2 0], min 0, max 2, mean 0.75, zeros 50 %'
    """
    kind = f"{array.dtype}{list(array.shape)}"
    if not array.size:
        return f"{kind}: empty"
    finite = array[np.isfinite(array)]
    parts = [_nested(array)] if array.size <= WRITTEN_UP_TO else []
    if finite.size:
        with np.errstate(over="ignore"):
            mean = finite.mean(dtype=np.float64)
        parts += [f"min {short(finite.min())}", f"max {short(finite.max())}", f"mean {short(mean)}",
                  f"zeros {short(100 * np.mean(array == 0))} %"]
    if finite.size < array.size:
        parts.append(f"not finite: {array.size - finite.size} of {array.size}")
    return f"{kind}: " + ", ".join(parts)


def _nested(array: Any) -> str:
    if array.ndim == 1:
        return _row(array)
    return "[" + " ".join(_nested(row) for row in array) + "]"


def _row(row: Any) -> str:
    return "[" + " ".join(short(entry) for entry in row) + "]"


def _rows(array: Any) -> tuple[str, ...]:
    return tuple(_row(row) for row in array.reshape(-1, array.shape[-1]))


def _range(array: Any) -> str:
    finite = array[np.isfinite(array)]
    return f"{short(finite.min())} … {short(finite.max())}" if finite.size else ""


def _heat(array: Any) -> tuple[tuple[int, ...], ...]:
    """Return the array as rows of levels, blocks averaged where it has more cells than a picture."""
    table = array.reshape(-1, array.shape[-1]).astype(np.float64)
    for axis, limit in enumerate((HEAT_ROWS, HEAT_COLUMNS)):
        size = table.shape[axis]
        if size > limit:
            starts = np.linspace(0, size, limit, endpoint=False).astype(int)
            counts = np.diff([*starts, size])
            with np.errstate(invalid="ignore", over="ignore"):
                total = np.add.reduceat(table, starts, axis=axis)
            table = total / (counts[:, None] if axis == 0 else counts)
    finite = np.isfinite(table)
    top = np.abs(table[finite]).max(initial=0.0)
    scaled = np.where(finite, table, 0) / (top or 1.0)
    levels = np.where(finite, np.round(scaled * HEAT_LEVELS), NOT_A_NUMBER).astype(int)
    return tuple(tuple(int(level) for level in row) for row in levels)
