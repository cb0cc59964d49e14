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

from .errors import refuse_no_name
from .watch import Watch

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MODULES = ("place.py", "origin.py", "graph.py", "build.py", "ops" + os.sep, "gradient.py", "propagation.py")
_CORE = tuple(_PACKAGE + part for part in _MODULES)

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


class Surroundings:
    """What the making of a node depends on besides its op and inputs; one object, because each node asks for it.

    Attributes
    ----------
    scope : tuple of Scope
        The layers it is to stand in.
    rule : RuleSite or None
        The node whose rule is at work.
    watch : Watch or None
        Who is told of each value.
    quiet : bool
        Neither a rule nor a watch.
    """

    __slots__ = ("quiet", "rule", "scope", "watch")

    def __init__(
        self, scope: tuple[Scope, ...] = (), rule: RuleSite | None = None, watch: Watch | None = None
    ) -> None:
        self.scope, self.rule, self.watch = scope, rule, watch
        self.quiet = rule is None and watch is None

    def standing(self, scope: tuple[Scope, ...]) -> Surroundings:
        """Return the same with another scope."""
        return Surroundings(scope, self.rule, self.watch)

    def within(self, rule: RuleSite | None) -> Surroundings:
        """Return the same with another rule at work."""
        return Surroundings(self.scope, rule, self.watch)

    def watched(self, watch: Watch | None) -> Surroundings:
        """Return the same with somebody else told."""
        return Surroundings(self.scope, self.rule, watch)


surroundings: ContextVar[Surroundings] = ContextVar("glassgrad surroundings", default=Surroundings())  # noqa: B039


@contextmanager
def scope(name: str) -> Iterator[Scope]:
    """Let the nodes made inside the ``with`` block stand in a box called `name`.

    >>> import glassgrad as gg
    >>> with gg.scope("layer 1"):
    ...     y = gg.tensor(2.0) * 3
    >>> y.path
    'layer 1'
    """
    refuse_no_name("scope", name)
    entered = Scope(name)
    with inside((*surroundings.get().scope, entered)):
        yield entered


@contextmanager
def inside(path: tuple[Scope, ...]) -> Iterator[None]:
    """Let the nodes made inside the ``with`` block stand at exactly this path."""
    token = surroundings.set(surroundings.get().standing(path))
    try:
        yield
    finally:
        surroundings.reset(token)


def at(site: Site | None) -> str:
    """Return `` (file.py:12)``, or nothing if the place is unknown."""
    location = locate(site)
    return f" ({location})" if location else ""


def located(message: str) -> str:
    """Return `message` with the place of the caller's program at its end, once."""
    place = at(site())
    return message if message.endswith(place) else message + place


FOREIGN: set[str] = set()
"""Files known to be none of this package."""


def is_foreign(file: str) -> bool:
    """Whether a file is none of this package; the answer is remembered."""
    if file.startswith(_PACKAGE):
        return False
    if len(FOREIGN) > 10_000:  # cells of notebooks and generated code have a name each
        FOREIGN.clear()
    FOREIGN.add(file)
    return True


def site() -> Site | None:
    """Return where the caller's program stands now: code and instruction, resolved to a line only when asked for.

    The caller's program is the innermost frame outside this package; for a program of the package itself, such as
    the command line, the innermost frame outside the core. What a rule makes while a graph of the gradient is built
    stands where the node does whose derivative it is.
    """
    rule = surroundings.get().rule
    if rule is not None:
        return rule
    frame = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_filename in FOREIGN or is_foreign(code.co_filename):
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
