"""Locks that are open in a child that is forked: the thread that held one in the parent is not there to let it go.

>>> lock = Lock()
>>> with lock:
...     print("nobody else is here")
nobody else is here
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import suppress

__all__ = ["Lock"]


class Lock:
    """A lock for ``with`` blocks that do not nest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):  # in a child that was forked within the block, it is open already
            self._lock.release()

    def renew(self) -> None:
        """Be open, whoever holds it."""
        self._lock = threading.Lock()


_all: weakref.WeakSet[Lock] = weakref.WeakSet()


def _renew_all() -> None:
    for lock in list(_all):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
