"""How wide a text will be, without asking a font: the widths of DejaVu Sans, one em for a Chinese or Japanese sign.

DejaVu Sans is wider than most fonts, so a text set in another one fits as well.
"""

from __future__ import annotations

import unicodedata

WIDE_FONTS = "'Noto Sans CJK TC', 'Noto Sans CJK JP', 'Microsoft JhengHei', 'PingFang TC', 'DejaVu Sans', sans-serif"
FONTS = "'DejaVu Sans', 'Noto Sans CJK TC', 'Noto Sans CJK JP', sans-serif"

# Advance widths of the signs from space to tilde, in hundredths of an em.
_ASCII = (
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69,
    61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63,
    59, 82, 59, 59, 52, 64, 34, 64, 84,
)
_OTHER = {"×": 84, "−": 84, "÷": 84, "≤": 84, "∞": 83, "∂": 52, "·": 32, "Σ": 63, "σ": 63}


def width(text: str, size: float) -> float:
    """Return the width of `text` in a font of `size` pixels.

    >>> round(width("apple", 10), 1), width("蘋果", 10)
    (27.7, 20.0)
    """
    return sum(map(_hundredths, text)) * size / 100


def _hundredths(sign: str) -> int:
    code = ord(sign)
    if 32 <= code < 127:
        return _ASCII[code - 32]
    if sign in _OTHER:
        return _OTHER[sign]
    if unicodedata.combining(sign):
        return 0
    return 100 if unicodedata.east_asian_width(sign) in "WF" else 72


def columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes.

    >>> columns("apple"), columns("蘋果")
    (5, 4)
    """
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shorten(text: str, most: int) -> str:
    """Return `text` on one line without control signs, cut to `most` columns with an ellipsis.

    >>> shorten("a very long name", 8), shorten("a\\x1b[31m\\nb", 20)
    ('a very …', 'a[31m b')
    """
    clean = "".join(" " if c in "\t\n\r\u2028\u2029" else c for c in text if _shown(c))
    if columns(clean) <= most:
        return clean
    kept = ""
    for sign in clean:
        if columns(kept + sign) > most - 1:
            break
        kept += sign
    return kept + "…"


def _shown(sign: str) -> bool:
    """Whether a sign may stand in a picture: no controls, no marks that turn the direction of writing."""
    return sign in "\t\n\r\u2028\u2029" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")
