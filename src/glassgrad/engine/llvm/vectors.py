"""LLVM instructions on numbers in memory and on vectors of them, and the loops around these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from llvmlite import ir

from .emit import POINTER, declared
from .flow import told
from .kinds import INT32, INT64, KINDS

Place: TypeAlias = ir.Value | int  # how many numbers behind an address
LONG = 32  # steps of a sum that make it worth to count
TURNS = 4  # steps at a time: counting takes time from summing, most of it where two threads share a core


class Vectors:
    """Appends instructions to a function.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    bits : int
        Of a number: 32 or 64.
    lanes : int
        Numbers in a vector.
    """

    def __init__(self, builder: ir.IRBuilder, bits: int, lanes: int) -> None:
        self.builder = builder
        self.bits, self.lanes = bits, lanes
        self.number = KINDS[f"float{bits}"].type
        self.vector = ir.VectorType(self.number, lanes)
        self.zeros = ir.Constant(self.vector, None)

    # Places -------------------------------------------------------------------------------------------------------

    def sum(self, *places: Place) -> Place:
        """Return the sum of places."""
        total: Place = sum(place for place in places if isinstance(place, int))
        for place in places:
            if not isinstance(place, int):
                total = place if total == 0 else self.builder.add(_whole(total), place)
        return total

    def times(self, place: Place, size: int) -> Place:
        """Return a place that is so many times as far away."""
        return place * size if isinstance(place, int) else self.builder.mul(place, _whole(size))

    def _at(self, address: ir.Value, place: Place) -> ir.Value:
        return self.builder.gep(address, [_whole(place)], source_etype=self.number)

    def scratch(self, size: int) -> ir.Value:
        """Return the address of memory for so many numbers, on the stack."""
        with self.builder.goto_entry_block():
            memory = self.builder.alloca(self.number, size=_whole(size))
        memory.type = POINTER  # to numbers or vectors: of what, llvmlite alone would ask
        return memory

    # Numbers and vectors ------------------------------------------------------------------------------------------

    def load(self, address: ir.Value, place: Place) -> ir.Value:
        """Return a number."""
        return self.builder.load(self._at(address, place), typ=self.number)

    def load_vector(self, address: ir.Value, place: Place) -> ir.Value:
        """Return the vector that begins at a place."""
        return self.builder.load(self._at(address, place), typ=self.vector, align=self.bits // 8)

    def store(self, value: ir.Value, address: ir.Value, place: Place) -> None:
        """Write a number, or a vector that begins at a place."""
        self.builder.store(value, self._at(address, place), align=self.bits // 8)

    def spread(self, value: ir.Value) -> ir.Value:
        """Return a vector of one number."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, value, INT32.constant(0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(INT32.type, self.lanes), None))

    def fused(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        """Return ``x * y + z`` of vectors or numbers, rounded once."""
        suffix = f"v{self.lanes}f{self.bits}" if x.type == self.vector else f"f{self.bits}"
        return self._call(f"llvm.fma.{suffix}", x, y, z)

    def across(self, value: ir.Value) -> ir.Value:
        """Return the sum of the numbers of a vector, half by half."""
        while value.type.count > 1:
            half = value.type.count // 2
            low, high = (self._part(value, range(first, first + half)) for first in (0, half))
            value = self.builder.fadd(low, high)
        return self.builder.extract_element(value, INT32.constant(0))

    def _part(self, value: ir.Value, lanes: range) -> ir.Value:
        mask = ir.Constant(ir.VectorType(INT32.type, len(lanes)), list(lanes))
        return self.builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), mask)

    def _call(self, name: str, *given: ir.Value) -> ir.Value:
        form = ir.FunctionType(given[0].type, [value.type for value in given])
        return self.builder.call(declared(self.builder.module, name, form), given)

    # Loops --------------------------------------------------------------------------------------------------------

    def each(self, total: int, step: int, body: Callable[[Place, int], Any]) -> None:
        """Append ``body(place, step)`` for every step of the way to `total`, and once for what is left over."""
        whole = total - total % step
        if whole > step:
            self._loop(whole, step, [], lambda place, _: _nothing(body(place, step)))
        elif whole:
            body(0, step)
        if total > whole:
            body(whole, total - whole)

    def summed(
        self, total: int, step: int, count: int, body: Callable[[Place, Sequence[ir.Value]], Sequence[ir.Value]]
    ) -> Sequence[ir.Value]:
        """Return `count` vectors after ``sums = body(place, sums)`` for every whole step of the way to `total`."""
        sums: Sequence[ir.Value] = [self.zeros] * count
        steps = total // step
        turns = TURNS if steps >= LONG else 1
        looped = steps - steps % turns if steps > 1 else 0
        if looped:
            sums = self._loop(looped * step, step, sums, body, turns)
        for place in range(looped, steps):
            sums = body(place * step, sums)
        return sums

    def _loop(
        self, total: int, step: int, start: Sequence[ir.Value],
        body: Callable[[Place, Sequence[ir.Value]], Sequence[ir.Value]], turns: int = 1,
    ) -> Sequence[ir.Value]:
        """Append a loop gone through at least once, `turns` times without looking; its values stay in registers."""
        builder, before = self.builder, self.builder.block
        block, after = (builder.append_basic_block(name) for name in ("loop", "after"))
        builder.branch(block)
        builder.position_at_end(block)
        place = builder.phi(INT64.type)
        values = [builder.phi(value.type) for value in start]
        results = body(place, values)
        further = builder.add(place, _whole(step))
        for phi, first, then in zip([place, *values], [_whole(0), *start], [further, *results], strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(then, builder.block)
        branch = builder.cbranch(builder.icmp_signed("<", further, _whole(total)), block, after)
        wish = ("llvm.loop.unroll.count", INT32.constant(turns)) if turns > 1 else ("llvm.loop.unroll.disable",)
        branch.set_metadata("llvm.loop", told(builder.module, *wish))
        builder.position_at_end(after)
        return results


def _whole(place: Place) -> ir.Value:
    return INT64.constant(place) if isinstance(place, int) else place


def _nothing(_: object) -> list[ir.Value]:
    return []
