"""Order and height of things in columns: as few crossings and as straight lines as a few sweeps find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor
from typing import Any, Protocol

SWEEPS = 8


class Thing(Protocol):
    """What stands in a column, with the things that lines join it to on its left and right."""

    height: float
    y: float

    @property
    def before(self) -> Sequence[tuple[Thing, str]]: ...  # noqa: D102
    @property
    def after(self) -> Sequence[tuple[Thing, str]]: ...  # noqa: D102
    def meets(self, edge: str) -> float: ...  # noqa: D102


def order_columns(columns: list[list[Any]]) -> None:
    """Sort every column by the mean place of its neighbours, sweeping to and fro."""
    _number(columns)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else columns[::-1]:
            column.sort(key=lambda thing: _mean_place(thing, forward))
            _number([column])


def _number(columns: Iterable[list[Any]]) -> None:
    for column in columns:
        for place, thing in enumerate(column):
            thing.y = (place + 0.5) / len(column)


def _mean_place(thing: Thing, forward: bool) -> float:
    joined = thing.before if forward else thing.after
    return sum(other.y for other, _ in joined) / len(joined) if joined else thing.y


def settle(columns: list[list[Any]], gap: float, whole: bool) -> None:
    """Set the height of everything: in order, `gap` apart, and as near as can be to what it is joined to."""
    for column in columns:
        below = 0.0
        for thing in column:
            thing.y = below
            below += thing.height + gap
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else columns[::-1]:
            wanted = [_wanted(thing, forward) for thing in column]
            for thing, y in zip(column, spread(wanted, [thing.height + gap for thing in column]), strict=True):
                thing.y = y
    top = min((thing.y for column in columns for thing in column), default=0.0)
    for column in columns:
        for thing in column:
            thing.y = floor(thing.y - top + 0.5) if whole else thing.y - top


def _wanted(thing: Thing, forward: bool) -> float:
    joined = thing.before if forward else thing.after
    if not joined:
        return thing.y
    return sum(other.y + other.meets(edge) - thing.meets(edge) for other, edge in joined) / len(joined)


def spread(wanted: Sequence[float], rooms: Sequence[float]) -> list[float]:
    """Return places nearest to those wanted (least squares) in which each thing has its room.

    >>> spread([0.0, 0.0, 9.0], [4.0, 4.0, 4.0])
    [-2.0, 2.0, 9.0]
    """
    groups: list[tuple[float, int]] = []  # mean offset and size, of things that touch
    start, starts = 0.0, []
    for want, room in zip(wanted, rooms, strict=True):
        starts.append(start)
        mean, count = want - start, 1
        start += room
        while groups and groups[-1][0] >= mean:
            other, more = groups.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        groups.append((mean, count))
    offsets = [mean for mean, count in groups for _ in range(count)]
    return [offset + begin for offset, begin in zip(offsets, starts, strict=True)]
