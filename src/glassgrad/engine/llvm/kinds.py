"""Kinds of numbers that generated source has words for: what NumPy calls dtypes, as LLVM's types.

>>> KINDS["uint8"].fits(300), KINDS["int64"].fits(-300)
(False, True)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from llvmlite import ir


@dataclass(frozen=True)
class Kind:
    """A kind of number.

    Attributes
    ----------
    name : str
    letter : {"b", "i", "u", "f"}
        Truth value, whole number with or without a sign, float.
    bits : int
    """

    name: str
    letter: str
    bits: int

    @cached_property
    def type(self) -> ir.Type:
        """LLVM's type of a value."""
        if self.letter == "f":
            return {32: ir.FloatType(), 64: ir.DoubleType()}[self.bits]
        return ir.IntType(self.bits)

    @cached_property
    def stored(self) -> ir.Type:
        """LLVM's type of an entry of an array: a truth value takes a byte."""
        return ir.IntType(8) if self.letter == "b" else self.type

    @property
    def is_float(self) -> bool:
        """Whether this is a kind of float."""
        return self.letter == "f"

    @property
    def signed(self) -> bool:
        """Whether whole numbers of this kind can be negative."""
        return self.letter == "i"

    def fits(self, number: int) -> bool:
        """Whether a whole number can be one of this kind of whole numbers."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        return low <= number < low + (1 << self.bits)

    def constant(self, number: float) -> ir.Constant:
        """Return a Python number as one of this kind; whole numbers wrap round."""
        if self.is_float:
            return ir.Constant(self.type, float(number))
        if self.letter == "b":
            return ir.Constant(self.type, int(bool(number)))
        return ir.Constant(self.type, int(number) % (1 << self.bits))


KINDS = {kind.name: kind for kind in (
    Kind("boolean", "b", 1),
    *(Kind(f"int{bits}", "i", bits) for bits in (8, 16, 32, 64)),
    *(Kind(f"uint{bits}", "u", bits) for bits in (8, 16, 32, 64)),
    *(Kind(f"float{bits}", "f", bits) for bits in (32, 64)),
)}
BOOLEAN, INT32, INT64, FLOAT64 = (KINDS[name] for name in ("boolean", "int32", "int64", "float64"))


def kind_of(number: float) -> Kind:
    """Return the kind that a Python number has when nothing else says it."""
    if isinstance(number, bool):
        return BOOLEAN
    return INT64 if isinstance(number, int) else FLOAT64
