r"""Formulas as plain text and as LaTeX at once.

>>> x, y = name_formula("x"), name_formula("y")
>>> print(derivative(y, x), derivative(y, x).latex)
∂y/∂x \frac{\partial y}{\partial x}
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .numbers import signed, value_latex, value_text

LONGEST_NAME = 40
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "[": "{[}", "]": "{]}",  # no link, where mathematics stands in Markdown
}


@dataclass(frozen=True)
class Formula:
    """The same formula twice: as a line of Unicode, and as LaTeX for mathematics mode."""

    plain: str
    latex: str

    def __str__(self) -> str:
        return self.plain


def escaped(text: str) -> str:
    r"""Return any text as LaTeX that shows it.

    >>> print(escaped("a_b $5"))
    a\_b \$5
    """
    return "".join(_SPECIAL.get(character, character) for character in text)


def clean(name: object) -> str:
    """Return a name on one line, of characters that can be seen, and not longer than fits.

    >>> clean("x\\n\\x1b[31my"), clean("")
    ('x [31my', '?')
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in str(name)).split()) or "?"
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def name_formula(name: str) -> Formula:
    r"""Return a name as a formula: letters as in mathematics, words upright, anything else as quoted text.

    >>> for name in ("W1", "apple", "50 % of {x}"): print(name_formula(name).latex)
    W_{1}
    \mathrm{apple}
    \text{50 \% of \{x\}}
    """
    plain = clean(name)
    if indexed := re.fullmatch(r"([A-Za-z])_?(\d*)", plain):
        letter, index = indexed.groups()
        return Formula(plain, f"{letter}_{{{index}}}" if index else letter)
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", plain):
        return Formula(plain, rf"\mathrm{{{plain}}}")
    return Formula(plain, rf"\text{{{escaped(plain)}}}")


def value_formula(value: Any, digits: int = 6) -> Formula:
    """Return a value as a formula."""
    return Formula(value_text(value, digits), value_latex(value, digits))


def factor_formula(value: Any, digits: int = 6) -> Formula:
    """Return a value as a factor of a product: a negative number in parentheses."""
    return Formula(signed(value_text(value, digits)), signed(value_latex(value, digits)))


def derivative(of: Formula, by: Formula) -> Formula:
    """Return the sign for a partial derivative."""
    return Formula(f"∂{of}/∂{by}", rf"\frac{{\partial {of.latex}}}{{\partial {by.latex}}}")


def joined(sign: str, parts: Iterable[Formula], latex: str | None = None) -> Formula:
    """Return formulas with a sign between them.

    >>> print(joined(" = ", [Formula("x", "x"), Formula("2", "2")]))
    x = 2
    """
    parts = list(parts)
    return Formula(sign.join(part.plain for part in parts), (latex or sign).join(part.latex for part in parts))


def product(parts: Iterable[Formula]) -> Formula:
    """Return a product of symbols."""
    return joined(" · ", parts, r" \cdot ")


def times(parts: Iterable[Formula]) -> Formula:
    """Return a product of numbers."""
    return joined(" × ", parts, r" \times ")


def equation(parts: Iterable[Formula | None]) -> Formula:
    """Return a chain of equalities; what would only repeat what stands before it is left out."""
    kept: list[Formula] = []
    for part in parts:
        if part is None:
            continue
        if kept and _bare(kept[-1].plain) == _bare(part.plain):
            kept.pop()  # the later one stands alone and needs no parentheses
        kept.append(part)
    return joined(" = ", kept)


def _bare(text: str) -> str:
    return text[1:-1] if text.startswith("(-") and text.endswith(")") else text
