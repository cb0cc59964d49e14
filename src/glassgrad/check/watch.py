"""A decorator that proves a gradient once, at its first use, on the very arrays it is first used with.

>>> import numpy as np
>>> @checked(vjp=lambda g, y, x: g * 2 * x)
... def squares(x):
...     return x * x
>>> squares(np.array([1.0, 2.0]))       # checked now, and never again
array([1., 4.])
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from .front import check_gradient


def checked(subject: Any = None, *, vjp: Callable[..., Any] | None = None, **settings: Any) -> Any:
    """Check the gradient of a function or of a layer the first time it is called.

    Parameters
    ----------
    subject : callable or class
        A function on Tensors; with `vjp`, a function of arrays; or a class with ``forward`` and ``backward``, whose
        first object is checked when its ``forward`` is first called.
    vjp : callable ``(g, y, *arrays) -> gradients``, optional
        The claimed rule; afterwards the function has it as its attribute ``vjp``.
    **settings
        For `check_gradient`.

    Returns
    -------
    callable or class
        What was given; its first call raises a `GradientError` with the whole report if the gradient is not right.
    """
    if subject is None:
        return lambda given: checked(given, vjp=vjp, **settings)
    once = _Once(settings)
    if isinstance(subject, type):
        return _checked_class(subject, once)

    @wraps(subject)
    def function(*args: Any) -> Any:
        once.prove(subject, args, vjp)
        return subject(*args)

    if vjp is not None:
        function.vjp = vjp  # type: ignore[attr-defined]
    return function


class _Once:
    """Remembers whether the proof has been given; while it is going on, calls go straight through."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.done = False
        self.lock = threading.Lock()

    def prove(self, f: Any, args: tuple[Any, ...], vjp: Callable[..., Any] | None) -> None:
        if self.done or not self.lock.acquire(blocking=False):
            return
        try:
            check_gradient(f, *args, vjp=vjp, **self.settings).assert_correct()
            self.done = True
        finally:
            self.lock.release()


def _checked_class(cls: Any, once: _Once) -> Any:
    """Put the proof in front of the class's own forward."""
    forward = cls.forward

    @wraps(forward)
    def first(self: Any, *args: Any) -> Any:
        once.prove(self, args, None)
        return forward(self, *args)

    cls.forward = first
    return cls
