"""Pictures of graphs: values above the lines, derivatives below, boxes that open.

>>> import glassgrad as gg
>>> from glassgrad.draw import draw
>>> x = gg.tensor(0.0, name="x")
>>> print(draw(gg.sigmoid(x), format="text", width=40))
    0             0.5
x ──────────→[σ]───────→
    ←∂ 0.25       ←∂ 1

Formats: ``svg``, ``png``, ``html`` (interactive, one file), ``text``, ``tikz`` and ``dot``. PNG needs the extra
``glassgrad[draw]``; with it the layout of SVG and TikZ is the better one. Labels in Chinese
or Japanese need a font that has them, such as Noto Sans CJK (the Debian package ``fonts-noto-cjk``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import DataError, SettingError, one_of
from ..explain import Diagnosis
from .dot import dot
from .html import html
from .latex import tikz
from .marks import scene_of_why
from .picture import Picture
from .png import png
from .scene import Edge, Node, Scene, scene_of
from .svg import svg
from .text import text

__all__ = ["Edge", "Node", "Picture", "Scene", "dot", "draw", "html", "png", "scene_of", "svg", "text", "tikz"]

FORMATS = ("svg", "png", "html", "text", "tikz", "dot")
THEMES = ("auto", "light", "dark")
ARRAYS = ("auto", "heat", "numbers", "shape")
_SUFFIXES = {".svg": "svg", ".png": "png", ".html": "html", ".htm": "html", ".txt": "text", ".tex": "tikz",
             ".dot": "dot", ".gv": "dot"}


def draw(
    what: Any, *, why: Diagnosis | None = None, backward: bool = True, g: Any = None, depth: int | None = None,
    open: Collection[str] | bool = (),  # noqa: A002 - the library's own verb
    arrays: str = "auto",
    format: str | None = None,  # noqa: A002 - as everywhere that pictures are saved
    path: str | os.PathLike[str] | None = None,
    theme: str = "auto", width: int | None = None, color: bool = False,
) -> Any:
    """Draw a graph with its numbers.

    Parameters
    ----------
    what : Tensor, Graph, Record, model, list of Tensor, or Diagnosis
        A graph without values, or a model, is drawn with shapes; what `glassgrad.why` returns, as what it is about.
    why : Diagnosis, optional
        Marks what carries a gradient (thick lines, derivatives with a dot) and what stops it (dashed nodes with a
        cross). Composites stay closed then.
    backward : bool
        Whether to show derivatives (of the first output).
    g : array_like, optional
        Cotangent that the backward propagation starts with; needed where the output is no single number.
    depth : int, optional
        How many levels of boxes are open; by default as many as one can look at.
    open : collection of str, or bool
        Names of composites to open into their local graphs; True opens all. That closed and opened nodes have the
        same derivatives, `glassgrad.draw.proof` shows with the largest difference; the interactive page says it.
    arrays : {"auto", "heat", "numbers", "shape"}
        How arrays are shown.
    format : {"svg", "png", "html", "text", "tikz", "dot"}, optional
        That of the suffix of `path` by default, else a `Picture`, which a notebook shows.
    path : path, optional
        File to write; nothing is returned then.
    theme : {"auto", "light", "dark"}
        Colours of SVG and PNG.
    width : int, optional
        Columns for text.
    color : bool
        Whether text has ANSI colours.

    Returns
    -------
    str, bytes (PNG), Picture, or None

    Raises
    ------
    SettingError
        If a name is not known, or a package is missing.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import glassgrad as gg
    >>> draw(gg.exp(gg.tensor(0.0)), format="svg")[:40]
    '<svg xmlns="http://www.w3.org/2000/svg" '
    """
    for setting, given, known in (("theme", theme, THEMES), ("arrays", arrays, ARRAYS)):
        if given not in known:
            raise one_of(setting, given, known)
    chosen = format or (_format_of(path) if path is not None else None)
    if chosen is not None and chosen not in FORMATS:
        raise one_of("format", chosen, FORMATS)
    if isinstance(what, Diagnosis):
        what, why = what.of, what
    settings: dict[str, Any] = {"backward": backward, "g": g, "depth": depth, "arrays": arrays}
    if why is not None:
        if chosen == "html" or open:
            raise SettingError("a picture that says why is still and shows composites closed: leave `open` out, and "
                               "choose svg, png, text, tikz or dot.")
        scene = scene_of_why(what, why, **settings)
    elif chosen == "html":
        return _give(html(what, opens=open, **settings), path)
    else:
        scene = scene_of(what, opens=open, **settings)
    if chosen is None:
        return Picture(scene, theme)
    if chosen == "png":
        return _give(png(scene, theme), path)
    if chosen == "svg":
        return _give(svg(scene, theme), path)
    written = text(scene, width, color) if chosen == "text" else tikz(scene) if chosen == "tikz" else dot(scene)
    return _give(written, path)


def _format_of(path: str | os.PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    if not suffix:
        folder = Path(path).is_dir()
        what = "a folder" if folder else "without a suffix, which chooses the format"
        better = str(Path(path) / "graph.svg") if folder else f"{os.fspath(path)}.svg"
        raise SettingError(f"path={os.fspath(path)!r} is {what}; the name of a file is needed, such as {better!r}.")
    if suffix not in _SUFFIXES:
        raise one_of("the file suffix", suffix, _SUFFIXES)
    return _SUFFIXES[suffix]


def _give(content: str | bytes, path: str | os.PathLike[str] | None) -> str | bytes | None:
    if path is None:
        return content
    data = (content.rstrip("\n") + "\n").encode("utf-8") if isinstance(content, str) else content
    try:
        Path(path).write_bytes(data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{os.fspath(path)!r} cannot be written: {reason}. Choose another place.") from None
    return None


class _Callable(ModuleType):
    """A package that bears the name of its function: calling it calls the function, however it was imported."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return draw(*args, **options)


sys.modules[__name__].__class__ = _Callable
