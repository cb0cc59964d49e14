"""How the run went: the curves of loss and accuracy, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .chart import Line, chart
from .content import Content
from .curve import Curve, curve_of, positions, smoothed
from .scale import Scale, linear, suited
from .section import Section
from .words import finite, number, percent, plural, power_of_ten, text

__all__ = ["curves"]

_ROWS = 24
_COLUMNS = (
    ("epoch", "epoch"), ("loss", "loss"), ("validation_loss", "validation loss"),
    ("train_accuracy", "training accuracy"), ("validation_accuracy", "validation accuracy"),
    ("test_accuracy", "test accuracy"),
)


@dataclass(frozen=True)
class _Plot:
    """What one chart shows: which keys of the history, under which names and styles, and how its numbers are said."""

    heading: str
    lines: tuple[tuple[str, str, str], ...]
    show: Callable[[float], str]


_PLOTS = (
    _Plot("Loss", (("loss", "loss", "test"), ("validation_loss", "valid.", "validation")), lambda x: number(x, 3)),
    _Plot(
        "Accuracy",
        (
            ("train_accuracy", "train", "train"), ("validation_accuracy", "valid.", "validation"),
            ("test_accuracy", "test", "test"),
        ),
        percent,
    ),
)


def curves(content: Content) -> Section | None:
    """The part of the page that shows the history; None if there is none."""
    axis, places = positions(content.history)
    figures = [figure for plot in _PLOTS if (figure := _figure(content, plot, axis, places))]
    if not figures:
        return None
    body = f'<div class="charts">\n{"".join(figures)}</div>\n{_table(content, axis, places)}'
    return Section("curves", "How it learned", body, "Curves")


def _figure(content: Content, plot: _Plot, axis: str, places: Sequence[float | None]) -> str:
    known = [place for place in places if place is not None]
    made = [(name, curve_of(content.history, key, places), style) for key, name, style in plot.lines]
    made = [(name, curve, style) for name, curve, style in made if curve.points or curve.lost]
    if not made:
        return ""
    lines = [_line(name, curve, style) for name, curve, style in made]
    heights = [height for line in lines for _, height in line.curve.points]
    up = suited(heights) if plot.heading == "Loss" else _accuracy_scale(heights)
    across = linear(min(known), max(known), rounded=False, whole=all(place.is_integer() for place in known))
    tick = power_of_ten if plot.heading == "Loss" else lambda height: f"{100 * height:.4g} %"
    picture = chart(lines, across, up, axis, plot.show, _summary(plot, lines, axis), tick)
    note = " ".join(_notes(lines, up, axis))
    caption = f"<figcaption>{text(note)}</figcaption>" if note else ""
    return f"<figure>\n<h3>{text(plot.heading)}</h3>\n{picture}\n{caption}</figure>\n"


def _line(name: str, curve: Curve, style: str) -> Line:
    mean = smoothed(curve)
    return Line(name, curve, style, mean and mean[0])


def _accuracy_scale(heights: list[float]) -> Scale:
    """From a round number below the least to 100 %, or wider where a number lies outside 0..1."""
    low, high = min(heights, default=0.0), max(heights, default=1.0)
    return linear(min(low, 1.0), max(high, 1.0))


def _summary(plot: _Plot, lines: Sequence[Line], axis: str) -> str:
    """What the curve says to a person who does not see it."""
    said = []
    for line in lines:
        points = line.curve.points
        if points:
            first, last = points[0], points[-1]
            said.append(
                f"{line.name} from {plot.show(first[1])} at {axis} {number(first[0])} "
                f"to {plot.show(last[1])} at {axis} {number(last[0])}"
            )
    return f"{plot.heading} against {axis}: {'; '.join(said) or 'no finite number'}."


def _notes(lines: Sequence[Line], up: Scale, axis: str) -> list[str]:
    notes = ["Logarithmic scale."] if up.is_logarithmic else []
    means = [found[1] for line in lines if (found := smoothed(line.curve))]
    if means:
        notes.append(f"Pale: every logged row; strong: the mean of {max(means)} rows.")
    notes.extend(
        f"{plural(len(line.curve.lost), 'row')} of {line.name} had no finite number, the first at {axis} "
        f"{number(line.curve.lost[0], 9)} (crosses at the upper edge)."
        for line in lines
        if line.curve.lost
    )
    return notes


def _table(content: Content, axis: str, places: Sequence[float | None]) -> str:
    """Two dozen rows of the history, evenly apart; those in which something was measured, where rows differ."""
    history = content.history
    columns = [pair for pair in _COLUMNS if pair[0] != axis and any(row.get(pair[0]) is not None for row in history)]
    filled = {
        index: sum(row.get(key) is not None for key, _ in columns)
        for index, row in enumerate(history)
        if places[index] is not None
    }
    most = max(filled.values())
    full = [index for index, many in filled.items() if many == most]
    chosen = sorted({full[round(step * (len(full) - 1) / (_ROWS - 1))] for step in range(_ROWS)})
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in (axis, *(name for _, name in columns)))
    rows = []
    for index in chosen:
        place = places[index]
        assert place is not None, "rows without a place were left out"
        cells = "".join(f"<td>{text(_cell(key, history[index].get(key)))}</td>" for key, _ in columns)
        rows.append(f'<tr><th scope="row">{text(number(place, 9))}</th>{cells}</tr>')
    whole = "every row" if len(chosen) == len(history) else f"{len(chosen)} of {plural(len(history), 'row')}"
    return (
        '<details class="behind"><summary>The numbers behind the curves</summary>\n<div class="scroll">'
        f'<table class="numbers"><caption>History of the run: {text(whole)}.</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>"
        + "\n".join(rows)
        + "</tbody></table></div></details>"
    )


def _cell(key: str, given: object) -> str:
    height = finite(given)
    if height is None:
        return "–" if given is None else "not finite"
    if key.endswith("accuracy"):
        return percent(height)
    return f"{height:.4f}" if key.endswith("loss") and 1e-3 <= abs(height) < 1e4 else number(height)
