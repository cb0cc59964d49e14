"""Heat maps: the relative error of every entry of an argument with its bar, as data and as HTML."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass

CELL = 14
MOST_COLUMNS, MOST_CELLS = 56, 4096
"""Wider arrays are broken into lines; of larger ones the first cells are drawn, and it says so."""
EXACT, LARGE = -14.0, -2.0
"""Powers of ten of the relative error at which the colour begins and ends."""
SHADES = ((247, 251, 255), (158, 202, 225), (253, 174, 97), (178, 24, 43))


@dataclass(frozen=True)
class HeatMap:
    """Relative error of every entry of one argument, and the error bars in the same unit, as nested lists."""

    label: str
    shape: tuple[int, ...]
    error: list[float]
    bar: list[float]


def as_figure(part: HeatMap) -> str:
    """Return one argument: a cell for every entry, coloured by its error, its bar drawn in it as a black line.

    The line is as long as the bar on the scale of the colours: a weak colour with a long line says little.
    """
    columns = min(part.shape[-1] if part.shape and part.shape[-1] else 1, MOST_COLUMNS)
    shown = min(len(part.error), MOST_CELLS)
    rows = -(-shown // columns)
    cells = "".join(_cell(part, position, columns) for position in range(shown))
    left_out = f", the first {shown:,} of {len(part.error):,} entries" if shown < len(part.error) else ""
    known = [error for error in part.error if math.isfinite(error)]
    bars = [bar for bar in part.bar if math.isfinite(bar)]
    caption = (f"<b>{html.escape(part.label)}</b> {html.escape(str(part.shape))}{left_out}<br/>"
               f"largest error {max(known, default=0.0):.1e}, widest bar {max(bars, default=0.0):.1e}")
    return (f'<figure style="margin:0"><figcaption style="margin-bottom:4px">{caption}</figcaption>'
            f'<svg width="{columns * CELL}" height="{rows * CELL}" role="img" '
            f'aria-label="relative error of {html.escape(part.label)}">{cells}</svg></figure>')


def _cell(part: HeatMap, position: int, columns: int) -> str:
    error, bar = part.error[position], part.bar[position]
    x, y = position % columns * CELL, position // columns * CELL
    index = []
    rest = position
    for size in reversed(part.shape):
        index.append(rest % size)
        rest //= size
    said = f"{part.label}{index[::-1] or ''}: relative error {error:.1e} \u00b1 {bar:.1e}"
    known = math.isfinite(error) and math.isfinite(bar)
    fill = _colour(_depth(error)) if known else "#bbb"
    length = round(_depth(bar) * (CELL - 3), 1) if known else 0
    line = f'<rect x="{x + 1}" y="{y + CELL - 4}" width="{length}" height="2" fill="#111"/>' if length else ""
    return (f'<g><title>{html.escape(said)}</title><rect x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" '
            f'fill="{fill}" stroke="#d0d7de" stroke-width="0.5"/>{line}</g>')


def _depth(number: float) -> float:
    """Return where a relative error lies between exact (0) and large (1), by its power of ten."""
    if not number > 0:
        return 0.0
    return min(max((math.log10(number) - EXACT) / (LARGE - EXACT), 0.0), 1.0)


def _colour(depth: float) -> str:
    place = depth * (len(SHADES) - 1)
    low = min(int(place), len(SHADES) - 2)
    mix = (round(a + (b - a) * (place - low)) for a, b in zip(SHADES[low], SHADES[low + 1], strict=True))
    return f"rgb({','.join(str(part) for part in mix)})"


def legend() -> str:
    """Return the legend: colours from exact to large, and what the line in a cell means."""
    steps = range(int(EXACT), int(LARGE) + 1, 2)
    cells = "".join(
        f'<span style="display:inline-block;width:44px;padding:1px 0;text-align:center;font-size:11px;'
        f"background:{_colour(_depth(10.0**power))};color:{'#fff' if power > -4 else '#111'}\">1e{power}</span>"
        for power in steps)
    return (f'<p style="margin:10px 0 0;color:#555;font-size:12px">relative error {cells} &#160; black line: the error '
            "bar on the same scale; grey: could not be measured</p>")
