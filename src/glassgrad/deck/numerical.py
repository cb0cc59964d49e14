"""Numerical differentiation as the deck does it: change one entry at a time, and see what the function does.

>>> print(numerical_gradient(lambda x: np.sum(x**2), np.array([3, 4])).round(9))
[6. 8.]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array_type import Array, numeric
from ..errors import GradientError, SettingError, ShapeError
from ..graph import Tensor
from .step import floats


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> Any:
    """Gradient of a function of an array by central differences, ``(f(x + s) - f(x - s)) / 2s`` entry by entry.

    A writable array of floats is changed in place while `f` is called, so that the deck's ``lambda W: net.loss(x, t)``,
    which ignores its argument and reads the same array, works; it is restored bit for bit, also when `f` fails.
    Anything else (integers, a read-only array, a list, a number) is converted, and `f` gets the converted one.

    Parameters
    ----------
    f : callable
        Takes the array, returns a single number.
    x : array_like
    h : float
        Step for entries up to 1 in size; larger ones take ``h * |x|``. In float32 at least 0.005, since smaller steps
        drown in its rounding; `f` is then handed the same numbers in float64.

    Returns
    -------
    array of float64, of the shape of `x`

    Raises
    ------
    GradientError
        If `f` gives the same number whatever stands in `x`: it reads another array, for instance a copy.
    ShapeError, SettingError
        If `f` returns more than one number; if `h` is not positive.

    Examples
    --------
    >>> x = np.array([2.0])
    >>> print(numerical_gradient(lambda ignored: x[0] ** 2, x).round(9), x)
    [4.] [2.]
    """
    if not h > 0:
        raise SettingError(f"numerical_gradient: h is {h!r}; a step greater than 0 is needed, such as 1e-4.")
    given = floats(x)
    in_place = given is x and isinstance(given, np.ndarray) and given.flags.writeable
    array = given if in_place else np.array(given)
    probe = _Probe(f, array)
    try:
        gradient = probe.differences(h)
        if not probe.noticed and array.size:
            probe.require_dependence(in_place)
    finally:
        array[...] = probe.original
    return gradient[()]


class _Probe:
    """A function, the array it looks at, and whether it has ever answered differently."""

    def __init__(self, f: Callable[[Any], Any], array: Array) -> None:
        self.f = f
        self.array = array
        self.original = array.copy()
        # What f is handed: the array itself, or its numbers in float64 where the array's own are coarser.
        self.shown = array if array.dtype.itemsize >= 8 else array.astype(np.float64)
        self.first: float | None = None
        self.noticed = False

    def differences(self, h: float) -> Array:
        above, below, width = _neighbours(self.original, h)
        high, low = np.empty(self.array.shape), np.empty(self.array.shape)
        for index in np.ndindex(self.array.shape):
            high[index] = self._with(index, above[index])
            low[index] = self._with(index, below[index])
            self._set(index, self.original[index])
        with np.errstate(all="ignore"):  # infinities in x or f give NaN here, which is the answer
            return (high - low) / width

    def require_dependence(self, in_place: bool) -> None:
        """Change all entries by more than their own size; raise if `f` does not notice that either."""
        signs = np.where(np.arange(self.array.size).reshape(self.array.shape) % 2, -1, 1)
        try:
            with np.errstate(all="ignore"):
                for scale in (2, -2):
                    self._with(..., self.original + signs * scale * (1 + np.abs(self.original)))
        except (ArithmeticError, ValueError):
            return  # an error for other values of x is an answer to them
        if not self.noticed:
            raise GradientError(
                f"numerical_gradient: f gave {self.first} whatever stood in x, so it does not depend on the array that "
                + ("was given. Give the array that f reads, not a copy of it, or let f use its argument."
                   if in_place else
                   "was made from x (x is not a writable array of floats). Let f use its argument, or give x as a "
                   "writable float array.")
            )

    def _set(self, index: Any, value: Any) -> None:
        self.array[index] = value
        if self.shown is not self.array:
            self.shown[index] = value

    def _with(self, index: Any, value: Any) -> float:
        self._set(index, value)
        answer = _number(self.f(self.shown))
        if self.first is None:
            self.first = answer
        elif answer != self.first:
            self.noticed = True
        return answer


def _neighbours(x: Array, h: float) -> tuple[Array, Array, Array]:
    """Return ``x + s`` and ``x - s`` as the dtype of x can hold them, and their actual distance."""
    with np.errstate(all="ignore"):
        step = max(h, np.cbrt(np.finfo(x.dtype).eps) if x.dtype.itemsize < 8 else 0) * np.maximum(np.abs(x), 1)
        above, below = (x + step).astype(x.dtype), (x - step).astype(x.dtype)
        width = above.astype(np.float64) - below.astype(np.float64)
    if (width == 0).any():
        raise SettingError(f"numerical_gradient: h is {h!r}, which changes no {x.dtype}; take 1e-4, or 1e-8 at least.")
    return above, below, width


def _number(answer: Any) -> float:
    value = numeric(answer.value if isinstance(answer, Tensor) else answer)
    if value.size != 1:
        raise ShapeError(f"numerical_gradient: f returned shape {value.shape}; a single number is needed: sum it.")
    return float(value.item())
