"""The plan written out as source: what runs is what one reads.

Every step becomes a few lines of Python that Numba compiles; arrays are read and written through a table of addresses,
so that the machine code can be kept on disk and run on other arrays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Tensor
from .expressions import BY_NAME, EXPRESSIONS
from .gather import GATHER, Chosen, gathered
from .loops import ONE_HOT, REDUCTIONS, Loop, Place, literal, working_dtype
from .lower import is_constant
from .memory import Memory, Slot, counts, read_later
from .plan import Fill, Plan, Step, array_of
from .products import Product

INDENT = "    "
SMALL = 1500  # multiplications below which a loop of our own is faster than a call of a BLAS
LETTERS = "ijklmnopqrstuvwxyz"
POWER_BY, WHERE, ASTYPE, SUM = (BY_NAME[name] for name in ("power_by", "where", "astype", "sum"))


@dataclass(frozen=True)
class Source:
    """Source of a native function, and what it stands on.

    Attributes
    ----------
    text : str
    name : str
        Of the function ``name(table, sgemm, dgemm) -> status``: the address of the table of addresses, the addresses of
        the BLAS functions; 0, or the number of the step (from 1) that met an index out of range.
    steps : list of list of str
        The lines of each step.
    """

    text: str
    name: str
    steps: list[list[str]]


def source(plan: Plan, memory: Memory, steps: Sequence[Step], name: str = "program") -> Source:
    """Return the source of a function that runs these steps of a plan."""
    writer = _Writer(plan, memory)
    bodies = [writer.step(number, step) for number, step in enumerate(steps, start=1)]
    lines = [f"def {name}(table, sgemm, dgemm):", f"{INDENT}at = array(table, ({len(memory.slots)},), int64)"]
    lines += [INDENT + line for line in writer.arrays()]
    for body in bodies:
        lines += ["", *(INDENT + line for line in body)]
    lines.append(f"{INDENT}return 0")
    return Source("\n".join(lines) + "\n", name, bodies)


class _Writer:
    """Writes steps, and remembers the arrays that they use."""

    def __init__(self, plan: Plan, memory: Memory) -> None:
        self.plan, self.memory = plan, memory
        self.views = plan.views
        self.stored = {*plan.stored, *plan.graph.inputs}
        self._names: dict[Tensor | tuple[Tensor, str], str] = {}
        self._taken: set[str] = set()
        self._arrays: dict[str, tuple[Slot, tuple[int, ...]]] = {}

    # Names and arrays

    def name(self, node: Tensor, suffix: str = "") -> str:
        """Return the one name of a node in the source."""
        key = (node, suffix)
        if key not in self._names:
            wanted = re.sub(r"\W", "_", node.name or node.op.name, flags=re.ASCII).lower() + suffix
            self._names[key] = self.fresh(wanted if wanted[0].isalpha() else f"a{wanted}")
        return self._names[key]

    def fresh(self, wanted: str) -> str:
        """Return a name that nothing else has."""
        free, number = wanted, 1
        while free in self._taken or free in RESERVED:
            number += 1
            free = f"{wanted}_{number}"
        self._taken.add(free)
        return free

    def array(self, node: Tensor) -> str:
        """Return the name of the array of a node: given, constant, stored, or another shape of one of these."""
        name = self.name(node, "")
        self._arrays[name] = self.memory.of[array_of(node, self.views)], node.shape
        return name

    def row(self, node: Tensor) -> str:
        """Return the name of the row that holds a value for a later phase."""
        if node in self.stored:
            return self.array(node)
        name = self.name(node, "_row")
        slot = self.memory.rows[node]
        self._arrays[name] = slot, slot.shape
        return name

    def arrays(self) -> list[str]:
        """Return the lines that say what lies where."""
        return [
            f"{name} = array(at[{slot.position}], {_shape(shape)}, {_dtype(slot.dtype)})"
            for name, (slot, shape) in self._arrays.items()
        ]

    def address(self, node: Tensor) -> str:
        return f"at[{self.memory.of[array_of(node, self.views)].position}]"

    # Steps

    def step(self, number: int, step: Step) -> list[str]:
        """Return the lines of one step, a comment first."""
        comment = re.sub(r"[^ -~]", "?", described(step))  # names of layers are anybody's text
        lines = [f"# {number}. {comment}"]
        if isinstance(step, Loop):
            return lines + self._checks(step, number) + _LoopWriter(self, step).lines()
        if isinstance(step, Product):
            return lines + self._product(step)
        assert isinstance(step, Fill)
        return lines + self._fill(step)

    def _checks(self, loop: Loop, number: int) -> list[str]:
        """Return lines that look for an index out of range before anything is read there."""
        lines: list[str] = []
        for node in loop.nodes:
            for indices, size in _ranges(node):
                if is_constant(indices) and (counts(indices) or literal(indices)):
                    continue
                root = array_of(indices, self.views)
                flat = f"{self.array(root)}"
                low = -size if node.op is GATHER else 0
                loops, index = _loops_over(root.shape)
                lines.append("bad = 0")
                lines += loops
                pad = INDENT * len(loops)
                value = f"{flat}[{index}]"
                lines.append(f"{pad}bad |= ({value} < {low}) | ({value} >= {size})")
                lines += ["if bad != 0:", f"{INDENT}return {number}"]
        return lines

    def _fill(self, step: Fill) -> list[str]:
        node = step.node
        key = self.element(node.inputs[0], ["0"]), self.element(node.inputs[0], ["1"])
        bits = 8 * node.dtype.itemsize
        stream = node.params["stream"]
        return [f"uniform_{bits}({self.address(node)}, {node.size}, {key[0]}, {stream}, {key[1]})"]

    # Operands that lie in memory

    def element(self, x: Tensor, index: Sequence[str]) -> str:
        """Return the entry of `x`, which lies in memory or is constant, at an index for each of its axes."""
        if literal(x):
            return _literal(x.value, x.dtype)
        seen = self.views[x]
        root = seen.root
        places = [_moved(index, term.axis, term.start, term.step) for term in seen.terms]
        if is_constant(root) and counts(root):
            (place,) = (place for place, size in zip(places, root.shape, strict=True) if size != 1)
            return place
        return f"{self.array(root)}[{', '.join(places) or '0'}]"

    # Products

    def _product(self, step: Product) -> list[str]:
        m, k, n = step.sizes
        dtype = step.result.dtype
        scale = [self.element(x, ["0"] * x.ndim) for x in step.scales]
        alpha = " * ".join([*([_number(float(step.sign), dtype)] if step.sign < 0 or not scale else []), *scale])
        lines: list[str] = []
        if step.added is not None and self.memory.of[step.result] is not self.memory.of.get(
            array_of(step.added, self.views)
        ):
            lines += self._begin(step)
        if m * k * n <= SMALL:
            return lines + self._small_product(step, alpha)
        turned = [self.views[x].terms[0].axis == 1 for x in (step.left, step.right)]
        lda = m if turned[0] else k
        ldb = k if turned[1] else n
        gemm = ("sgemm", "gemm32") if dtype == np.float32 else ("dgemm", "gemm64")
        beta = _number(0.0 if step.added is None else 1.0, dtype)
        lines.append(
            f"{gemm[1]}({gemm[0]}, {turned[0]}, {turned[1]}, {m}, {n}, {k}, {alpha}, {self.address(step.left)}, {lda}, "
            f"{self.address(step.right)}, {ldb}, {beta}, {self.address(step.result)}, {n})"
        )
        return lines

    def _begin(self, step: Product) -> list[str]:
        """Return the loop that writes what is added into the result first."""
        assert step.added is not None
        shape = step.result.shape
        loops, index = _loops_over(shape)
        own = index.split(", ")
        x = step.added
        places = [
            "0" if size == 1 else own[axis + len(shape) - x.ndim] for axis, size in enumerate(x.shape)
        ]
        return [*loops, f"{INDENT * len(loops)}{self.array(step.result)}[{index}] = {self.element(x, places)}"]

    def _small_product(self, step: Product, alpha: str) -> list[str]:
        m, k, n = step.sizes
        left = self.element(step.left, ["i", "l"] if step.left.ndim == 2 else ["l"])
        right = self.element(step.right, ["l", "j"] if step.right.ndim == 2 else ["l"])
        own = ["i"] * (step.left.ndim == 2) + ["j"] * (step.right.ndim == 2)
        result = f"{self.array(step.result)}[{', '.join(own) or '0'}]"
        zero = _number(0.0, step.result.dtype)
        lines = [f"for i in range({m}):"]
        if step.added is None:
            lines += [f"{INDENT}for j in range({n}):", f"{INDENT * 2}{result} = {zero}"]
        weight = left if alpha in ("float32(1.0)", "float64(1.0)") else f"{alpha} * {left}"
        return [*lines, f"{INDENT}for l in range({k}):", f"{INDENT * 2}weight = {weight}",
                f"{INDENT * 2}for j in range({n}):", f"{INDENT * 3}{result} += weight * {right}"]


class _LoopWriter:
    """Writes one loop."""

    def __init__(self, writer: _Writer, loop: Loop) -> None:
        self.writer, self.loop = writer, loop
        self.views = writer.views
        self.letters = LETTERS[: len(loop.domain)]
        self.later = set(read_later(loop, writer.plan))
        self.before: list[str] = []
        self.after: list[str] = []
        self._held: dict[str, str] = {}

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
            begin, body, end = [], [], []
            self._begin, self._here = begin, {}
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

    def _index(self, node: Tensor, place: Place) -> list[str]:
        return ["0" if dim is None else self.letters[dim] for dim in place.dims]

    def _assigned(self, node: Tensor, place: Place) -> list[str]:
        """Return lines that compute a node's entry, and keep it where others will look for it."""
        name = self.writer.name(node, "_")
        lines = [f"{name} = {self._value(node, place)}"]
        if node in self.writer.stored:
            lines.append(self._store(node, place, name))
        elif node in self.later:
            lines.append(f"{self.writer.row(node)}[{self.letters[-1]}] = {name}")
        return lines

    def _store(self, node: Tensor, place: Place, value: str) -> str:
        return f"{self.writer.array(node)}[{', '.join(self._index(node, place)) or '0'}] = {value}"

    def _value(self, node: Tensor, place: Place) -> str:
        index = self._index(node, place)
        dtype = _dtype(node.dtype)
        if node.op is GATHER:
            return self._gathered(node, index)
        if node.op is ONE_HOT:
            label = self._operand(node, node.inputs[0], index[:-1], place)
            return f"{dtype}(1) if {label} == {index[-1]} else {dtype}(0)"
        if node.op is ASTYPE:
            x = self._operand(node, node.inputs[0], index, place)
            return f"{x} != 0" if node.dtype.kind == "b" else f"{dtype}({x})"
        given = [self._operand(node, x, index[node.ndim - x.ndim :], place) for x in node.inputs]
        if node.op is WHERE:
            working = node.dtype
            given = [given[0], *(_cast(x, y.dtype, working) for x, y in zip(given[1:], node.inputs[1:], strict=True))]
        else:
            working = working_dtype(node)
            given = [_cast(x, y.dtype, working) for x, y in zip(given, node.inputs, strict=True)]
        if node.op is POWER_BY:
            return _power(given[0], node.params["exponent"], working)
        text = EXPRESSIONS[node.op].text.format(*given, T=_dtype(working), bits=8 * working.itemsize)
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
                own = ["0" if size == 1 else i for i, size in zip(chosen[found.count - array.ndim :], array.shape,
                                                                 strict=True)]
                place = self._read(array, own)
                unsigned = array.dtype.kind == "u" or (is_constant(array) and counts(array))
                places.append(place if unsigned else self._kept(f"wrapped({place}, {x.shape[axis]})", own))
            else:
                places.append(_moved(index, part.axis, part.start, part.step))
        return self.writer.element(x, places)

    def _read(self, x: Tensor, index: Sequence[str]) -> str:
        """Return an entry from memory; one that is the same all along the row is read before the row begins."""
        text = self.writer.element(x, index)
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
            kept[text] = self.writer.fresh("held")
            lines.append(f"{kept[text]} = {text}")
        return kept[text]

    def _operand(self, node: Tensor, x: Tensor, index: Sequence[str], place: Place, phase: int | None = None) -> str:
        """Return the entry of `x` that belongs to an entry of `node`: a value at hand, or one from memory."""
        root = self.views[x].root
        source = self.loop.places.get(root)
        own = ["0" if size == 1 else i for i, size in zip(index, x.shape, strict=True)]
        if source is None or literal(x):
            return self._read(x, own)
        now = place.phase if phase is None else phase
        if source.level == "full" and source.phase < now:
            if root in self.writer.stored:
                return f"{self.writer.array(root)}[{', '.join(self._index(root, source)) or '0'}]"
            return f"{self.writer.row(root)}[{self.letters[-1]}]"
        return self.writer.name(root, "_")

    # Sums and extremes

    def _reduced_operand(self, node: Tensor, place: Place, phase: int, dtype: np.dtype[Any]) -> str:
        (x,) = node.inputs
        index = ["0" if dim is None else self.letters[dim] for dim in place.over]
        return _cast(self._operand(node, x, index, place, phase), x.dtype, dtype)

    def _reduce_row(self, node: Tensor, place: Place, begin: list[str], body: list[str], end: list[str]) -> None:
        total = self.writer.name(node, "_total")
        begin.append(f"{total} = {_start(node)}")
        body.append(_taken_in(node, total, self._reduced_operand(node, place, place.phase - 1, _wide(node)), _wide(node)))
        end.append(f"{self.writer.name(node, '_')} = {_dtype(node.dtype)}({total})")
        if node in self.writer.stored:
            end.append(self._store(node, place, self.writer.name(node, "_")))

    def _reduce_late(self, node: Tensor, place: Place, begin: list[str], body: list[str], end: list[str]) -> None:
        """A total in a variable where nothing is left of the axes, else entry by entry in the result's array."""
        kept = {dim for dim in place.dims if dim is not None}
        by_row = len(self.loop.domain) > 1 and len(self.loop.domain) - 1 not in kept and not place.row_input
        dtype = node.dtype if kept and not by_row else _wide(node)
        value = self._reduced_operand(node, place, place.phase, dtype)
        result = self._late_result(node, place, bool(kept))
        if place.row_input:
            end.append(_taken_in(node, result, value, dtype))
        elif not by_row:
            body.append(_taken_in(node, result, value, dtype))
        else:
            part = self.writer.name(node, "_part")
            begin.append(f"{part} = {_start(node)}")
            body.append(_taken_in(node, part, value, dtype))
            end.append(_taken_in(node, result, *((_cast(part, dtype, node.dtype), node.dtype) if kept else (part, dtype))))

    def _late_result(self, node: Tensor, place: Place, kept: bool) -> str:
        """Return where a late reduction is collected, and write how that begins and ends."""
        array = self.writer.array(node)
        if kept:
            loops, entry = _loops_over(node.shape)
            self.before += [*loops, f"{INDENT * len(loops)}{array}[{entry}] = {_start(node, node.dtype)}"]
            return f"{array}[{', '.join(self._index(node, place))}]"
        total = self.writer.name(node, "_total")
        self.before.append(f"{total} = {_start(node)}")
        index = ", ".join("0" * max(node.ndim, 1))
        self.after.append(f"{array}[{index}] = {_dtype(node.dtype)}({total})")
        return total


