"""Source of a loop that several cores compute: a function for one piece of it, and the lines that run all of them."""

from __future__ import annotations

from ...graph import Tensor
from ..plan.loops import Loop, wide
from ..plan.pieces import collected
from .loop_source import LoopWriter, begun, only
from .names import Names
from .spelling import INDENT, start, taken_in


class PieceWriter(LoopWriter):
    """Writes a loop that is cut into pieces.

    Attributes
    ----------
    definition : list of str
        The lines of the function that computes a piece: ``name(table, part)``.
    """

    def __init__(self, names: Names, loop: Loop, name: str) -> None:
        super().__init__(names, loop)
        self.name = name
        self._collected = collected(loop)
        self._whole: list[Tensor] = []  # late reductions of which every entry belongs to one piece
        with names.function():
            body = super().lines()
            self.definition = [f"def {name}(table, part):", *(INDENT + line for line in [
                f"at = array(table, ({names.memory.entries},), int64)", *names.arrays(),
                f"first = {loop.portion} * part", f"last = min(first + {loop.portion}, {loop.domain[0]})", *body,
                "return 0"])]

    def lines(self) -> list[str]:
        """Return the lines that run all pieces, and put together what they have collected."""
        before = [line for node in self._whole for line in begun(node, self.names.array(node))]
        after = [line for node in self._collected for line in self._added(node)]
        return [*before, f"together({self.name}, table, {self.loop.pieces}, crew)", *after]

    def _bounds(self, axis: int) -> tuple[str, str]:
        return ("first", "last") if axis == 0 else super()._bounds(axis)

    def _late_array(self, node: Tensor) -> str:
        if node not in self._collected:
            self._whole.append(node)
            return self.names.array(node)
        self.before += begun(node, self.names.part(node))
        return self.names.part(node)

    def _number_stored(self, node: Tensor, total: str) -> str:
        return f"{self.names.part(node)}[{only(node)}] = {total}"

    def _added(self, node: Tensor) -> list[str]:
        """Return lines that add the parts of a sum in order."""
        parts, each = self.names.parts(node), f"for part in range({self.loop.pieces}):"
        if node.size == 1:
            total, kind = self.names.name(node, "_all"), wide(node)
            return [f"{total} = {start(node, kind)}", each, INDENT + taken_in(node, total, f"{parts}[part, 0]", kind),
                    super()._number_stored(node, total)]
        flat, along = self.names.flat(node), f"for i in range({node.size}):"
        return [along, f"{INDENT}{flat}[i] = {start(node, node.dtype)}", each, INDENT + along,
                INDENT * 2 + taken_in(node, f"{flat}[i]", f"{parts}[part, i]", node.dtype)]
