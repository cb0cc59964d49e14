"""The first view of an interactive page, laid out ahead, so that it is there as soon as the page is.

The page's own script says what is seen; it runs here in the engine that does the layout, too.
"""

from __future__ import annotations

from importlib import resources
from importlib.util import find_spec
from typing import Any

from .elk import ask, evaluate


def first_view(picture: dict[str, Any]) -> dict[str, Any] | None:
    """Return where everything stands that is seen at first; None without the engine: the page then works it out.

    Parameters
    ----------
    picture : dict
        What the page is given: see `states_of`.
    """
    if find_spec("quickjs") is None:
        return None
    script = resources.files(__package__).joinpath("page", "plan.js").read_text(encoding="utf-8")
    looked = "const made = plan(given.picture);"
    graph = evaluate(f"{script} {looked} made.layoutGraph(made.scene(new Set(given.picture.open)))",
                     {"picture": picture})
    answer = ask({"id": 1, "cmd": "layout", "graph": graph, "layoutOptions": {}, "options": {}})
    found: dict[str, Any] = evaluate(f"{script} plan(given.picture).gathered(given.root)",
                                     {"picture": {"boxes": [], "nodes": []}, "root": answer["data"]})
    return _rounded(found)


def _rounded(found: Any) -> Any:
    """Return coordinates with one decimal, however deep they stand."""
    if isinstance(found, dict):
        return {name: _rounded(part) for name, part in found.items()}
    if isinstance(found, list):
        return [_rounded(part) for part in found]
    return round(found, 1) if isinstance(found, float) else found
