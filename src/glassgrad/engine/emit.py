"""Functions of one number, written with Python's operators, that become LLVM instructions where they are called.

    def cube(x: Number) -> Number:
        return x * x * x

    cube_32 = native(cube, types.float32)  # to be called in a function that Numba compiles

The body runs once, while the caller is compiled: each operator appends one instruction. Numba need not infer the types of
its inside, which is what takes the time, and LLVM always inlines it, so that a loop over it can be vectorised. There
are no branches; `where` computes both sides and chooses. Additions and multiplications stay as they are written.
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
        return Number(self.builder, value)

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

    def __lshift__(self, other: int) -> Number:
        return self.make(self.builder.shl(self.value, self.like(other).value))

    def __rshift__(self, other: int) -> Number:
        return self.make(self.builder.lshr(self.value, self.like(other).value))

    def _compare(self, sign: str, other: Number | float) -> Number:
        compare = self.builder.fcmp_ordered if self.is_float else self.builder.icmp_signed
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
    """``c0 + c1 x + c2 x**2 + ...`` by Horner's rule."""
    result = x.like(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = fused(result, x, coefficient)
    return result


def native(body: Callable[..., Number], *arguments: Any, result: Any = None) -> Any:
    """Return `body` as a function that can be called in code that Numba compiles.

    Parameters
    ----------
    body : function of `Number` that returns a `Number`
    *arguments : Numba types
    result : Numba type, optional
        That of the first argument, if left out.
    """
    signature = (result or arguments[0])(*arguments)
    name = f"glassgrad.{body.__name__.lstrip('_')}.{'.'.join(map(str, arguments))}"

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.call(_defined(name, body, builder.module, [value.type for value in values]), values)

    take = {1: lambda typing, x: (signature, generate), 2: lambda typing, x, y: (signature, generate)}
    return intrinsic(take[len(arguments)])


def _defined(name: str, body: Callable[..., Number], module: ir.Module, kinds: list[ir.Type]) -> ir.Function:
    """Return the module's function of that name, written if this is its first use."""
    known: ir.Function | None = module.globals.get(name)
    if known is not None:
        return known
    function = ir.Function(module, ir.FunctionType(kinds[0], kinds), name)
    function.linkage = "internal"
    function.attributes.add("alwaysinline")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(body(*(Number(builder, argument) for argument in function.args)).value)
    return function


def both(body: Callable[..., Number], count: int = 1) -> tuple[Any, Any]:
    """Return `body` for float32 and for float64."""
    return native(body, *[types.float32] * count), native(body, *[types.float64] * count)
