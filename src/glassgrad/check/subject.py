"""What is checked, brought to one form: a forward function of arrays and the rule claimed for its cotangents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any
TROUBLE = (Exception,)
"""What a function may raise for an input that it does not take: anything, assertions and its own errors among it."""


class BrokenRuleError(Exception):
    """The claimed rule breaks the contract; the message says how. Never leaves this package."""

    def __init__(self, safeguard: str, text: str, cause: str = "") -> None:
        super().__init__(text)
        self.safeguard, self.text, self.cause = safeguard, text, cause


class OutOfTimeError(BaseException):
    """The time that was given is used up. Never leaves this package; code that is checked does not catch it."""


@dataclass(frozen=True)
class Subject:
    """A function with the rule that is claimed for it, at one point.

    Attributes
    ----------
    name : str
    forward : callable ``(*arrays) -> array``
    vjp : callable ``(g, y, *arrays) -> gradients``
    arrays : tuple of float arrays
        The point.
    labels : tuple of str
        What the arrays are called in messages.
    foreign : bool
        Whether the rule works on the arrays it is handed, so that the contract about memory, layouts, sizes and dtypes
        can be put to it; False for graphs and other systems' tensors, which copy what they are given.
    stack : callable ``(position, arrays) -> outputs``, optional
        The forward function for many values of the array at `position`, which has an axis in front, as the outputs do.
    twin : callable ``(*arrays) -> array``, optional
        The forward function on arrays of mpmath numbers.
    """

    name: str
    forward: Callable[..., Any]
    vjp: Callable[..., Any]
    arrays: tuple[Array, ...]
    labels: tuple[str, ...]
    foreign: bool = True
    stack: Callable[[int, tuple[Array, ...]], Array] | None = None
    twin: Callable[..., Any] | None = None


@dataclass
class Probe:
    """Calls a subject's two functions and keeps an eye on the clock."""

    subject: Subject
    deadline: float
    calls: int = field(default=0)

    def forward(self, *arrays: Array) -> Array:
        """Return the output as the function gives it."""
        if time.monotonic() > self.deadline:
            raise OutOfTimeError
        self.calls += 1
        return self.subject.forward(*arrays)

    def many(self, position: int, arrays: tuple[Array, ...]) -> Array:
        """Return one output after the other, for arrays of which the one at `position` has an axis in front."""
        if time.monotonic() > self.deadline:
            raise OutOfTimeError
        self.calls += len(arrays[position])
        assert self.subject.stack is not None, "only where the subject has it"
        return self.subject.stack(position, arrays)

    def output(self, arrays: tuple[Array, ...], dtype: Any = np.float64) -> Array:
        """Return the output as an array of its own, for copies of `arrays`."""
        return np.array(self.forward(*[a.copy() for a in arrays]), dtype)

    def gradients(self, g: Array, y: Array, arrays: tuple[Array, ...]) -> list[Array]:
        """Return the claimed gradients as float64 arrays, for copies of everything."""
        self.calls += 1
        raw = as_sequence(self.subject.vjp(g.copy(), y.copy(), *[a.copy() for a in arrays]))
        return [np.zeros(x.shape) if d is None else np.array(d, np.float64) for d, x in zip(raw, arrays, strict=True)]

    def jacobian(self, arrays: tuple[Array, ...], rows: Array) -> list[Array]:
        """Return, per argument, the claimed Jacobian with one row for each cotangent in `rows` (R, outputs)."""
        y = self.output(arrays)
        found = [np.zeros((len(rows), x.size)) for x in arrays]
        for row, g in enumerate(rows):
            for part, d in zip(found, self.gradients(g.reshape(y.shape), y, arrays), strict=True):
                part[row] = d.reshape(-1)
        return found


def as_sequence(gradients: Any) -> tuple[Any, ...]:
    """Return gradients as a tuple, whether one or several were returned."""
    return tuple(gradients) if isinstance(gradients, (tuple, list)) else (gradients,)


@contextmanager
def quiet() -> Iterator[None]:
    """Let NumPy stay silent where a probe leaves the domain of the function."""
    import warnings

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
