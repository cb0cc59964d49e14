"""Source of a loop: what is computed before it, in every row, for every entry, and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...graph import Tensor
from ..plan.expressions import BY_NAME, EXPRESSIONS
from ..plan.gather import GATHER, Chosen, gathered_by
from ..plan.inlays import Inlay, background, covering, inlays
from ..plan.loops import ONE_HOT, REDUCTIONS, Loop, Place, counts, literal, read_later, wide, working_dtype
from ..plan.lower import is_constant
from .names import Names
from .spelling import INDENT, LETTERS, SUM, cast, dtype_text, literal_text, loops_over, moved, power, start, taken_in

BLOCK = 64  # entries that are summed in their own dtype, as NumPy does it, before the sums of blocks are added
POWER_BY, WHERE, ASTYPE = (BY_NAME[name] for name in ("power_by", "where", "astype"))


class LoopWriter:
    """Writes one loop."""

    def __init__(self, names: Names, loop: Loop) -> None:
        self.names, self.loop = names, loop
        self.views = names.views
        self.letters = LETTERS[: len(loop.domain)]
        self.later = set(read_later(loop, names.views))
        self.before: list[str] = []
        self.after: list[str] = []
        self._held: dict[str, str] = {}
        self._here: dict[str, str] = {}
        self._lines = _Lines()

    def lines(self) -> list[str]:
        """Return the lines of the loop."""
        body = self._row_body()
        outer = [f"{INDENT * axis}for {self.letters[axis]} in {self._range(axis)}:"
                 for axis in range(len(self.letters) - 1)]
        return [*self.before, *outer, *(INDENT * len(outer) + line for line in body), *self.after]

    def _bounds(self, axis: int) -> tuple[str, str]:
        """Return where the loop over an axis of the domain begins and ends."""
        return "0", str(self.loop.domain[axis])

    def _range(self, axis: int) -> str:
        start, stop = self._bounds(axis)
        return f"range({stop})" if start == "0" else f"range({start}, {stop})"

    def _row_body(self) -> list[str]:
        return [line for phase in range(self.loop.phases + 1) for line in self._phase(phase)]

    def _phase(self, phase: int) -> list[str]:
        """Return the lines of one pass over a row: what begins it, the innermost loop, what ends it."""
        nodes = [(node, place) for node, place in self.loop.places.items() if place.pass_ == phase]
        axis = len(self.letters) - 1
        in_blocks = axis >= 0 and self.loop.domain[axis] > BLOCK and _sums_floats(nodes)
        self._lines = lines = (
            _Lines(self.letters[axis], self._range(axis), *self._bounds(axis), in_blocks) if self.letters else _Lines())
        self._here = {}
        for node, place in nodes:
            if node.op in REDUCTIONS:
                self._reduce(node, place)
            elif place.level == "row":
                lines.begin += self._assigned(node, place)
            else:
                lines.body += self._assigned(node, place)
        return lines.whole()

    # Values

    def _index(self, place: Place) -> list[str]:
        return self._letters(place.dims)

    def _letters(self, dims: Sequence[int | None]) -> list[str]:
        if self.loop.flat:
            return [self.letters[-1]] * len(dims)
        return ["0" if dim is None else self.letters[dim] for dim in dims]

    def _assigned(self, node: Tensor, place: Place) -> list[str]:
        """Return lines that compute a node's entry, and keep it where others will look for it."""
        name, laid_in = self.names.name(node, "_"), inlays(node)
        if laid_in is None:
            lines = [f"{name} = {self._value(node, place)}"]
        else:
            lines = self._laid_in(node, name, laid_in, self._index(place))
        if node in self.names.stored:
            lines.append(self._store(node, place, name))
        elif node in self.later:
            lines.append(f"{self._in_row(node)} = {name}")
        return lines

    def _store(self, node: Tensor, place: Place, value: str) -> str:
        return f"{self._stored(node, place)} = {value}"

    def _stored(self, node: Tensor, place: Place) -> str:
        """Return where an entry lies in a node's own array."""
        if self.loop.flat and place.level == "full":
            return f"{self.names.flat(node)}[{self.letters[-1]}]"
        return f"{self.names.array(node)}[{', '.join(self._index(place)) or '0'}]"

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

    def _laid_in(self, node: Tensor, name: str, laid_in: list[Inlay], index: list[str]) -> list[str]:
        """Return lines that look for the operand which covers an entry, and read it there alone."""
        lines = [f"{name} = {literal_text(background(node), node.dtype)}"]
        for inlay in laid_in:
            if not inlay.source.size:
                continue
            conditions, own = covering(inlay, node.shape, index)
            value = cast(self.names.element(inlay.source, own), inlay.source.dtype, node.dtype)
            line = f"{name} = {dtype_text(node.dtype)}({value})" if node.dtype.kind in "iu" else f"{name} = {value}"
            if not conditions:
                return [line]
            where = conditions[0] if len(conditions) == 1 else " & ".join(f"({each})" for each in conditions)
            lines += [f"if {where}:", INDENT + line]
        return lines

    def _gathered(self, node: Tensor, index: list[str]) -> str:
        found = gathered_by(node)
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
        if self.loop.flat and x.size != 1 and not literal(x):
            return f"{self.names.flat(self.views[x].root)}[{self.letters[-1]}]"
        text = self.names.element(x, index)
        return text if literal(x) or "[" not in text else self._kept(text, index)

    def _kept(self, text: str, index: Sequence[str]) -> str:
        """Return an expression with this index, or the name of its value if it does not vary along the row.

        A compiler would have to prove that no array written in the loop overlaps the one that is read.
        """
        letters = set(self.letters).intersection(index)
        if not self.letters or self.letters[-1] in letters:
            return text
        kept, lines = (self._here, self._lines.begin) if letters else (self._held, self.before)
        if text not in kept:
            kept[text] = self.names.fresh("held")
            lines.append(f"{kept[text]} = {text}")
        return kept[text]

    def _operand(self, x: Tensor, index: Sequence[str], place: Place) -> str:
        """Return the entry of `x` that belongs to an entry of `node`: a value at hand, or one from memory."""
        root = self.views[x].root
        source = self.loop.places.get(root)
        own = ["0" if size == 1 else i for i, size in zip(index, x.shape, strict=True)]
        if source is None or literal(x):
            return self._read(x, own)
        if source.level == "full" and source.phase < place.pass_:
            if root in self.names.stored:
                return self._stored(root, source)
            return self._in_row(root)
        return self.names.name(root, "_")

    def _in_row(self, node: Tensor) -> str:
        """Return where a value is kept for a later phase."""
        return f"{self.names.row(node, self.loop)}[{self.letters[-1]}]"

    # Sums and extremes

    def _reduce(self, node: Tensor, place: Place) -> None:
        """Collect a sum or an extreme: along the row in a variable, over other axes in the result's array."""
        lines, dtype = self._lines, node.dtype
        (x,) = node.inputs
        index = self._letters(place.over)
        value = cast(self._operand(x, index, place), x.dtype, dtype)
        if place.level == "row":
            total, wide = self._along_row(node, value)
            name = self.names.name(node, "_")
            lines.end.append(f"{name} = {cast(total, wide, dtype)}")
            if node in self.names.stored:
                lines.end.append(self._store(node, place, name))
            return
        result, kind = self._late_result(node, place)
        if place.row_input:
            lines.end.append(taken_in(node, result, cast(value, dtype, kind), kind))
        elif place.along_row:
            total, wide = self._along_row(node, value)
            lines.end.append(taken_in(node, result, cast(total, wide, kind), kind))
        else:
            lines.body.append(taken_in(node, result, cast(value, dtype, kind), kind))

    def _along_row(self, node: Tensor, value: str) -> tuple[str, np.dtype[Any]]:
        """Collect along the row; return the variable and its dtype. The sums of blocks are added in float64."""
        lines, dtype = self._lines, node.dtype
        total = self.names.name(node, "_total")
        if not lines.in_blocks or node.op is not SUM or dtype.kind != "f":
            lines.begin.append(f"{total} = {start(node, dtype)}")
            lines.body.append(taken_in(node, total, value, dtype))
            return total, dtype
        part, wide = self.names.name(node, "_block"), np.dtype(np.float64)
        lines.begin.append(f"{total} = {start(node, wide)}")
        lines.block_begin.append(f"{part} = {start(node, dtype)}")
        lines.body.append(taken_in(node, part, value, dtype))
        lines.block_end.append(taken_in(node, total, cast(part, dtype, wide), wide))
        return total, wide

    def _late_result(self, node: Tensor, place: Place) -> tuple[str, np.dtype[Any]]:
        """Return where a late reduction is collected, and in what dtype; write how that begins and ends."""
        if any(dim is not None for dim in place.dims):
            return f"{self._late_array(node)}[{', '.join(self._index(place))}]", node.dtype
        total, kind = self.names.name(node, "_all"), wide(node)
        self.before.append(f"{total} = {start(node, kind)}")
        self.after.append(self._number_stored(node, total))
        return total, kind

    def _late_array(self, node: Tensor) -> str:
        """Return the array in which a late reduction is collected; write how it begins."""
        self.before += begun(node, self.names.array(node))
        return self.names.array(node)

    def _number_stored(self, node: Tensor, total: str) -> str:
        """Return the line that stores a reduction to a single number."""
        return f"{self.names.array(node)}[{only(node)}] = {cast(total, wide(node), node.dtype)}"


