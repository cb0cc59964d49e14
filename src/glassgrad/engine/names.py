"""Names of nodes and arrays in generated source, and how an entry of an array is read."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import Tensor
from .loops import counts, literal
from .lower import is_constant
from .memory import Memory, Slot
from .plan import Plan, array_of
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
        self._arrays: dict[str, tuple[Slot, tuple[int, ...]]] = {}

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
        name = self.name(node, "")
        self._arrays[name] = self.memory.of[array_of(node, self.views)], node.shape
        return name

    def flat(self, node: Tensor) -> str:
        """Return the name of the array of a node as one with a single axis."""
        name = self.name(node, "_flat")
        self._arrays[name] = self.memory.of[array_of(node, self.views)], (node.size,)
        return name

    def row(self, node: Tensor) -> str:
        """Return the name of the row that holds a value for a later phase."""
        name = self.name(node, "_row")
        slot = self.memory.rows[node]
        self._arrays[name] = slot, slot.shape
        return name

    def arrays(self) -> list[str]:
        """Return the lines that say what lies where."""
        return [
            f"{name} = array(at[{slot.position}], {shape_text(shape)}, {dtype_text(slot.dtype)})"
            for name, (slot, shape) in self._arrays.items()
        ]

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
