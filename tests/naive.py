"""A naive engine of backpropagation, by another way of thinking: every path from the result to a leaf, one by one.

It knows sums, products and the sine of single numbers. The derivative of a node with respect to a leaf is the sum, over
all paths between them, of the products of the slopes along each path. Nothing is stored, and nothing is shared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class Number:
    """A number, what it was made from, and the slope of each edge to that."""

    value: float
    sources: list[tuple[Number, float]] = field(default_factory=list)

    def slope(self, leaf: Number) -> float:
        """Return the derivative of this number with respect to `leaf`, over all paths."""
        if self is leaf:
            return 1.0
        return sum(edge * source.slope(leaf) for source, edge in self.sources)

    def reaches(self, leaf: Number) -> bool:
        """Whether there is a path to `leaf` at all."""
        return self is leaf or any(source.reaches(leaf) for source, _ in self.sources)


def add(x: Number, y: Number) -> Number:
    return Number(x.value + y.value, [(x, 1.0), (y, 1.0)])


def multiply(x: Number, y: Number) -> Number:
    return Number(x.value * y.value, [(x, y.value), (y, x.value)])


def sine(x: Number) -> Number:
    return Number(math.sin(x.value), [(x, math.cos(x.value))])


def stop(x: Number) -> Number:
    return Number(x.value)
