"""A line chart as SVG: axes with round numbers, a name at the end of every line, and the numbers under the pointer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .curve import Curve, Point, thinned
from .scale import LARGEST, Scale
from .words import number, text

__all__ = ["Line", "chart"]

WIDTH, HEIGHT = 480, 300
RIGHT, TOP, BOTTOM = 362, 30, 256
LETTER = 7.0  # greatest width of a digit on an axis, on a phone
LABEL_HEIGHT = 16
FEW_POINTS = 30  # so few are marked one by one
BANDS = 60


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    name : str
    curve : Curve
    style : str
        Class in style.css: ``train``, ``test`` or ``validation``.
    mean : Curve or None
        The running mean, drawn over the line, which then steps back.
    """

    name: str
    curve: Curve
    style: str
    mean: Curve | None = None

    @property
    def end(self) -> Point | None:
        """Where the line ends that the eye follows."""
        points = (self.mean or self.curve).points
        return points[-1] if points else None


def chart(
    lines: Sequence[Line], across: Scale, up: Scale, axis: str, show: Callable[[float], str], summary: str,
    mark: Callable[[float], str],
) -> str:
    """The chart as one ``<svg>`` element.

    Parameters
    ----------
    lines : sequence of Line
    across, up : Scale
    axis : str
        What is counted along the time axis.
    show : callable
        A height in words, for labels and the pointer.
    summary : str
        What a person who does not see the picture should know.
    mark : callable
        A height in words, for the marks of the axis.
    """
    frame = _Frame(across, up, 14 + round(LETTER * max((len(mark(tick)) for tick in up.ticks), default=0)))
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(summary)}">',
        *(_height_mark(frame, tick, mark(tick)) for tick in up.ticks),
        *(_time_mark(frame, tick) for tick in across.ticks),
        f'<path class="axis" d="M{frame.left} {BOTTOM}H{RIGHT}"/>',
        f'<text class="axis-name" x="{RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{text(axis)}</text>',
        *(_drawn(frame, line) for line in lines),
        *_labels(frame, lines, show),
        *_bands(frame, lines, axis, show),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