def only(node: Tensor) -> str:
    """Return the index of the only entry of an array."""
    return ", ".join("0" * max(node.ndim, 1))


def begun(node: Tensor, array: str) -> list[str]:
    """Return lines that make an array ready for a reduction to be collected in it."""
    loops, entry = loops_over(node.shape)
    return [*loops, f"{INDENT * len(loops)}{array}[{entry}] = {start(node, node.dtype)}"]


@dataclass
class _Lines:
    """The lines of one pass over a row, whose entries `letter` counts (none, if it is a single entry).

    In blocks, `lane` counts the entries of a block.
    """

    letter: str = ""
    range: str = ""
    start: str = "0"
    stop: str = "1"
    in_blocks: bool = False
    begin: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    block_begin: list[str] = field(default_factory=list)
    block_end: list[str] = field(default_factory=list)
    end: list[str] = field(default_factory=list)

    def whole(self) -> list[str]:
        """Return all lines, with a loop around the body."""
        return [*self.begin, *(self._blocks() if self.in_blocks else self._loop()), *self.end]

    def _loop(self) -> list[str]:
        if not self.letter or not self.body:
            return self.body
        return [f"for {self.letter} in {self.range}:", *(INDENT + line for line in self.body)]

    def _blocks(self) -> list[str]:
        """Return a loop whose count is known where it begins, which LLVM vectorises best."""
        lines = [f"count = min({BLOCK}, {self.stop} - block)", *self.block_begin, "for lane in range(count):",
                 f"{INDENT}{self.letter} = block + lane", *(INDENT + line for line in self.body), *self.block_end]
        return [f"for block in range({self.start}, {self.stop}, {BLOCK}):", *(INDENT + line for line in lines)]


def _sums_floats(nodes: list[tuple[Tensor, Place]]) -> bool:
    """Whether floats are summed along the row, where rounding errors would pile up if it is long."""
    return any(node.op is SUM and node.dtype.kind == "f" and place.along_row for node, place in nodes)
