"""Two sources that differ only in their numbers, made one: a step for batches of 100 also serves the last one of 37.

>>> found = shared("for i in range(100):\\n    x = 0.01\\n", "for i in range(37):\\n    x = 0.02\\n")
>>> print(found.text)
for i in range(n0):
    x = n1
<BLANKLINE>
>>> found.names, found.numbers
(['n0', 'n1'], ([100, 0.01], [37, 0.02]))

A product is made for its sizes, as far as they are known (`gemm`); so for the first of them it is written out.

>>> print(shared("gemm32(at[0], 100, 784)", "gemm32(at[0], 37, 784)").text)
if (n0 == 100):
    gemm32(at[0], 100, 784)
if (n0 != 100):
    gemm32(at[0], n0, 784)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .spelling import INDENT

Numbers = list[int | float]
_NUMBER = re.compile(r"(?<![\w.])(\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+|\d+)(?![\w.])")
_COMMENT = re.compile(r" *#.*")


@dataclass(frozen=True)
class Shared:
    """One source for two, and the numbers by which they differ: a name for each, and its values."""

    text: str
    names: list[str]
    numbers: tuple[Numbers, Numbers]


def shared(one: str, other: str) -> Shared | None:
    """Return one source for both, in which names stand for the numbers that differ; None if they differ otherwise."""
    one, other = (_COMMENT.sub("", text) for text in (one, other))
    left, right = _NUMBER.split(one), _NUMBER.split(other)
    if left[::2] != right[::2]:
        return None
    names: dict[tuple[str, str], str] = {}
    for position in range(1, len(left), 2):
        pair = left[position], right[position]
        if pair[0] != pair[1]:
            left[position] = names.setdefault(pair, f"n{len(names)}")
    known = {name: pair[0] for pair, name in names.items()}
    lines = [_line(*pair, known) for pair in zip("".join(left).split("\n"), one.split("\n"), strict=True)]
    return Shared("\n".join(lines), list(names.values()), (_values(names, 0), _values(names, 1)))


def _line(line: str, first: str, known: Mapping[str, str]) -> str:
    """Return a line in which names stand for numbers; `first` is the same line with the first of them."""
    if line == first or not line.lstrip().startswith("gemm"):
        return line
    names = [name for name in known if re.search(rf"\b{name}\b", line)]
    indent = line[: len(line) - len(line.lstrip())]
    cases = ((" & ", "==", first), (" | ", "!=", line))
    return "\n".join(
        f"{indent}if {joint.join(f'({name} {sign} {known[name]})' for name in names)}:\n{INDENT}{case}"
        for joint, sign, case in cases)


def _values(names: Iterable[tuple[str, str]], column: int) -> Numbers:
    return [int(pair[column]) if pair[column].isdecimal() else float(pair[column]) for pair in names]
