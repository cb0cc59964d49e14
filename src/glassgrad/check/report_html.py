"""A report as a fragment of HTML: verdict, findings, and for every argument a heat map with its bars."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .verdict import HeatMap, Report

CELL = 14
MOST_COLUMNS, MOST_CELLS = 56, 4096
"""Wider arrays are broken into lines; of larger ones the first cells are drawn, and it says so."""
EXACT, LARGE = -14.0, -2.0
"""Powers of ten of the relative error at which the colour begins and ends."""
SHADES = ((247, 251, 255), (158, 202, 225), (253, 174, 97), (178, 24, 43))
FONT = "font-family:system-ui,sans-serif;font-size:14px;line-height:1.45;color:#1a1a1a;background:#fff"


def as_html(report: Report) -> str:
    """Return the fragment; it carries its own styles and needs nothing from outside."""
    good = report.verdict.fine
    badge = f"background:{'#1a7f37' if good else '#b2182b'};color:#fff;padding:2px 10px;border-radius:10px"
    about = (f"resolution {report.resolution:.0e} &#183; " if good else "") + (
        f"{report.entries:,} slopes &#183; {report.evaluations:,} evaluations &#183; {report.seconds * 1000:.0f} ms")
    points = "".join(f"<li>{html.escape(str(finding))}</li>" for finding in report.findings[:20])
    more = len(report.findings) - 20
    points += f"<li>and {more:,} more</li>" if more > 0 else ""
    maps = "".join(_figure(part) for part in report.maps)
    return (f'<div class="gradient-report" style="{FONT};padding:12px">'
            f'<p style="margin:0 0 6px"><b>{html.escape(report.name)}</b> <span style="{badge}">{report.verdict}</span> '
            f'<span style="color:#555">{about}</span></p>'
            + (f'<ul style="margin:6px 0">{points}</ul>' if points else "")
            + (f'<div style="display:flex;flex-wrap:wrap;gap:20px;align-items:flex-start">{maps}</div>{_scale()}'
               if maps else "") + "</div>")


def _figure(part: HeatMap) -> str:
    """Return one argument: a cell for every entry, coloured by its error, its bar drawn in it as a black line.

    The line is as long as the bar on the same scale: where it is longer than the colour is strong, the error is hidden
    in the bar.
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


def _scale() -> str:
    """Return the legend: colours from exact to large, and what the line in a cell means."""
    steps = range(int(EXACT), int(LARGE) + 1, 2)
    cells = "".join(
        f'<span style="display:inline-block;width:44px;padding:1px 0;text-align:center;font-size:11px;'
        f"background:{_colour(_depth(10.0**power))};color:{'#fff' if power > -4 else '#111'}\">1e{power}</span>"
        for power in steps)
    return (f'<p style="margin:10px 0 0;color:#555;font-size:12px">relative error {cells} &#160; black line: the error '
            "bar on the same scale; grey: could not be measured</p>")
