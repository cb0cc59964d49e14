"""Loops that compute several nodes in one pass over their entries: which nodes go together.

A `Loop` has a `domain`, the sizes it runs over (axes of size 1 left out). Every node in it has a place:

* *full*: it is computed for every entry, in the innermost loop;
* *row*: it does not vary along the last axis, and is computed once for every row, such as the largest score;
* *late*: it is a sum (largest, smallest entry) over other axes than the last alone, and is known when the loop ends.

The innermost loop runs in *phases*: what needs the sum over a row waits for the next phase. Softmax, loss and the sums
of their gradients over the batch thus become one loop over the rows, in three phases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any, Literal

import numpy as np

from ...graph import Tensor
from .expressions import BY_NAME, COMPARISONS, EXPRESSIONS, TESTS
from .gather import GATHER, gathered_by
from .inlays import inlays
from .lower import is_constant
from .views import View

REDUCTIONS = frozenset(BY_NAME[name] for name in ("sum", "prod", "max", "min"))
ONE_HOT = BY_NAME["one_hot"]
DTYPES = frozenset(
    np.dtype(name) for name in ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32",
                                "float64")
)
Dims = tuple[int | None, ...]
SHORT = 32  # entries of a row below which loops over rows are slow
LONG = 1 << 14  # entries of a single row that is not gone through twice by one loop, so that it can be cut into pieces


@dataclass(frozen=True)
class Place:
    """Where a node stands in a loop.

    Attributes
    ----------
    dims : tuple
        For each axis of the node, the axis of the domain that it runs along; None for an axis of size 1.
    level : {"full", "row", "late"}
    phase : int
        Of a full node: the pass over the row that computes it. Of a row node: the first pass that may read it.
    over : tuple
        Of a reduction: the axes of the domain that its input's axes run along.
    row_input, along_row : bool
        Of a reduction: whether its input is a row node; whether it reduces the last axis of a full one.
    """

    dims: Dims
    level: Literal["full", "row", "late"]
    phase: int
    over: Dims = ()
    row_input: bool = False
    along_row: bool = False

    @property
    def pass_(self) -> int:
        """The pass over the row with which it is computed."""
        return self.phase - 1 if self.level == "row" and self.over else self.phase


@dataclass(eq=False)
class Loop:
    """Nodes computed in one pass over `domain`.

    A `flat` loop runs over arrays of one shape and single numbers as if they had one axis. A large loop is cut into
    pieces along its first axis, `portion` entries each (0: it is not cut); see `pieces`.
    """

    domain: tuple[int, ...]
    places: dict[Tensor, Place] = field(default_factory=dict)
    flat: bool = False
    portion: int = 0

    @property
    def nodes(self) -> list[Tensor]:
        """Its nodes, inputs before users."""
        return list(self.places)

    @property
    def pieces(self) -> int:
        """How many pieces it is cut into."""
        return -(-self.domain[0] // self.portion) if self.portion else 1

    @property
    def phases(self) -> int:
        """How many passes over each row it takes."""
        return 1 + max((place.phase for place in self.places.values() if place.level == "full"), default=0)


def flatten(loop: Loop, views: Mapping[Tensor, View]) -> None:
    """Let a loop run along one axis, if all that it reads and computes lies in the same order: short rows are slow."""
    if len(loop.domain) > 1 and all(
        _in_order(node, place, loop.domain) and all(_read_in_order(x, loop, views) for x in node.inputs)
        for node, place in loop.places.items()
    ):
        loop.domain, loop.flat = (prod(loop.domain),), True


def _in_order(node: Tensor, place: Place, domain: tuple[int, ...]) -> bool:
    if must_be_stored(node) or place.level == "row" or place.row_input:
        return False
    dims = place.dims if place.level == "full" else place.over
    kept = place.level == "late" and any(dim is not None for dim in place.dims)
    return not kept and [dim for dim in dims if dim is not None] == list(range(len(domain)))


def _read_in_order(x: Tensor, loop: Loop, views: Mapping[Tensor, View]) -> bool:
    if x.size == 1 or literal(x) or views[x].root in loop.places:
        return True
    seen = views[x]
    return has_array(seen.root) and seen.plain and squeezed(x.shape) == squeezed(seen.root.shape) == loop.domain


def computes(node: Tensor) -> bool:
    """Whether a loop can compute this node."""
    if node.dtype not in DTYPES or any(source.dtype not in DTYPES for source in node.inputs):
        return False
    if node.op in REDUCTIONS:
        return node.dtype.kind in "iuf" and node.inputs[0].dtype.kind in "iuf"
    if node.op is GATHER:
        return gathered_by(node) is not None
    if inlays(node) is not None:
        return True
    expression = EXPRESSIONS.get(node.op)
    return expression is not None and working_dtype(node).kind in expression.kinds


def working_dtype(node: Tensor) -> np.dtype[Any]:
    """Return the dtype that an entry is computed in: of comparisons, that in which the two are compared."""
    if node.op in COMPARISONS or node.op in TESTS:
        return np.result_type(*(source.dtype for source in node.inputs))
    if node.op.name.startswith("logical_"):
        return np.result_type(*(source.dtype for source in node.inputs))
    return node.dtype


def wide(node: Tensor) -> np.dtype[Any]:
    """Return what a reduction over several rows is collected in: a sum of float32 in float64."""
    return np.dtype(np.float64) if node.op is BY_NAME["sum"] and node.dtype == np.float32 else node.dtype


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without its axes of size 1."""
    return tuple(size for size in shape if size != 1)


