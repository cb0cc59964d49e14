"""A page of sentences and formulas as data, and its three writers: text, Markdown with formulas, LaTeX."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..words import Sentence, sentence
from .formula import Formula

Line = Sentence | Formula
Item = TypeVar("Item")
_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")


@dataclass(frozen=True)
class Section:
    """A heading and the lines below it."""

    heading: Sentence
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Page:
    """A title and sections; the language is chosen when it is written."""

    title: Sentence
    sections: tuple[Section, ...]

    def text(self, language: str | None = None) -> str:
        """Return the page as lines of text."""
        parts = [self.title.text(language)]
        for section in self.sections:
            parts += ["", section.heading.text(language)]
            parts += [f"  {_plain(line, language)}" for line in section.lines]
        return "\n".join(parts)

    def markdown(self, language: str | None = None) -> str:
        """Return the page as Markdown, the formulas between dollar signs; names in it are escaped."""
        parts = [f"### {self.title.text(language, in_markdown)}"]
        for section in self.sections:
            parts.append(f"**{section.heading.text(language, in_markdown)}**")
            for line in section.lines:
                formula = isinstance(line, Formula)
                parts.append(f"$$\n{line.latex}\n$$" if formula else line.text(language, in_markdown))  # type: ignore[union-attr]
        return "\n\n".join(parts) + "\n"

    @property
    def latex(self) -> str:
        """The equations, one below the other, for mathematics mode; also those that stand in a sentence."""
        return aligned(found for section in self.sections for line in section.lines for found in _equations(line))


def _equations(line: Line) -> list[Formula]:
    if isinstance(line, Formula):
        return [line]
    values = (value for _, value in line.values)
    return [value for value in values if isinstance(value, Formula) and " = " in value.latex]


def _plain(line: Line, language: str | None) -> str:
    return line.text(language) if isinstance(line, Sentence) else line.plain


def in_markdown(value: Any) -> str:
    """Write a value into Markdown: a formula between dollar signs, other text escaped."""
    if isinstance(value, Formula):
        return f"${value.latex}$"
    return _MARKS.sub(r"\\\1", html.escape(str(value), quote=False))


def aligned(formulas: Iterable[Formula]) -> str:
    r"""Return formulas as one LaTeX block, aligned at the first equals sign.

    >>> print(aligned([Formula("x = 1", "x = 1"), Formula("y", "y")]))
    \begin{aligned}
    x &= 1 \\
    y
    \end{aligned}
    """
    lines = [formula.latex.replace(" = ", " &= ", 1) for formula in formulas]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"]) if lines else ""


def shortened(
    items: Sequence[Item], limit: int, what: str, write: Callable[[Item], Iterable[Line]]
) -> tuple[Line, ...]:
    """Write the first and last of many items, and between them how many are left out.

    Parameters
    ----------
    items : sequence
    limit : int
        How many are written.
    what : str
        A pattern with ``{count}`` that says what is left out.
    write : callable
        Makes lines of an item; called for those only that are shown.
    """
    if len(items) <= limit:
        return tuple(line for item in items for line in write(item))
    half = max(1, limit // 2)
    left_out = Sentence(what, (("count", f"{len(items) - 2 * half:,}"),))
    first = (line for item in items[:half] for line in write(item))
    return (*first, left_out, *(line for item in items[len(items) - half :] for line in write(item)))


def numbered(number: int, line: Line) -> Line:
    """Put a number before a line."""
    return sentence("{number}. {line}", number=str(number), line=line)


def sentences(several: Iterable[Sentence]) -> Sentence:
    """Return sentences one after the other, as one."""
    result, *rest = several
    for following in rest:
        result = sentence("{first} {second}", first=result, second=following)
    return result
