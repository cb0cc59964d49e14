"""How the size of the derivative changes from layer to layer on its way back.

A layer is a scope; outside of scopes, every node is one. Sizes are root mean squares, so that layers of different width
can be compared; steps between a single number and an array, such as a mean, are left out for the same reason.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import PARAMETER, Tensor
from .formula import clean
from .matrix import PRODUCTS
from .paths import norm
from .run import Edge, Run

VANISHING, EXPLODING = 1e-3, 1e3


@dataclass(frozen=True, eq=False)
class Layer:
    """What a layer makes of the derivative.

    Attributes
    ----------
    name : str
    nodes : tuple of Tensor
    arrives, leaves : float
        Root mean square of the derivative at its output, and at its input.
    """

    name: str
    nodes: tuple[Tensor, ...]
    arrives: float
    leaves: float

    @property
    def factor(self) -> float:
        """How many times larger it is behind the layer than before it."""
        return self.leaves / self.arrives if self.arrives else float("nan")


def rms(array: Any) -> float:
    """Return the root mean square of all entries."""
    return norm(array) if isinstance(array, float) else norm(array) / float(np.sqrt(max(1, np.size(array))))


def layers(run: Run) -> list[Layer]:
    """Return the layers that derivatives pass through, from the output back to the inputs."""
    groups: dict[Hashable, list[Tensor]] = {}
    for node in reversed(run.order):
        if node in run.cotangents and node.inputs:
            groups.setdefault(node.scope or node, []).append(node)
    found = (_layer(run, tuple(members)) for members in groups.values())
    return [layer for layer in found if layer is not None]


def _layer(run: Run, members: tuple[Tensor, ...]) -> Layer | None:
    """Compare what arrives from outside the layer with what leaves it; the weights' own derivatives do not count."""
    inside = set(members)
    edges = [edge for node in members for edge in run.edges(node) if edge.source not in inside]
    ends = list(dict.fromkeys(edge.source for edge in edges if not _to_weights(edge)))
    used = {source for node in members for source in node.inputs}
    starts = [node for node in members if node not in used]
    arriving = [run.cotangents[node] for node in starts]
    leaving = [run.cotangents[node] for node in ends]
    if not leaving or not arriving or (np.size(arriving[0]) == 1 and any(np.size(part) > 1 for part in leaving)):
        return None
    first = members[0]
    name = clean(first.path) if first.scope else str(run.labels[first])
    return Layer(name, members, max(map(rms, arriving)), max(map(rms, leaving)))


def _to_weights(edge: Edge) -> bool:
    """Whether an edge leads to weights or a bias: their derivative is a sum over the batch, of another scale."""
    in_product = edge.node.op.name in PRODUCTS and edge.position > 0
    return not edge.source.inputs and (edge.source.op is PARAMETER or in_product)


def change(found: list[Layer]) -> float:
    """Return how the derivative has changed over all layers: near 0 it vanishes, very large it explodes."""
    known = [layer for layer in found if np.isfinite(layer.arrives) and np.isfinite(layer.leaves)]
    if len(known) < 2 or not known[0].arrives:
        return 1.0
    return known[-1].leaves / known[0].arrives
