"""What the interactive page says in words: its buttons, hints and announcements, in every language.

What stands in braces is filled in by the page.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..words import mark, translate

PHRASES = {
    "tools": mark("Picture"),
    "back": mark("◀ back"),
    "back_hint": mark("One step back (left arrow)"),
    "step": mark("step ▶"),
    "step_hint": mark("One step on (right arrow)"),
    "end": mark("all"),
    "end_hint": mark("Show everything (Escape)"),
    "open": mark("open all"),
    "open_hint": mark("Open every box (o)"),
    "close": mark("close all"),
    "close_hint": mark("Close every box (c)"),
    "larger_hint": mark("Larger (+)"),
    "smaller_hint": mark("Smaller (−)"),
    "fit": mark("fit"),
    "fit_hint": mark("Fit into the window (0)"),
    "language_hint": mark("Language"),
    "hide": mark("Close"),
    "intro": mark(
        "Values stand above the lines, derivatives (∂) below. Select a box to open it, its title to close it, an array "
        "to see its numbers. Step with the arrow keys."
    ),
    "sealed": mark(
        "To keep this file small, {count} inner boxes cannot be opened here; draw a part of the graph to see them."
    ),
    "one_language": mark("To keep this file small, it speaks one language; glassgrad.words.use chooses which."),
    "graph": mark("Computational graph of {title}"),
    "opened": mark("{label}, open; select to close"),
    "closed": mark("{label}, closed; select to open"),
    "forward": mark("{step} of {steps}, forward:"),
    "backward": mark("{step} of {steps}, backward:"),
    "everything": mark("Everything is shown."),
    "failed": mark("The picture cannot be laid out in this browser: {reason}."),
    "numbers": mark("{name}: show the numbers"),
    "derivative": mark("derivative"),
    "minimum": mark("min"),
    "maximum": mark("max"),
    "mean": mark("mean"),
    "zeros": mark("share of zeros"),
    "bad": mark("not finite"),
    "many": mark("Too many entries to list here; in Python they are node.value and node.grad."),
}


def phrases(languages: Iterable[str]) -> dict[str, list[str]]:
    """Return every phrase in these languages, in their order.

    >>> phrases(["en", "ja"])["fit"][0]
    'fit'
    """
    spoken = list(languages)
    return {name: [translate(phrase, language) for language in spoken] for name, phrase in PHRASES.items()}
