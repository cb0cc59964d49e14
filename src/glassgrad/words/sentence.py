"""A sentence as data: the pattern, and what is filled into it; the language is chosen when it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .language import translate

Write = Callable[[Any], str]


@dataclass(frozen=True)
class Sentence:
    """A pattern with named places, and what stands there: text, numbers, other sentences, or tuples of these.

    Attributes
    ----------
    pattern : str
        The English sentence, which is the key of its translations.
    values : tuple of (name, value)
    """

    pattern: str
    values: tuple[tuple[str, Any], ...] = ()

    def text(self, language: str | None = None, write: Write = str) -> str:
        """Return the sentence in a language (the current one by default).

        Parameters
        ----------
        language : str, optional
        write : callable
            Turns a value that is no sentence into text; lets a formula appear as such, and names be escaped.
        """
        filled = {name: _written(value, language, write) for name, value in self.values}
        return translate(self.pattern, language).format_map(filled)

    def __str__(self) -> str:
        return self.text()


def _written(value: Any, language: str | None, write: Write) -> str:
    if isinstance(value, Sentence):
        return value.text(language, write)
    if isinstance(value, tuple):
        return translate(mark(", "), language).join(_written(part, language, write) for part in value)
    return write(value)


def sentence(pattern: str, /, **values: Any) -> Sentence:
    """Return a `Sentence`; the pattern is found in the source by the script that updates the catalogues.

    >>> print(sentence("{name} is not used here.", name="x"))
    x is not used here.
    """
    return Sentence(pattern, tuple(values.items()))


def mark(pattern: str) -> str:
    """Return `pattern` itself: says that it is a sentence to translate, where it stands in a table."""
    return pattern
