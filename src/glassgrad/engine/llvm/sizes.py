"""Which products of matrices are written out for their sizes, and what the vector registers of a processor allow."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache

from .machine import Processor, this_processor

FEW = 64  # columns of a result up to which a product becomes loops of its own; for wider ones a BLAS is as fast
SCRATCH = 32 * 1024  # bytes that a copy of the right operand may take, on the stack


@dataclass(frozen=True)
class Registers:
    """The vector registers of a processor.

    Attributes
    ----------
    bits : int
        Width of one.
    count : int
    """

    bits: int
    count: int

    def rows(self, vectors: int) -> int:
        """Return how many rows a tile of so many vectors may have.

        >>> [Registers(256, 16).rows(vectors) for vectors in range(1, 5)]
        [12, 6, 4, 3]
        """
        fitting = (rows for rows in (12, 6, 4, 3, 2) if vectors * rows + min(vectors, rows) < self.count)
        return next(fitting, 1)

    def halved(self, columns: int, bits: int) -> Registers:
        """Return such parts of the registers that so many columns of numbers fill one.

        >>> Registers(512, 32).halved(10, 32)
        Registers(bits=256, count=32)
        """
        fitting = (part for part in (self.bits, self.bits // 2, self.bits // 4) if part <= max(columns * bits, 128))
        return Registers(next(fitting, self.bits), self.count)


def registers(processor: Processor) -> Registers | None:
    """Return the vector registers of a processor that multiplies and adds in one instruction; else None.

    >>> registers(Processor("znver3", "+avx,+avx2,+fma,-avx512f")), registers(Processor("core2", "+sse3,-fma"))
    (Registers(bits=256, count=16), None)
    """
    features = set(processor.features.split(","))
    if "+avx512f" in features:
        return Registers(512, 32)
    if {"+avx2", "+fma"} <= features:
        return Registers(256, 16)
    return Registers(128, 32) if "+neon" in features else None


@dataclass(frozen=True)
class Sizes:
    """What a product is compiled for: ``C = alpha op(A) op(B)``, or added to C; matrices lie row after row.

    Attributes
    ----------
    rows, columns, inner : int
        Of op(A) op(B).
    left_turned, right_turned : bool
        Whether an operand lies in memory as its transpose.
    adds : bool
        Whether the product is added to C.
    bits : int
        Of a number.
    left_step : int
        Numbers from a row of A in memory to the next; 0 if A has no gaps. B and C have none.
    """

    rows: int
    columns: int
    inner: int
    left_turned: bool
    right_turned: bool
    adds: bool
    bits: int
    left_step: int = 0

    @property
    def name(self) -> str:
        """What tells them from others."""
        turned = "".join("T" if each else "N" for each in (self.left_turned, self.right_turned))
        return (f"{self.rows}_{self.columns}_{self.inner}_{turned}_{self.adds:d}_{self.bits}"
                + f"_{self.left_step}" * bool(self.left_step))

    def suit(self, registers: Registers) -> bool:
        """Whether the loops of `tiles` are the fastest known."""
        copied = self.right_turned * self.inner * self.columns * self.bits // 8
        return self.rows > 1 and registers.bits // self.bits <= self.columns <= FEW and copied <= SCRATCH


@cache
def own_registers() -> Registers | None:
    """Return those of this processor; None also where LLVM, which knows them, is not installed."""
    return registers(this_processor()) if importlib.util.find_spec("llvmlite") else None


def chosen(sizes: Sizes) -> Registers | None:
    """Return the registers with which a product is written out here; None if it is left to a BLAS."""
    own = own_registers()
    part = None if own is None else own.halved(sizes.columns, sizes.bits)
    return part if part is not None and sizes.suit(part) else None
