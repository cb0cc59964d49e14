"""Every error that glassgrad raises on purpose, as one tree; catch :class:`GlassgradError` to catch them all.

::

    GlassgradError
    ├── ShapeError        (also ValueError)       shapes that do not fit, an axis or index out of range
    ├── DtypeError        (also TypeError)        integers differentiated, object arrays, wrong kinds of input
    ├── TraceError        (also TypeError)        asking a placeholder for the value it does not have
    ├── GradientError     (also ValueError)       a gradient of what has none
    ├── UnsupportedError  (also TypeError, NotImplementedError)   a NumPy function without a rule
    ├── NonFiniteError    (also ArithmeticError)  the first NaN or infinity, named
    ├── SettingError      (also ValueError)       a setting out of its range, an unknown name
    └── DataError         (also ValueError)       data that cannot be used, a file that cannot be read or written

Each message says what was given, what was needed and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DataError",
    "DtypeError",
    "GlassgradError",
    "GradientError",
    "NonFiniteError",
    "SettingError",
    "ShapeError",
    "TraceError",
    "UnsupportedError",
    "kind_of",
    "one_of",
    "refuse_no_function",
    "refuse_no_name",
    "shortened",
]


class GlassgradError(Exception):
    """Root of the tree; never raised itself."""


class ShapeError(GlassgradError, ValueError):
    """Shapes do not fit together, or an axis or index lies outside."""


class DtypeError(GlassgradError, TypeError):
    """A kind of value that the operation cannot take."""


class TraceError(GlassgradError, TypeError):
    """A placeholder was asked for its value while a function is traced."""


class GradientError(GlassgradError, ValueError):
    """A gradient was asked for where there is none."""


class UnsupportedError(GlassgradError, TypeError, NotImplementedError):
    """A NumPy function or option for which glassgrad has no rule."""


class NonFiniteError(GlassgradError, ArithmeticError):
    """A NaN or an infinity turned up; the message names where it was born."""


class SettingError(GlassgradError, ValueError):
    """A setting is unknown or out of its range."""


class DataError(GlassgradError, ValueError):
    """Data or a file cannot be used as it is."""


def refuse_no_function(taker: str, given: object) -> None:
    """Raise a `DtypeError` where something stands in the place of a function that `taker` is to call later.

    >>> refuse_no_function("grad", 3)
    Traceback (most recent call last):
        ...
    glassgrad.errors.DtypeError: grad: a function is needed, to be called later; got 3. Give f itself, not what f(x) is.
    """
    if not callable(given):
        raise DtypeError(f"{taker}: a function is needed, to be called later; got {shortened(given)}. Give f itself, "
                         "not what f(x) is.")


def refuse_no_name(taker: str, given: object) -> None:
    """Raise a `DtypeError` where something stands in the place of a name, which has to be text.

    >>> refuse_no_name("scope", 3)
    Traceback (most recent call last):
        ...
    glassgrad.errors.DtypeError: scope: the name 3 was given, an int; text is needed, such as 'layer 1'.
    """
    if not isinstance(given, str):
        raise DtypeError(f"{taker}: the name {shortened(given)} was given, {kind_of(given)}; text is needed, such as "
                         "'layer 1'.")


def kind_of(value: object) -> str:
    """Return what a value is, with its article.

    >>> kind_of(3), kind_of("x")
    ('an int', 'a str')
    """
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


def one_of(what: str, given: object, known: Iterable[object]) -> SettingError:
    """Return the error for an unknown name, with the nearest known ones first.

    >>> print(one_of("optimizer", "adm", ["sgd", "adam", "adamw"]))
    optimizer 'adm' is not known. Did you mean 'adam'? Known: sgd, adam, adamw.
    """
    names = [str(name) for name in known]
    near = difflib.get_close_matches(str(given), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return SettingError(f"{what} {given!r} is not known.{hint} Known: {', '.join(names)}.")


def shortened(value: object) -> str:
    """Return `value` as it is written, on one line of at most 60 characters."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
