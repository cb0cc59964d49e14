"""A step that computes one node by itself."""

from __future__ import annotations

from dataclasses import dataclass

from ...graph import Tensor


@dataclass(eq=False)
class Single:
    """What the kinds of such steps have in common."""

    node: Tensor

    @property
    def nodes(self) -> list[Tensor]:
        """The node it computes."""
        return [self.node]
