"""What comes of a case: tables of text, goals with what was found, notes.

>>> goal = Goal("at most 0.75 x JAX", 0.5, 0.75)
>>> str(goal)
'at most 0.75 x JAX: 0.5, met'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from math import log
from statistics import median

from .contest import Contest
from .peers import OURS, PEERS, PRODUCTS


@dataclass(frozen=True)
class Goal:
    """A figure that was aimed at; it is met if what was found is at most the bound."""

    words: str
    found: float | None
    bound: float

    @property
    def met(self) -> bool | None:
        """Whether it is met; None if there is nothing to compare."""
        return None if self.found is None else self.found <= self.bound

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.words}: not measured"
        return f"{self.words}: {self.found:.3g}, {'met' if self.met else 'not met'}"


@dataclass(frozen=True)
class Table:
    """Rows of text under a head."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    caption: str = ""


@dataclass
class Outcome:
    """All that a case has found; `contests` are those that the summary shows."""

    tables: list[Table] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)


def title(peer: str) -> str:
    """Return what the tables call a contestant."""
    return PEERS[peer].title if peer in PEERS else peer


def duration(seconds: float) -> str:
    """Return a time with a unit that suits it.

    >>> duration(0.000159), duration(0.0643), duration(2.5)
    ('159 us', '64.3 ms', '2.50 s')
    """
    for factor, unit in ((1e6, "us"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{_digits(seconds)} s"


def _digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def table_of(contest: Contest, unit: str) -> Table:
    """Return the times of a contest, the fastest first, then those who have none, and why."""
    products = PRODUCTS in contest.times
    rows = []
    for name in sorted(contest.times, key=lambda name: contest.times[name].median):
        times = contest.times[name]
        low, high = times.quartiles
        row = [title(name), duration(times.median), f"{duration(low)} to {duration(high)}", _ratio(contest, name, OURS)]
        rows.append((*row, _ratio(contest, PRODUCTS, name)) if products else tuple(row))
    empty = ("", "") if products else ("",)
    rows += [(title(name), "-", reason, *empty) for name, reason in contest.out.items()]
    head = ("", f"time of a {unit}", "middle half of the rounds", "glassgrad takes, of it")
    return Table((*head, "it takes, of the products") if products else head, rows, contest.label)


def _ratio(contest: Contest, peer: str, of: str) -> str:
    ratio = contest.ratio(peer, of)
    return "-" if ratio is None else f"{ratio:.3g}"


def goal(contest: Contest, bound: float, *peers: str, what: str = "") -> Goal:
    """Return the goal of taking at most `bound` of the time of the fastest of these peers that took part."""
    ratios = [ratio for peer in peers if (ratio := contest.ratio(peer)) is not None]
    names = " and ".join(title(peer) for peer in peers) if len(peers) < 3 else "the best peer"
    return Goal(f"{what or contest.label}: at most {bound:g} x {names}", max(ratios, default=None), bound)


def best_goal(contest: Contest, bound: float) -> Goal:
    """Return the goal of taking at most `bound` of the time of the fastest other library."""
    peer = contest.best_peer
    name = f"the best peer, {title(peer)}" if peer else "the best peer"
    return Goal(f"{contest.label}: at most {bound:g} x {name}", contest.ratio(peer) if peer else None, bound)


def slope(sizes: Iterable[float], times: Iterable[float]) -> float:
    """Return by what power of the size the time grows: the median of the slopes between neighbours, both as logarithms.

    >>> slope([1, 2, 4], [3, 6, 12])
    1.0
    """
    points = zip(sizes, times, strict=True)
    return median(log(b[1] / a[1]) / log(b[0] / a[0]) for a, b in pairwise(points))
