"""How shapes, numbers and sums are spelled in generated source, and which names are taken."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...graph import Tensor
from ..plan.expressions import BY_NAME

INDENT = "    "
LETTERS = "ijklmnopqrsuvw"  # indices of loops, the outermost first
SUM, PRODUCT = BY_NAME["sum"], BY_NAME["prod"]
_WORDS = frozenset([
    *keyword.kwlist, *LETTERS, "at", "real", "block", "min", "lane", "count", "table", "bad", "weight", "array", "inf",
    "nan", "sqrt", "abs", "sign", "largest", "smallest", "wrapped", "floor", "ceil", "trunc", "rint", "sin", "cos",
    "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "hypot", "atan2", "range", "boolean",
    "part", "program", "repeated", "status", "step", "stream", "pair", "place", "kept", "watched", "fetch",
    "following", "row", "line", "first", "last", "crew", "together", "exp2", "log2", "log10", "cbrt", "remainder",
    "floor_divide",
])
_PATTERN = re.compile(r"n\d+|.*_piece\d+|u?int\d+|float\d+|[sd]?gem[mv](32|64)?|.*_(32|64)")


def reserved(name: str) -> bool:
    """Whether a name means something in generated source already."""
    return name in _WORDS or _PATTERN.fullmatch(name) is not None


def spelled(name: str) -> str:
    """Return a name that anybody may have given as a name of the source: ASCII letters, digits and underscores."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII).lower()
    return plain if plain[:1].isalpha() else f"a{plain}"


def moved(index: Sequence[str], axis: int | None, start: int, step: int) -> str:
    """Return the index ``start + step * i`` along an axis, where `index` has the text of i for each axis."""
    if axis is None:
        return str(start)
    if index[axis] == "0":
        return str(start)
    along = index[axis] if step == 1 else f"{step} * {index[axis]}"
    return along if start == 0 else f"{start} + {along}"


def loops_over(shape: tuple[int, ...], after: int | None = None) -> tuple[list[str], str]:
    """Return the lines of nested loops over a shape, from 1 on along the axis `after`, and the index inside."""
    long = [axis for axis, size in enumerate(shape) if size != 1]
    lines = [f"{INDENT * depth}for {LETTERS[depth]} in range({'1, ' if axis == after else ''}{shape[axis]}):"
             for depth, axis in enumerate(long)]
    letters = {axis: LETTERS[depth] for depth, axis in enumerate(long)}
    return lines, ", ".join(letters.get(axis, "0") for axis in range(len(shape))) or "0"


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape; a single number is an array of one entry."""
    return f"({', '.join(map(str, shape or (1,)))},)"


def dtype_text(dtype: np.dtype[Any]) -> str:
    """Return a kind of number, in the words of generated source."""
    return "boolean" if dtype.kind == "b" else dtype.name


def number(value: float, dtype: np.dtype[Any]) -> str:
    """Return a number of this kind."""
    return f"{dtype_text(dtype)}({value!r})"


def literal_text(value: object, dtype: np.dtype[Any]) -> str:
    """Return the one entry of a constant."""
    entry = np.asarray(value).ravel()[0].item()
    return repr(entry) if dtype.kind == "b" else f"{dtype_text(dtype)}({entry!r})"


def cast(text: str, given: np.dtype[Any], wanted: np.dtype[Any]) -> str:
    """Return an expression of one kind of number as one of another."""
    return text if given == wanted else f"{dtype_text(wanted)}({text})"


def power(x: str, exponent: float, dtype: np.dtype[Any]) -> str:
    """Return a power with a fixed exponent, by multiplication where that is exact enough."""
    known = {0: number(1.0, dtype), 1: x, 2: f"{x} * {x}", 3: f"{x} * {x} * {x}", -1: f"{dtype_text(dtype)}(1) / {x}",
             0.5: f"sqrt({x})"}
    return known.get(exponent, f"{dtype_text(dtype)}({x} ** {number(float(exponent), dtype)})")


def start(node: Tensor, dtype: np.dtype[Any]) -> str:
    """Return what a reduction begins with."""
    if node.op is SUM:
        return f"{dtype_text(dtype)}(0)"
    if node.op is PRODUCT:
        return f"{dtype_text(dtype)}(1)"
    largest = node.op.name == "max"
    if dtype.kind == "f":
        return f"{dtype_text(dtype)}({'-inf' if largest else 'inf'})"
    ends = np.iinfo(dtype)
    return f"{dtype_text(dtype)}({ends.min if largest else ends.max})"


def taken_in(node: Tensor, total: str, value: str, dtype: np.dtype[Any]) -> str:
    """Return the line by which a reduction takes in a value."""
    bits = f"_{8 * dtype.itemsize}" if dtype.kind == "f" else ""
    if node.op is SUM:
        return f"{total} = accumulate{bits}({total}, {value})" if bits else f"{total} += {value}"
    if node.op is PRODUCT:
        return f"{total} = {total} * {value}"
    return f"{total} = {'largest' if node.op.name == 'max' else 'smallest'}{bits}({total}, {value})"

