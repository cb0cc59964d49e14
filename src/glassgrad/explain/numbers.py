"""How numbers and arrays become short text, plain and LaTeX.

>>> number(220.00000000000003), number(float("-inf")), value_text([[1.0, 0.5], [0.0, 2.0]])
('220', '-∞', '[[1, 0.5], [0, 2]]')
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

SMALL = 12  # entries up to which an array is written out


def number(value: Any, digits: int = 6) -> str:
    """Return a number with so many significant digits; NaN and infinity as such.

    >>> number(1e-7), number(-0.0), number(True), number(0.1 + 0.2, digits=17)
    ('1e-7', '0', 'True', '0.30000000000000004')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    exact = value.item() if isinstance(value, np.generic) else value
    if isinstance(exact, int) and abs(exact) < 10**15:
        return str(exact)
    real = float(exact)
    if math.isnan(real):
        return "NaN"
    if math.isinf(real):
        return "∞" if real > 0 else "-∞"
    mantissa, _, exponent = f"{real + 0.0:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def number_latex(value: Any, digits: int = 6) -> str:
    r"""Return a number as LaTeX.

    >>> print(number_latex(1.5e-7))
    1.5 \times 10^{-7}
    """
    text = number(value, digits)
    if text in ("NaN", "True", "False"):
        return rf"\mathrm{{{text}}}"
    mantissa, _, exponent = text.replace("∞", r"\infty").partition("e")
    return rf"{mantissa} \times 10^{{{exponent}}}" if exponent else mantissa


def signed(text: str) -> str:
    """Put a negative number into parentheses, as it must stand beside an operator."""
    return f"({text})" if text.startswith("-") else text


def value_text(value: Any, digits: int = 6, limit: int = SMALL) -> str:
    """Return a value as text: a number, a small array written out, or the shape and range of a large one.

    >>> value_text(np.arange(20.0))
    '(20,): min 0, max 19, mean 9.5, 0: 5 %'
    """
    array = np.asarray(value)
    if not array.ndim:
        return number(array[()], digits)
    return _rows(array, digits) if array.size <= limit else summary(array, digits)


def _rows(array: Any, digits: int) -> str:
    entries = [_rows(row, digits) if array.ndim > 1 else number(row, digits) for row in array]
    return f"[{', '.join(entries)}]"


def summary(value: Any, digits: int = 6) -> str:
    """Return shape, range, mean and share of zeros of an array, and how many entries are NaN or infinite."""
    array = np.asarray(value)
    shape = shape_text(array.shape)
    if not array.size:
        return f"{shape}: []"
    real = array.astype(float)
    finite = real[np.isfinite(real)]
    parts = []
    if finite.size:
        with np.errstate(over="ignore"):
            mean = finite.mean()
        parts += [f"min {number(finite.min(), digits)}", f"max {number(finite.max(), digits)}",
                  f"mean {number(mean, digits)}"]
    zeros = int(np.count_nonzero(real == 0))
    if zeros:
        parts.append(f"0: {percent(zeros / real.size)}")
    for name, count in (("NaN", np.isnan(real).sum()), ("±∞", np.isinf(real).sum())):
        if count:
            parts.append(f"{name}: {count}")
    return f"{shape}: {', '.join(parts)}"


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as Python writes it.

    >>> shape_text((2, 3)), shape_text((3,))
    ('(2, 3)', '(3,)')
    """
    return str(tuple(int(size) for size in shape))


def percent(share: float) -> str:
    """Return a share as a percentage that is 0 or 100 only if it is so exactly.

    >>> percent(0.5), percent(0.0001), percent(0.99999), percent(1.0)
    ('50 %', '0.01 %', '99.999 %', '100 %')
    """
    hundredths = 100 * share
    rounded = float(f"{hundredths:.2g}" if hundredths < 99 else f"{hundredths:.6g}")
    return f"{rounded if share == 1 else min(rounded, 99.9999):.6g} %"


def value_latex(value: Any, digits: int = 6, limit: int = SMALL) -> str:
    r"""Return a value as LaTeX: a number, a small vector or matrix, or the shape and range of a large array.

    >>> print(value_latex([[1.0, 2.0], [3.0, 4.0]]))
    \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}
    """
    array = np.asarray(value)
    if not array.ndim:
        return number_latex(array[()], digits)
    if array.ndim > 2 or array.size > limit or not array.size:
        return _range_latex(array, digits)
    rows = array if array.ndim == 2 else array[None, :]
    lines = (" & ".join(number_latex(entry, digits) for entry in row) for row in rows)
    return r"\begin{pmatrix} " + r" \\ ".join(lines) + r" \end{pmatrix}"


def _range_latex(array: Any, digits: int) -> str:
    shape = r" \times ".join(map(str, array.shape))
    real = array.astype(float)
    finite = real[np.isfinite(real)]
    if not finite.size:
        return rf"\left[\,\cdot\,\right]_{{{shape}}}"
    low, high = number_latex(finite.min(), digits), number_latex(finite.max(), digits)
    return rf"\left[{low} \ldots {high}\right]_{{{shape}}}"
