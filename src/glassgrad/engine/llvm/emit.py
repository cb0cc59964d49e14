"""Numbers of the program that is being compiled: Python's operators on them append LLVM instructions.

    def cube(x: Number) -> Number:
        return x * x * x

The body of such a function runs once for every call in the source, while the caller is compiled: each operator appends
one instruction, so that the call costs nothing and a loop over it can be vectorised. There are no branches: `where`
computes both sides and chooses. Additions and multiplications stay as they are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from .kinds import BOOLEAN, INT32, INT64, KINDS, Kind, kind_of

POINTER = ir.PointerType()
PURE = ("nounwind", "readnone")  # what LLVM may take for granted of the C library's functions


@dataclass(frozen=True, eq=False)
class Number:
    """A number that the compiled program will have.

    Comparisons with NaN are false, `differs` is true. Whole numbers wrap round; ``>>`` shifts zeros in.
    """

    builder: ir.IRBuilder
    value: ir.Value
    kind: Kind

    @property
    def bits(self) -> int:
        """Width."""
        return self.kind.bits

    def make(self, value: ir.Value, kind: Kind | None = None) -> Number:
        """Return a number of the same program, and of the same kind if nothing else is said."""
        return Number(self.builder, value, kind or self.kind)

    def like(self, other: Operand) -> Number:
        """Return `other`; if it is a Python number, as a constant of this number's kind."""
        return other if isinstance(other, Number) else self.make(self.kind.constant(other))

    def _apply(self, of_floats: str, of_wholes: str, other: Operand, turned: bool = False) -> Number:
        left, right = (self.like(other), self) if turned else (self, self.like(other))
        assert left.kind == right.kind, f"{left.kind.name} and {right.kind.name}"
        operation = getattr(self.builder, of_floats if self.kind.is_float else of_wholes)
        return self.make(operation(left.value, right.value))

    def __add__(self, other: Operand) -> Number:
        return self._apply("fadd", "add", other)

    def __radd__(self, other: float) -> Number:
        return self._apply("fadd", "add", other, turned=True)

    def __sub__(self, other: Operand) -> Number:
        return self._apply("fsub", "sub", other)

    def __rsub__(self, other: float) -> Number:
        return self._apply("fsub", "sub", other, turned=True)

    def __mul__(self, other: Operand) -> Number:
        return self._apply("fmul", "mul", other)

    def __rmul__(self, other: float) -> Number:
        return self._apply("fmul", "mul", other, turned=True)

    def __truediv__(self, other: Operand) -> Number:
        return self._apply("fdiv", "", other)

    def __rtruediv__(self, other: float) -> Number:
        return self._apply("fdiv", "", other, turned=True)

    def __floordiv__(self, other: int) -> Number:
        """Quotient of whole numbers that are not negative."""
        return self._apply("", "udiv", other)

    def __mod__(self, other: int) -> Number:
        """Remainder of whole numbers that are not negative."""
        return self._apply("", "urem", other)

    def __pow__(self, other: Operand) -> Number:
        return library("pow", self, other)

    def __neg__(self) -> Number:
        return self.make(self.builder.fneg(self.value) if self.kind.is_float else self.builder.neg(self.value))

    def __and__(self, other: Number | int) -> Number:
        return self._apply("", "and_", other)

    def __or__(self, other: Number | int) -> Number:
        return self._apply("", "or_", other)

    def __xor__(self, other: Number | int) -> Number:
        return self._apply("", "xor", other)

    def __lshift__(self, other: int) -> Number:
        return self._apply("", "shl", other)

    def __rshift__(self, other: int) -> Number:
        return self._apply("", "lshr", other)

    def compare(self, sign: str, other: Operand) -> Number:
        """Return the truth value of a comparison with ``"<"``, ``"<="``, ``"=="``, ``"!="``, ``">="`` or ``">"``."""
        right = self.like(other)
        assert self.kind == right.kind, f"{self.kind.name} {sign} {right.kind.name}"
        if self.kind.is_float:
            of_this = self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered
        else:
            of_this = self.builder.icmp_signed if self.kind.signed else self.builder.icmp_unsigned
        return self.make(of_this(sign, self.value, right.value), BOOLEAN)

    def __lt__(self, other: Operand) -> Number:
        return self.compare("<", other)

    def __gt__(self, other: Operand) -> Number:
        return self.compare(">", other)

    def __ge__(self, other: Operand) -> Number:
        return self.compare(">=", other)


Operand = Number | float  # a number of the program, or one of Python, which is a constant there


def number(builder: ir.IRBuilder, value: Operand) -> Number:
    """Return a Python number as one of the program; one that is of the program already stays."""
    if isinstance(value, Number):
        return value
    kind = kind_of(value)
    return Number(builder, kind.constant(value), kind)


