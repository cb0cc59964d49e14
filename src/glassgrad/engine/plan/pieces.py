"""How large loops and products are cut into pieces, which several cores compute at once.

Where they are cut follows from their sizes alone: each piece of a loop collects its part of a sum for itself, and the
parts are added in order, so that the bits of a result do not depend on how many cores there are. A piece of a product
is some of its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod

from ...graph import Tensor
from ..llvm.sizes import FEW
from .expressions import EXPRESSIONS
from .loops import Loop, has_array, in_body
from .products import Product, turned
from .stacks import Stack
from .views import View

GRAIN = 600_000  # work of a piece, in additions of vectors' entries: some 20 us
LARGE = 8  # grains of a loop that is cut: some 160 us, beside which waking a thread costs little
LARGE_PRODUCT = 4  # grains of a product that is cut: it gains more, and a helper of the last one is still awake
MOST = 64  # pieces
LINE = 64  # entries: no piece ends within a line of the cache
SHARE = 16  # entries of a loop for each entry of the parts of its sums, which one core adds
FLOPS = 3  # of a product, in the time of the addition of an entry
LEAST_ROWS = 48  # of a piece of a product: each piece fetches the whole right operand into the nearest cache
TURNED = 16  # its rows are a multiple of this where the left operand lies turned, and they fill vectors
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


def portion_of_product(product: Product, views: Mapping[Tensor, View], grain: int = GRAIN) -> int:
    """Return how many rows of a product make a piece, if it is written out for its sizes; 0 if it is better not cut."""
    rows, _, columns = product.sizes
    grains = product.flops // (FLOPS * grain)
    count = min(grains, MOST, rows // LEAST_ROWS)
    if grains < LARGE_PRODUCT or count < 2 or not 1 < columns <= FEW:
        return 0
    unit = TURNED if turned(product.left, views) else 1
    most = -(-rows // (count * unit)) * unit
    # An even number of equal pieces is best: two cores share them, and there is no smaller last one to be compiled.
    size = next((size for size in range(most, most // 2, -unit) if rows % (2 * size) == 0), most)
    while rows % size == 1:  # a product of one row would be left to a BLAS
        size += unit
    return size if size < rows else 0


def portion_of_stack(stack: Stack, grain: int = GRAIN) -> int:
    """Return how many products of a stack make a piece, if they are written out for their size; 0 if it is not cut."""
    grains = stack.count * stack.flops // (FLOPS * grain)
    count = min(grains, MOST, stack.count)
    if grains < LARGE_PRODUCT or count < 2 or not 1 < stack.sizes[2] <= FEW:
        return 0
    return -(-stack.count // count)


def cut_alike(given: Sequence[object], others: Sequence[object]) -> None:
    """Cut the steps of one program where those of the same for more rows are cut, so that one source serves both."""
    rows: tuple[int, ...]
    for step, other in zip(given, others, strict=False):
        if isinstance(step, Product) and isinstance(other, Product):
            rows = (other.sizes[0],)
        elif isinstance(step, Loop) and isinstance(other, Loop) and len(step.domain) == len(other.domain):
            rows = other.domain[:0 if _goes_through_one_row(other) else 1]
        else:
            continue
        if rows and bool(step.portion) != bool(other.portion):
            other.portion = min(step.portion, *rows)


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
