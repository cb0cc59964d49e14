"""Where a node stands: in which layers of the model, and on which line of the caller's program."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType
from typing import NamedTuple

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_CORE = tuple(_PACKAGE + part for part in ("place.py", "graph.py", "build.py", "ops" + os.sep, "gradient.py"))

Site = tuple[CodeType, int]


class Location(NamedTuple):
    """A line of somebody's program."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}"


class Scope:
    """One layer, composite or named block that nodes stand in; two scopes are the same only if they are one object."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Scope({self.name!r})"


class RuleSite(tuple[CodeType, int]):
    """Where a node made by a rule stands: at the node whose derivative the rule is, described by `rule_of`."""

    rule_of: str

    @classmethod
    def of(cls, place: Site | None, rule_of: str) -> RuleSite | None:
        """Return the place of what the rule of the node at `place` makes."""
        if place is None:
            return None
        made = cls(place)
        made.rule_of = rule_of
        return made


in_rule: ContextVar[RuleSite | None] = ContextVar("glassgrad rule", default=None)
current_scope: ContextVar[tuple[Scope, ...]] = ContextVar("glassgrad scope", default=())


@contextmanager
def scope(name: str) -> Iterator[Scope]:
    """Let the nodes made inside the ``with`` block stand in a box called `name`.

    >>> import glassgrad as gg
    >>> with gg.scope("layer 1"):
    ...     y = gg.tensor(2.0) * 3
    >>> y.path
    'layer 1'
    """
    entered = Scope(name)
    token = current_scope.set((*current_scope.get(), entered))
    try:
        yield entered
    finally:
        current_scope.reset(token)


@contextmanager
def inside(path: tuple[Scope, ...]) -> Iterator[None]:
    """Let the nodes made inside the ``with`` block stand at exactly this path."""
    token = current_scope.set(path)
    try:
        yield
    finally:
        current_scope.reset(token)


def at(site: Site | None) -> str:
    """Return `` (file.py:12)``, or nothing if the place is unknown."""
    location = locate(site)
    return f" ({location})" if location else ""


def located(message: str) -> str:
    """Return `message` with the place of the caller's program at its end, once."""
    place = at(site())
    return message if message.endswith(place) else message + place


def site() -> Site | None:
    """Return where the caller's program stands now: code and instruction, resolved to a line only when asked for.

    The caller's program is the innermost frame outside this package; for a program of the package itself, such as
    the command line, the innermost frame outside the core. What a rule makes while a graph of the gradient is built
    stands where the node does whose derivative it is.
    """
    rule = in_rule.get()
    if rule is not None:
        return rule
    frame = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            return code, frame.f_lasti
        frame = frame.f_back  # type: ignore[assignment]
    return _outside_the_core()


def _outside_the_core() -> Site | None:
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_CORE):
        frame = frame.f_back  # type: ignore[assignment]
    return (frame.f_code, frame.f_lasti) if frame is not None else None


def locate(site: Site | None) -> Location | None:
    """Return the line that a site stands for."""
    if site is None:
        return None
    code, instruction = site
    line = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,))[0]
    return Location(code.co_filename, line or code.co_firstlineno, code.co_qualname)
