"""How many threads a product may use: what the environment and the system allow this process.

>>> allowed({"OPENBLAS_NUM_THREADS": "1"})
1
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["allowed"]

VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")  # in the order that OpenBLAS reads them
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds of processor in so many microseconds


def allowed(environment: Mapping[str, str] = os.environ, quota: Path = QUOTA) -> int:
    """Return the most threads that are of use: cores of this process, its share of them, and what the user has set."""
    return max(1, min(cores(), _share(quota), _set(environment)))


def cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _share(quota: Path) -> int:
    """Return the cores' worth of time that a container may use, rounded up."""
    try:
        most, period = quota.read_text("ascii").split()
        return math.ceil(int(most) / int(period))
    except (OSError, ValueError, ZeroDivisionError):  # no container, "max", or another system
        return cores()


def _set(environment: Mapping[str, str]) -> int:
    """Return the number that the user has set, by the first variable that holds one, as OpenBLAS has it."""
    for variable in VARIABLES:
        value = environment.get(variable, "").split(",")[0].strip()
        if value.isdecimal() and int(value) > 0:
            return int(value)
    return cores()
