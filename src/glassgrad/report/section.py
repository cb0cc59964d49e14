"""A part of the page, and the few elements that several parts are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .words import text

__all__ = ["Section", "definitions", "paragraph"]


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Attributes
    ----------
    anchor : str
        Its name in the address of the page.
    heading : str
    body : str
        HTML.
    short : str
        The heading in a word or two, for the list of parts; empty where the heading is short enough.
    """

    anchor: str
    heading: str
    body: str
    short: str = ""

    @property
    def html(self) -> str:
        """The whole element."""
        return f'<section id="{self.anchor}">\n<h2>{text(self.heading)}</h2>\n{self.body}\n</section>'


def paragraph(words: str, style: str = "") -> str:
    """A paragraph of plain text; nothing if there is none.

    >>> paragraph("a < b"), paragraph("")
    ('<p>a &lt; b</p>', '')
    """
    attribute = f' class="{style}"' if style else ""
    return f"<p{attribute}>{text(words)}</p>" if words else ""


def definitions(pairs: Iterable[tuple[str, str]], style: str) -> str:
    """A list of names and what they stand for.

    >>> definitions([("seed", "0")], "settings")
    '<dl class="settings"><div><dt>seed</dt><dd>0</dd></div></dl>'
    """
    rows = "".join(f"<div><dt>{text(name)}</dt><dd>{text(said)}</dd></div>" for name, said in pairs)
    return f'<dl class="{style}">{rows}</dl>'
