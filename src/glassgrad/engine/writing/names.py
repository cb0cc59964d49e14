"""Names of nodes and arrays in generated source, and how an entry of an array is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...graph import Tensor
from ..plan.loops import Loop, counts, literal
from ..plan.lower import is_constant
from ..plan.memory import Memory, Slot
from ..plan.plan import Plan, array_of
from .spelling import dtype_text, literal_text, moved, reserved, shape_text, spelled


class Names:
    """Gives every node one name, and remembers the arrays that were asked for.

    Attributes
    ----------
    plan : Plan
    memory : Memory
    stored : set of Tensor
        The nodes that have an array.
    """

    def __init__(self, plan: Plan, memory: Memory) -> None:
        self.plan, self.memory = plan, memory
        self.views = plan.views
        self.stored = {*plan.stored, *plan.graph.inputs}
        self._names: dict[tuple[Tensor, str], str] = {}
        self._taken: set[str] = set()
        self._arrays: dict[str, str] = {}

    def name(self, node: Tensor, suffix: str = "") -> str:
        """Return the one name of a node in the source."""
        key = (node, suffix)
        if key not in self._names:
            self._names[key] = self.fresh(spelled(node.name or node.op.name) + suffix)
        return self._names[key]

    def fresh(self, wanted: str) -> str:
        """Return a name that nothing else has."""
        free, number = wanted, 1
        while free in self._taken or reserved(free):
            number += 1
            free = f"{wanted}_{number}"
        self._taken.add(free)
        return free

    def array(self, node: Tensor) -> str:
        """Return the name of the array of a node: given, constant, stored, or another shape of one of these."""
        return self._declared(self.name(node), self.memory.of[array_of(node, self.views)], node.shape)

    def flat(self, node: Tensor) -> str:
        """Return the name of the array of a node as one with a single axis."""
        return self._declared(self.name(node, "_flat"), self.memory.of[array_of(node, self.views)], (node.size,))

    def row(self, node: Tensor, loop: Loop) -> str:
        """Return the name of the row that holds a value for a later phase of its loop; each piece has its own."""
        slot = self.memory.rows[node]
        return self._declared(self.name(node, "_row"), slot, loop.domain[-1:], loop.portion > 0)

    def part(self, node: Tensor) -> str:
        """Return the name of the array in which one piece of a loop collects its part of a sum."""
        return self._declared(self.name(node, "_part"), self.memory.parts[node], node.shape, of_piece=True)

    def parts(self, node: Tensor) -> str:
        """Return the name of the array of all such parts, one in every row."""
        slot = self.memory.parts[node]
        return self._declared(self.name(node, "_parts"), slot, slot.shape)

    def _declared(self, name: str, slot: Slot, shape: tuple[int, ...], of_piece: bool = False) -> str:
        """Remember what an array is and where it lies; that of a piece is one of the rows of what lies there."""
        own = f" + {slot.bytes // slot.shape[0]} * part" if of_piece else ""
        self._arrays[name] = f"{name} = array(at[{slot.position}]{own}, {shape_text(shape)}, {dtype_text(slot.dtype)})"
        return name

    def arrays(self) -> list[str]:
        """Return the lines that say what lies where."""
        return list(self._arrays.values())

    @contextmanager
    def function(self) -> Iterator[None]:
        """Let `arrays` be those that are asked for inside of the ``with`` block: a function of its own."""
        outside, self._arrays = self._arrays, {}
        try:
            yield
        finally:
            self._arrays = outside

    def address(self, node: Tensor) -> str:
        """Return the address of a node's array, as it stands in the table."""
        return f"at[{self.memory.of[array_of(node, self.views)].position}]"

    def element(self, x: Tensor, index: Sequence[str]) -> str:
        """Return the entry of `x`, which lies in memory or is constant, at an index for each of its axes."""
        if literal(x):
            return literal_text(x.value, x.dtype)
        seen = self.views[x]
        root = seen.root
        places = [moved(index, term.axis, term.start, term.step) for term in seen.terms]
        if is_constant(root) and counts(root):
            (place,) = (place for place, size in zip(places, root.shape, strict=True) if size != 1)
            return place
        return f"{self.array(root)}[{', '.join(places) or '0'}]"
