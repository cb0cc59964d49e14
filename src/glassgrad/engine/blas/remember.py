"""What was measured once is kept in a file of the cache folder, for this machine, these libraries, this environment.

A file that is broken, foreign, or of another machine is not an error: it is measured anew, and the file replaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...cache import cache_folder
from ...errors import DataError
from ...files import read_bytes, write_atomic
from .find import Candidate, features
from .threads import allowed
from .timing import CASES

__all__ = ["file_for", "key_of", "read", "turn", "write"]

FORMAT = 1
LARGEST = 1 << 20  # bytes that are read of a file
WAIT = 10.0  # seconds until a process that measures is no longer waited for


def key_of(places: Sequence[Candidate]) -> dict[str, Any]:
    """Return all that a measurement depends on."""
    return {
        "format": FORMAT,
        "processor": _processor(),
        "cores": allowed(),
        "environment": [os.environ.get(name, "") for name in ("OPENBLAS_CORETYPE", "OPENBLAS_THREAD_TIMEOUT")],
        "cases": [[case.name, *case.numbers] for case in CASES],
        "libraries": [[place.name, place.path, *_stamp(place.path)] for place in places],
    }


def _processor() -> list[str]:
    """Return what tells this kind of processor from another."""
    told = {"vendor_id", "cpu family", "model", "model name", "stepping", "cache size", "CPU implementer", "CPU part"}
    lines: list[str] = []
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text("utf-8", "replace").split("\n\n")[0].splitlines()
        lines = [" ".join(line.split()) for line in first if line.partition(":")[0].strip() in told]
    return [platform.system(), platform.machine(), platform.processor(), *lines, *sorted(features())]


def _stamp(path: str) -> tuple[int, int]:
    """Return size and time of a file; nothing of what the system keeps elsewhere."""
    try:
        about = os.stat(path)
    except OSError:
        return 0, 0
    return about.st_size, about.st_mtime_ns


def file_for(key: dict[str, Any]) -> Path:
    """Return the file in which the measurement with this key is kept."""
    return cache_folder() / "blas" / f"{hashlib.sha256(_text(key)).hexdigest()[:20]}.json"


def _text(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def read(key: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is remembered under this key; None if there is nothing that can be used."""
    try:
        found = json.loads(read_bytes(file_for(key), LARGEST))
    except (DataError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or _text(found.get("key")) != _text(key):
        return None
    return found


def write(key: dict[str, Any], found: dict[str, Any]) -> None:
    """Remember what was measured; a folder that cannot be written means that it is measured again next time."""
    path = file_for(key)
    with contextlib.suppress(OSError, DataError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps({"key": key, **found}, indent=1).encode())


@contextlib.contextmanager
def turn(key: dict[str, Any]) -> Iterator[None]:
    """Let one process at a time measure, because two would measure each other; wait some seconds for one's turn."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError, OSError):
            import fcntl  # not on Windows

            file_for(key).parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(file_for(key).with_suffix(".lock").open("wb"))
            end = time.monotonic() + WAIT
            while time.monotonic() < end:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.02)
        yield