# Words of the source ----------------------------------------------------------------------------------------------------

RESERVED = frozenset(
    "at table sgemm dgemm bad weight array inf nan sqrt abs sign largest smallest accumulate wrapped "
    "floor ceil trunc rint sin cos tan sinh cosh asin acos atan asinh acosh atanh hypot atan2 and or not if else for in "
    "range lambda def return is del from import pass while with as assert break class continue except finally global "
    "nonlocal raise try yield True False None i j k l m n o p q r s t u v w x y z".split()
) - set("xyzt")


def described(step: Step) -> str:
    """Return what a step does, in a few words."""
    if isinstance(step, Product):
        added = "" if step.added is None else f" {'+' if step.sign > 0 else '-'} ..."
        where = f"{step.result.path}: " if step.result.path else ""
        return f"{where}{' x '.join(map(str, step.sizes))} product{added}"
    if isinstance(step, Loop):
        size = " x ".join(map(str, step.domain)) or "1"
        path = next((node.path for node in step.nodes if node.path), "")
        return f"{path + ': ' if path else ''}{', '.join(dict.fromkeys(n.op.name for n in step.nodes))} over {size}"
    return f"{step.node.op.name} {step.node.type}"


def _ranges(node: Tensor) -> list[tuple[Tensor, int]]:
    """Return the index arrays of a node, each with the size of the axis that it chooses from."""
    if node.op is ONE_HOT:
        return [(node.inputs[0], node.params["classes"])]
    found = gathered(node) if node.op is GATHER else None
    if found is None:
        return []
    x, *arrays = node.inputs
    return [(arrays[part.array], x.shape[axis]) for axis, part in enumerate(found.indices) if isinstance(part, Chosen)]


