"""A contest: several contestants do the same work in turn, round by round; results are compared before times.

Every contestant has a child process of its own, and only one runs at a time. In each round all have a turn, in an order
that rotates, so that what else the machine does falls on all alike; ratios are taken within a round, and their median
is stated. Before the first time is looked at, the results of a first round are compared with those of the reference:
who disagrees is refused, and shown as refused.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .peers import OURS, PRODUCTS
from .session import Session
from .work import Training, Work, from_plain, to_plain

PAUSE = 0.05  # seconds between two turns
SPINNING = 0.15  # seconds where there are thread pools: OpenBLAS's threads look for more work for 0.12 after a product
FEWEST = 3  # rounds, however long they take
CLOSE = 0.9  # of the time of the fastest other: from here on, chance may decide who was ahead
MANY = 4  # times as many rounds of a close race, as far as there is time
TOLERANCE = 2e-3  # of float32 results against float64, relative to the largest of them


@dataclass
class Times:
    """The times of one contestant: seconds a unit of work in each round, and how many units a round has."""

    seconds: list[float]

    @property
    def median(self) -> float:
        """Seconds a unit of work."""
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between these lies the middle half of the rounds."""
        low, high = np.percentile(self.seconds, [25, 75])
        return float(low), float(high)


@dataclass
class Contest:
    """What came of it.

    Attributes
    ----------
    label : str
    work : Work
    times : dict
        `Times` by name of the contestant.
    out : dict
        Why another has no times: absent, failed or refused.
    results : dict
        The first few numbers that were compared.
    """

    label: str
    work: Work
    times: dict[str, Times] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)
    results: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, peer: str, of: str = OURS) -> float | None:
        """Return the time of one contestant by that of another: the median over the rounds."""
        if of not in self.times or peer not in self.times:
            return None
        return statistics.median(a / b for a, b in zip(self.times[of].seconds, self.times[peer].seconds, strict=True))

    @property
    def best_peer(self) -> str | None:
        """Name of the fastest of the other libraries."""
        others = {name: times.median for name, times in self.times.items() if name not in (OURS, PRODUCTS)}
        return min(others, key=lambda name: others[name], default=None)

    @property
    def close(self) -> bool:
        """Whether it may be chance that ours is not the faster one, or that it is."""
        ratio = self.ratio(self.best_peer) if self.best_peer else None
        return ratio is not None and ratio > CLOSE


def to_data(contest: Contest) -> dict[str, Any]:
    """Return a contest as what JSON can hold."""
    times = {name: {"median": times.median, "quartiles": times.quartiles, "ratio": contest.ratio(name),
                    "seconds": times.seconds} for name, times in contest.times.items()}
    return {"work": to_plain(contest.work), "times": times, "out": contest.out, "results": contest.results}


def from_data(label: str, data: dict[str, Any]) -> Contest:
    """Return the contest that `to_data` described."""
    times = {name: Times(kept["seconds"]) for name, kept in data["times"].items()}
    return Contest(label, from_plain(data["work"]), times, data["out"], data["results"])


def contest(label: str, work: Work, peers: Iterable[str], session: Session, seconds: float | None = None,
            if_close: float = 0.0) -> Contest:
    """Hold a contest, or return the one of this label that has been held.

    Parameters
    ----------
    label : str
    work : Work
    peers : iterable of str
        Who takes part, as far as the session wants them.
    session : Session
    seconds : float, optional
        How long to measure, if not as long as the session says.
    if_close : float
        How long to measure while ours takes more than `CLOSE` of the time of the fastest other library.
    """
    done = session.kept.get(label)
    if done is None or done["work"] != json.loads(json.dumps(to_plain(work))):
        held = Contest(label, work)
        names = _enter(held, session.taking_part(peers), session)
        _refuse(held, _reference(held, session))
        limits = seconds or session.seconds, if_close
        _measure(held, [name for name in names if name in held.results], session, *limits)
        done = session.kept[label] = json.loads(json.dumps(to_data(held)))
        session.keep()
    return from_data(label, done)


def _enter(held: Contest, names: list[str], session: Session) -> list[str]:
    """Let everybody prepare and run a first round."""
    for name in names:
        session.say(f"{held.label}: {session.known[name].title}")
        found = _prepared(session, name, held.work)
        if reason := _reason(found):
            held.out[name] = reason
        else:
            held.results[name] = found["results"]
    return names


def _measure(held: Contest, running: list[str], session: Session, limit: float, if_close: float) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in running}
    began = time.perf_counter()
    for number in itertools.count():
        held.times = {name: Times(seconds[name]) for name in running}
        enough = number >= FEWEST
        close = enough and if_close > 0 and held.close
        most, longest = (MANY * session.rounds, if_close) if close else (session.rounds, limit)
        if not running or number >= most or (enough and time.perf_counter() - began > longest):
            break
        session.say(f"{held.label}: round {number + 1}")
        first = number % len(running)
        turns = _turns(session, running[first:] + running[:first])
        for name in list(running):
            if reason := _reason(turns[name]):
                held.out[name] = reason
                running.remove(name)
            else:
                seconds[name].append(turns[name]["seconds"] / turns[name]["units"])
    held.times = {name: Times(seconds[name]) for name in running}
    held.results = {name: results[:4] for name, results in held.results.items()}


def _prepared(session: Session, name: str, work: Work) -> dict[str, Any]:
    """Return the answer of a first round, or the one that says why there is none."""
    child = session.child(name)
    answer = child.ask({"peer": name, "work": to_plain(work)})
    return answer if _reason(answer) else child.ask({"round": 0})


def _turns(session: Session, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    turns: dict[str, dict[str, Any]] = {}
    for name in names:
        time.sleep(PAUSE if session.count == 1 else SPINNING)
        turns[name] = session.child(name).ask({"round": len(turns)})
    return turns


def _reason(answer: dict[str, Any]) -> str | None:
    return answer.get("absent") or (f"failed: {answer['failed']}" if "failed" in answer else None)


def _reference(held: Contest, session: Session) -> list[float] | None:
    """Return what is right: the deck's network in float64; for other work, the middle of all results."""
    if isinstance(held.work, Training):
        if "deck" not in held.results:
            return _prepared(session, "deck", held.work).get("results")
        return held.results["deck"]
    found = [results for results in held.results.values() if results]
    return np.median(found, axis=0).tolist() if found else None


def _refuse(held: Contest, right: list[float] | None) -> None:
    """Take those out of the contest whose results are not right."""
    for name, results in list(held.results.items()):
        if not results and name == PRODUCTS:
            continue  # it has checked its products itself
        if right is None:
            held.out[name] = "refused: there is no result to compare with"
        elif not agree(results, right):
            held.out[name] = f"refused: its results {_few(results)} are not {_few(right)}"
        else:
            continue
        del held.results[name]


def agree(found: Sequence[float], right: Sequence[float]) -> bool:
    """Return whether results agree, as far as float32 can.

    >>> agree([1.0, 2.0], [1.001, 2.0]), agree([1.0, 2.0], [1.1, 2.0])
    (True, False)
    """
    if len(found) != len(right) or not np.isfinite(found).all():
        return False
    return bool(np.max(np.abs(np.subtract(found, right))) <= TOLERANCE * np.max(np.abs(right)))


def _few(numbers: Sequence[float]) -> str:
    shown = ", ".join(f"{number:.5g}" for number in numbers[:3])
    return f"({shown}{', ...' if len(numbers) > 3 else ''})"