@dataclass(frozen=True)
class _Frame:
    """Where a point of the data stands in the picture."""

    across: Scale
    up: Scale
    left: int

    def x(self, place: float) -> float:
        return self.left + (RIGHT - self.left) * self.across(place)

    def y(self, height: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * self.up(max(min(height, LARGEST), -LARGEST))


def _height_mark(frame: _Frame, tick: float, words: str) -> str:
    y = frame.y(tick)
    return (
        f'<path class="grid" d="M{frame.left} {y:.1f}H{RIGHT}"/>'
        f'<text class="tick" x="{frame.left - 8}" y="{y + 4:.1f}" text-anchor="end">{text(words)}</text>'
    )


def _time_mark(frame: _Frame, tick: float) -> str:
    x = frame.x(tick)
    return (
        f'<path class="axis" d="M{x:.1f} {BOTTOM}v4"/>'
        f'<text class="tick" x="{x:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{text(number(tick))}</text>'
    )


def _drawn(frame: _Frame, line: Line) -> str:
    """The line, its mean, marks where points are few, and crosses at the upper edge where numbers were lost."""
    style = text(line.style)
    faint = " raw" if line.mean else ""
    parts = [f'<path class="line {style}{faint}" d="{_path(frame, thinned(line.curve))}"/>'] if line.end else []
    if line.mean:
        parts.append(f'<path class="line {style}" d="{_path(frame, thinned(line.mean))}"/>')
    points = line.curve.points
    alone = points if len(points) <= FEW_POINTS else [piece[0] for piece in line.curve.pieces if len(piece) == 1]
    for place, height in alone[: 2 * FEW_POINTS]:
        parts.append(f'<circle class="mark {style}" cx="{frame.x(place):.1f}" cy="{frame.y(height):.1f}" r="2.5"/>')
    places = sorted({round(frame.x(place)) for place in line.curve.lost})
    crosses = "".join(f"M{x - 3} {TOP - 3}l6 6m0 -6l-6 6" for x in places)
    if crosses:
        parts.append(f'<path class="lost" d="{crosses}"/>')
    return "\n".join(parts)


def _path(frame: _Frame, curve: Curve) -> str:
    """A move to the start of every piece, then steps of a tenth of a unit: fewer characters than absolute places."""
    parts = []
    for piece in curve.pieces:
        spots = [(round(10 * frame.x(place)), round(10 * frame.y(height))) for place, height in piece]
        parts.append(f"M{spots[0][0] / 10:g} {spots[0][1] / 10:g}")
        parts.extend(
            f"l{(x - before[0]) / 10:g} {(y - before[1]) / 10:g}"
            for before, (x, y) in pairwise(spots)
            if (x, y) != before
        )
    return "".join(parts)


def _labels(frame: _Frame, lines: Sequence[Line], show: Callable[[float], str]) -> list[str]:
    """Name and last number of each line, beside its end; moved apart where they would overlap."""
    ends = [(line.end, line) for line in lines if line.end]
    ends.sort(key=lambda pair: (frame.y(pair[0][1]), pair[1].name))
    heights = _apart([frame.y(end[1]) for end, _ in ends])
    parts = []
    for (end, line), y in zip(ends, heights, strict=True):
        x, actual, style = frame.x(end[0]), frame.y(end[1]), text(line.style)
        parts.append(
            f'<path class="leader" d="M{x + 3:.1f} {actual:.1f}L{RIGHT + 8} {y:.1f}"/>'
            f'<text class="label {style}" x="{RIGHT + 11}" y="{y + 4:.1f}">{text(line.name)}'
            f' <tspan class="label-number">{text(show(end[1]))}</tspan></text>'
        )
    return parts


def _apart(heights: list[float]) -> list[float]:
    """Heights in rising order, moved so that neighbours have room, and kept within the picture.

    >>> _apart([100.0, 104.0, 200.0])
    [100.0, 116.0, 200.0]
    """
    result: list[float] = []
    for height in heights:
        result.append(max(height, result[-1] + LABEL_HEIGHT) if result else height)
    limit = float(BOTTOM)
    for index in reversed(range(len(result))):
        result[index] = min(result[index], limit)
        limit = result[index] - LABEL_HEIGHT
    return result


def _bands(frame: _Frame, lines: Sequence[Line], axis: str, show: Callable[[float], str]) -> list[str]:
    """Upright bands over the whole picture; the one under the pointer shows its numbers (style.css)."""
    heights: dict[float, list[tuple[Line, float]]] = {}
    for line in lines:
        for place, height in line.curve.points:
            heights.setdefault(place, []).append((line, height))
    # Where all lines have a number is more worth showing than where one has.
    most = max((len(found) for found in heights.values()), default=0)
    places = sorted(place for place, found in heights.items() if len(found) == most)
    places = places[:: -(-len(places) // BANDS)] + places[-1:] if len(places) > BANDS else places
    places = sorted(set(places))
    xs = [frame.x(place) for place in places]
    edges = [frame.left, *((a + b) / 2 for a, b in pairwise(xs)), RIGHT]
    return [
        _band(frame, place, heights[place], (left, right), f"{axis} {number(place, 9)}", show)
        for place, left, right in zip(places, edges, edges[1:], strict=False)
    ]


def _band(
    frame: _Frame, place: float, found: list[tuple[Line, float]], edges: tuple[float, float], when: str,
    show: Callable[[float], str],
) -> str:
    x = frame.x(place)
    words = " · ".join([when, *(f"{line.name} {show(height)}" for line, height in found)])
    dots = "".join(
        f'<circle class="mark {text(line.style)}" cx="{x:.1f}" cy="{frame.y(height):.1f}" r="3.5"/>'
        for line, height in found
    )
    return (
        f'<g class="band"><rect x="{edges[0]:.1f}" y="{TOP}" width="{max(edges[1] - edges[0], 0):.1f}" '
        f'height="{BOTTOM - TOP}"/><g class="under"><path class="hair" d="M{x:.1f} {TOP}V{BOTTOM}"/>{dots}'
        f'<text class="tip" x="{RIGHT}" y="12" text-anchor="end">{text(words)}</text></g></g>'
    )