def _moved(index: Sequence[str], axis: int | None, start: int, step: int) -> str:
    if axis is None:
        return str(start)
    if index[axis] == "0":
        return str(start)
    along = index[axis] if step == 1 else f"{step} * {index[axis]}"
    return along if start == 0 else f"{start} + {along}"


def _loops_over(shape: tuple[int, ...]) -> tuple[list[str], str]:
    """Return the lines of nested loops over a shape, and the index inside."""
    long = [axis for axis, size in enumerate(shape) if size != 1]
    lines = [f"{INDENT * depth}for {LETTERS[depth]} in range({shape[axis]}):" for depth, axis in enumerate(long)]
    letters = {axis: LETTERS[depth] for depth, axis in enumerate(long)}
    return lines, ", ".join(letters.get(axis, "0") for axis in range(len(shape))) or "0"


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape or (1,)))},)"


def _dtype(dtype: np.dtype[Any]) -> str:
    return "boolean" if dtype.kind == "b" else dtype.name


def _number(value: float, dtype: np.dtype[Any]) -> str:
    return f"{_dtype(dtype)}({value!r})"


def _literal(value: object, dtype: np.dtype[Any]) -> str:
    number = np.asarray(value).ravel()[0].item()
    return repr(number) if dtype.kind == "b" else f"{_dtype(dtype)}({number!r})"


