"""Functions of one number, written with Python's operators, that become LLVM instructions where they are called.

    def cube(x: Number) -> Number:
        return x * x * x

    cube_32 = native(cube, types.float32)  # to be called in a function that Numba compiles

The body runs once, while the caller is compiled: each operator appends one instruction. Numba need not infer the types
of its inside, which is what takes the time, and LLVM always inlines it, so that a loop over it can be vectorised. There
are no branches: `where` computes both sides and chooses. Additions and multiplications stay as they are written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

FLOATS = {32: ir.FloatType(), 64: ir.DoubleType()}
WHOLES = {32: ir.IntType(32), 64: ir.IntType(64)}


@dataclass(frozen=True, eq=False)
class Number:
    """A float, a whole number of the same width, or a truth value, that the compiled program will have.

    Comparisons with NaN are false, `!=` is true. Whole numbers wrap round; ``>>`` shifts zeros in.
    """

    builder: ir.IRBuilder
    value: ir.Value
    unsigned: bool = False

    @property
    def is_float(self) -> bool:
        """Whether this is a float."""
        return self.value.type in FLOATS.values()

    @property
    def bits(self) -> int:
        """Width: 32 or 64."""
        return next(bits for bits in FLOATS if self.value.type in (FLOATS[bits], WHOLES[bits]))

    def make(self, value: ir.Value) -> Number:
        """Return a number of the same program."""
        return Number(self.builder, value, self.unsigned)

    def like(self, other: Number | float) -> Number:
        """Return `other`; if it is a Python number, as a constant of this number's type."""
        return other if isinstance(other, Number) else self.make(ir.Constant(self.value.type, other))

    def _apply(self, of_floats: str, of_wholes: str, other: Number | float, turned: bool = False) -> Number:
        operation = getattr(self.builder, of_floats if self.is_float else of_wholes)
        left, right = (self.like(other), self) if turned else (self, self.like(other))
        return self.make(operation(left.value, right.value))

    def __add__(self, other: Number | float) -> Number:
        return self._apply("fadd", "add", other)

    def __radd__(self, other: float) -> Number:
        return self._apply("fadd", "add", other, turned=True)

    def __sub__(self, other: Number | float) -> Number:
        return self._apply("fsub", "sub", other)

    def __rsub__(self, other: float) -> Number:
        return self._apply("fsub", "sub", other, turned=True)

    def __mul__(self, other: Number | float) -> Number:
        return self._apply("fmul", "mul", other)

    def __rmul__(self, other: float) -> Number:
        return self._apply("fmul", "mul", other, turned=True)

    def __truediv__(self, other: Number | float) -> Number:
        return self._apply("fdiv", "", other)

    def __rtruediv__(self, other: float) -> Number:
        return self._apply("fdiv", "", other, turned=True)

    def __neg__(self) -> Number:
        return self.make(self.builder.fneg(self.value))

    def __and__(self, other: Number | int) -> Number:
        return self.make(self.builder.and_(self.value, self.like(other).value))

    def __or__(self, other: Number | int) -> Number:
        return self.make(self.builder.or_(self.value, self.like(other).value))

    def __xor__(self, other: Number | int) -> Number:
        return self.make(self.builder.xor(self.value, self.like(other).value))

    def __lshift__(self, other: int) -> Number:
        return self.make(self.builder.shl(self.value, self.like(other).value))

    def __rshift__(self, other: int) -> Number:
        return self.make(self.builder.lshr(self.value, self.like(other).value))

    def _compare(self, sign: str, other: Number | float) -> Number:
        of_wholes = self.builder.icmp_unsigned if self.unsigned else self.builder.icmp_signed
        compare = self.builder.fcmp_ordered if self.is_float else of_wholes
        return self.make(compare(sign, self.value, self.like(other).value))

    def __lt__(self, other: Number | float) -> Number:
        return self._compare("<", other)

    def __gt__(self, other: Number | float) -> Number:
        return self._compare(">", other)

    def __ge__(self, other: Number | float) -> Number:
        return self._compare(">=", other)


