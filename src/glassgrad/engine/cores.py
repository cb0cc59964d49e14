"""How many cores are free for pieces of large loops: counted for the whole process, so that none is given out twice.

Native code takes a core for every thread that it starts, and gives it back when the thread has ended. However many
programs run at once, no more threads are started than the user, the system and the container allow (`blas.allowed`).
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np

from .blas import allowed


@cache
def _counter() -> Any:
    counter = np.array([allowed() - 1], np.int64)  # the thread that calls has a core already

    def again() -> None:
        counter[0] = allowed() - 1  # what threads of the parent had taken, nobody here will give back

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=again)
    return counter


def spare() -> int:
    """Return the address of the number of free cores."""
    return int(_counter().ctypes.data)
