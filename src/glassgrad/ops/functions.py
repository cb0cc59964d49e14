"""More functions of one number and of two, entry by entry: a row each, as in `elementwise`."""

from __future__ import annotations

from collections.abc import Callable
from math import log as _ln
from typing import Any

import numpy as np

from ..build import as_tensor, constant
from ..errors import ShapeError
from .define import composite, elementwise

_LN2, _LN10 = _ln(2), _ln(10)

# Logarithms, powers ---------------------------------------------------------------------------------------------------

log2 = elementwise(
    "log2", lambda xp, x: xp.log2(x), lambda xp, g, y, x: (g * (1 / _LN2) / x,), "Logarithm to base 2.",
    latex=r"\log_2({0})",
)
log10 = elementwise(
    "log10", lambda xp, x: xp.log10(x), lambda xp, g, y, x: (g * (1 / _LN10) / x,), "Logarithm to base 10.",
    latex=r"\log_{{10}}({0})",
)


def _exp2_vjp(xp: Any, g: Any, y: Any, x: Any) -> tuple[Any]:
    """``2**x log 2`` is still a number where 2**x has just become infinite: a factor 2 is moved to the logarithm."""
    moved = (x > 1).astype(x.dtype)  # where x - 1 is exact
    return (g * (xp.exp2(x - moved) * (_LN2 * (1 + moved))),)


exp2 = elementwise(
    "exp2", lambda xp, x: xp.exp2(x), _exp2_vjp, "Power of two, ``2**x``.", latex="2^{{ {0} }}",
)


def _cbrt(xp: Any, x: Any) -> Any:
    """NumPy's cube root after one step of Newton's method, which takes its last wrong digit away."""
    y = xp.cbrt(x)
    regular = xp.isfinite(x) & xp.not_equal(x, 0)
    square = xp.where(regular, y * y, 1)
    return xp.where(regular, y - (y - xp.where(regular, x, 1) / square) / 3, y).astype(y.dtype)


cbrt = elementwise(
    "cbrt", _cbrt, lambda xp, g, y, x: (g / (3 * y * y),), "Cube root, of negative numbers too.",
    latex=r"\sqrt[3]{{ {0} }}",
)

# Angles, hyperbolas ---------------------------------------------------------------------------------------------------

tan = elementwise(
    "tan", lambda xp, x: xp.tan(x), lambda xp, g, y, x: (g * (1 + y * y),), "Tangent of an angle in radians.",
    latex=r"\tan({0})",
)
sinh = elementwise(
    "sinh", lambda xp, x: xp.sinh(x), lambda xp, g, y, x: (g * xp.cosh(x),), "Hyperbolic sine.", latex=r"\sinh({0})",
)
cosh = elementwise(
    "cosh", lambda xp, x: xp.cosh(x), lambda xp, g, y, x: (g * xp.sinh(x),), "Hyperbolic cosine.",
    latex=r"\cosh({0})",
)
arcsin = elementwise(
    "arcsin", lambda xp, x: xp.arcsin(x), lambda xp, g, y, x: (g / xp.sqrt((1 - x) * (1 + x)),),
    "Angle between -pi/2 and pi/2 whose sine is ``x``.", latex=r"\arcsin({0})",
)
arccos = elementwise(
    "arccos", lambda xp, x: xp.arccos(x), lambda xp, g, y, x: (-g / xp.sqrt((1 - x) * (1 + x)),),
    "Angle between 0 and pi whose cosine is ``x``.", latex=r"\arccos({0})",
)


def _arctan_rule(xp: Any, g: Any, y: Any, x: Any) -> tuple[Any]:
    """``1 / (1 + x**2)`` without the overflow of the square."""
    length = xp.hypot(x, 1)
    return (g / length / length,)


arctan = elementwise(
    "arctan", lambda xp, x: xp.arctan(x), _arctan_rule, "Angle between -pi/2 and pi/2 whose tangent is ``x``.",
    latex=r"\arctan({0})",
)
arcsinh = elementwise(
    "arcsinh", lambda xp, x: xp.arcsinh(x), lambda xp, g, y, x: (g / xp.hypot(x, 1),), "Number whose `sinh` is ``x``.",
    latex=r"\mathrm{{arcsinh}}({0})",
)
arccosh = elementwise(
    "arccosh", lambda xp, x: xp.arccosh(x), lambda xp, g, y, x: (g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),),
    "Number, not negative, whose `cosh` is ``x``.", latex=r"\mathrm{{arccosh}}({0})",
)
arctanh = elementwise(
    "arctanh", lambda xp, x: xp.arctanh(x), lambda xp, g, y, x: (g / ((1 - x) * (1 + x)),),
    "Number whose `tanh` is ``x``.", latex=r"\mathrm{{arctanh}}({0})",
)


def _not_zero(xp: Any, length: Any) -> Any:
    return xp.where(xp.equal(length, 0), 1, length)


def _hypot_rule(xp: Any, g: Any, z: Any, x: Any, y: Any) -> tuple[Any, Any]:
    length = _not_zero(xp, z)
    return g * (x / length), g * (y / length)


