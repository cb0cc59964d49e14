"""The proof that goes with an opened picture: closed and opened, the derivatives are the same.

>>> import glassgrad as gg
>>> x = gg.tensor(1.0, name="x")
>>> difference = largest_difference(gg.sigmoid(x))
>>> difference < 1e-15
True
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import words
from ..words import Sentence
from .expand import expand
from .flow import flow_of, traced_model
from .numbers import short


def largest_difference(what: Any, g: Any = None) -> float | None:
    """Return the largest difference between the leaves' derivatives before and after opening every composite.

    It is relative to the largest entry of each leaf's derivative. None where there are no derivatives, or nothing to
    open.

    Parameters
    ----------
    what : Tensor, Graph, Record, or list of Tensor
    g : array_like, optional
        Cotangent of the (first) output.
    """
    model = traced_model(what)
    closed = flow_of(model, g=g)
    if not closed.cotangents or all(node.op.body is None for node in closed.order):
        return None
    opened = flow_of(expand(model, True).what, g=g)
    worst = 0.0
    for node, own in closed.cotangents.items():
        if node.is_leaf and node in opened.cotangents:
            with np.errstate(all="ignore"):
                apart = np.max(np.abs(own - opened.cotangents[node]), initial=0.0)
                worst = float(np.maximum(worst, apart / (np.max(np.abs(own), initial=0.0) or 1.0)))
    return worst


def statement(what: Any, g: Any = None) -> Sentence | None:
    """Return the difference in words, in any language; None where there is none to tell."""
    difference = largest_difference(what, g)
    if difference is None:
        return None
    if not np.isfinite(difference):
        return words.sentence(
            "Opened, some numbers leave the range of the format; the closed nodes compute in a form that does not."
        )
    return words.sentence(
        "Opened and closed give the same derivatives: the largest relative difference is {difference}.",
        difference=short(difference),
    )


def sentence(what: Any, g: Any = None) -> str:
    """Return the difference in words; nothing where there is none to tell."""
    return str(statement(what, g) or "")
