"""A graph as one interactive HTML file: pan, zoom, open and close layers, step forward and backward.

The file needs nothing from outside: it works from a memory stick, and its Content-Security-Policy lets no request
leave the page. The layout engine travels in it, compressed, and runs in a worker. No file is larger than 700 kB: of a
large graph, inner boxes stay closed and sentences come in one language, which the page says.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Collection
from functools import lru_cache
from html import escape
from importlib import resources
from typing import Any

from .elk import source
from .levels import levels_of
from .metrics import shorten
from .outline import LONGEST_TITLE, Outline
from .pieces import style
from .proof import statement
from .scene import scene_of
from .states import Extent, languages, states_of, story_in_levels
from .text import text
from .views import views_of

# The 85 signs of Git's base 85, with those that could begin something in HTML replaced.
_GIT = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_SIGNS = _GIT.translate(str.maketrans("<>&", ".,:"))
_TO_SIGNS = str.maketrans(_GIT, _SIGNS)
SCRIPTS = ("places.js", "engine.js", "plan.js", "views.js", "words.js", "numbers.js", "paper.js", "page.js")
LARGEST = 700_000  # bytes of a page
_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<script type="text/plain" id="picture">{picture}</script>
<script type="text/plain" id="engine">{engine}</script>
<script>{script}</script>
</body>
</html>
"""


def html(
    what: Any, *, backward: bool = True, g: Any = None, depth: int | None = None, opens: Collection[str] | bool = (),
    arrays: str = "auto",
) -> str:
    """Return the page; see `draw` for the arguments. Composites can be opened in it, and are closed at first.

    Parameters
    ----------
    what : Tensor, Graph, Record, or list of Tensor
    depth : int, optional
        How many levels are open at first; by default those that the user's own scopes make, no composites.
    opens : collection of str, or bool
        Composites that are open at first.
    """
    levels = levels_of(what, backward, g)
    story = story_in_levels(levels, arrays)
    opened = _open_at_first(story.outline, depth, opens)
    proof = statement(what, g) if backward else None
    fallback = text(scene_of(what, backward=backward, g=g, opens=opens, depth=depth, arrays=arrays), 100)
    title = shorten(story.flow.title, LONGEST_TITLE)
    for extent in _extents(len(story.outline.home)):  # the first that is small enough
        picture = states_of(levels, story, opened, extent)
        picture["proof"] = [proof.text(code) if proof else "" for code in extent.languages]
        picture["views"] = []
        page = _written(picture, title, fallback)
        if len(page) > LARGEST:
            continue
        views = views_of(picture)
        for picture["views"] in (views, views[:1]):
            page = _written(picture, title, fallback)
            if len(page) <= LARGEST:
                return page.decode()
    return page.decode()


def _extents(nodes: int) -> list[Extent]:
    """Return what a page of a graph with so many nodes may hold, best first."""
    every = languages()
    return [*([Extent(every, 150), Extent(every, 150, 1_000)] if nodes <= 150 else []),
            *(Extent(every[:1], most, entries) for most, entries in ((400, 4_000), (200, 1_000), (100, 100), (0, 0)))]


def _written(picture: dict[str, Any], title: str, fallback: str) -> bytes:
    sheet, script = style("auto") + _read("page.css"), "".join(map(_read, SCRIPTS))
    policy = (
        f"default-src 'none'; style-src {_digest(sheet)}; script-src {_digest(script)} blob:; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _PAGE.format(
        policy=policy, title=escape(title), style=sheet, script=script, engine=_engine(),
        picture=packed(json.dumps(picture, ensure_ascii=False, separators=(",", ":"))),
        language=next(iter(picture["languages"])).replace("_", "-"),
        body=_filled(_read("body.html"), TITLE=escape(title), FALLBACK=escape(fallback)),
    ).encode()


def _open_at_first(outline: Outline, depth: int | None, opens: Collection[str] | bool) -> set[str]:
    reachable: set[str] = outline.to_depth(depth)
    if depth is not None or opens is True:
        return reachable
    wanted = set() if opens is False else set(opens)
    closed: set[str] = set()
    for box in outline.boxes.values():  # outer ones first
        if box.parent in closed or (box.composite and box.title not in wanted):
            closed.add(box.id)
    return reachable - closed


def _filled(template: str, **parts: str) -> str:
    """Put each part in the place of its name; what a part says is not searched again."""
    pieces = re.split(f"({'|'.join(parts)})", template)
    return "".join(parts.get(piece, piece) for piece in pieces)


def _read(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


@lru_cache(maxsize=1)
def _engine() -> str:
    return packed(source())


def packed(content: str) -> str:
    """Return text compressed and written with 85 signs, none of which means anything in HTML; page.js reads it.

    >>> import string
    >>> set(packed("a" * 100)) <= set(_SIGNS)
    True
    """
    data = gzip.compress(content.encode(), 9, mtime=0)
    return base64.b85encode(data).decode().translate(_TO_SIGNS)