hypot = elementwise(
    "hypot", lambda xp, x, y: xp.hypot(x, y), _hypot_rule,
    "Length ``sqrt(x**2 + y**2)`` without overflow; at the origin both derivatives are taken as 0.",
    latex=r"\sqrt{{ {0}^2 + {1}^2 }}",
)


def _arctan2_rule(xp: Any, g: Any, z: Any, y: Any, x: Any) -> tuple[Any, Any]:
    length = _not_zero(xp, xp.hypot(x, y))
    return g * (x / length / length), g * (-y / length / length)


arctan2 = elementwise(
    "arctan2", lambda xp, y, x: xp.arctan2(y, x), _arctan2_rule,
    "Angle of the point ``(x, y)``, between -pi and pi; the y comes first.", latex=r"\mathrm{{arctan2}}({0}, {1})",
)

# Whole numbers, remainders, logic -------------------------------------------------------------------------------------

_STEPS: list[tuple[str, Callable[..., Any], str, str]] = [
    ("floor", lambda xp, x: xp.floor(x), r"\lfloor {0} \rfloor", "Largest whole number not above ``x``"),
    ("ceil", lambda xp, x: xp.ceil(x), r"\lceil {0} \rceil", "Smallest whole number not below ``x``"),
    ("trunc", lambda xp, x: xp.trunc(x), r"\mathrm{{trunc}}({0})", "Whole part of ``x``, towards 0"),
    ("rint", lambda xp, x: xp.rint(x), r"\mathrm{{rint}}({0})", "Nearest whole number, the even one at a tie"),
]
for _name, _function, _latex, _doc in _STEPS:
    elementwise(
        _name, _function, lambda xp, g, y, x: (None,), f"{_doc}; constant between its steps: no derivative.",
        latex=_latex,
    )
floor_divide = elementwise(
    "floor_divide", lambda xp, x, y: xp.floor_divide(x, y), lambda xp, g, z, x, y: (None, None),
    "Quotient rounded down, ``x // y``; no derivative.", symbol="//", latex=r"\lfloor {0} / {1} \rfloor",
)
remainder = elementwise(
    "remainder", lambda xp, x, y: xp.remainder(x, y), lambda xp, g, z, x, y: (g, -g * xp.floor_divide(x, y)),
    "Remainder ``x - floor(x / y) * y``, with the sign of ``y``: Python's ``%``.", symbol="%",
    latex=r"{0} \bmod {1}",
)

_LOGIC: list[tuple[str, Callable[..., Any], str, str]] = [
    ("isnan", lambda xp, x: xp.isnan(x), "NaN?", r"\mathrm{{isnan}}({0})"),
    ("isinf", lambda xp, x: xp.isinf(x), "infinite?", r"\mathrm{{isinf}}({0})"),
    ("logical_and", lambda xp, x, y: xp.logical_and(x, y), "and", r"{0} \wedge {1}"),
    ("logical_or", lambda xp, x, y: xp.logical_or(x, y), "or", r"{0} \vee {1}"),
    ("logical_xor", lambda xp, x, y: xp.logical_xor(x, y), "xor", r"{0} \oplus {1}"),
    ("logical_not", lambda xp, x: xp.logical_not(x), "not", r"\neg {0}"),
]
for _name, _function, _symbol, _latex in _LOGIC:
    elementwise(
        _name, _function, None, f"NumPy's ``{_name}``, entry by entry: True or False.", symbol=_symbol, latex=_latex
    )

# Limits ---------------------------------------------------------------------------------------------------------------


def _clip_arguments(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:  # noqa: A002
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ShapeError("clip: a limit was given twice, as a_min or a_max and as min or max; give each once.")
    x = as_tensor(x)
    low, high = a_min if min is None else min, a_max if max is None else max
    ends = np.iinfo(x.dtype) if x.dtype.kind in "iu" else None
    lowest, highest = (ends.min, ends.max) if ends else (-np.inf, np.inf) if x.dtype.kind == "f" else (False, True)
    return (x, constant(lowest, dtype=x.dtype) if low is None else low,
            constant(highest, dtype=x.dtype) if high is None else high), {}


def _clip_rule(xp: Any, g: Any, y: Any, x: Any, low: Any, high: Any) -> tuple[Any, Any, Any]:
    over = x > high
    under = xp.logical_and(x < low, xp.logical_not(over))
    return xp.where(over, 0, xp.where(under, 0, g)), xp.where(under, g, 0), xp.where(over, g, 0)


@composite(
    forward=lambda xp, x, low, high: xp.minimum(xp.maximum(x, low), high), vjp=_clip_rule, arguments=_clip_arguments,
    latex=r"\mathrm{{clip}}({0}, {1}, {2})",
)
def clip(xp: Any, x: Any, low: Any, high: Any) -> Any:
    """``x``, but not below `a_min` and not above `a_max`; None sets no limit. On a limit the derivative is 1.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.clip([-2.0, 0.5, 9.0], 0.0, 1.0)
    Tensor([0. , 0.5, 1. ], op=clip)
    """
    return xp.where(x > high, high, xp.where(x < low, low, x))
