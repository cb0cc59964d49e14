"""Whoever looks at values as they are computed: nobody, unless `debug` has been switched on.

The parts that compute ask once per node, graph or backward pass (`place.surroundings`); what the answer does is its
own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class Watch(Protocol):
    """What is told to whoever watches; nodes are those of `graph`."""

    def computed(self, node: Any) -> None:
        """Hear of a node that has just got its value."""

    def ran(self, order: Sequence[Any], inputs: Sequence[Any], arguments: Sequence[Any]) -> None:
        """Hear of one run of a traced graph whose result is not finite: its nodes, and what its inputs were."""

    def propagated(
        self, seeds: Mapping[Any, Any], reached: Sequence[Any], all_found: Callable[[], Mapping[Any, Any]],
        read: Callable[[Any], Any],
    ) -> None:
        """Hear of one backward pass in numbers: what it began with, the wanted cotangents, and all, if asked for."""
