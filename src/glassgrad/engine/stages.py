"""Long chains cut into stages, each a loop of its own over a block of entries that stays in the nearest cache.

A processor works on many entries at once only while they don't wait for each other; a chain of a hundred operations on
one entry is nothing but waiting. In stages, the next entry's part of the chain is always near at hand.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..graph import Tensor
from .expressions import EXPRESSIONS
from .loops import Loop, Place
from .views import View

BLOCK = 64  # entries that are summed in their own dtype, as NumPy does it, before the sums of blocks are added
LONGEST = 45  # cost of a stage: about three exponentials
DEAR = 15  # cost of a function that is computed, against 1 for an addition


def stages(loop: Loop) -> dict[Tensor, int]:
    """Return the stage, within its pass over the row, of every node that is computed for every entry."""
    found: dict[Tensor, int] = {}
    cost: dict[int, int] = {}
    for node, place in loop.places.items():
        if not in_body(place):
            continue
        pass_ = place.pass_
        expression = EXPRESSIONS.get(node.op)
        cost[pass_] = cost.get(pass_, 0) + (1 if expression is None or expression.cheap else DEAR)
        found[node] = (cost[pass_] - 1) // LONGEST
    if not loop.domain or max(cost.values(), default=0) < 2 * LONGEST:  # short enough to be one
        return dict.fromkeys(found, 0)
    return found


def in_body(place: Place) -> bool:
    """Whether a node is computed, or taken in, in the innermost loop."""
    return place.along_row if place.level == "row" else not place.row_input


def rows(loop: Loop, views: Mapping[Tensor, View]) -> dict[Tensor, int]:
    """Return the values of a loop that are read after their stage: how many of them have to be kept at once."""
    stage = stages(loop)
    found: dict[Tensor, int] = {}
    for node, place in loop.places.items():
        for x in node.inputs:
            root = views[x].root
            source = loop.places.get(root)
            if source is None or source.level != "full" or not in_body(place):
                continue
            if source.phase < place.pass_:
                found[root] = loop.domain[-1]
            elif stage[root] < stage[node]:
                found.setdefault(root, min(BLOCK, loop.domain[-1]))
    return found
