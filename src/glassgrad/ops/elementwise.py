"""Arithmetic and functions of one number, applied entry by entry: a row each.

A row reads: name, forward, rule for the cotangents, what it is. In a rule, ``g`` is the cotangent of the result ``y``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..build import as_tensor, record
from ..graph import Tensor, nodes
from .define import broadcasting, derived, elementwise, primitive

add = elementwise(
    "add", lambda xp, x, y: x + y, lambda xp, g, z, x, y: (g, g),
    "Sum ``x + y``; hands the cotangent on to both.", symbol="+", latex="{0} + {1}", arithmetic=True,
)
subtract = elementwise(
    "subtract", lambda xp, x, y: x - y, lambda xp, g, z, x, y: (g, -g),
    "Difference ``x - y``.", symbol="−", latex="{0} - {1}", arithmetic=True,
)
multiply = elementwise(
    "multiply", lambda xp, x, y: x * y, lambda xp, g, z, x, y: (g * y, g * x),
    "Product ``x * y``; hands back the cotangent times the other operand.", symbol="×", latex=r"{0} \times {1}",
    arithmetic=True,
)
divide = elementwise(
    "divide", lambda xp, x, y: x / y, lambda xp, g, z, x, y: (g / y, -g * z / y),
    "Quotient ``x / y``.", symbol="÷", latex=r"\frac{{ {0} }}{{ {1} }}", public=False, arithmetic=True,
)
reciprocal = elementwise(
    "reciprocal", lambda xp, x: 1 / x, lambda xp, g, y, x: (-g * y * y,),
    "Reciprocal ``1 / x``; the derivative is ``-y**2``.", symbol="/", latex=r"\frac{{1}}{{ {0} }}", arithmetic=True,
)
negative = elementwise(
    "negative", lambda xp, x: -x, lambda xp, g, y, x: (-g,), "Negative ``-x``.", symbol="−", latex="-{0}",
    arithmetic=True,
)
exp = elementwise(
    "exp", lambda xp, x: xp.exp(x), lambda xp, g, y, x: (g * y,),
    "Exponential function; its own derivative.", latex=r"\exp({0})",
)
expm1 = elementwise(
    "expm1", lambda xp, x: xp.expm1(x), lambda xp, g, y, x: (g * xp.exp(x),),
    "``exp(x) - 1`` without the loss of digits near 0.", latex=r"\mathrm{{expm1}}({0})",
)


def _log(xp: Any, x: Any) -> Any:
    """NumPy's logarithm; of float32 taken in float64, since its own is up to 4 units of the last place off."""
    single = xp is np and x.dtype == np.float32
    return xp.log(x.astype(np.float64)).astype(np.float32) if single else xp.log(x)


log = elementwise(
    "log", _log, lambda xp, g, y, x: (g / x,), "Natural logarithm.", latex=r"\log({0})",
)
log1p = elementwise(
    "log1p", lambda xp, x: xp.log1p(x), lambda xp, g, y, x: (g / (1 + x),),
    "``log(1 + x)`` without the loss of digits near 0.", latex=r"\mathrm{{log1p}}({0})",
)
sqrt = elementwise(
    "sqrt", lambda xp, x: xp.sqrt(x), lambda xp, g, y, x: (g / (2 * y),),
    "Square root.", symbol="√", latex=r"\sqrt{{ {0} }}",
)
square = elementwise(
    "square", lambda xp, x: x * x, lambda xp, g, y, x: (g * 2 * x,),
    "Square ``x * x``.", symbol="**2", latex="{0}^2", arithmetic=True,
)
sin = elementwise(
    "sin", lambda xp, x: xp.sin(x), lambda xp, g, y, x: (g * xp.cos(x),), "Sine of an angle in radians.",
    latex=r"\sin({0})",
)
cos = elementwise(
    "cos", lambda xp, x: xp.cos(x), lambda xp, g, y, x: (-g * xp.sin(x),), "Cosine of an angle in radians.",
    latex=r"\cos({0})",
)
abs = elementwise(  # noqa: A001 - NumPy's name
    "abs", lambda xp, x: xp.abs(x), lambda xp, g, y, x: (g * xp.sign(x),),
    "Absolute value; the derivative at 0 is taken as 0.", symbol="|·|", latex=r"\left|{0}\right|",
)
sign = elementwise(
    "sign", lambda xp, x: xp.sign(x), lambda xp, g, y, x: (None,), "Sign: -1, 0 or 1.", latex=r"\mathrm{{sgn}}({0})",
)
identity = elementwise(
    "identity", lambda xp, x: x, lambda xp, g, y, x: (g,), "The same value, as a node of its own.", symbol="=",
    latex="{0}",
)
stop_gradient = elementwise(
    "stop_gradient", lambda xp, x: x, lambda xp, g, y, x: (None,),
    "The same value; no derivative flows back through it.", symbol="⊣", latex="{0}",
)


def _share(xp: Any, g: Any, wins: Any, ties: Any) -> Any:
    """All of the cotangent to the winner, half of it at a tie."""
    return xp.where(wins, g, xp.where(ties, g * 0.5, 0))