def where(condition: Number, x: Number, y: Number | float) -> Number:
    """``x`` where the condition holds, else ``y``."""
    return x.make(x.builder.select(condition.value, x.value, x.like(y).value))


def equal(x: Number, y: Number | float) -> Number:
    """Whether two floats are equal."""
    return x._compare("==", y)


def to_bits(x: Number) -> Number:
    """The bits of a float, as a whole number."""
    return x.make(x.builder.bitcast(x.value, WHOLES[x.bits]))


def from_bits(x: Number) -> Number:
    """The float of these bits."""
    return x.make(x.builder.bitcast(x.value, FLOATS[x.bits]))


def call(name: str, x: Number, *others: Number | float) -> Number:
    """Value of one of LLVM's own functions (``"fabs"``, ``"sqrt"``), which become instructions."""
    arguments = [x.value, *(x.like(other).value for other in others)]
    function = x.builder.module.declare_intrinsic(f"llvm.{name}", [x.value.type], _signature(x, len(arguments)))
    return x.make(x.builder.call(function, arguments))


def _signature(x: Number, count: int) -> ir.FunctionType:
    return ir.FunctionType(x.value.type, [x.value.type] * count)


def fused(x: Number, y: Number | float, z: Number | float) -> Number:
    """``x * y + z``, rounded once where the processor can, else twice: only where either will do."""
    return call("fmuladd", x, y, z)


def polynomial(coefficients: tuple[float, ...], x: Number) -> Number:
    """``c0 + c1 x + c2 x**2 + ...``: neighbours are joined to pairs, these to pairs again, so that few have to wait."""
    parts: list[Number | float] = list(coefficients)
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        joined: list[Number | float] = [fused(x, high, low) for low, high in pairs]
        parts = joined + parts[len(joined) * 2 :]
        x = x * x
    return x.like(parts[0])


Body = Callable[..., Number]


def native(body: Body, kind: Any) -> Any:
    """Return `body` as a function of numbers of this Numba type, for code that Numba compiles."""
    takes = {
        1: lambda context, x: (kind(kind), _writer(body)),
        2: lambda context, x, y: (kind(kind, kind), _writer(body)),
    }
    return intrinsic(takes[body.__code__.co_argcount])


def both(body: Body) -> tuple[Any, Any]:
    """Return `body` for float32 and for float64."""
    return native(body, types.float32), native(body, types.float64)


def generic(body: Body) -> Any:
    """Return `body` for numbers of whatever type the first one has in a call."""
    takes = {
        1: lambda context, x: (types.unliteral(x)(types.unliteral(x)), _writer(body)),
        2: lambda context, x, y: (types.unliteral(x)(types.unliteral(x), types.unliteral(x)), _writer(body)),
    }
    return intrinsic(takes[body.__code__.co_argcount])


def _writer(body: Body) -> Callable[..., ir.Value]:
    """Return the function by which Numba asks for the instructions of a call."""

    def write(_context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        function = _defined(body, builder.module, signature.args, [value.type for value in values])
        return builder.call(function, values)

    return write


def _defined(body: Body, module: ir.Module, arguments: Any, kinds: list[ir.Type]) -> ir.Function:
    """Return the module's function for that body, written if this is its first use."""
    name = f"glassgrad.{body.__name__}.{arguments[0]}"
    known: ir.Function | None = module.globals.get(name)
    if known is not None:
        return known
    function = ir.Function(module, ir.FunctionType(kinds[0], kinds), name)
    function.linkage = "internal"
    function.attributes.add("alwaysinline")
    builder = ir.IRBuilder(function.append_basic_block())
    unsigned = str(arguments[0]).startswith("u")
    builder.ret(body(*(Number(builder, argument, unsigned) for argument in function.args)).value)
    return function
