"""Memory and loops of the program that is being compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod

from llvmlite import ir

from .emit import POINTER, Number, Operand, cast
from .kinds import BOOLEAN, INT64, Kind

Marks = Mapping[str, ir.MDValue]  # what LLVM is told where a place is read or written, by its own words for it
WRAPS_NEVER = ("nsw",)  # indices stay far from the largest number: what lets LLVM see where entries lie


@dataclass(frozen=True)
class Place:
    """Where a number lies in memory.

    Attributes
    ----------
    pointer : ir.Value
    kind : Kind
    marks : Marks
    """

    pointer: ir.Value
    kind: Kind
    marks: Marks = field(default_factory=dict)

    def _marked(self, instruction: ir.Instruction) -> ir.Instruction:
        for word, metadata in self.marks.items():
            instruction.set_metadata(word, metadata)
        return instruction

    def load(self, builder: ir.IRBuilder) -> Number:
        """Return the number."""
        value = self._marked(builder.load(self.pointer, typ=self.kind.stored))
        if self.kind == BOOLEAN:
            value = builder.icmp_unsigned("!=", value, ir.Constant(self.kind.stored, 0))
        return Number(builder, value, self.kind)

    def store(self, builder: ir.IRBuilder, value: Operand) -> None:
        """Put a number there."""
        stored = cast(builder, value, self.kind).value
        if self.kind == BOOLEAN:
            stored = builder.zext(stored, self.kind.stored)
        self._marked(builder.store(stored, self.pointer))


@dataclass(frozen=True)
class Array:
    """Entries at an address, row after row; nobody owns them here.

    Attributes
    ----------
    pointer : ir.Value
    shape : sequence of Number or int
    kind : Kind
    slot : int or None
        The entry of the table that holds the address, if it is one.
    """

    pointer: ir.Value
    shape: Sequence[Number | int]
    kind: Kind
    slot: int | None = None

    @property
    def bytes(self) -> float:
        """Size; infinite if it depends on numbers that come later."""
        sizes = [size if isinstance(size, int) else float("inf") for size in self.shape]
        return prod(sizes) * self.kind.bits / 8

    def entry(self, builder: ir.IRBuilder, index: Sequence[Operand], marks: Marks) -> Place:
        """Return where an entry lies."""
        assert len(index) == len(self.shape), "an index for every axis"
        first, *others = (cast(builder, place, INT64) for place in index)
        offset = first.value
        for place, size in zip(others, self.shape[1:], strict=True):
            rows = builder.mul(offset, cast(builder, size, INT64).value, flags=WRAPS_NEVER)
            offset = builder.add(rows, place.value, flags=WRAPS_NEVER)
        pointer = builder.gep(self.pointer, [offset], inbounds=True, source_etype=self.kind.stored)
        return Place(pointer, self.kind, marks)


@dataclass(frozen=True)
class Defined:
    """A function of the program itself, which takes whole numbers and returns one."""

    function: ir.Function

    def __call__(self, builder: ir.IRBuilder, *given: Operand) -> Number:
        """Append a call with these arguments; return its value."""
        arguments = [cast(builder, value, INT64).value for value in given]
        return Number(builder, builder.call(self.function, arguments), INT64)


def array(builder: ir.IRBuilder, address: Operand, shape: Sequence[Number | int], kind: Kind,
          slot: int | None = None) -> Array:
    """Return what lies at an address as an array."""
    return Array(builder.inttoptr(cast(builder, address, INT64).value, POINTER), shape, kind, slot)


@contextmanager
def counted(builder: ir.IRBuilder, start: Operand, stop: Operand, step: int = 1,
            one_by_one: bool = False) -> Iterator[Number]:
    """Repeat what is emitted inside of the ``with`` block; it gives the number that counts.

    `one_by_one` keeps LLVM from working on several rounds at once.
    """
    first, last = (cast(builder, each, INT64).value for each in (start, stop))
    body, after = (builder.append_basic_block(name) for name in ("body", "after"))
    before = builder.block
    builder.cbranch(builder.icmp_signed("<", first, last), body, after)
    builder.position_at_end(body)
    index = builder.phi(INT64.type)
    index.add_incoming(first, before)
    yield Number(builder, index, INT64)
    following = builder.add(index, INT64.constant(step), flags=WRAPS_NEVER)
    index.add_incoming(following, builder.block)
    again = builder.cbranch(builder.icmp_signed("<", following, last), body, after)
    if one_by_one:
        again.set_metadata("llvm.loop", told(builder.module, "llvm.loop.vectorize.enable", BOOLEAN.constant(0)))
    builder.position_at_end(after)


def told(module: ir.Module, word: str, *values: ir.Constant) -> ir.MDValue:
    """Return what LLVM is told about a loop: metadata whose first entry is itself, which tells loops apart."""
    known = ir.MDValue(module, [], name=str(len(module.metadata)))
    known.operands = (known, module.add_metadata([word, *values]))
    return known
