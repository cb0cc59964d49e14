"""The first view of an interactive page, laid out ahead, so that it is there as soon as the page is.

The page's own script says what is seen; it runs here in the engine that does the layout, too.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

from .elk import evaluate, places_of, script


def first_view(picture: dict[str, Any]) -> dict[str, Any] | None:
    """Return where everything stands that is seen at first; None without the engine: the page then works it out.

    Parameters
    ----------
    picture : dict
        What the page is given: see `states_of`.
    """
    if find_spec("quickjs") is None:
        return None
    graph = evaluate(f"{script('plan.js')} const made = plan(given); "
                     "made.layoutGraph(made.scene(new Set(given.open)))", picture)
    return places_of(json.dumps(graph))