maximum = elementwise(
    "maximum", lambda xp, x, y: xp.maximum(x, y),
    lambda xp, g, z, x, y: (_share(xp, g, x > y, xp.equal(x, y)), _share(xp, g, y > x, xp.equal(x, y))),
    "The larger of two. A tie shares the cotangent half and half: neither operand is preferred, so "
    "``maximum(x, 0)`` has the derivative 1/2 at 0, where `relu`, which knows the 0 is fixed, has 0.",
    latex=r"\max({0}, {1})",
)
minimum = elementwise(
    "minimum", lambda xp, x, y: xp.minimum(x, y),
    lambda xp, g, z, x, y: (_share(xp, g, x < y, xp.equal(x, y)), _share(xp, g, y < x, xp.equal(x, y))),
    "The smaller of two; a tie shares the cotangent half and half.", latex=r"\min({0}, {1})",
)
_where = elementwise(
    "where", lambda xp, condition, x, y: xp.where(condition, x, y),
    lambda xp, g, z, condition, x, y: (None, xp.where(condition, g, 0), xp.where(condition, 0, g)),
    "", latex=r"\left({1} \text{{ if }} {0} \text{{ else }} {2}\right)", public=False,
)


@derived
def where_(condition: Any, x: Any, y: Any, /) -> Tensor:
    """``x`` where the condition holds (is not 0), else ``y``; the cotangent goes to the chosen one."""
    condition = as_tensor(condition)
    if condition.dtype.kind != "b":  # a number would have a say in the kind of the result
        condition = nodes.not_equal(condition, 0)
    return record(_where, (condition, x, y))


_TESTS: list[tuple[str, Callable[..., Any], str, str]] = [
    ("less", lambda xp, x, y: x < y, "<", "{0} < {1}"),
    ("less_equal", lambda xp, x, y: x <= y, "≤", r"{0} \le {1}"),
    ("greater", lambda xp, x, y: x > y, ">", "{0} > {1}"),
    ("greater_equal", lambda xp, x, y: x >= y, "≥", r"{0} \ge {1}"),
    ("equal", lambda xp, x, y: xp.equal(x, y), "=", "{0} = {1}"),
    ("not_equal", lambda xp, x, y: xp.not_equal(x, y), "≠", r"{0} \ne {1}"),
    ("isfinite", lambda xp, x: xp.isfinite(x), "finite?", r"\mathrm{{isfinite}}({0})"),
]
for _name, _function, _symbol, _latex in _TESTS:
    elementwise(_name, _function, None, f"Whether {_latex!r} holds, entry by entry.", symbol=_symbol, latex=_latex)


def _power_rule(xp: Any, g: Any, z: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """``y x**(y-1)``, 0 where both are 0, and ``z log x``; for x <= 0, where the second has no value, 0.

    The first is computed as ``y z / x`` where z is neither lost nor infinite: ``y - 1`` would be rounded, and an error
    in an exponent is an error in all digits.
    """
    lowered = xp.where(xp.equal(x, 0), xp.where(xp.equal(y, 0), 1, y - 1), y - 1)
    whole = xp.logical_and(xp.abs(z) > _TINY, xp.isfinite(z))
    exact = xp.logical_and(whole, xp.logical_and(xp.isfinite(x), xp.not_equal(x, 0)))
    slope = xp.where(exact, z / xp.where(exact, x, 1), x**xp.where(exact, 1, lowered))
    return g * y * slope, g * z * xp.log(xp.where(x > 0, x, 1))


_TINY = 1e-30  # below it float32 runs out of digits


_power = elementwise(
    "power", lambda xp, x, y: x**y, _power_rule, "", symbol="**", latex="{{{0}}}^{{ {1} }}", public=False,
)


def _power_by_rule(xp: Any, g: Any, y: Any, x: Any, *, exponent: float) -> tuple[Any]:
    if exponent == 0:
        return (None,)
    return (g * exponent * (x if exponent == 2 else power_by(xp, x, exponent=exponent - 1)),)


@primitive(
    forward=lambda xp, x, *, exponent: x**exponent, vjp=_power_by_rule, infer=broadcasting, symbol="**{exponent:g}",
    latex="{{{0}}}^{{ {exponent:g} }}", arithmetic=True,
)
def power_by(x: Any, exponent: float) -> Any:
    """Power with a fixed exponent, a Python number: one input, one derivative."""
    return (x,), {"exponent": exponent}


@derived
def power(x: Any, y: Any, /) -> Tensor:
    """Power ``x ** y``; a Python number as exponent is part of the op (`power_by`), an array is an input."""
    return nodes.power_by(x, y) if type(y) in (int, float) else record(_power, (x, y))


@derived
def divide_(x: Any, y: Any, /) -> Tensor:
    """Quotient ``x / y``; ``1 / y`` is the op `reciprocal`."""
    return nodes.reciprocal(y) if type(x) in (int, float) and x == 1 else record(divide, (x, y))