def _cast(text: str, given: np.dtype[Any], wanted: np.dtype[Any]) -> str:
    return text if given == wanted else f"{_dtype(wanted)}({text})"


def _power(x: str, exponent: float, dtype: np.dtype[Any]) -> str:
    known = {0: _number(1.0, dtype), 1: x, 2: f"{x} * {x}", 3: f"{x} * {x} * {x}", -1: f"{_dtype(dtype)}(1) / {x}",
             0.5: f"sqrt({x})"}
    return known.get(exponent, f"{_dtype(dtype)}({x} ** {_number(float(exponent), dtype)})")


def _wide(node: Tensor) -> np.dtype[Any]:
    """Return what a reduction is computed in: a sum of float32 in float64, everything else in its own dtype."""
    return np.dtype(np.float64) if node.op is SUM and node.dtype == np.float32 else node.dtype


def _start(node: Tensor, dtype: np.dtype[Any] | None = None) -> str:
    """Return what a reduction begins with."""
    dtype = _wide(node) if dtype is None else dtype
    if node.op is SUM:
        return f"{_dtype(dtype)}(0)"
    largest = node.op.name == "max"
    if dtype.kind == "f":
        return f"{_dtype(dtype)}({'-inf' if largest else 'inf'})"
    ends = np.iinfo(dtype)
    return f"{_dtype(dtype)}({ends.min if largest else ends.max})"


def _taken_in(node: Tensor, total: str, value: str, dtype: np.dtype[Any]) -> str:
    """Return the line by which a reduction takes in a value."""
    if node.op is SUM:
        return f"{total} = accumulate_{8 * dtype.itemsize}({total}, {value})" if dtype.kind == "f" else f"{total} += {value}"
    return f"{total} = {'largest' if node.op.name == 'max' else 'smallest'}({total}, {value})"

