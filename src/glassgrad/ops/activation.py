"""Activation functions and the softmax family: each with its definition, and a form that is exact at the edges.

PyTorch 2.13 and JAX 0.10 return exactly 0 for the derivative of the sigmoid from x > 37 on; ``s(x) s(-x)`` does not.
"""

from __future__ import annotations

from math import exp, pi, sqrt
from typing import Any

from ..errors import ShapeError
from ..graph import Tensor
from .define import axes, composite, elementwise, floats, of_floats, one_axis, setting
from .special import erfc, gaussian, in_double


def _sigmoid(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)) for x >= 0, exp(x) / (1 + exp(x)) below: no overflow on either side, and few roundings."""
    small = xp.exp(-xp.abs(x))
    large = 1 / (1 + small)
    return xp.where(x >= 0, large, small - small * (small * large))


def _sigmoid_vjp(xp: Any, g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g * (y * sigmoid(xp, -x)),)


@composite(
    forward=in_double(_sigmoid), vjp=_sigmoid_vjp, arguments=of_floats, symbol="σ", latex=r"\sigma({0})",
)
def sigmoid(xp: Any, x: Any) -> Any:
    """Logistic function ``1 / (1 + exp(-x))``; its derivative is ``y (1 - y)``, computed as ``y sigmoid(-x)``.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(round(float(gg.sigmoid(1.0)), 6))
    0.731059
    """
    return xp.reciprocal(xp.exp(x * -1) + 1)


@composite(
    forward=lambda xp, x: xp.tanh(x),
    vjp=lambda xp, g, y, x: (g * (4 * sigmoid(xp, 2 * x) * sigmoid(xp, -(2 * x))),), arguments=of_floats,
    latex=r"\tanh({0})",
)
def tanh(xp: Any, x: Any) -> Any:
    """Hyperbolic tangent, ``2 sigmoid(2x) - 1``; its derivative ``1 - y**2`` is computed as ``sech(x)**2``."""
    return 2 * sigmoid(xp, 2 * x) - 1


@composite(
    forward=lambda xp, x: xp.maximum(x, 0), vjp=lambda xp, g, y, x: (xp.where(x <= 0, 0, g),), symbol="ReLU",
    latex=r"\mathrm{{ReLU}}({0})", arithmetic=True,
)
def relu(xp: Any, x: Any) -> Any:
    """``x`` where it is positive, else 0; the derivative at 0 is taken as 0 (the deck's convention).

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.relu([-1.0, 0.0, 2.0])
    Tensor([0., 0., 2.], op=relu)
    """
    return xp.where(x <= 0, 0, x)


def _leaky_arguments(x: Any, *, slope: float = 0.01) -> Any:
    return (floats(x),), {"slope": setting("leaky_relu: slope", slope)}


def _elu_arguments(x: Any, *, alpha: float = 1.0) -> Any:
    return (floats(x),), {"alpha": setting("elu: alpha", alpha)}


@composite(
    arguments=_leaky_arguments, vjp=lambda xp, g, y, x, *, slope: (xp.where(x > 0, g, g * slope),),
    symbol="leaky ReLU", latex=r"\mathrm{{LeakyReLU}}({0})",
)
def leaky_relu(xp: Any, x: Any, *, slope: float) -> Any:
    """``x`` where it is positive, else ``slope * x``; the derivative at 0 is taken as `slope`.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.leaky_relu([-1.0, 2.0], slope=0.1)
    Tensor([-0.1,  2. ], op=leaky_relu)
    """
    return xp.where(x > 0, x, x * slope)


@composite(
    forward=lambda xp, x, *, alpha: xp.where(x > 0, x, xp.expm1(xp.minimum(x, 0)) * alpha),
    vjp=lambda xp, g, y, x, *, alpha: (xp.where(x > 0, g, g * (xp.exp(xp.minimum(x, 0)) * alpha)),),
    arguments=_elu_arguments, symbol="ELU", latex=r"\mathrm{{ELU}}({0})",
)
def elu(xp: Any, x: Any, *, alpha: float) -> Any:
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``; the derivative at 0 is taken as `alpha`.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.elu([0.0, 2.0])
    Tensor([0., 2.], op=elu)
    """
    return xp.where(x > 0, x, (xp.exp(xp.minimum(x, 0)) - 1) * alpha)


@composite(
    forward=lambda xp, x: xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x))),
    vjp=lambda xp, g, y, x: (g * sigmoid(xp, x),), arguments=of_floats, latex=r"\log(1 + e^{{ {0} }})",
)
def softplus(xp: Any, x: Any) -> Any:
    """Smooth ReLU, ``log(1 + exp(x))``; its derivative is the `sigmoid`."""
    return xp.log1p(xp.exp(x))


