"""Memory in which arrays take turns, each as long as somebody reads it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

ALIGNMENT = 64  # bytes: a line of the cache, and the widest vector register


class Arena:
    """Places in one piece of memory, first fit, by the time from the first to the last use.

    >>> arena = Arena()
    >>> arena.take(100, first=0, last=2), arena.take(10, first=1, last=1), arena.take(10, first=3, last=4), arena.size
    (0, 128, 0, 192)
    """

    def __init__(self) -> None:
        self.size = 0
        self._taken: list[tuple[int, int, int, int]] = []  # offset, end, first and last step

    def take(self, count: int, first: int, last: int) -> int:
        """Return the offset of `count` bytes that nobody else uses from step `first` to step `last`."""
        count = -(-max(count, 1) // ALIGNMENT) * ALIGNMENT
        offset = 0
        for begin, end, since, until in sorted(self._taken):
            if since <= last and first <= until and begin < offset + count and offset < end:
                offset = end
        self._taken.append((offset, offset + count, first, last))
        self.size = max(self.size, offset + count)
        return offset


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """Return an array whose first entry lies at the start of a line of the cache."""
    size = prod(shape) * dtype.itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)
