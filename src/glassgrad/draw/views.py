"""States of an interactive page that are laid out with it, so that they are there as soon as the page is.

The page's own script says which they are and what is seen in them; it runs here, too, in the engine that does the
layout.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

from .elk import evaluate, places_of, script


def views_of(picture: dict[str, Any]) -> list[dict[str, Any]]:
    """Return where everything stands in the first view, then in that with all boxes open if it is not too large.

    Without the engine there are none: the page then works them out.

    Parameters
    ----------
    picture : dict
        What the page is given: see `states_of`.
    """
    if find_spec("quickjs") is None:
        return []
    states = evaluate(
        f"{script('plan.js')} const made = plan(given);"
        "made.firstStates().map((open) => ({open: [...open], graph: made.layoutGraph(made.scene(open))}))", picture)
    return [{"open": state["open"], **places_of(json.dumps(state["graph"]))} for state in states]