def own_dims(shape: tuple[int, ...]) -> Dims:
    """Return the dims of a node whose shape is the domain: its axes in order, None for those of size 1."""
    following = iter(range(len(shape)))
    return tuple(None if size == 1 else next(following) for size in shape)


def new_loop(node: Tensor) -> Loop:
    """Return a loop of this node alone."""
    if node.op in REDUCTIONS:
        (x,) = node.inputs
        loop = Loop(squeezed(x.shape))
        loop.places[node] = _reduction(node, own_dims(x.shape), loop.domain, 0, row_input=False)
    else:
        loop = Loop(squeezed(node.shape))
        loop.places[node] = Place(own_dims(node.shape), "full", 0)
    return loop


def place_in(node: Tensor, loop: Loop, views: Mapping[Tensor, View]) -> Place | None:
    """Return where `node` would stand in `loop`, some of whose nodes it reads; None if it does not fit in."""
    if node.op in REDUCTIONS:
        return _reduction_in(node, loop, views)
    dims = _elementwise_dims(node, loop, views)
    if dims is None:
        return None
    read = [loop.places[views[x].root] for x in node.inputs if views[x].root in loop.places]
    if any(place.level == "late" for place in read):
        return None
    phase = max((place.phase for place in read), default=0)
    for level in ("full", "row"):
        if _covers(dims, level, loop.domain):
            if level == "row" and any(place.level == "full" for place in read):
                return None
            return Place(dims, level, phase)
    return None


def _reduction_in(node: Tensor, loop: Loop, views: Mapping[Tensor, View]) -> Place | None:
    (x,) = node.inputs
    dims = dims_of(x, loop, views)
    if dims is None or any(dim is None and size != 1 for dim, size in zip(dims, x.shape, strict=True)):
        return None  # repeated by broadcasting, so that it counts several times
    source = loop.places[views[x].root]
    if source.level == "late" or not _covers(dims, source.level, loop.domain):
        return None
    place = _reduction(node, dims, loop.domain, source.phase, row_input=source.level == "row")
    columns = place.level == "late" and len(loop.domain) - 1 in place.dims
    return None if columns and loop.domain[-1] < SHORT else place  # alone, so that the rest can be flat


def _covers(dims: Dims, level: str, domain: tuple[int, ...]) -> bool:
    """Whether a node with these dims varies along all axes that a node of this level must vary along."""
    wanted = range(len(domain) if level == "full" else len(domain) - 1)
    return sorted(dim for dim in dims if dim is not None) == list(wanted) and (level == "full" or bool(domain))


def _reduction(node: Tensor, over: Dims, domain: tuple[int, ...], phase: int, *, row_input: bool) -> Place:
    axes = node.params["axis"]
    gone = [over[axis] for axis in axes if over[axis] is not None]
    left = [None if axis in axes else dim for axis, dim in enumerate(over)]
    dims = tuple(left) if node.params["keepdims"] else tuple(d for axis, d in enumerate(left) if axis not in axes)
    if gone == [len(domain) - 1] and not row_input and (len(domain) > 1 or domain[0] < LONG):
        return Place(dims, "row", phase + 1, over, along_row=True)
    along_row = len(domain) - 1 in gone and not row_input
    return Place(dims, "late", phase, over, row_input, along_row)


