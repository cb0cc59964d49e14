"""An end to what does not end by itself: after some seconds `OutOfTimeError` is raised wherever the code just is."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .subject import OutOfTimeError

GRACE = 0.2
"""So much later than the clock that the prover itself looks at between calls."""


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` in this block when the time is over, also in the middle of a call of somebody's function.

    In the main thread a timer of the system does it, which also wakes what sleeps; elsewhere, and where there is none,
    Python raises it before its next instruction. A single call into compiled code is not broken off.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        yield from _by_signal(seconds + GRACE)
    else:
        yield from _by_thread(seconds + GRACE)


def _by_signal(seconds: float) -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, ring)
    left, again = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:  # somebody had set a timer before: it goes on
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1e-3), again)


def _by_thread(seconds: float) -> Iterator[None]:
    here = ctypes.c_ulong(threading.get_ident())
    error = ctypes.py_object(OutOfTimeError)
    timer = threading.Timer(seconds, ctypes.pythonapi.PyThreadState_SetAsyncExc, (here, error))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
