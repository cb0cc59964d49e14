"""How a large loop is cut into pieces, which several cores compute at once.

Where it is cut follows from its size alone: each piece collects its part of a sum for itself, and the parts are added
in order, so that the bits of a result do not depend on how many cores there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod

from ..graph import Tensor
from .expressions import EXPRESSIONS
from .loops import Loop, has_array, in_body
from .views import View

GRAIN = 600_000  # work of a piece, in additions of vectors' entries: some 20 us
LARGE = 16  # grains of a loop that is cut: some 300 us, beside which starting a thread costs little
MOST = 64  # pieces
LINE = 64  # entries: no piece ends within a line of the cache
SHARE = 16  # entries of a loop for each entry of the parts of its sums, which one core adds
_MOVED = 2  # work for each byte read or written


def portion(loop: Loop, views: Mapping[Tensor, View], stored: Collection[Tensor], grain: int = GRAIN) -> int:
    """Return how many entries along the first axis of a loop make a piece; 0 if it is better not cut.

    Parameters
    ----------
    loop : Loop
    views : mapping of Tensor to View
    stored : collection of Tensor
        The nodes that have an array.
    grain : int
        The least work of a piece.
    """
    grains = work(loop, views, stored) // grain
    if grains < LARGE or not loop.domain or _goes_through_one_row(loop):
        return 0
    sums = max((node.size for node in collected(loop)), default=1)
    count = max(min(grains, MOST, prod(loop.domain) // (SHARE * sums)), 1)
    size = -(-loop.domain[0] // count)
    if len(loop.domain) == 1:
        size = -(-size // LINE) * LINE
    return size if size < loop.domain[0] else 0


def cut_alike(given: Sequence[Loop], others: Sequence[Loop]) -> None:
    """Cut the loops of one program where those of the same for more rows are cut, so that one source serves both."""
    for loop, other in zip(given, others, strict=False):
        same = len(loop.domain) == len(other.domain) and not _goes_through_one_row(other)
        if same and bool(loop.portion) != bool(other.portion):
            other.portion = min(loop.portion, other.domain[0])


def collected(loop: Loop) -> list[Tensor]:
    """Return the sums (largest, smallest entries) of which every piece would have a part."""
    return [node for node, place in loop.places.items() if place.level == "late" and 0 not in place.dims]


def work(loop: Loop, views: Mapping[Tensor, View], stored: Collection[Tensor]) -> int:
    """Return about how much a loop costs, in additions of vectors' entries."""
    entries = prod(loop.domain)
    nodes = [node for node, place in loop.places.items() if in_body(place)]
    read = {views[x].root for node in nodes for x in node.inputs} - loop.places.keys()
    arrays = [node for node in read if has_array(node)] + [node for node in nodes if node in stored]
    moved = sum(min(node.size, entries) * node.dtype.itemsize for node in arrays)
    return entries * sum(map(_cost, nodes)) + _MOVED * moved


def _cost(node: Tensor) -> int:
    expression = EXPRESSIONS.get(node.op)
    return 1 if expression is None else expression.cost


def _goes_through_one_row(loop: Loop) -> bool:
    """Whether all entries of a loop are one row, of which a later pass needs a sum."""
    return len(loop.domain) == 1 and any(place.level == "row" for place in loop.places.values())
