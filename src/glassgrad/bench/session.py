"""What all contests of one run share: cores, the children that stay alive, how long to measure, what is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from .child import Child
from .peers import OURS, PEERS, PRODUCTS, Peer


@dataclass
class Session:
    """One run of the comparison; as a context it ends its children.

    Attributes
    ----------
    cores : set of int, or None
        Where the children run; None where the system cannot pin a process.
    count : int
        Number of cores that they may use.
    rounds : int
        At most so many of a contest.
    seconds : float
        A contest ends after so many seconds, once it has had three rounds.
    peers : sequence of str, or None
        Who takes part besides ours; None: all that a case names.
    quick : bool
        Whether cases are shortened.
    say : callable
        Told what is under way.
    kept : dict
        Contests that are done, by label, as plain data; those of an earlier run are not held again.
    keep : callable
        Called after each contest, to save what there is.
    start : callable
        Makes the child of one contestant.
    """

    cores: set[int] | None = None
    count: int = 1
    rounds: int = 15
    seconds: float = 60.0
    peers: Sequence[str] | None = None
    quick: bool = False
    say: Callable[[str], object] = lambda text: None
    kept: dict[str, Any] = field(default_factory=dict)
    keep: Callable[[], object] = lambda: None
    start: Callable[[Session], Child] = lambda session: Child(session.cores, session.count)
    known: dict[str, Peer] = field(default_factory=lambda: PEERS)
    _children: dict[str, Child] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        self.close()

    def child(self, peer: str) -> Child:
        """Return the living child of a contestant."""
        old = self._children.get(peer)
        if old is not None and old.alive:
            return old
        if old is not None:
            old.close()
        self._children[peer] = self.start(self)
        return self._children[peer]

    def close(self) -> None:
        """End all children."""
        while self._children:
            self._children.popitem()[1].close()

    def taking_part(self, names: Iterable[str]) -> list[str]:
        """Return ours, the bare products, and those others of these contestants that were asked for."""
        return [name for name in names if self.peers is None or name in (OURS, PRODUCTS) or name in self.peers]
