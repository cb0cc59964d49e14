"""What a check says: plain data, no computing.

>>> print(Verdict.WRONG, Verdict.CORRECT.fine, Verdict.NOISE.fine)
WRONG True False
"""

from __future__ import annotations

import enum

__all__ = ["Verdict"]


class Verdict(enum.Enum):
    """The five things that can be said about a claimed gradient."""

    CORRECT = "CORRECT"
    WRONG = "WRONG"
    NOT_DIFFERENTIABLE = "NOT DIFFERENTIABLE HERE"
    NOISE = "NOISE"
    NOT_EXERCISED = "NOT EXERCISED"

    def __str__(self) -> str:
        return self.value

    @property
    def fine(self) -> bool:
        """Whether nothing speaks against the gradient and it was really measured."""
        return self in (Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE)