def cast(builder: ir.IRBuilder, value: Operand, kind: Kind) -> Number:
    """Return a number as one of another kind: whole numbers wrap round, floats lose their fraction."""
    if not isinstance(value, Number):
        return Number(builder, kind.constant(value), kind)
    given = value.kind
    if given == kind:
        return value
    if kind == BOOLEAN:
        return value.compare("!=", 0)
    signed = (kind if given.is_float else given).signed
    if given.is_float and kind.is_float:
        convert = builder.fpext if kind.bits > given.bits else builder.fptrunc
    elif given.is_float and kind.bits < 32:  # by way of int32, as NumPy does it: -1.0 is 255 among uint8
        return cast(builder, cast(builder, value, INT32), kind)
    elif given.is_float:
        convert = builder.fptosi if signed else builder.fptoui
    elif kind.is_float:
        convert = builder.sitofp if signed else builder.uitofp
    elif kind.bits == given.bits:
        return value.make(value.value, kind)
    elif kind.bits < given.bits:
        convert = builder.trunc
    else:
        convert = builder.sext if signed else builder.zext
    return value.make(convert(value.value, kind.type), kind)


def alike(builder: ir.IRBuilder, x: Operand, y: Operand) -> tuple[Number, Number]:
    """Return two numbers as numbers of one kind; floats are never converted unless the source says so."""
    if not isinstance(x, Number) and isinstance(y, Number):
        other, first = alike(builder, y, x)
        return first, other
    x = number(builder, x)
    if not isinstance(y, Number):
        whole = isinstance(y, int)
        assert whole or x.kind.is_float, f"{y} beside {x.kind.name}"
        kind = x.kind if x.kind.is_float or x.kind.fits(int(y)) else INT64
    elif x.kind == y.kind:
        return x, y
    else:
        floats = [each.kind.name for each in (x, y) if each.kind.is_float]
        assert not floats, f"{x.kind.name} beside {y.kind.name}"
        kind = KINDS["uint64"] if KINDS["uint64"] in (x.kind, y.kind) else INT64
    return cast(builder, x, kind), cast(builder, y, kind)


def where(condition: Number, x: Number, y: Operand) -> Number:
    """``x`` where the condition holds, else ``y``."""
    return x.make(x.builder.select(condition.value, x.value, x.like(y).value))


def to_bits(x: Number) -> Number:
    """The bits of a float, as a whole number."""
    kind = KINDS[f"int{x.bits}"]
    return x.make(x.builder.bitcast(x.value, kind.type), kind)


def from_bits(x: Number) -> Number:
    """The float of these bits."""
    kind = KINDS[f"float{x.bits}"]
    return x.make(x.builder.bitcast(x.value, kind.type), kind)


def call(name: str, x: Number, *others: Operand) -> Number:
    """Value of one of LLVM's own functions (``"fabs"``, ``"sqrt"``), which become instructions."""
    suffix = f"f{x.bits}" if x.kind.is_float else f"i{x.bits}"
    return _called(f"llvm.{name}.{suffix}", (), x, *others)


def library(name: str, x: Number, *others: Operand, known: bool = True) -> Number:
    """Value of a function of the C library (``"sin"``, ``"pow"``) for floats; LLVM may put to use what it knows of it.

    Of some it knows too much (`known`: False): with finite x and a y that is not 0 it takes ``fmod(x, y)`` for no NaN,
    though y may be one, and what follows is then anything.
    """
    assert x.kind.is_float, f"{name} of {x.kind.name}"
    attributes = PURE if known else (*PURE, "nobuiltin")
    return _called(f"{name}f" if x.bits == 32 else name, attributes, x, *others)


def _called(name: str, attributes: tuple[str, ...], x: Number, *others: Operand) -> Number:
    arguments = [x.value, *(x.like(other).value for other in others)]
    function = declared(x.builder.module, name, ir.FunctionType(x.value.type, [each.type for each in arguments]))
    for attribute in attributes:
        function.attributes.add(attribute)
    return x.make(x.builder.call(function, arguments))


def declared(module: ir.Module, name: str, form: ir.FunctionType) -> Any:
    """Return the declaration of a function that is defined elsewhere."""
    return module.globals.get(name) or ir.Function(module, form, name)


def fused(x: Number, y: Operand, z: Operand) -> Number:
    """``x * y + z``, rounded once where the processor can, else twice: only where either will do."""
    return call("fmuladd", x, y, z)


def polynomial(coefficients: tuple[float, ...], x: Number) -> Number:
    """``c0 + c1 x + c2 x**2 + ...``: neighbours are joined to pairs, these to pairs again, so that few have to wait."""
    parts: list[Operand] = list(coefficients)
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        joined: list[Operand] = [fused(x, high, low) for low, high in pairs]
        parts = joined + parts[len(joined) * 2 :]
        x = x * x
    return x.like(parts[0])
