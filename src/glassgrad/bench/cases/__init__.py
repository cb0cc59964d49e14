"""The cases of the comparison; each holds its contests in a session and says what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..outcome import Outcome
from ..session import Session
from .calls import function, inference
from .compiling import compiling
from .grid import grid
from .scaling import scaling
from .shell import accuracy, memory
from .training import deck, tiny


@dataclass(frozen=True)
class Case:
    """What is measured.

    Attributes
    ----------
    title : str
    run : callable
        Its docstring says what is done.
    minutes : float
        About how long it takes on one core, with all peers.
    asked : bool
        Whether it runs only if asked for by name.
    """

    title: str
    run: Callable[[Session], Outcome]
    minutes: float
    asked: bool = False

    @property
    def about(self) -> str:
        """What is done, in a sentence or two."""
        return (self.run.__doc__ or "").strip()


CASES: dict[str, Case] = {
    "deck": Case("The deck's training", deck, 2),
    "tiny": Case("A tiny network", tiny, 1),
    "inference": Case("Predictions", inference, 1),
    "function": Case("An arbitrary function", function, 1),
    "memory": Case("Memory", memory, 1),
    "accuracy": Case("From the shell to a test accuracy of 0.85", accuracy, 4),
    "compiling": Case("The first step", compiling, 3),
    "scaling": Case("When the work doubles", scaling, 2),
    "grid": Case("The grid", grid, 30, asked=True),
}
