r"""Comma-separated files (also semicolons, tabs, bars; also .gz) as tables; errors name file, line and column.

>>> import pathlib, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     file = pathlib.Path(folder, "iris.csv")
...     _ = file.write_text("length,width,species\n5.1,3.5,setosa\n7.0,3.2,versicolor\n")
...     table = read_csv(file)
>>> table.names, table.columns[2]
(('length', 'width', 'species'), ['setosa', 'versicolor'])
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence

import numpy as np

from ..errors import DataError
from ..files import FilePath
from .bounded import read_all
from .tables import Column, Table

__all__ = ["CSV_LIMIT", "read_csv"]

CSV_LIMIT = 1 << 30
MOST_CELLS = 20_000_000  # of a file with text in it; each is a Python string then
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
_DELIMITERS = ",;\t|"


def read_csv(path: FilePath, *, header: bool | None = None, limit: int = CSV_LIMIT) -> Table:
    """Return a CSV file as a table of numbers and text.

    Parameters
    ----------
    path : path
        UTF-8; compressed by gzip if its name ends with ``.gz``.
    header : bool, optional
        Whether the first line has the columns' names; by default it has if no cell of it is a number, but one of the
        second line is.
    limit : int
        Most bytes that are read.

    Returns
    -------
    Table
        A column is numbers if every cell that is not missing is one. Missing: nothing, ``NA``, ``NaN``, ``null``,
        ``None``, ``?``.

    Raises
    ------
    DataError
        With file and line, where the text cannot be read or a line is longer or shorter than the first.
    """
    what = os.fspath(path)
    text = _decode(read_all(path, limit), what)
    table = _all_numbers(text, what, header)
    if table is not None:
        return table
    rows, lines = _rows(text, what)
    if not rows:
        raise DataError(f"{what}: the file has no rows.")
    named = _has_header(rows) if header is None else bool(header)
    names = _names(rows[0], what, lines[0]) if named else _numbered(len(rows[0]))
    if named:
        del rows[0], lines[0]
    return Table(what, names, tuple(_column(cells) for cells in zip(*rows, strict=True)) or ((),) * len(names), lines)


def _all_numbers(text: str, what: str, header: bool | None) -> Table | None:
    """Return a table of finite numbers only, by NumPy's parser in C; None if there is anything else in the file.

    Whatever this reader would call wrong is left to the slow one, which knows line and column.
    """
    text = text.replace("\r\n", "\n")
    if '"' in text or "\n\n" in text or text.startswith("\n"):
        return None
    first, _, rest = text.partition("\n")
    start = [row.split(_delimiter(first)) for row in (first, rest.partition("\n")[0]) if row]
    if not start or not rest:
        return None
    named = _has_header(start) if header is None else bool(header)
    try:
        values = np.loadtxt(
            io.StringIO(rest if named else text), np.float64, comments=None, delimiter=_delimiter(first), ndmin=2,
        )
    except ValueError:
        return None
    if values.shape[1] != len(start[0]) or not np.isfinite(values).all():
        return None
    names = _names(start[0], what, 1) if named else _numbered(len(start[0]))
    return Table(what, names, tuple(np.ascontiguousarray(values.T)), range(1 + named, 1 + named + len(values)))


def _delimiter(first: str) -> str:
    return max(_DELIMITERS, key=first.count)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"column {place}" for place in range(count))


def _decode(data: bytearray, what: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{what}, line {line}: the text is not UTF-8 (byte {data[error.start]:#04x}). "
                        "Save the file as UTF-8.") from None


def _rows(text: str, what: str) -> tuple[list[list[str]], list[int]]:
    """Return the cells of every line that is not empty, and where each row ends."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not row:
                continue
            if rows and len(row) != len(rows[0]):
                raise DataError(f"{what}, line {reader.line_num}: {len(row)} values, but line {lines[0]} has "
                                f"{len(rows[0])}. Every line needs the same number.")
            if len(rows) * len(row) > MOST_CELLS:
                raise DataError(f"{what}: more than {MOST_CELLS:,} values, some of them text or missing. Make them "
                                "numbers, or save the data as .npz.")
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{what}, line {reader.line_num}: {error}. Check the quotation marks.") from None
    return rows, lines


def _number(cell: str) -> float | None:
    """Return the number that a cell holds, NaN if it is missing, or None for text."""
    try:
        if "_" not in cell:  # Python reads 1_000 as a number; tables do not
            return float(cell)
    except ValueError:
        pass
    return float("nan") if cell.strip().lower() in MISSING else None


def _has_header(rows: list[list[str]]) -> bool:
    def any_number(row: list[str]) -> bool:
        return any(value is not None and value == value for value in map(_number, row))  # noqa: PLR0124 - not NaN

    return not any_number(rows[0]) and len(rows) > 1 and any_number(rows[1])


def _names(row: list[str], what: str, line: int) -> tuple[str, ...]:
    names = tuple(cell.strip() or f"column {place}" for place, cell in enumerate(row))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{what}, line {line}: two columns are named {twice!r}. Rename one, or say header=False.")
    return names


def _column(cells: Sequence[str]) -> Column:
    try:
        values = np.array([float(cell) for cell in cells])
        if not any("_" in cell for cell in cells):
            return values
    except ValueError:
        pass
    numbers = [_number(cell) for cell in cells]
    if all(number is not None for number in numbers):
        return np.array(numbers, dtype=np.float64)
    return [None if cell.strip().lower() in MISSING else cell.strip() for cell in cells]
