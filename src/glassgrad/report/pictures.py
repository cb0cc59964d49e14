"""The parts of the page that are pictures: the weights of the first layer, and the worst mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .content import Content, Mistake
from .picture import diverging, photograph, reduced
from .section import Section, paragraph
from .words import count, finite, number, plural, shorten, text

__all__ = ["mistakes", "weights"]

Array = np.ndarray[Any, Any]
MOST_UNITS = 100
MOST_MISTAKES = 60
FULL_COLOUR = 0.995  # this share of the weights lies within the scale; the few beyond would make the rest pale


def weights(content: Content) -> Section | None:
    """The weights into each hidden unit, as a picture of the input's shape; None where the input is no picture."""
    if content.weights is None or content.image_shape is None or not np.size(content.weights):
        return None
    W = np.asarray(content.weights, np.float64)
    chosen = _largest(W)
    shown = W[:, chosen]
    sizes = np.abs(shown[np.isfinite(shown)])
    limit = float(np.quantile(sizes, FULL_COLOUR)) if sizes.size else 1.0
    limit = limit or float(sizes.max(initial=0.0)) or 1.0
    in_colour = content.image_shape[2:] == (3,)
    tiles = "".join(_unit(index, W[:, index].reshape(content.image_shape), limit) for index in chosen)
    body = (
        f"{paragraph(_weights_sentence(W, chosen, in_colour))}\n{_scale(limit, in_colour)}\n"
        f'<div class="tiles weights">{tiles}</div>'
    )
    return Section("weights", "What the first layer looks for", body, "First layer")


def _largest(W: Array) -> list[int]:
    """All units in order; of too many, those of largest norm, the largest first."""
    if W.shape[1] <= MOST_UNITS:
        return list(range(W.shape[1]))
    peaks = np.abs(W).max(axis=0)
    scale = peaks[np.isfinite(peaks)].max(initial=0.0) or 1.0  # squares of huge weights would overflow
    norms = np.sqrt((np.nan_to_num(W / scale, nan=0.0, posinf=1.0, neginf=-1.0) ** 2).sum(axis=0))
    return [int(index) for index in np.argsort(-norms, kind="stable")[:MOST_UNITS]]


def _weights_sentence(W: Array, chosen: list[int], in_colour: bool) -> str:
    unit, units = len(chosen), W.shape[1]
    which = (
        f"the {unit} of {count(units)} hidden units whose weights have the largest norm, the largest first"
        if unit < units
        else "the one hidden unit" if units == 1 else f"all {units} hidden units"
    )
    meaning = (
        "A channel brighter than middle grey raises the unit, a darker one lowers it."
        if in_colour
        else "Where a picture is orange, a bright pixel raises the unit; where it is blue, it lowers it."
    )
    return f"The weights from every pixel into {which}. {meaning}"


def _scale(limit: float, in_colour: bool) -> str:
    """The colours with their numbers."""
    end = number(limit, 2)
    style = "ramp grey" if in_colour else "ramp"
    return (
        f'<p class="scale"><span>−{end}</span><span class="{style}"></span><span>{end}</span><span class="remark">'
        "one scale for all, 0 in the middle; weights beyond it have the colour of its end</span></p>"
    )


def _unit(index: int, image: Array, limit: float) -> str:
    with np.errstate(invalid="ignore"):
        known = image[np.isfinite(image)]
    words = f"from {number(known.min(), 3)} to {number(known.max(), 3)}" if known.size else "no finite number"
    address = diverging(reduced(np.nan_to_num(image, nan=0.0, posinf=limit, neginf=-limit)), limit)
    alt = text(f"Weights into unit {index}, {words}")
    return f'<figure><img src="{address}" alt="{alt}" title="{alt}"><figcaption>{index}</figcaption></figure>'


def mistakes(content: Content) -> Section | None:
    """The worst mistakes; None if nobody looked for them."""
    if content.mistakes is None:
        return None
    heading = "Its worst mistakes"
    if not content.mistakes:
        return Section("mistakes", heading, paragraph("There are none."), "Mistakes")
    shown = content.mistakes[:MOST_MISTAKES]
    made = [_mistake(content, mistake) for mistake in shown]
    which = f"The first {len(shown)} of " if len(shown) < len(content.mistakes) else ""
    order = ", the worst first" if len(shown) > 1 else ""
    lead = (
        f"{which}{plural(len(content.mistakes), 'wrong answer')}{order}; in brackets the probability that the network "
        "gave to its answer."
    )
    body = f'{paragraph(lead)}\n<div class="tiles mistakes">{"".join(made)}</div>'
    return Section("mistakes", heading, body, "Mistakes")


def _mistake(content: Content, mistake: Mistake) -> str:
    truth, said = (shorten(content.class_name(which)) for which in (mistake.truth, mistake.predicted))
    probability = finite(mistake.probability)
    sure = f" ({probability:.2f})" if probability is not None else ""
    address = photograph(mistake.image)
    alt = text(f"An example of class {truth}")
    picture = f'<img src="{address}" alt="{alt}">' if address else ""
    words = f"is <strong>{text(truth)}</strong>, read as <strong>{text(said)}</strong>{sure}"
    return f"<figure>{picture}<figcaption>{words}</figcaption></figure>"
