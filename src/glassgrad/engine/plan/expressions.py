"""What one entry of a result is, in terms of the entries it comes from: an expression for each elementwise op.

In an expression ``{0}`` and ``{1}`` are the operands, already of the dtype that the op computes in; ``{T}`` is that
dtype and ``{bits}`` its width. Names of functions are those of `scalars`, which native code compiles; ``**`` of two
floats is `math.pow`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...graph import Op
from ...ops.define import OPS

FLOATS, NUMBERS, ALL = "f", "iuf", "biuf"


@dataclass(frozen=True)
class Expression:
    """How an entry is computed, and which kinds of dtype that holds for.

    Attributes
    ----------
    text : str
    kinds : str
        Kinds of the dtype that is computed in.
    cost : int
        About how many additions it takes as long as, where LLVM works on several entries at once.
    """

    text: str
    kinds: str = FLOATS
    cost: int = 1


def _dear(text: str) -> Expression:
    return Expression(text, FLOATS, cost=15)


def _library(text: str) -> Expression:
    """Return an expression that calls the C library for every entry."""
    return Expression(text, FLOATS, cost=300)


_TEXTS: dict[str, Expression] = {
    "add": Expression("{0} + {1}", NUMBERS),
    "subtract": Expression("{0} - {1}", NUMBERS),
    "multiply": Expression("{0} * {1}", NUMBERS),
    "divide": Expression("{0} / {1}"),
    "reciprocal": Expression("{T}(1) / {0}"),
    "negative": Expression("-{0}", NUMBERS),
    "square": Expression("{0} * {0}", NUMBERS),
    "abs": Expression("abs({0})"),
    "sign": Expression("sign({0})"),
    "maximum": Expression("largest_{bits}({0}, {1})"),
    "minimum": Expression("smallest_{bits}({0}, {1})"),
    "relu": Expression("({T}(0) if {0} <= {T}(0) else {0})"),
    "sqrt": Expression("sqrt({0})"),
    "floor": Expression("floor({0})"), "ceil": Expression("ceil({0})"), "trunc": Expression("trunc({0})"),
    "rint": Expression("rint({0})"),
    "identity": Expression("{0}", ALL),
    "stop_gradient": Expression("{0}", ALL),
    "less": Expression("{0} < {1}", ALL), "less_equal": Expression("{0} <= {1}", ALL),
    "greater": Expression("{0} > {1}", ALL), "greater_equal": Expression("{0} >= {1}", ALL),
    "equal": Expression("{0} == {1}", ALL), "not_equal": Expression("{0} != {1}", ALL),
    "isnan": Expression("{0} != {0}"), "isfinite": Expression("{0} - {0} == {T}(0)"),
    "isinf": Expression("abs({0}) == {T}(inf)"),
    "logical_and": Expression("{0} & {1}", "b"), "logical_or": Expression("{0} | {1}", "b"),
    "logical_xor": Expression("{0} ^ {1}", "b"), "logical_not": Expression("not {0}", "b"),
    "exp": _dear("exp_{bits}({0})"), "expm1": _dear("expm1_{bits}({0})"),
    "log": _dear("log_{bits}({0})"), "log1p": _dear("log1p_{bits}({0})"),
    "tanh": _dear("tanh_{bits}({0})"), "sigmoid": _dear("sigmoid_{bits}({0})"),
    "erf": _dear("erf_{bits}({0})"), "erfc": _dear("erfc_{bits}({0})"), "gaussian": _dear("gaussian_{bits}({0})"),
    "power": _library("{0} ** {1}"),
    "sin": _library("sin({0})"), "cos": _library("cos({0})"), "tan": _library("tan({0})"),
    "sinh": _library("sinh({0})"), "cosh": _library("cosh({0})"),
    "arcsin": _library("asin({0})"), "arccos": _library("acos({0})"), "arctan": _library("atan({0})"),
    "exp2": _library("exp2({0})"), "log2": _library("log2({0})"), "log10": _library("log10({0})"),
    "cbrt": _library("cbrt({0})"), "remainder": _library("remainder({0}, {1})"),
    "floor_divide": _library("floor_divide({0}, {1})"),
    "arcsinh": _library("asinh({0})"), "arccosh": _library("acosh({0})"), "arctanh": _library("atanh({0})"),
    "hypot": _library("hypot({0}, {1})"), "arctan2": _library("atan2({0}, {1})"),
    # These have a form of their own in `source`: they look at a parameter, or have operands of several dtypes.
    "where": Expression("({1} if {0} else {2})", ALL),
    "astype": Expression("{0}", ALL),
    "power_by": Expression("", FLOATS, cost=15),
    "one_hot": Expression("", ALL),
}

EXPRESSIONS: dict[Op, Expression] = {op: _TEXTS[op.name] for op in OPS if op.name in _TEXTS}
BY_NAME: dict[str, Op] = {op.name: op for op in OPS}
assert len(EXPRESSIONS) == len(_TEXTS), "an expression belongs to no op"

COMPARISONS = frozenset(
    BY_NAME[name] for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
)
TESTS = frozenset(BY_NAME[name] for name in ("isnan", "isfinite", "isinf"))