def dims_of(x: Tensor, loop: Loop, views: Mapping[Tensor, View]) -> Dims | None:
    """Return the axes of the domain that the axes of `x`, a view of a node in the loop, run along; None if none do."""
    seen = views[x]
    place = loop.places.get(seen.root)
    if place is None:
        return None
    dims: list[int | None] = [None] * x.ndim
    for term, size, dim in zip(seen.terms, seen.root.shape, place.dims, strict=True):
        if size == 1 or dim is None:
            continue
        if term.axis is None or not term.whole or x.shape[term.axis] != size:
            return None
        dims[term.axis] = dim
    return tuple(dims)


def _elementwise_dims(node: Tensor, loop: Loop, views: Mapping[Tensor, View]) -> Dims | None:
    dims: list[int | None] = [None] * node.ndim
    for x, axes in _operands(node):
        if views[x].root not in loop.places:
            continue
        own = dims_of(x, loop, views)
        if own is None:
            return None
        for axis, dim in zip(axes, own, strict=True):
            if dim is not None and dims[axis] not in (None, dim):
                return None
            dims[axis] = dim if dim is not None else dims[axis]
    free = [dim for dim in range(len(loop.domain)) if dim not in dims]
    for axis, size in enumerate(node.shape):
        if size != 1 and dims[axis] is None:
            if not free:
                return None
            dims[axis] = free.pop(0)
        if size != 1 and loop.domain[dims[axis]] != size:  # type: ignore[index]
            return None
    used = [dim for dim in dims if dim is not None]
    return tuple(dims) if len(set(used)) == len(used) else None


def _operands(node: Tensor) -> Iterable[tuple[Tensor, tuple[int, ...]]]:
    """Yield the inputs whose entries are read in step with those of `node`, and which of its axes theirs belong to."""
    if node.op is GATHER:
        found = gathered_by(node)
        assert found is not None
        for array in node.inputs[1:]:
            yield array, tuple(range(found.first + found.count - array.ndim, found.first + found.count))
    elif inlays(node) is not None:
        return
    elif node.op is ONE_HOT:
        yield node.inputs[0], tuple(range(node.ndim - 1))
    else:
        for x in node.inputs:
            yield x, tuple(range(node.ndim - x.ndim, node.ndim))


def must_be_stored(node: Tensor) -> tuple[Tensor, ...]:
    """Return the inputs that must be complete before the loop: what is read at other places, and the places."""
    return node.inputs if node.op in (GATHER, ONE_HOT) or inlays(node) is not None else ()


def read_later(loop: Loop, views: Mapping[Tensor, View]) -> list[Tensor]:
    """Return the values of a loop that a later phase reads."""
    found: dict[Tensor, None] = {}
    for node, place in loop.places.items():
        for x in node.inputs:
            source = loop.places.get(views[x].root)
            if source is not None and source.level == "full" and in_body(place) and source.phase < place.pass_:
                found[views[x].root] = None
    return list(found)


def in_body(place: Place) -> bool:
    """Whether a node is computed, or taken in, in the innermost loop."""
    return place.along_row if place.level == "row" else not place.row_input


def chain(loop: Loop) -> int:
    """Return about how many operations depend on each other in one entry; a function counts as 15 additions."""
    known = [EXPRESSIONS.get(node.op) for node, place in loop.places.items() if in_body(place)]
    return sum(1 if expression is None else min(expression.cost, 15) for expression in known)


def literal(node: Tensor) -> bool:
    """Whether a node is one number, known before the program runs: a constant whose entries are all the same."""
    return is_constant(node) and node.size > 0 and (node.size == 1 or _uniform(node))


@lru_cache(maxsize=1024)
def _uniform(node: Tensor) -> bool:
    value = np.asarray(node.value)
    if not any(value.strides):
        return True
    entries = value.ravel()
    return entries[0] == entries[-1] and bool((entries == entries[0]).all())


def counts(node: Tensor) -> bool:
    """Whether a constant is 0, 1, 2 ... along its only axis that has more than one entry."""
    if node.dtype.kind not in "iu" or sum(size != 1 for size in node.shape) != 1 or node.value is None:
        return False
    return bool((np.ravel(node.value) == np.arange(node.size)).all())


def has_array(node: Tensor) -> bool:
    """Whether a given or computed node lies in memory, and does not stand in the source as a number."""
    return not (literal(node) or (is_constant(node) and counts(node)))
