"""Source of a loop: what is computed before it, in every row, for every entry, and after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Tensor
from .expressions import BY_NAME, EXPRESSIONS
from .gather import GATHER, Chosen, gathered
from .loops import ONE_HOT, REDUCTIONS, Loop, Place, literal, working_dtype
from .lower import is_constant
from .memory import counts, read_later
from .names import Names
from .spelling import INDENT, LETTERS, cast, dtype_text, loops_over, moved, power, start, taken_in, wide

POWER_BY, WHERE, ASTYPE = (BY_NAME[name] for name in ("power_by", "where", "astype"))


class LoopWriter:
    """Writes one loop."""

    def __init__(self, names: Names, loop: Loop) -> None:
        self.names, self.loop = names, loop
        self.views = names.views
        self.letters = LETTERS[: len(loop.domain)]
        self.later = set(read_later(loop, names.plan))
        self.before: list[str] = []
        self.after: list[str] = []
        self._held: dict[str, str] = {}
        self._here: dict[str, str] = {}
        self._begin: list[str] = []

    def lines(self) -> list[str]:
        """Return the lines of the loop."""
        domain = self.loop.domain
        body = self._row_body()
        outer = [f"{INDENT * d}for {self.letters[d]} in range({size}):" for d, size in enumerate(domain[:-1])]
        return [*self.before, *outer, *(INDENT * len(outer) + line for line in body), *self.after]

    def _row_body(self) -> list[str]:
        lines: list[str] = []
        inner = f"for {self.letters[-1]} in range({self.loop.domain[-1]}):" if self.loop.domain else None
        pad = INDENT if inner else ""
        for phase in range(self.loop.phases + 1):
            begin: list[str] = []
            body: list[str] = []
            end: list[str] = []
            self._begin = begin
            self._here = {}
            for node, place in self.loop.places.items():
                reduces = node.op in REDUCTIONS
                if place.level == "row" and place.phase == phase and not reduces:
                    begin += self._assigned(node, place)
                elif place.level == "full" and place.phase == phase:
                    body += self._assigned(node, place)
                elif reduces and place.level == "row" and place.phase == phase + 1:
                    self._reduce_row(node, place, begin, body, end)
                elif reduces and place.level == "late" and place.phase == phase:
                    self._reduce_late(node, place, begin, body, end)
            lines += begin
            if body:
                lines += [*([inner] if inner else []), *(pad + line for line in body)]
            lines += end
        return lines

    # Values

    def _index(self, place: Place) -> list[str]:
        return ["0" if dim is None else self.letters[dim] for dim in place.dims]

    def _assigned(self, node: Tensor, place: Place) -> list[str]:
        """Return lines that compute a node's entry, and keep it where others will look for it."""
        name = self.names.name(node, "_")
        lines = [f"{name} = {self._value(node, place)}"]
        if node in self.names.stored:
            lines.append(self._store(node, place, name))
        elif node in self.later:
            lines.append(f"{self.names.row(node)}[{self.letters[-1]}] = {name}")
        return lines

    def _store(self, node: Tensor, place: Place, value: str) -> str:
        return f"{self.names.array(node)}[{', '.join(self._index(place)) or '0'}] = {value}"

    def _value(self, node: Tensor, place: Place) -> str:
        index = self._index(place)
        dtype = dtype_text(node.dtype)
        if node.op is GATHER:
            return self._gathered(node, index)
        if node.op is ONE_HOT:
            label = self._operand(node.inputs[0], index[:-1], place)
            return f"{dtype}(1) if {label} == {index[-1]} else {dtype}(0)"
        if node.op is ASTYPE:
            x = self._operand(node.inputs[0], index, place)
            return f"{x} != 0" if node.dtype.kind == "b" else f"{dtype}({x})"
        given = [self._operand(x, index[node.ndim - x.ndim :], place) for x in node.inputs]
        if node.op is WHERE:
            working = node.dtype
            given = [given[0], *(cast(x, y.dtype, working) for x, y in zip(given[1:], node.inputs[1:], strict=True))]
        else:
            working = working_dtype(node)
            given = [cast(x, y.dtype, working) for x, y in zip(given, node.inputs, strict=True)]
        if node.op is POWER_BY:
            return power(given[0], node.params["exponent"], working)
        text = EXPRESSIONS[node.op].text.format(*given, T=dtype_text(working), bits=8 * working.itemsize)
        return f"{dtype}({text})" if node.dtype.kind in "iu" else text

    def _gathered(self, node: Tensor, index: list[str]) -> str:
        found = gathered(node)
        assert found is not None
        x, *arrays = node.inputs
        chosen = index[found.first : found.first + found.count]
        places = []
        for axis, part in enumerate(found.indices):
            if isinstance(part, Chosen):
                array = arrays[part.array]
                along = chosen[found.count - array.ndim :]
                own = ["0" if size == 1 else i for i, size in zip(along, array.shape, strict=True)]
                place = self._read(array, own)
                unsigned = array.dtype.kind == "u" or (is_constant(array) and counts(array))
                places.append(place if unsigned else self._kept(f"wrapped({place}, {x.shape[axis]})", own))
            else:
                places.append(moved(index, part.axis, part.start, part.step))
        return self.names.element(x, places)

    def _read(self, x: Tensor, index: Sequence[str]) -> str:
        """Return an entry from memory; one that is the same all along the row is read before the row begins."""
        text = self.names.element(x, index)
        return text if literal(x) or "[" not in text else self._kept(text, index)

    def _kept(self, text: str, index: Sequence[str]) -> str:
        """Return an expression with this index, or the name of its value if it does not vary along the row.

        A compiler would have to prove that no array written in the loop overlaps the one that is read.
        """
        letters = set(self.letters).intersection(index)
        if not self.letters or self.letters[-1] in letters:
            return text
        kept, lines = (self._here, self._begin) if letters else (self._held, self.before)
        if text not in kept:
            kept[text] = self.names.fresh("held")
            lines.append(f"{kept[text]} = {text}")
        return kept[text]

    def _operand(self, x: Tensor, index: Sequence[str], place: Place, phase: int | None = None) -> str:
        """Return the entry of `x` that belongs to an entry of `node`: a value at hand, or one from memory."""
        root = self.views[x].root
        source = self.loop.places.get(root)
        own = ["0" if size == 1 else i for i, size in zip(index, x.shape, strict=True)]
        if source is None or literal(x):
            return self._read(x, own)
        now = place.phase if phase is None else phase
        if source.level == "full" and source.phase < now:
            if root in self.names.stored:
                return f"{self.names.array(root)}[{', '.join(self._index(source)) or '0'}]"
            return f"{self.names.row(root)}[{self.letters[-1]}]"
        return self.names.name(root, "_")

    # Sums and extremes

    def _reduced_operand(self, node: Tensor, place: Place, phase: int, dtype: np.dtype[Any]) -> str:
        (x,) = node.inputs
        index = ["0" if dim is None else self.letters[dim] for dim in place.over]
        return cast(self._operand(x, index, place, phase), x.dtype, dtype)

    def _reduce_row(self, node: Tensor, place: Place, begin: list[str], body: list[str], end: list[str]) -> None:
        total = self.names.name(node, "_total")
        begin.append(f"{total} = {start(node)}")
        value = self._reduced_operand(node, place, place.phase - 1, wide(node))
        body.append(taken_in(node, total, value, wide(node)))
        end.append(f"{self.names.name(node, '_')} = {dtype_text(node.dtype)}({total})")
        if node in self.names.stored:
            end.append(self._store(node, place, self.names.name(node, "_")))

    def _reduce_late(self, node: Tensor, place: Place, begin: list[str], body: list[str], end: list[str]) -> None:
        """A total in a variable where nothing is left of the axes, else entry by entry in the result's array."""
        kept = {dim for dim in place.dims if dim is not None}
        by_row = len(self.loop.domain) > 1 and len(self.loop.domain) - 1 not in kept and not place.row_input
        dtype = node.dtype if kept and not by_row else wide(node)
        value = self._reduced_operand(node, place, place.phase, dtype)
        result = self._late_result(node, place, bool(kept))
        if place.row_input:
            end.append(taken_in(node, result, value, dtype))
        elif not by_row:
            body.append(taken_in(node, result, value, dtype))
        else:
            part = self.names.name(node, "_part")
            begin.append(f"{part} = {start(node)}")
            body.append(taken_in(node, part, value, dtype))
            whole = node.dtype if kept else dtype
            end.append(taken_in(node, result, cast(part, dtype, whole), whole))

    def _late_result(self, node: Tensor, place: Place, kept: bool) -> str:
        """Return where a late reduction is collected, and write how that begins and ends."""
        array = self.names.array(node)
        if kept:
            loops, entry = loops_over(node.shape)
            self.before += [*loops, f"{INDENT * len(loops)}{array}[{entry}] = {start(node, node.dtype)}"]
            return f"{array}[{', '.join(self._index(place))}]"
        total = self.names.name(node, "_total")
        self.before.append(f"{total} = {start(node)}")
        index = ", ".join("0" * max(node.ndim, 1))
        self.after.append(f"{array}[{index}] = {dtype_text(node.dtype)}({total})")
        return total
