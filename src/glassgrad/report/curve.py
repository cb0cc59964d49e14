"""Curves out of the rows of a history: measured points, gaps where a number was not finite, thinned and smoothed.

>>> history = [{"iteration": i, "loss": 1 / (1 + i)} for i in range(3)]
>>> curve_of(history, "loss", positions(history)[1]).pieces
(((0.0, 1.0), (1.0, 0.5), (2.0, 0.3333333333333333)),)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .words import finite

__all__ = ["Curve", "Point", "curve_of", "positions", "smoothed", "thinned"]

Point = tuple[float, float]
MOST_POINTS = 500
MEANS = 250  # the mean is smooth, so that it needs no more points
ROWS_TO_SMOOTH = 100  # with fewer rows every one can be seen


@dataclass(frozen=True)
class Curve:
    """One quantity over time.

    Attributes
    ----------
    pieces : tuple of tuple of (x, y)
        Stretches of finite points; between two of them stood numbers that were not finite.
    lost : tuple of float
        Where (x) the number was not finite.
    """

    pieces: tuple[tuple[Point, ...], ...]
    lost: tuple[float, ...] = ()

    @property
    def points(self) -> list[Point]:
        """All finite points, in order."""
        return [point for piece in self.pieces for point in piece]


def positions(history: Sequence[Mapping[str, Any]]) -> tuple[str, list[float | None]]:
    """What is counted along the time axis, and where each row stands; None for a row that does not say.

    >>> positions([{"epoch": 1}, {"epoch": 2}]), positions([{"loss": 1.0}])
    (('epoch', [1.0, 2.0]), ('row', [1.0]))
    """
    for name in ("iteration", "epoch"):
        found = [finite(row.get(name)) for row in history]
        if any(place is not None for place in found):
            return name, found
    return "row", [float(index + 1) for index in range(len(history))]


def curve_of(history: Sequence[Mapping[str, Any]], key: str, places: Sequence[float | None]) -> Curve:
    """The curve of `key`; a row without it (or None) is passed over, a NaN or infinity is a gap."""
    pieces: list[list[Point]] = [[]]
    lost: list[float] = []
    for row, place in zip(history, places, strict=True):
        given = row.get(key)
        if given is None or place is None:
            continue
        height = finite(given)
        if height is not None:
            if pieces[-1] and place < pieces[-1][-1][0]:  # a run that was resumed from before its last row
                pieces.append([])
            pieces[-1].append((place, height))
            continue
        lost.append(place)
        if pieces[-1]:
            pieces.append([])
    return Curve(tuple(tuple(piece) for piece in pieces if piece), tuple(lost))


def thinned(curve: Curve, most: int = MOST_POINTS) -> Curve:
    """The curve with at most about `most` points: of each stretch the first, least, greatest and last stay.

    >>> line = Curve((tuple((float(i), float(i == 777)) for i in range(5000)),))
    >>> short = thinned(line)
    >>> len(short.points) <= 500, (777.0, 1.0) in short.points, short.points[-1]
    (True, True, (4999.0, 0.0))
    """
    total = len(curve.points)
    if total <= most:
        return curve
    # Pieces can be as many as points (every second number lost): the longest ones are drawn, in their order.
    longest = sorted(range(len(curve.pieces)), key=lambda index: -len(curve.pieces[index]))[: most // 4]
    kept = [curve.pieces[index] for index in sorted(longest)]
    points = sum(map(len, kept))
    return Curve(tuple(_thin(piece, max(4, most * len(piece) // points - 2)) for piece in kept), curve.lost)


def _thin(piece: tuple[Point, ...], most: int) -> tuple[Point, ...]:
    if len(piece) <= most:
        return piece
    buckets = max(1, (most - 2) // 2)
    chosen = {0, len(piece) - 1}
    for bucket in range(buckets):
        indices = range(bucket * len(piece) // buckets, (bucket + 1) * len(piece) // buckets)
        chosen.add(min(indices, key=lambda index: piece[index][1]))
        chosen.add(max(indices, key=lambda index: piece[index][1]))
    return tuple(piece[index] for index in sorted(chosen))


def smoothed(curve: Curve) -> tuple[Curve, int] | None:
    """Running mean of a curve of many points, and over how many points it goes; None where there are few.

    At its start a piece falls steeply: there the window is shortened alike on either side, so that the mean lies on
    the curve. At its end the window keeps its past, so that the last mean is no single row.
    """
    total = len(curve.points)
    if total < ROWS_TO_SMOOTH:
        return None
    half = max(2, total // 60)
    stride = -(-total // MEANS)
    return Curve(tuple(_running_mean(piece, half, stride) for piece in curve.pieces)), 2 * half + 1


def _running_mean(piece: tuple[Point, ...], half: int, stride: int) -> tuple[Point, ...]:
    result = []
    for index in sorted({*range(0, len(piece), stride), len(piece) - 1}):
        reach = min(half, index)
        window = piece[index - reach : index + reach + 1]
        # Divided first: a sum of huge numbers would overflow.
        result.append((piece[index][0], math.fsum(height / len(window) for _, height in window)))
    return tuple(result)
