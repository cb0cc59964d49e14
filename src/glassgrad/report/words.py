"""Words and numbers as a reader wants them, safe to stand in HTML.

>>> text("<b> & co"), percent(0.9722), scientific(1.4e-7), duration(200)
('&lt;b&gt; &amp; co', '97.22 %', '1.4×10⁻⁷', '3 min 20 s')
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

__all__ = [
    "count", "duration", "finite", "number", "percent", "plain", "plural", "power_of_ten", "scientific", "shorten",
    "text", "value",
]

# Characters that no page can hold (controls, lone surrogates, noncharacters) or that turn the text around them about.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SHOWN_ITEMS = 50


def text(given: object) -> str:
    """`given` as text that is only text in HTML, in an element or a quoted attribute.

    >>> text('"><script>alert(1)</script>')
    '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'
    >>> text("a" + chr(0) + "b")
    'a\ufffdb'
    """
    return html.escape(_UNFIT.sub("\ufffd", str(given)), quote=True)


def shorten(given: object, length: int = 40) -> str:
    """`given` as text of at most `length` characters (not escaped).

    >>> shorten("a long name", 7)
    'a long…'
    """
    words = str(given)
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def finite(given: object) -> float | None:
    """`given` as a finite float, or None for everything else.

    >>> finite(3), finite(float("nan")), finite(None), finite("x"), finite(10**400)
    (3.0, None, None, None, None)
    """
    try:
        result = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def count(given: float) -> str:
    """A whole number with its thousands apart.

    >>> count(3760)
    '3,760'
    """
    return f"{round(given):,}".replace("-", "−")


def plural(how_many: int, one: str, several: str = "") -> str:
    """A number with its noun.

    >>> plural(1, "epoch"), plural(1440, "iteration"), plural(2, "class", "classes")
    ('1 epoch', '1,440 iterations', '2 classes')
    """
    return f"{count(how_many)} {one if how_many == 1 else several or one + 's'}"


def percent(fraction: float) -> str:
    """A fraction as a percentage; only all is 100 %, and only none is 0 %.

    >>> percent(1), percent(0.999999), percent(0), percent(1e-6)
    ('100 %', '99.99 %', '0 %', '0.01 %')
    """
    if fraction in (0, 1):
        return f"{100 * fraction:.0f} %"
    shown = min(max(100 * fraction, 0.01), 99.99) if 0 < fraction < 1 else 100 * fraction
    return f"{plain(shown, 2)} %"


def plain(given: float, decimals: int) -> str:
    """A number with this many decimals and a true minus sign.

    >>> plain(-1.5, 2)
    '−1.50'
    """
    return f"{given:,.{decimals}f}".replace("-", "−")


def scientific(given: float, digits: int = 2, trimmed: bool = False) -> str:
    """A number as mantissa and power of ten; `trimmed` leaves out zeros at the mantissa's end.

    >>> scientific(-1.25e-10, 3), scientific(0), scientific(1e5), scientific(1e5, trimmed=True)
    ('−1.25×10⁻¹⁰', '0', '1.0×10⁵', '1×10⁵')
    """
    if given == 0:
        return "0"
    mantissa, exponent = f"{given:.{digits - 1}e}".split("e")
    if trimmed and "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa.replace('-', '−')}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def number(given: float, digits: int = 4) -> str:
    """A number with `digits` significant digits, in the form that is shortest to read.

    >>> number(0.1), number(0.01234567), number(123456.0), number(2.5e-7), number(float("nan")), number(-float("inf"))
    ('0.1', '0.01235', '123,456', '2.5×10⁻⁷', 'not a number', '−∞')
    """
    if math.isnan(given):
        return "not a number"
    if math.isinf(given):
        return "∞" if given > 0 else "−∞"
    size = abs(given)
    if size and not 1e-4 <= size < 1e9:
        return scientific(given, digits, trimmed=True)
    if size >= 10 ** (digits - 1):
        return plain(given, 0)
    return f"{given:,.{digits}g}".replace("-", "−")


def power_of_ten(given: float) -> str:
    """A number at the mark of an axis: shorter than by `number` where it is a power of ten.

    >>> power_of_ten(1e-5), power_of_ten(2e-5), power_of_ten(0.01)
    ('10⁻⁵', '2×10⁻⁵', '0.01')
    """
    return number(given, 3).removeprefix("1×")


def duration(seconds: float) -> str:
    """A time span.

    >>> duration(0.0421), duration(0.4213), duration(12.34), duration(59.97), duration(3725)
    ('42 ms', '0.42 s', '12.3 s', '1 min 0 s', '1 h 2 min')
    """
    if seconds < 0.0995:
        return f"{1000 * seconds:.2g} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def value(given: Any) -> str:
    """A setting as a person would write it (not escaped).

    >>> value(True), value(0.1), value([50, 20]), value({"decay": 1e-5}), value(None), value("sgd"), value(())
    ('yes', '0.1', '50, 20', 'decay: 1×10⁻⁵', 'none', 'sgd', 'none')
    """
    if given is None:
        return "none"
    if isinstance(given, (bool, np.bool_)):
        return "yes" if given else "no"
    if isinstance(given, Mapping):
        return _listed(f"{key}: {value(item)}" for key, item in given.items())
    if isinstance(given, (list, tuple)):
        return _listed(value(item) for item in given)
    return number(float(given), 6) if isinstance(given, (float, np.floating)) else shorten(given, 1000)


def _listed(items: Iterable[str]) -> str:
    shown = list(items)
    left = len(shown) - _SHOWN_ITEMS
    return ", ".join(shown[:_SHOWN_ITEMS]) + (f" and {left:,} more" if left > 0 else "") or "none"
