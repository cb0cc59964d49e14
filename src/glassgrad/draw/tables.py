"""The arrays of a picture as tables of numbers, for the page to show on demand.

An array with many entries comes as a summary: smallest, largest, mean, share of zeros, entries that are not finite.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .numbers import short

MOST_ENTRIES = 400  # of one array that is given in full
ALL_ENTRIES = 4_000  # of all arrays in a page together


class Tables:
    """Collects arrays, each once.

    >>> tables = Tables()
    >>> tables.add(np.array([0.0, 0.5])), tables.add(np.float64(3.0))
    (0, None)
    >>> tables.found[0]["rows"], tables.found[0]["zeros"]
    ([['', '0.0', '0.5']], '50 %')
    """

    def __init__(self, entries: int = ALL_ENTRIES) -> None:
        self.found: list[dict[str, Any]] = []
        self._known: dict[int, tuple[Any, int]] = {}
        self._room = entries

    def add(self, value: Any) -> int | None:
        """Return the number of an array's table; None for a single number, and for what has no value."""
        if value is None or np.ndim(value) == 0:
            return None
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = value, len(self.found)  # kept alive, so that its id stays its own
            self.found.append(self._table(np.asarray(value)))
        return known[1]

    def _table(self, array: Any) -> dict[str, Any]:
        facts = {"type": f"{array.dtype}{list(array.shape)}", **summary(array)}
        if not 0 < array.size <= min(MOST_ENTRIES, self._room):
            return {**facts, "rows": None}
        self._room -= array.size
        return {**facts, "rows": rows(array)}


def rows(array: Any) -> list[list[str]]:
    """Return the entries as text, exactly, each row behind its place along all axes but the last."""
    table = array.reshape(-1, array.shape[-1])
    places = np.ndindex(array.shape[:-1])
    return [[", ".join(map(str, place)), *map(str, row)] for place, row in zip(places, table, strict=True)]


def summary(array: Any) -> dict[str, str]:
    """Return in short what an array is like; nothing of an empty one.

    >>> summary(np.array([1.0, np.nan]))
    {'minimum': '1', 'maximum': '1', 'mean': '1', 'zeros': '0 %', 'bad': '1'}
    """
    if not array.size:
        return {}
    finite = array[np.isfinite(array)]
    facts = {}
    if finite.size:
        with np.errstate(over="ignore"):
            mean = finite.mean(dtype=np.float64)
        facts = {"minimum": short(finite.min()), "maximum": short(finite.max()), "mean": short(mean),
                 "zeros": f"{short(100 * np.mean(array == 0))} %"}
    bad = array.size - finite.size
    return {**facts, "bad": str(bad)} if bad else facts
