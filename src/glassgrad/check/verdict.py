"""What a check says: plain data, and its forms as text, JSON and HTML. Nothing is computed here.

>>> print(Verdict.WRONG, Verdict.CORRECT.fine, Verdict.NOISE.fine)
WRONG True False
"""

from __future__ import annotations

import enum
import html
import json
import math
from dataclasses import dataclass, field
from typing import Any

from ..errors import GradientError
from .heat_map import HeatMap, as_figure, legend

__all__ = ["Finding", "HeatMap", "Report", "Verdict"]
PAGE = "font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;background:#fff;padding:12px"


class Verdict(enum.Enum):
    """The five things that can be said about a claimed gradient."""

    CORRECT = "CORRECT"
    WRONG = "WRONG"
    NOT_DIFFERENTIABLE = "NOT DIFFERENTIABLE HERE"
    NOISE = "NOISE"
    NOT_EXERCISED = "NOT EXERCISED"

    def __str__(self) -> str:
        return self.value

    @property
    def fine(self) -> bool:
        """Whether nothing speaks against the gradient and it was really measured."""
        return self in (Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE)


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    verdict : Verdict
    text : str
        One sentence.
    safeguard : str
        Which test found it.
    argument, index, output : str, tuple of int, int or None
        Of which derivative; `output` counts entries of the flattened result.
    claimed, measured, bar : float, NaN where nothing was measured
    cause : str
        What probably went wrong; empty if nothing usual fits.
    where : str
        At which variation of the point, or which node of a graph.
    """

    verdict: Verdict
    text: str
    safeguard: str = ""
    argument: str = ""
    index: tuple[int, ...] = ()
    output: int | None = None
    claimed: float = math.nan
    measured: float = math.nan
    bar: float = math.nan
    cause: str = ""
    where: str = ""

    def __str__(self) -> str:
        place = f" [{self.where}]" if self.where else ""
        cause = f" Probable cause: {self.cause}." if self.cause else ""
        return f"{self.text}{place}{cause}"


@dataclass(frozen=True)
class Report:
    """The verdict about one claimed gradient, and what it rests on. Truthy only if nothing speaks against it.

    Attributes
    ----------
    name : str
    verdict : Verdict
    resolution : float
        Relative differences below this could not have been seen.
    findings : tuple of Finding
    entries, evaluations, seconds : how much was measured, and what it took
    maps : tuple of HeatMap
    """

    name: str
    verdict: Verdict
    resolution: float
    findings: tuple[Finding, ...] = ()
    entries: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    maps: tuple[HeatMap, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return self.verdict.fine

    @property
    def cause(self) -> str:
        """The probable cause of the first finding that has one."""
        return next((finding.cause for finding in self.findings if finding.cause), "")

    @property
    def _cost(self) -> str:
        """The resolution, if it was reached, and what was measured for it."""
        measured = f"{self.entries:,} slopes, {self.evaluations:,} evaluations, {self.seconds * 1000:.0f} ms"
        return f"resolution {self.resolution:.0e}; {measured}" if self.verdict.fine else measured

    def __str__(self) -> str:
        shown = [f"  {finding}" for finding in self.findings[:5]]
        more = [f"  ... and {len(self.findings) - 5} more"] if len(self.findings) > 5 else []
        return "\n".join([f"{self.name}: {self.verdict} ({self._cost})", *shown, *more])

    def _repr_html_(self) -> str:
        return self.to_html()

    def assert_correct(self) -> None:
        """Raise a `GradientError` with the whole report unless the gradient was found right."""
        if not self:
            raise GradientError(str(self))

    def to_json(self) -> str:
        """Return the report as JSON text; numbers that JSON does not know become null."""
        data: dict[str, Any] = {
            "name": self.name, "verdict": str(self.verdict), "resolution": self.resolution, "entries": self.entries,
            "evaluations": self.evaluations, "seconds": self.seconds,
            "findings": [{**vars(finding), "verdict": str(finding.verdict)} for finding in self.findings],
            "maps": [vars(part) for part in self.maps],
        }
        return json.dumps(_known(data))

    def to_html(self) -> str:
        """Return the report as a fragment of HTML with a heat map of the relative error for every argument."""
        colour = "#1a7f37" if self.verdict.fine else "#b2182b"
        badge = f"background:{colour};color:#fff;padding:2px 10px;border-radius:10px"
        points = "".join(f"<li>{html.escape(str(finding))}</li>" for finding in self.findings[:20])
        if len(self.findings) > 20:
            points += f"<li>and {len(self.findings) - 20:,} more</li>"
        maps = "".join(as_figure(part) for part in self.maps)
        name = html.escape(self.name)
        return (f'<div class="gradient-report" style="{PAGE}"><p style="margin:0 0 6px"><b>{name}</b> '
                f'<span style="{badge}">{self.verdict}</span> <span style="color:#555">{self._cost}</span></p>'
                + (f'<ul style="margin:6px 0">{points}</ul>' if points else "")
                + (f'<div style="display:flex;flex-wrap:wrap;gap:20px;align-items:flex-start">{maps}</div>{legend()}'
                   if maps else "") + "</div>")


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_known(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
