"""What keeps a derivative small: units that are off, saturated functions, factors of 0, parts that cancel, NaN.

Each check looks at one node with the numbers of one run and says what it finds, with the share of entries concerned.
The local derivatives come from the ops' own rules; only the words depend on the name of the op.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from ..array_type import is_float
from ..graph import Tensor
from ..words import Sentence, sentence
from .barriers import Barrier, barriers, called
from .flow import local_of
from .layers import EXPLODING, VANISHING, Layer, change
from .numbers import number, percent
from .paths import norm
from .run import Edge, Run

LARGEST_SLOPE = {"sigmoid": 0.25, "tanh": 1.0}
SATURATED = 0.01  # share of the largest slope below which a sigmoid or tanh counts as saturated
CANCELLED = 1e-3  # share of the parts that is left of their sum, from which on they count as cancelling
ORDER = ("unrelated", "stop_gradient", "integer", "no_derivative", "nonfinite", "dead_relu", "vanishing", "exploding",
         "saturated", "zero_input", "zero_weight", "cancelled", "relu_off", "zero_factor")


@dataclass(frozen=True, eq=False)
class Finding:
    """One reason why a gradient is as it is.

    Attributes
    ----------
    kind : str
        ``"dead_relu"`` units off for every sample; ``"relu_off"`` entries at which a ReLU is off; ``"saturated"``;
        ``"zero_input"``, ``"zero_weight"``, ``"zero_factor"`` something that the derivative is multiplied by is 0;
        ``"cancelled"`` parts of opposite sign; ``"vanishing"``, ``"exploding"`` over the layers; ``"nonfinite"``;
        ``"stop_gradient"``, ``"integer"``, ``"no_derivative"``, ``"unrelated"`` where the way ends.
    node : Tensor
        Where.
    share : float
        Of the entries or units of that node; 1 where all of it is meant. For ``"vanishing"`` and ``"exploding"`` how
        many times larger the derivative is at the end than at the start; for ``"cancelled"`` what is left.
    sentence : Sentence
    """

    kind: str
    node: Tensor
    share: float
    sentence: Sentence

    def words(self, language: str | None = None) -> str:
        """Return the finding as a sentence."""
        return self.sentence.text(language)

    def __str__(self) -> str:
        return self.words()


def findings(run: Run, layers: list[Layer]) -> list[Finding]:
    """Return everything that was found, the gravest first."""
    found = [_blocked(barrier) for target in run.targets for barrier in _barriers(run, target)]
    found += [*_nonfinite(run), *_over_layers(layers)]
    arriving: dict[Tensor, list[Any]] = {}
    for node in reversed(run.order):
        for edge, part in run.arrivals(node):
            arriving.setdefault(edge.source, []).append(part)
            found += _at_edge(run, edge)
    for node, parts in arriving.items():
        found += _cancelled(run, node, parts)
    return sorted(found, key=lambda finding: (ORDER.index(finding.kind), -finding.share))


def _barriers(run: Run, target: Tensor) -> list[Barrier]:
    """Return what blocks a target; for one of many, only if nothing reaches it at all."""
    return barriers(run, target) if len(run.targets) == 1 or target not in run.cotangents else []


def _blocked(barrier: Barrier) -> Finding:
    return Finding(barrier.kind, barrier.node, 1.0, barrier.sentence)


def _at_edge(run: Run, edge: Edge) -> Iterator[Finding]:
    name = edge.node.op.name
    if name in ("matmul", "affine"):
        yield from _product(run, edge)
        return
    local = local_of(run, edge)
    if local is None or (isinstance(local, float) and abs(local) > SATURATED):
        return
    if not np.size(local) or edge.node.size < edge.source.size:
        return
    if name == "relu":
        yield from _relu(edge, np.asarray(local))
    elif name in LARGEST_SLOPE:
        yield from _saturated(edge, np.asarray(local))
    else:
        yield from _zeros(run, edge, np.asarray(local))


def _relu(edge: Edge, local: Any) -> Iterator[Finding]:
    """Tell units that are off for every sample from single entries that are off."""
    node, off = edge.node, local == 0
    share = float(off.mean())
    rows = off.reshape(-1, off.shape[-1]) if off.ndim > 1 else off.reshape(1, -1)
    dead = off.all() if off.ndim == 0 else rows.all(axis=0)
    count, units = int(np.sum(dead)), int(np.size(dead))
    if count:
        yield Finding("dead_relu", node, count / units, sentence(
            "{node}: {count} of {units} units are dead: their input is 0 or less in every one of the samples ({rows}), "
            "so no derivative flows back through them.",
            node=called(node), count=str(count), units=str(units), rows=str(len(rows))))
    if share:
        yield Finding("relu_off", node, share, sentence(
            "{node}: at {share} of the entries the input is 0 or less, and the derivative is stopped there.",
            node=called(node), share=percent(share)))


def _saturated(edge: Edge, local: Any) -> Iterator[Finding]:
    share = float((np.abs(local) < SATURATED * LARGEST_SLOPE[edge.node.op.name]).mean())
    if share:
        yield Finding("saturated", edge.node, share, sentence(
            "{node} is saturated at {share} of its entries: the output is so close to its limit that less than "
            "{rest} of the largest possible slope is left.",
            node=called(edge.node), share=percent(share), rest=percent(SATURATED)))


def _zeros(run: Run, edge: Edge, local: Any) -> Iterator[Finding]:
    share = float((local == 0).mean())
    if not share:
        return
    if edge.node.op.name == "multiply":
        other = edge.node.inputs[1 - edge.position]
        yield Finding("zero_input", edge.node, share, sentence(
            "{node} multiplies by {other}, which is 0 at {share} of the entries: nothing flows back to {source} there.",
            node=called(edge.node), other=run.labels[other], share=percent(share), source=run.labels[edge.source]))
    else:
        yield Finding("zero_factor", edge.node, share, sentence(
            "{node}: the local derivative is exactly 0 at {share} of the entries.",
            node=called(edge.node), share=percent(share)))


def _product(run: Run, edge: Edge) -> Iterator[Finding]:
    """Look for inputs that are 0 in every sample, and for weights that are all 0."""
    node = edge.node
    if edge.position > 1:
        return
    x, w = (np.asarray(run.read(source)) for source in node.inputs[:2])
    by_input = edge.position == 1
    other = x.reshape(-1, x.shape[-1]) if by_input else (w[:, None] if w.ndim == 1 else w.reshape(-1, *w.shape[-2:])[0])
    zero = (other == 0).all(axis=0 if by_input else 1)
    share = float(zero.mean()) if zero.size else 0.0
    if not share:
        return
    values = {"node": called(node), "x": run.labels[node.inputs[0]], "w": run.labels[node.inputs[1]],
              "share": percent(share)}
    if by_input:
        yield Finding("zero_input", node, share, sentence(
            "{node}: {share} of the columns of {x} are 0 in every sample, so the rows of {w} that belong to them "
            "receive no derivative.", **values))
    else:
        yield Finding("zero_weight", node, share, sentence(
            "{node}: {share} of the rows of {w} are all 0, so the columns of {x} that belong to them receive no "
            "derivative.", **values))


def _cancelled(run: Run, node: Tensor, parts: list[Any]) -> Iterator[Finding]:
    separate = sum(map(norm, parts))
    left = norm(run.cotangents[node]) / separate if len(parts) > 1 and separate else 1.0
    if left < CANCELLED:
        yield Finding("cancelled", node, left, sentence(
            "At {node} the derivatives from {count} sides cancel: of their sizes, {share} is left in the sum.",
            node=run.labels[node], count=str(len(parts)), share=percent(left)))


def _nonfinite(run: Run) -> Iterator[Finding]:
    """Name the first node whose value is NaN or infinite; if there is none, the first derivative that is."""
    forward = next((node for node in run.order if _bad(run.read(node))), None)
    if forward is not None:
        share = float((~np.isfinite(run.read(forward))).mean())
        yield Finding("nonfinite", forward, share, sentence(
            "NaN or infinity first appears in the value of {node}, at {share} of its entries.",
            node=called(forward), share=percent(share)))
        return
    backward = next((node for node in reversed(run.order) if _bad(run.cotangents.get(node, 0.0))), None)
    if backward is not None:
        share = float((~np.isfinite(run.cotangents[backward])).mean())
        yield Finding("nonfinite", backward, share, sentence(
            "All values are finite, but NaN or infinity first appears in the derivative that arrives at {node}, at "
            "{share} of its entries.", node=called(backward), share=percent(share)))


def _bad(value: Any) -> bool:
    if isinstance(value, float):  # NumPy's float64 included: most nodes of a deep graph of numbers
        return not isfinite(value)
    array = np.asarray(value)
    return is_float(array.dtype) and not bool(np.isfinite(array).all())


def _over_layers(layers: list[Layer]) -> Iterator[Finding]:
    overall = change(layers)
    known = [layer for layer in layers if np.isfinite(layer.factor)]
    if not known or VANISHING <= overall <= EXPLODING:
        return
    small = overall < VANISHING
    worst = min(known, key=lambda layer: layer.factor if small else -layer.factor)
    values = {"factor": number(overall, 3), "count": str(len(layers)), "layer": worst.name,
              "least": number(worst.factor, 3)}
    if small:
        text = sentence("The derivative vanishes: on the way back through {count} layers it becomes {factor} times as "
                        "large as it was; the smallest factor is that of {layer}, {least}.", **values)
    else:
        text = sentence("The derivative explodes: on the way back through {count} layers it becomes {factor} times as "
                        "large as it was; the largest factor is that of {layer}, {least}.", **values)
    yield Finding("vanishing" if small else "exploding", worst.nodes[0], overall, text)
