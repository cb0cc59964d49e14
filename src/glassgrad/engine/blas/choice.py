"""Choose the library that multiplies matrices: the fastest that was measured, NumPy's own when nothing is gained."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import one_of
from ...locks import Lock
from . import remember
from .find import Candidate, candidates
from .library import Blas, load
from .threads import allowed
from .timing import Measured, crossings, measure

__all__ = ["Choice", "best", "choose"]

VARIABLE = "GLASSGRAD_BLAS"
OFF = "none"
GAIN = 1.05  # less than this may be chance
HOUR = 3600.0  # seconds


@dataclass(frozen=True)
class Choice:
    """What was chosen, and why.

    Attributes
    ----------
    blas : Blas or None
    reason : str
        One line.
    measured : Mapping of str to Measured
        By the names of the candidates, NumPy's own first.
    """

    blas: Blas | None
    reason: str
    measured: Mapping[str, Measured] = field(default_factory=dict)


_choice: Choice | None = None
_choosing = Lock()


def best() -> Blas | None:
    """Return the library to multiply matrices with; None if there is none that can be called.

    The first call on a machine measures for about half a second; later ones read what was found, so that the same
    program gives the same bits from run to run: kernels and numbers of threads add in different orders. Only where more
    threads were found to be no faster, as on a machine that happens to be busy, it is measured again after an hour.
    """
    global _choice  # noqa: PLW0603
    with _choosing:
        if _choice is None:
            _choice = choose()
        return _choice.blas


def choose(again: bool = False) -> Choice:
    """Return the choice with its reason; `again` measures even if this machine is known.

    ``GLASSGRAD_BLAS`` narrows it: ``numpy``, ``scipy``, ``openblas`` (the private copy), ``openblas:Haswell`` (with
    these kernels) or ``none``.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked == OFF:
        return Choice(None, f"{VARIABLE}={OFF} is set")
    if sys.platform == "emscripten":
        return Choice(None, "no library can be called in a browser")
    places = _narrow(candidates(), asked)
    if not places:
        return Choice(None, "neither NumPy nor the wheel scipy-openblas32 offers a BLAS that can be called")
    measured, crossed = _known(places, again)
    for place in _ranked(places, measured):
        try:
            blas = load(place, measured[place.name].core, measured[place.name].gflops, crossed)
        except OSError:
            continue
        return Choice(blas, _reason(place, places, measured, asked), measured)
    return Choice(None, f"{places[0].path} cannot be loaded", measured)


def _narrow(places: list[Candidate], asked: str) -> list[Candidate]:
    """Keep the candidates that the user allows."""
    if not asked:
        return places
    kept = [place for place in places if asked in (place.name, place.name.partition(":")[0])]
    if not kept:
        raise one_of(VARIABLE, asked, [*(place.name for place in places), OFF])
    return kept


Crossings = tuple[tuple[int, int], ...]
Known = tuple[dict[str, Measured], Crossings]


def _known(places: Sequence[Candidate], again: bool) -> Known:
    """Return what each candidate does, and where threads begin to help the first: remembered, or measured now."""
    key = remember.key_of(places)
    known = None if again else _parsed(remember.read(key), places)
    if known is None:
        with remember.turn(key):
            known = None if again else _parsed(remember.read(key), places)  # by the process that had its turn before
            if known is None:
                known = _measured(places)
                if any(each.score for each in known[0].values()):
                    rates = {name: {"core": each.core, "gflops": each.gflops} for name, each in known[0].items()}
                    remember.write(key, {"at": time.time(), "measured": rates, "crossings": known[1]})
    return known


def _measured(places: Sequence[Candidate]) -> Known:
    try:
        measured = measure(places)
        first = _ranked(places, measured)[0]
        return measured, tuple(crossings(first, allowed())) if measured[first.name].score else ()
    except OSError:  # no child process can be started here
        return dict.fromkeys((place.name for place in places), Measured("", {})), ()


def _parsed(found: dict[str, Any] | None, places: Sequence[Candidate]) -> Known | None:
    """Return what a file says, or None if it does not say all, says what cannot be, or what may have been chance."""
    try:
        measured = {place.name: _rates(found["measured"][place.name]) for place in places}  # type: ignore[index]
        crossed = tuple((int(work), int(threads)) for work, threads in found["crossings"])  # type: ignore[index]
        age = time.time() - found["at"]  # type: ignore[index]
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        return None
    # Threads do not help on a machine that is busy; it may have been just then.
    return None if not crossed and allowed() > 1 and age > HOUR else (measured, crossed)


def _rates(entry: Any) -> Measured:
    rates = {str(name): float(rate) for name, rate in entry["gflops"].items()}
    if not all(0 < rate < math.inf for rate in rates.values()):
        raise ValueError("a rate is a positive number")
    return Measured(str(entry["core"]), rates)


def _ranked(places: Sequence[Candidate], measured: Mapping[str, Measured]) -> list[Candidate]:
    """Return the candidates, the one to use first; between equals, on one core NumPy's own, else the private copy.

    NumPy's own is loaded already; but only a private copy has threads that nobody else uses, and that soon rest. What
    could not be measured keeps its order: NumPy's own first.
    """
    liked = "numpy" if allowed() == 1 else "openblas"

    def weight(place: Candidate) -> float:
        return measured[place.name].score * (GAIN if place.name == liked else 1)

    return sorted(places, key=weight, reverse=True)


def _reason(place: Candidate, places: Sequence[Candidate], measured: Mapping[str, Measured], asked: str) -> str:
    if asked:
        return f"{VARIABLE}={asked} is set"
    score, numpy = measured[place.name].score, measured["numpy"].score if "numpy" in measured else 0.0
    if not score:
        return "no library could be measured here"
    if place.name == "numpy":
        return "no other is faster" if len(places) > 1 else "it is the only one: the wheel scipy-openblas32 is missing"
    if not numpy:
        return "NumPy's own cannot be called"
    if score < numpy * GAIN:
        return "as fast as NumPy's own, with threads for itself"
    return f"{score / numpy:.2f} times as fast as NumPy's own"