def _silu(xp: Any, x: Any) -> Any:
    """``x / (1 + exp(-x))``; what is lost when 1 is added is put back.

    Far to the left, where exp(-x) comes to infinity before the quotient comes to 0, 1 + exp(-x) is exp(-x), and
    ``exp(-49)`` is kept apart: ``-x - 49`` is exact.
    """
    border, end = (-700, -758) if x.dtype.itemsize == 8 else (-80, -137)  # at the end the quotient has come to 0
    x, far = xp.maximum(x, end), x < border
    grown = xp.exp(-x - xp.where(far, _SHIFT, 0.0).astype(x.dtype))
    added = xp.where(far, 0.0, 1.0).astype(x.dtype)
    total = grown + added
    rest = total - grown
    lost = xp.where(far, 0.0, (grown - (total - rest)) + (added - rest)).astype(x.dtype)
    y = x / total
    y = y - xp.minimum(y, 1000) * (lost / total)  # infinity too: from there on nothing is lost
    return y * xp.where(far, exp(-_SHIFT), 1.0).astype(x.dtype)


_SHIFT = 49.0
"""``exp(-49)`` lies within 1/15 of half a unit of the last place of a float64, and of a float32."""


def _silu_vjp(xp: Any, g: Any, y: Any, x: Any) -> tuple[Any]:
    """``s (1 + x (1 - s))`` for s = sigmoid(x), which is ``s (1 + x + exp(x)) (1 - s)``.

    The second form keeps its digits where the derivative has its zero, left of 0; far to the left it is ``y + s``.
    """
    s, rest = sigmoid(xp, x), sigmoid(xp, -x)
    left = (1 + x + xp.exp(xp.where(x < 0, x, 0))) * rest
    return (g * xp.where(x < -40, y + s, s * xp.where(x < 0, left, 1 + x * rest)),)


@composite(
    forward=in_double(_silu), vjp=_silu_vjp, arguments=of_floats, symbol="SiLU", latex=r"\mathrm{{SiLU}}({0})",
)
def silu(xp: Any, x: Any) -> Any:
    """``x * sigmoid(x)``, also called swish."""
    return x * sigmoid(xp, x)


def _gelu_vjp(xp: Any, g: Any, y: Any, x: Any) -> tuple[Any]:
    """``Phi(x) + x phi(x)``: the share of the bell curve below x, and its height there."""
    return (g * (erfc(xp, x * -sqrt(0.5)) * 0.5 + x * gaussian(xp, x * sqrt(0.5)) * (1 / sqrt(2 * pi))),)


@composite(vjp=_gelu_vjp, arguments=of_floats, symbol="GELU", latex=r"\mathrm{{GELU}}({0})")
def gelu(xp: Any, x: Any) -> Any:
    """Gaussian error linear unit, ``x Phi(x)``, through `erfc`: its digits hold far to the left too.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(round(float(gg.gelu(1.0)), 6))
    0.841345
    """
    return x * (erfc(xp, x * -sqrt(0.5)) * 0.5)


def _softmax(xp: Any, x: Any, *, axis: int) -> Any:
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))  # the shift changes nothing and keeps exp from overflowing
    return e / xp.sum(e, axis=axis, keepdims=True)


