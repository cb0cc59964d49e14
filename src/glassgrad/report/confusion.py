"""Which classes were taken for which: the confusion matrix as a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from .content import Content
from .section import Section, paragraph
from .words import count, percent, plural, shorten, text

__all__ = ["confusion"]

_CLASSES_AT_ONCE = 30  # a larger table is opened on demand
_PAIRS = 15
_SHADES = 8


def confusion(content: Content) -> Section | None:
    """The part of the page with the confusion matrix; None if there is none."""
    if content.confusion is None or not np.size(content.confusion):
        return None
    matrix = np.asarray(content.confusion)
    names = [content.class_name(index) for index in range(len(matrix))]
    table = _table(matrix, names)
    if len(matrix) > _CLASSES_AT_ONCE:
        summary = f"<summary>The whole matrix, {len(matrix)} × {len(matrix)}</summary>"
        table = f"{_pairs_table(matrix, names)}\n<details>{summary}\n{table}</details>"
    explained = "Each row is a true class, each column what the network said. On the diagonal it was right."
    body = f"{paragraph(f'{explained} {_worst(matrix, names)}')}\n{table}"
    return Section("confusion", "What it confuses", body, "Confusions")


def _pairs(matrix: np.ndarray[Any, Any]) -> list[tuple[int, int, int]]:
    """(how often, true class, said class) of every confusion, the most frequent first."""
    rows, columns = np.nonzero(matrix * ~np.eye(len(matrix), dtype=bool))
    found = [(int(matrix[i, j]), int(i), int(j)) for i, j in zip(rows, columns, strict=True)]
    return sorted(found, key=lambda pair: (-pair[0], pair[1], pair[2]))


def _worst(matrix: np.ndarray[Any, Any], names: list[str]) -> str:
    """The most frequent confusion in a sentence."""
    pairs = _pairs(matrix)
    if not pairs:
        return "Nothing was confused."
    often, truth, said = pairs[0]
    if often == 1:
        return "No confusion happened more than once."
    alike = sum(pair[0] == often for pair in pairs) - 1
    words = f"{shorten(names[truth])} read as {shorten(names[said])}, {plural(often, 'time')}"
    if alike:
        return f"The most frequent confusion is {words}; {plural(alike, 'other is', 'others are')} as frequent."
    return f"The most frequent confusion is {words}."


def _table(matrix: np.ndarray[Any, Any], names: list[str]) -> str:
    long = max(len(name) for name in names) > 3
    style = "confusion upright" if long else "confusion"
    heads = "".join(_column_head(name) for name in names)
    errors = matrix * ~np.eye(len(matrix), dtype=bool)
    largest = int(np.diag(matrix).max())
    # A single error among many right answers stays pale.
    top = (largest, max(int(errors.max()), largest // 8))
    rows = "\n".join(_row(index, matrix[index], names[index], top) for index in range(len(matrix)))
    return (
        f'<div class="scroll"><table class="{style}"><caption>Confusion matrix of the test set: number of examples'
        f"</caption>\n<thead><tr><td></td>"
        f'<th class="over" scope="colgroup" colspan="{len(names)}">network said</th><td></td></tr>\n'
        f'<tr><th class="corner" scope="col">truth</th>{heads}<th class="right" scope="col">right</th></tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _column_head(name: str) -> str:
    return f'<th scope="col"{_full(name)}><span>{text(shorten(name, 24))}</span></th>'


def _full(name: str) -> str:
    """The whole name under the pointer, where it is cut."""
    return f' title="{text(shorten(name, 1000))}"' if len(name) > 24 else ""


def _row(index: int, numbers: np.ndarray[Any, Any], name: str, top: tuple[int, int]) -> str:
    cells = "".join(_entry(int(many), column == index, top) for column, many in enumerate(numbers))
    total = int(numbers.sum())
    share = percent(int(numbers[index]) / total) if total > 0 else "–"
    return f'<tr><th scope="row"{_full(name)}>{text(shorten(name, 24))}</th>{cells}<td class="right">{share}</td></tr>'


def _entry(many: int, right: bool, top: tuple[int, int]) -> str:
    """One entry, shaded by its share of the greatest one of its kind: right ones and errors apart."""
    if many == 0:
        return "<td>0</td>"
    kind, most = ("r", top[0]) if right else ("w", top[1])
    shade = min(max(1, -(-_SHADES * many // max(most, 1))), _SHADES)
    return f'<td class="{kind}{shade}">{count(many)}</td>'


def _pairs_table(matrix: np.ndarray[Any, Any], names: list[str]) -> str:
    pairs = _pairs(matrix)[:_PAIRS]
    if not pairs:
        return ""
    totals = matrix.sum(axis=1)
    rows = "\n".join(
        f'<tr><th scope="row">{text(shorten(names[truth]))}</th><td class="words">{text(shorten(names[said]))}</td>'
        f"<td>{count(often)}</td><td>{percent(often / int(totals[truth]))}</td></tr>"
        for often, truth, said in pairs
    )
    return (
        '<div class="scroll"><table class="numbers"><caption>The most frequent confusions</caption><thead><tr>'
        '<th scope="col">truth</th><th class="words" scope="col">network said</th><th scope="col">times</th>'
        f'<th scope="col">of that class</th></tr></thead>\n<tbody>{rows}</tbody></table></div>'
    )
