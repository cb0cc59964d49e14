"""A plan as native code, bound to memory and ready to run.

>>> import numpy as np, glassgrad as gg
>>> graph = gg.trace(lambda x, y: (x * y, gg.sum(x + y)))(np.ones(2), np.ones(2))
>>> [value.tolist() for value in NativeProgram(graph)([np.array([2.0, 3.0]), np.array([4.0, 5.0])])]
[[8.0, 15.0], 14.0]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import Tensor
from ..interpret import Program
from ..trace import Graph
from .arena import aligned
from .blas import Blas, best
from .lower import is_constant
from .memory import Memory, Slot, memory
from .native import Function, native
from .plan import Call, Plan, Step, plan
from .source import Source, source

COPIED = 4096  # bytes up to which copying an argument is faster than asking for its address


class Workspace:
    """Memory for one run at a time: the table of addresses, and the arrays that come and go.

    Attributes
    ----------
    table : numpy.ndarray of int64
    arrays : list of numpy.ndarray
        By slot: what each holds, as an array of its shape.
    """

    def __init__(self, where: Memory, room: int = 1) -> None:
        self.where = where
        self.table = np.zeros(len(where.slots) + room, np.int64)
        self.address = self.table.ctypes.data
        self._work = aligned((where.work,), np.dtype(np.uint8))
        self.arrays: list[Any] = [self._first(slot) for slot in where.slots]
        self._given: list[Any] = [None] * len(where.slots)
        for slot, array in zip(where.slots, self.arrays, strict=True):
            self.table[slot.position] = array.ctypes.data
        self._inputs = [slot for slot in where.slots if slot.kind == "input"]
        self._outputs = sorted((slot for slot in where.slots if slot.kind == "output"), key=lambda slot: slot.number)

    def _first(self, slot: Slot) -> Any:
        if slot.kind == "constant":
            return self.where.constants[slot.number]
        if slot.kind == "work":
            return self._work[slot.number : slot.number + slot.bytes].view(slot.dtype).reshape(slot.shape)
        if slot.bytes <= COPIED or slot.kind == "output":
            return aligned(slot.shape, slot.dtype)
        return np.empty(0, slot.dtype)  # its place is that of the argument

    def take(self, arguments: Sequence[Any]) -> None:
        """Put the arguments in: small ones are copied, large ones are read where they lie."""
        for slot, value in zip(self._inputs, arguments, strict=True):
            if slot.bytes <= COPIED:
                self.arrays[slot.position][...] = value
            elif value is not self._given[slot.position]:
                self.bind(slot, value)

    def bind(self, slot: Slot, value: Any) -> None:
        """Let a slot stand for this array (of a copy, if its entries do not lie in order)."""
        array = np.require(value, slot.dtype, ["C", "A"])
        self._given[slot.position], self.arrays[slot.position] = value, array
        self.table[slot.position] = array.ctypes.data

    def results(self) -> list[Any]:
        """Return copies of the outputs that the caller may keep."""
        return [self.arrays[slot.position].copy() if slot.shape else self.arrays[slot.position][()]
                for slot in self._outputs]


class NativeProgram:
    """A plan as native code: one function for each stretch of steps between calls of NumPy.

    Attributes
    ----------
    plan : Plan
    memory : Memory
    sources : list of Source
    blas : Blas or None
    """

    def __init__(self, graph: Graph, carried: Mapping[int, int] | None = None) -> None:
        self.plan = plan(graph, carried)
        self.memory = memory(self.plan)
        self.blas: Blas | None = best()
        self.sources: list[Source] = []
        self._parts: list[Function | Call] = []
        for stretch in stretches(self.plan.steps):
            if isinstance(stretch[0], Call):
                self._parts += stretch  # type: ignore[arg-type]
            else:
                text = source(self.plan, self.memory, stretch)
                self.sources.append(text)
                self._parts.append(native(text.text, text.name, 32 if self.blas is None else self.blas.ints))
        self._reference = Program(graph.inputs, graph.outputs)
        self._free: list[Workspace] = []

    def __call__(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the outputs for these values of the inputs; several threads may call at once."""
        try:
            workspace = self._free.pop()
        except IndexError:
            workspace = Workspace(self.memory)
        workspace.take(arguments)
        if self.run(workspace):
            return self._reference(arguments)  # which says what was wrong
        results = workspace.results()
        self._free.append(workspace)
        return results

    def run(self, workspace: Workspace) -> int:
        """Run once in a workspace whose inputs are there; return 0, or what a native part complained of."""
        sgemm, dgemm = (0, 0) if self.blas is None else (self.blas.sgemm, self.blas.dgemm)
        for part in self._parts:
            if isinstance(part, Call):
                called(part.node, workspace, self.plan)
            elif status := part(workspace.address, sgemm, dgemm):
                return status
        return 0


def stretches(steps: Sequence[Step]) -> list[list[Step]]:
    """Cut the steps where NumPy is called: each call alone, what lies between together."""
    found: list[list[Step]] = []
    for step in steps:
        if found and not isinstance(step, Call) and not isinstance(found[-1][0], Call):
            found[-1].append(step)
        else:
            found.append([step])
    return found


def called(node: Tensor, workspace: Workspace, plan: Plan) -> None:
    """Compute a node by NumPy, from the arrays of a workspace into the one that it has there."""
    values = [value_in(x, workspace, plan) for x in node.inputs]
    workspace.arrays[workspace.where.of[node].position][...] = node.op.forward(np, *values, **node.params)


def value_in(node: Tensor, workspace: Workspace, plan: Plan) -> Any:
    """Return the value of a node that lies in memory, or is another look at what lies there."""
    if is_constant(node):
        return node.value
    slot = workspace.where.of.get(node)
    if slot is not None:
        return workspace.arrays[slot.position][()]
    (x,) = node.inputs
    return node.op.forward(np, value_in(x, workspace, plan), **node.params)