def _softmax_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: int) -> tuple[Any]:
    return (y * (g - xp.sum(g * y, axis=axis, keepdims=True)),)


def _one_axis(x: Any, axis: int = -1) -> Any:
    x = floats(x)
    chosen = one_axis(axis, x.ndim)
    _not_empty(x, (chosen,))
    return (x,), {"axis": chosen - x.ndim}


def _not_empty(x: Tensor, axis: tuple[int, ...]) -> None:
    if 0 in [x.shape[i] for i in axis]:
        raise ShapeError(f"no entries lie along axis {axis[0] if len(axis) == 1 else axis} of shape {x.shape}, and "
                         "none is the largest; at least one is needed.")


@composite(forward=_softmax, vjp=_softmax_vjp, arguments=_one_axis, symbol="Softmax", latex=r"\mathrm{{softmax}}({0})")
def softmax(xp: Any, x: Any, *, axis: int) -> Any:
    """Scores into probabilities: ``exp(x) / sum(exp(x))`` along an axis (the last by default).

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.softmax([0.0, 0.0]).value
    array([0.5, 0.5])
    """
    e = xp.exp(x)
    return e * xp.reciprocal(xp.sum(e, axis=axis, keepdims=True))


def _log_sum(xp: Any, x: Any, shift: Any, ties: Any, axis: Any) -> Any:
    """Logarithm of ``sum(exp(x - shift))``, where those at `ties` are 1: `log1p` keeps what they would swallow."""
    count = xp.maximum(xp.sum(ties.astype(x.dtype), axis=axis, keepdims=True), 1)
    rest = xp.sum(xp.where(ties, 0, xp.exp(x - shift)), axis=axis, keepdims=True)
    return xp.log(count) + xp.log1p(rest / count)


def _log_softmax(xp: Any, x: Any, *, axis: int) -> Any:
    top = xp.max(x, axis=axis, keepdims=True)
    return (x - top) - _log_sum(xp, x, top, xp.equal(x, top), axis)


@composite(
    forward=_log_softmax,
    vjp=lambda xp, g, y, x, *, axis: (g - xp.exp(y) * xp.sum(g, axis=axis, keepdims=True),), arguments=_one_axis,
    latex=r"\log\mathrm{{softmax}}({0})",
)
def log_softmax(xp: Any, x: Any, *, axis: int) -> Any:
    """Logarithm of `softmax`, exact where the softmax itself would round to 0 or 1."""
    return x - xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=True))


def _logsumexp(xp: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    top = xp.max(x, axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(top), top, 0)
    result = top + _log_sum(xp, x, shift, xp.equal(x, top), axis)
    return result if keepdims else xp.squeeze(result, axis)


def _logsumexp_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    shape = tuple(1 if i in axis else size for i, size in enumerate(x.shape))
    return (xp.reshape(g, shape) * xp.exp(x - xp.reshape(y, shape)),)


def _several_axes(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = floats(x)
    chosen = axes(axis, x.ndim)
    _not_empty(x, chosen)
    return (x,), {"axis": chosen, "keepdims": bool(keepdims)}


@composite(forward=_logsumexp, vjp=_logsumexp_vjp, arguments=_several_axes, latex=r"\mathrm{{logsumexp}}({0})")
def logsumexp(xp: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    """``log(sum(exp(x)))`` over the named axes, without overflow."""
    return xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=keepdims))


def _logaddexp_vjp(xp: Any, g: Any, z: Any, x: Any, y: Any) -> tuple[Any, Any]:
    difference = xp.where(xp.equal(x, y), 0, x - xp.where(xp.equal(x, y), 0, y))  # of two infinities too
    return g * sigmoid(xp, difference), g * sigmoid(xp, -difference)


logaddexp = elementwise(
    "logaddexp", lambda xp, x, y: xp.logaddexp(x, y), _logaddexp_vjp,
    "``log(exp(x) + exp(y))`` without overflow.", latex=r"\log(e^{{ {0} }} + e^{{ {1} }})",
)
