"""The head of the page: what was trained, what came of it, and the figures."""

from __future__ import annotations

import numpy as np

from .content import Content
from .curve import positions
from .section import definitions, paragraph
from .words import count, duration, finite, percent, plural, shorten, text

__all__ = ["opening"]

_SETS = (("test", "the test set"), ("validation", "the validation set"), ("train", "the training set"))


def opening(content: Content) -> str:
    """Title, one sentence, and the figures."""
    figures = _figures(content)
    parts = [
        '<p class="kind">Training report</p>',
        f"<h1>{text(shorten(content.title, 200))}</h1>",
        paragraph(sentence(content), "lede"),
        _interruption(content),
        definitions(figures, "figures") if figures else "",
    ]
    return "<header>\n" + "\n".join(part for part in parts if part) + "\n</header>"


def sentence(content: Content) -> str:
    """What was trained and what came of it, in one sentence.

    >>> sentence(Content("t", "digits", history=[{"iteration": 600}], result={"test_accuracy": 0.9722}))
    'After 600 iterations on digits, the network names the right class for 97.22 % of the test set.'
    """
    where = f"on {shorten(content.dataset, 80)}"
    spent = _length_of_run(content)
    begin = f"After {spent} {where}" if spent else f"Trained {where}"
    for name, where in _SETS:
        accuracy = finite(content.result.get(f"{name}_accuracy"))
        if accuracy is not None:
            return f"{begin}, the network names the right class for {percent(accuracy)} of {where}" + _of_how_many(
                content, name, accuracy
            )
    return f"{begin}, the network has not been tested yet."


def _length_of_run(content: Content) -> str:
    """How long the run went on: ``46 epochs (690 iterations)``."""
    lengths = []
    for name in ("epoch", "iteration"):
        reached = [number for row in content.history if (number := finite(row.get(name))) is not None]
        if reached and max(reached) >= 1:
            lengths.append(plural(int(max(reached)), name))
    return f"{lengths[0]} ({lengths[1]})" if len(lengths) == 2 else "".join(lengths)


def _of_how_many(content: Content, name: str, accuracy: float) -> str:
    """``: 353 of 360.`` where the confusion matrix tells so."""
    if name == "test" and content.confusion is not None:
        confusion = np.asarray(content.confusion)
        right, total = int(np.trace(confusion)), int(confusion.sum())
        if total > 0 and abs(right / total - accuracy) < 1e-6:
            return f": {count(right)} of {count(total)}."
    return "."


def _interruption(content: Content) -> str:
    if not content.result.get("interrupted"):
        return ""
    axis, places = positions(content.history)
    known = [place for place in places if place is not None]
    moment = f"at {axis} {count(known[-1])}" if known else "before its first logged row"
    return (
        f'<p class="notice"><strong>Interrupted.</strong> This run was stopped {text(moment)}; '
        "everything below is as it stood then.</p>"
    )


def _figures(content: Content) -> list[tuple[str, str]]:
    """The figures that are known, the most wanted first."""
    result = content.result
    rows = (
        ("test accuracy", result.get("test_accuracy"), percent),
        ("validation accuracy", result.get("validation_accuracy"), percent),
        ("training accuracy", result.get("train_accuracy"), percent),
        ("training time", result.get("seconds"), duration),
        ("samples per second", result.get("samples_per_second"), count),
        ("parameters", result.get("parameters"), count),
    )
    found = [(name, finite(given), show) for name, given, show in rows]
    return [(name, show(number)) for name, number, show in found if number is not None]
