"""The whole page, and the file of it.

The page may load nothing and run nothing: its own Content-Security-Policy allows the one style sheet that stands in
it, named by its hash, and pictures that stand in it; so it is safe to open whatever the data were called.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import cache
from importlib.resources import files

from ..io import write_atomic
from .closing import again, data_source, gradient_check, settings
from .confusion import confusion
from .content import Content
from .curves import curves
from .opening import opening
from .pictures import mistakes, weights
from .section import Section
from .words import shorten, text

__all__ = ["render", "write_report"]

_PARTS = (curves, weights, confusion, mistakes, gradient_check, settings, again, data_source)


def write_report(path: str | os.PathLike[str], content: Content) -> None:
    """Write the report of a training run as one HTML file that needs nothing else.

    Parameters
    ----------
    path : str or path
        The file, such as ``"runs/latest/report.html"``; an older one is replaced in one step.
    content : Content

    Raises
    ------
    DataError
        When the file cannot be written; an older one is then untouched.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "report.html"
    ...     write_report(path, Content("digits, 64-50-10", "digits", result={"test_accuracy": 0.9722}))
    ...     path.read_text(encoding="utf-8").splitlines()[0]
    '<!DOCTYPE html>'
    """
    write_atomic(path, render(content).encode("utf-8"))


def render(content: Content) -> str:
    """Return the report as HTML; the same content gives the same text, byte for byte.

    >>> "97.22 %" in render(Content("digits, 64-50-10", "digits", result={"test_accuracy": 0.9722}))
    True
    """
    sections = [section for part in _PARTS if (section := part(content))]
    body = "\n".join([opening(content), _navigation(sections), "<main>", *(each.html for each in sections), "</main>"])
    return f"{_head(content.title)}\n<body>\n{body}\n</body>\n</html>\n"


def _head(title: str) -> str:
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{text(shorten(title, 200))}: training report</title>
<style>{style}</style>
</head>"""


@cache
def _style() -> str:
    # A parser of HTML reads CRLF as LF, so the hash is that of LF, however the file was checked out.
    return (files(__package__) / "style.css").read_text(encoding="utf-8").replace("\r\n", "\n")


def _navigation(sections: list[Section]) -> str:
    links = "".join(f'<li><a href="#{each.anchor}">{text(each.short or each.heading)}</a></li>' for each in sections)
    return f'<nav aria-label="Parts of this report"><ul>{links}</ul></nav>'
