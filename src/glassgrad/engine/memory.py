"""Where arrays lie while a program runs: a place in a table for each, one piece of memory for all that come and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np

from ..graph import Tensor
from .arena import Arena
from .loops import Loop, has_array, read_later
from .lower import is_constant
from .plan import Plan, arrays_read

Kind = Literal["input", "output", "constant", "work"]
ROUTINES = ("sgemm", "dgemm", "sgemv", "dgemv")  # whose addresses stand first in every table
FIRST = len(ROUTINES)  # then the addresses of the arrays


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
    rows: dict[Tensor, Slot] = {}
    for wanted, first, last, row in _work(plan, of):
        shape = wanted.shape if row is None else (row,)
        offset = arena.take(prod(shape) * wanted.dtype.itemsize, first, last)
        (of if row is None else rows)[wanted] = slot("work", offset, shape, wanted.dtype)
    return Memory(slots, of, rows, constants, arena.size)


def _constants(plan: Plan) -> Iterable[Tensor]:
    """Yield the constants that are arrays: single numbers and counting indices stand in the source itself."""
    seen: set[Tensor] = set()
    for step in plan.steps:
        for node in arrays_read(step, plan.views):
            if is_constant(node) and node not in seen and has_array(node):
                seen.add(node)
                yield node


def _work(plan: Plan, of: Mapping[Tensor, Slot]) -> Iterable[tuple[Tensor, int, int, int | None]]:
    """Yield the nodes that need a work array, the first and last step that uses it, and its length if only a row."""
    made = {node: number for number, step in enumerate(plan.steps) for node in step.nodes}
    last = dict(made)
    for number, step in enumerate(plan.steps):
        for node in arrays_read(step, plan.views):
            if node in last:
                last[node] = max(last[node], number)
    for node in plan.stored:
        if node not in of:
            yield node, made[node], last[node], None
    stored = set(plan.stored)
    for number, step in enumerate(plan.steps):
        if isinstance(step, Loop):
            for node in read_later(step, plan.views):
                if node not in stored:
                    yield node, number, number, step.domain[-1]
