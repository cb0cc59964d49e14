"""Where arrays lie while a program runs: a place in a table for each, one piece of memory for all that come and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np

from ..graph import Tensor
from .arena import Arena
from .loops import Loop, literal
from .lower import is_constant
from .plan import Plan, arrays_read

Kind = Literal["input", "output", "constant", "work"]


@dataclass(frozen=True)
class Slot:
    """One entry of the table of addresses.

    Attributes
    ----------
    position : int
        In the table.
    kind : {"input", "output", "constant", "work"}
    number : int
        Position among the inputs, outputs or constants; of a work array, its offset in bytes.
    shape : tuple of int
    dtype : numpy.dtype
    """

    position: int
    kind: Kind
    number: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """Size of the array."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Memory:
    """Where every array of a plan lies.

    Attributes
    ----------
    slots : list of Slot
    of : mapping of Tensor to Slot
        For given, constant and stored nodes.
    rows : mapping of Tensor to Slot
        Room for one row of a value that a later phase of its loop reads.
    constants : list of arrays
    work : int
        Bytes of all work arrays together, some of which take turns in one place.
    """

    slots: list[Slot]
    of: Mapping[Tensor, Slot]
    rows: Mapping[Tensor, Slot]
    constants: list[Any]
    work: int


def memory(plan: Plan) -> Memory:
    """Return where the arrays of a plan lie."""
    slots: list[Slot] = []
    of: dict[Tensor, Slot] = {}
    constants: list[Any] = []

    def slot(kind: Kind, number: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        slots.append(Slot(len(slots), kind, number, shape, dtype))
        return slots[-1]

    for number, node in enumerate(plan.graph.inputs):
        of[node] = slot("input", number, node.shape, node.dtype)
    for number, node in enumerate(plan.graph.outputs):
        given = plan.carried.get(number)
        of[node] = of[plan.graph.inputs[given]] if given is not None else slot(
            "output", number, node.shape, node.dtype)
    for node in _constants(plan):
        of[node] = slot("constant", len(constants), node.shape, node.dtype)
        constants.append(np.ascontiguousarray(node.value))
    arena = Arena()
    rows: dict[Tensor, Slot] = {}
    for wanted, first, last, is_row in _work(plan, of):
        shape = wanted.shape if not is_row else (plan_row(plan, wanted),)
        offset = arena.take(prod(shape) * wanted.dtype.itemsize, first, last)
        (rows if is_row else of)[wanted] = slot("work", offset, shape, wanted.dtype)
    return Memory(slots, of, rows, constants, arena.size)


def plan_row(plan: Plan, node: Tensor) -> int:
    """Return the length of the row of the loop that computes `node`."""
    (loop,) = (step for step in plan.steps if isinstance(step, Loop) and node in step.places)
    return loop.domain[-1]


def _constants(plan: Plan) -> Iterable[Tensor]:
    """Yield the constants that are arrays: single numbers and counting indices stand in the source itself."""
    seen: set[Tensor] = set()
    for step in plan.steps:
        for node in arrays_read(step, plan.views):
            if is_constant(node) and node not in seen and not literal(node) and not counts(node):
                seen.add(node)
                yield node


def counts(node: Tensor) -> bool:
    """Whether a constant is 0, 1, 2 ... along its only axis that has more than one entry."""
    if node.dtype.kind not in "iu" or sum(size != 1 for size in node.shape) != 1 or node.value is None:
        return False
    return bool((np.ravel(node.value) == np.arange(node.size)).all())


def _work(plan: Plan, of: Mapping[Tensor, Slot]) -> Iterable[tuple[Tensor, int, int, bool]]:
    """Yield the nodes that need a work array, the first and last step that uses it, and whether it is only a row."""
    made = {node: number for number, step in enumerate(plan.steps) for node in step.nodes}
    last = dict(made)
    for number, step in enumerate(plan.steps):
        for node in arrays_read(step, plan.views):
            if node in last:
                last[node] = max(last[node], number)
    for node in plan.stored:
        if node not in of:
            yield node, made[node], last[node], False
    stored = set(plan.stored)
    for number, step in enumerate(plan.steps):
        if isinstance(step, Loop):
            for node in read_later(step, plan):
                if node not in stored:
                    yield node, number, number, True


def read_later(loop: Loop, plan: Plan) -> list[Tensor]:
    """Return the full nodes of a loop that a later phase reads."""
    found: dict[Tensor, None] = {}
    for node, place in loop.places.items():
        for x in node.inputs:
            source = loop.places.get(plan.views[x].root)
            if source is not None and source.level == "full" and place.level != "row" and source.phase < place.phase:
                found[plan.views[x].root] = None
    return list(found)
