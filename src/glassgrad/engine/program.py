"""A plan as native code, bound to memory and ready to run.

>>> import numpy as np, glassgrad as gg
>>> graph = gg.trace(lambda x, y: (x * y, gg.sum(x + y)))(np.ones(2), np.ones(2))
>>> [value.tolist() for value in NativeProgram(graph)([np.array([2.0, 3.0]), np.array([4.0, 5.0])])]
[[8.0, 15.0], 14.0]
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..graph import Tensor
from ..interpret import REFUSALS, Program
from ..trace import Graph
from .blas import Blas, best
from .llvm.crew import crew
from .llvm.machine import Function
from .llvm.native import CannotCompileError, native
from .look import Look
from .plan.arena import aligned
from .plan.loops import Loop, chain
from .plan.lower import is_constant
from .plan.memory import FIRST, ROUTINES, Memory, Slot, memory
from .plan.plan import Call, Plan, Step, plan
from .plan.products import Product
from .plan.stacks import Stack
from .writing.product_source import left_to_blas
from .writing.source import Source, source

LONG_CHAIN = 90  # operations on one entry, above which a loop works on two vectors at once
COPIED = 4096  # bytes up to which copying an argument is faster than asking for its address


class Workspace:
    """Memory for one run at a time: the table of addresses, and the arrays that come and go.

    Attributes
    ----------
    table : numpy.ndarray of int64
    arrays : list of numpy.ndarray
        By slot: what each holds, as an array of its shape.
    """

    def __init__(self, where: Memory, blas: Blas | None, room: int = 0) -> None:
        self.where = where
        self.table = np.zeros(where.entries + room, np.int64)
        if blas is not None:
            self.table[: len(ROUTINES)] = [getattr(blas, name) for name in ROUTINES]
        if where.shared:
            self.table[len(ROUTINES)] = crew()
        self.address = self.table.ctypes.data
        self._work = aligned((where.work,), np.dtype(np.uint8))
        self.arrays: list[Any] = [self._first(slot) for slot in where.slots]
        for slot, array in zip(where.slots, self.arrays, strict=True):
            self.table[slot.position] = 0 if array is None else array.ctypes.data
        inputs, outputs = (
            sorted((slot for slot in where.slots if slot.kind == kind), key=lambda slot: slot.number)
            for kind in ("input", "output")
        )
        self._copied = [(slot.number, self._array(slot)) for slot in inputs if slot.bytes <= COPIED]
        self._read = [slot for slot in inputs if slot.bytes > COPIED]
        self._outputs = [(slot, self._array(slot)) for slot in outputs]
        self._lent = [slot for slot, array in self._outputs if array is None]
        self._seen: dict[int, weakref.ref[Any]] = {}  # by position: the argument whose address stands in the table
        self._look: Look | None = None

    def _first(self, slot: Slot) -> Any:
        """Return the array of a slot; None for a large argument or result, which comes with every run."""
        if slot.kind == "constant":
            return self.where.constants[slot.number]
        if slot.kind == "work":
            return self._work[slot.number : slot.number + slot.bytes].view(slot.dtype).reshape(slot.shape)
        return aligned(slot.shape, slot.dtype) if slot.bytes <= COPIED else None

    def _array(self, slot: Slot) -> Any:
        return self.arrays[slot.position - FIRST]

    def take(self, arguments: Sequence[Any]) -> None:
        """Put the arguments in: small ones are copied, large ones are read where they lie."""
        for number, array in self._copied:
            array[...] = arguments[number]
        for slot in self._read:
            self.bind(slot, arguments[slot.number])
        for slot in self._lent:
            self._lend(slot, aligned(slot.shape, slot.dtype))

    def bind(self, slot: Slot, value: Any) -> None:
        """Let a slot stand for this array (of a copy, if its entries do not lie in order)."""
        seen = self._seen.get(slot.position)
        if seen is not None and seen() is value:
            self.arrays[slot.position - FIRST] = value
            return
        array = np.require(value, slot.dtype, ["C", "A"])
        self._lend(slot, array)
        self._seen.pop(slot.position, None)
        if array is value:
            self._seen[slot.position] = weakref.ref(value)

    def _lend(self, slot: Slot, array: Any) -> None:
        self.arrays[slot.position - FIRST] = array
        self.table[slot.position] = array.ctypes.data

    def results(self) -> list[Any]:
        """Return the outputs, which the caller may keep; what was lent for the run is let go."""
        if not self._lent and not self._read:
            return [array.copy() if array.ndim else array[()] for _, array in self._outputs]
        found = []
        for slot, array in self._outputs:
            if array is None:
                found.append(self._array(slot))
                self.arrays[slot.position - FIRST] = None
            else:
                found.append(array.copy() if slot.shape else array[()])
        for slot in self._read:
            self.arrays[slot.position - FIRST] = None
        return found


    def finite(self) -> bool:
        """Return whether the outputs of the last run are finite, if the caller has not let go of them yet."""
        if self._look is None:
            self._look = Look(self.table, {slot.position: ArrayType(slot.shape, slot.dtype)
                                           for slot, _ in self._outputs})
        return self._look()


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
        self.blas = blas_for(self.plan)
        self.sources: list[Source] = []
        self._parts: list[Function | Call] = []
        for stretch in stretches(self.plan.steps):
            if isinstance(stretch[0], Call):
                self._parts += stretch  # type: ignore[arg-type]
            else:
                text = source(self.plan, self.memory, stretch)
                self.sources.append(text)
                self._parts.append(with_blas(text.text, text.name, stretch, self.blas))
        self._reference = Program(graph.inputs, graph.outputs)
        self._threads = threads_for(self.plan, self.blas)
        if self.blas is not None and not self.blas.private:
            self._threads = 1  # as many as its owner has given it
        alone = self._parts[0] if len(self._parts) == 1 and self._threads == 1 else None
        self._whole = None if isinstance(alone, Call) else alone
        self._free: list[Workspace] = []

    def __call__(self, arguments: Sequence[Any], look: Callable[..., object] | None = None) -> list[Any]:
        """Return the outputs for these values of the inputs; several threads may call at once.

        If outputs are not finite, ``look(outputs, arguments)`` is called.
        """
        try:
            workspace = self._free.pop()
        except IndexError:
            workspace = Workspace(self.memory, self.blas)
        workspace.take(arguments)
        whole = self._whole
        try:
            refused = self.run(workspace) if whole is None else whole(workspace.address)
        except REFUSALS:  # of a step that NumPy runs
            refused = 1
        if refused:
            return self._reference(arguments)  # which says what was wrong
        results = workspace.results()
        if look is not None and not workspace.finite():
            look(results, arguments)
        self._free.append(workspace)
        return results

    def run(self, workspace: Workspace) -> int:
        """Run once in a workspace whose inputs are there; return 0, or what a native part complained of."""
        if self._threads > 1 and self.blas is not None:
            with self.blas.threads(self._threads):
                return self._parts_in_order(workspace)
        return self._parts_in_order(workspace)

    def _parts_in_order(self, workspace: Workspace) -> int:
        for part in self._parts:
            if isinstance(part, Call):
                called(part.node, workspace, self.plan)
            elif status := part(workspace.address):
                return status
        return 0


def blas_for(*plans: Plan) -> Blas | None:
    """Return the library for the products that plans leave to one; None if they need none: to choose it takes a while.

    Of several plans, which one source serves, only the first is written out for its sizes.

    Raises
    ------
    CannotCompileError
        If one is needed, and none is here.
    """
    products = [(step, plan.views) for plan in plans for step in plan.steps if isinstance(step, (Product, Stack))]
    if not products or (len(plans) == 1 and not any(left_to_blas(*product) for product in products)):
        return None
    found = best()
    if found is None:
        raise CannotCompileError("no BLAS was found that native code could call, so NumPy multiplies, slower")
    return found


def threads_for(plan: Plan, blas: Blas | None) -> int:
    """Return how many threads the library should have for the largest product of a plan that is left to it."""
    if blas is None:
        return 1
    left = (step.flops for step in plan.steps if isinstance(step, (Product, Stack)) and left_to_blas(step, plan.views))
    return blas.threads_for(max(left, default=0))


def with_blas(text: str, name: str, steps: Sequence[Step], blas: Blas | None) -> Function:
    """Return the generated source of these steps as native code that calls this BLAS; see `native`."""
    longest = max((chain(step) for step in steps if isinstance(step, Loop)), default=0)
    interleave = 2 if longest > LONG_CHAIN else 0
    return native(text, name, 32 if blas is None else blas.ints, interleave)


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
    workspace.arrays[workspace.where.of[node].position - FIRST][...] = node.op.forward(np, *values, **node.params)


def value_in(node: Tensor, workspace: Workspace, plan: Plan) -> Any:
    """Return the value of a node that lies in memory, or is another look at what lies there."""
    if is_constant(node):
        return node.value
    slot = workspace.where.of.get(node)
    if slot is not None:
        return workspace.arrays[slot.position - FIRST][()]
    (x,) = node.inputs
    return node.op.forward(np, value_in(x, workspace, plan), **node.params)
