"""Where arrays lie while a program runs: a place in a table for each, one piece of memory for all that come and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np

from ...graph import Tensor
from .arena import ALIGNMENT, Arena
from .loops import Loop, has_array, read_later, wide
from .lower import is_constant
from .pieces import collected
from .plan import Plan, arrays_read
from .products import Product
from .stacks import Stack

Kind = Literal["input", "output", "constant", "work"]
ROUTINES = ("sgemm", "dgemm", "sgemv", "dgemv")  # whose addresses stand first in every table
WORDS = (*ROUTINES, "crew")  # then that of the threads that help, see `crew`
FIRST = len(WORDS)  # then the addresses of the arrays


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

    @cached_property
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
        For each piece of a loop, room for one row of a value that a later phase reads.
    parts : mapping of Tensor to Slot
        For each piece of a loop, room for what it collects of a sum.
    constants : list of arrays
    work : int
        Bytes of all work arrays together, some of which take turns in one place.
    shared : bool
        Whether a step may be shared out among several threads.
    """

    slots: list[Slot]
    of: Mapping[Tensor, Slot]
    rows: Mapping[Tensor, Slot]
    parts: Mapping[Tensor, Slot]
    constants: list[Any]
    work: int
    shared: bool = False

    @property
    def entries(self) -> int:
        """Size of the table."""
        return FIRST + len(self.slots)


def memory(plan: Plan) -> Memory:
    """Return where the arrays of a plan lie."""
    slots: list[Slot] = []
    of: dict[Tensor, Slot] = {}
    constants: list[Any] = []

    def slot(kind: Kind, number: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        slots.append(Slot(FIRST + len(slots), kind, number, shape, dtype))
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
    for node, first, last in _work(plan, of):
        offset = arena.take(node.size * node.dtype.itemsize, first, last)
        of[node] = slot("work", offset, node.shape, node.dtype)
    rows: dict[Tensor, Slot] = {}
    parts: dict[Tensor, Slot] = {}
    for number, step in enumerate(plan.steps):
        if not isinstance(step, Loop):
            continue
        for into, node, size, dtype in _room(step, plan):
            line = max(ALIGNMENT // dtype.itemsize, 1)  # no two cores write into one line of the cache
            shape = step.pieces, -(-size // line) * line
            offset = arena.take(prod(shape) * dtype.itemsize, number, number)
            (rows if into == "rows" else parts)[node] = slot("work", offset, shape, dtype)
    return Memory(slots, of, rows, parts, constants, arena.size,
                  any(step.portion > 0 for step in plan.steps if isinstance(step, (Loop, Product, Stack))))


def _constants(plan: Plan) -> Iterable[Tensor]:
    """Yield the constants that are arrays: single numbers and counting indices stand in the source itself."""
    seen: set[Tensor] = set()
    for step in plan.steps:
        for node in arrays_read(step, plan.views):
            if is_constant(node) and node not in seen and has_array(node):
                seen.add(node)
                yield node


def _work(plan: Plan, of: Mapping[Tensor, Slot]) -> Iterable[tuple[Tensor, int, int]]:
    """Yield the nodes that need a work array, and the first and last step that uses it."""
    made = {node: number for number, step in enumerate(plan.steps) for node in step.nodes}
    last = dict(made)
    for number, step in enumerate(plan.steps):
        for node in arrays_read(step, plan.views):
            if node in last:
                last[node] = max(last[node], number)
    for node in plan.stored:
        if node not in of:
            yield node, made[node], last[node]


def _room(loop: Loop, plan: Plan) -> Iterable[tuple[str, Tensor, int, np.dtype[Any]]]:
    """Yield what each piece of a loop needs for itself: rows for later phases, parts of sums; entries and dtype."""
    stored = set(plan.stored)
    for node in read_later(loop, plan.views):
        if node not in stored:
            yield "rows", node, loop.domain[-1], node.dtype
    if loop.portion:
        for node in collected(loop):
            yield "parts", node, node.size, wide(node) if node.size == 1 else node.dtype
