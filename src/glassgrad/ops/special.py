"""The error function, its complement and the bell curve, in plain array arithmetic: within 2 units of the last place.

NumPy has none of them. Near 0 a polynomial in the square serves; further out the complement is ``exp(-x**2) / x`` times
``exp`` of a polynomial, with ``x**2`` split so that the exponential gets it without rounding (the idea of W. J. Cody,
"Rational Chebyshev approximations for the error function", 1969). ``scripts/erf_coefficients.py`` prints the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np

from .define import composite, elementwise, of_floats

SLOPE = 2 / sqrt(pi)
_CENTRE, _SCALE, _OFFSET = 1.2, 1.7412844036697248, 0.5981651376146789
_NEAR = (
    0.1283791670955126, -0.37612638903183754, 0.1128379167095512, -0.02686617064512984, 0.0052239776254232985,
    -0.000854832702193483, 0.00012055332902888736, -1.4925647567519332e-05, 1.6462045441468418e-06,
    -1.6364642158167616e-07, 1.4792401209404813e-08, -1.216456005728345e-09, 8.709045129053106e-11,
    -4.230945824295338e-12,
)
_FAR = (
    -0.08016074479617333, 0.15828046489172132, -0.12063345984714996, 0.03599707124601198, -0.005097077947624223,
    0.0023450016963735697, -0.0015324697877683842, 0.00031382511361900716, -7.548949362625618e-05,
    8.362254396471138e-05, -2.0794177202503652e-05, 2.0465942887457312e-06, -5.4125843723676065e-06,
    1.3885281645802479e-06, 5.818619883650757e-08, 4.1632214811138893e-07, -8.221137259252368e-08,
    -1.7627301430936935e-08, -3.8222811134733925e-08, 4.166045580573296e-10, 1.9431360853850834e-09,
    5.403084094482509e-09, 6.337289083152529e-10, -8.908759873399845e-10, -4.796588477570966e-10,
    1.3627654703696825e-10, 2.8107595391215996e-11,
)


def in_double(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Let a function of one array compute in float64 where NumPy has a narrower float, and round once, at the end."""

    def computed(xp: Any, x: Any) -> Any:
        if x.dtype.kind != "f":
            return function(xp, x * 1.0)
        narrow = xp is np and x.dtype.itemsize < 8
        return function(xp, x.astype(np.float64)).astype(x.dtype) if narrow else function(xp, x)

    return computed


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    result = x * coefficients[-1] + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        result = result * x + coefficient
    return result


def _split(xp: Any, x: Any) -> tuple[Any, Any]:
    """Return ``p`` and ``q`` with ``x**2 = p + q``, p exact and q small; for x up to 40."""
    grid = 1024.0 if x.dtype.itemsize == 8 else 16.0
    coarse = xp.rint(x * grid) / grid
    return coarse * coarse, (x - coarse) * (x + coarse)


def _tail(xp: Any, x: Any) -> Any:
    """``erfc(x)`` for x of at least 3/4; 0 from 28 on, as it is smaller than any float there."""
    x = xp.minimum(x, 28)
    p, q = _split(xp, x)
    shape = _polynomial(_FAR, _SCALE * ((x - _CENTRE) / (x + _CENTRE)) - _OFFSET)
    bulk = xp.exp(-p - 0.5625)
    return (bulk + bulk * xp.expm1(shape - q)) / x


def _erf(xp: Any, x: Any) -> Any:
    size = xp.abs(x)
    inner = xp.where(size < 1, x, 0)
    near = inner + inner * _polynomial(_NEAR, inner * inner)
    return xp.where(size < 1, near, xp.sign(x) * (1 - _tail(xp, xp.maximum(size, 1))))


def _erfc(xp: Any, x: Any) -> Any:
    return xp.where(x < 0.75, 1 - _erf(xp, x), _tail(xp, xp.maximum(x, 0.75)))


def _gaussian(xp: Any, x: Any) -> Any:
    p, q = _split(xp, xp.minimum(xp.abs(x), 40))
    return xp.exp(-p) * xp.exp(-q)


@composite(
    forward=in_double(_gaussian), vjp=lambda xp, g, y, x: (g * (-2 * x * y),), arguments=of_floats, symbol="bell",
    latex="e^{{ -{0}^2 }}",
)
def gaussian(xp: Any, x: Any) -> Any:
    """Bell curve ``exp(-x**2)``; the square is not rounded before the exponential, which would magnify the error.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(round(float(gg.gaussian(1.0)), 6))
    0.367879
    """
    return xp.exp(-xp.square(x))


erf = elementwise(
    "erf", in_double(_erf), lambda xp, g, y, x: (g * (SLOPE * gaussian(xp, x)),),
    "Error function ``2 / sqrt(pi) * integral of exp(-t**2) from 0 to x``; its derivative is the bell curve.",
    latex=r"\mathrm{{erf}}({0})",
)
erfc = elementwise(
    "erfc", in_double(_erfc), lambda xp, g, y, x: (g * (-SLOPE * gaussian(xp, x)),),
    "Complement of the error function, ``1 - erf(x)``, with all its digits where `erf` is nearly 1.",
    latex=r"\mathrm{{erfc}}({0})",
)
