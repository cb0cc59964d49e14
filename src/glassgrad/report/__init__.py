"""The report of a training run: one HTML file that needs nothing else, neither a network nor a script.

Fill a `Content` and call `write_report`; `render` gives the same page as text.
"""

from __future__ import annotations

from .content import Content, GradientRow, Mistake
from .page import render, write_report

__all__ = ["Content", "GradientRow", "Mistake", "render", "write_report"]
