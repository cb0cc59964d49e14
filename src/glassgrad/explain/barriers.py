"""Where derivatives stop, though a value was computed from an input: at stop_gradient, integers, indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..array_type import is_float
from ..graph import Tensor
from ..words import Sentence, sentence
from .formula import clean
from .run import Run

MOST = 5  # barriers that are put into words


@dataclass(frozen=True, eq=False)
class Barrier:
    """A node at which the derivative stops.

    Attributes
    ----------
    kind : str
        ``"unrelated"``: the output is not computed from the input at all; ``"stop_gradient"``; ``"integer"``: the node
        holds integers or booleans; ``"no_derivative"``: its op has none for the input in question.
    node : Tensor
    source : Tensor
        What the derivative would have gone to.
    """

    kind: str
    node: Tensor
    source: Tensor

    @property
    def sentence(self) -> Sentence:
        """The barrier in words."""
        node, source = called(self.node), called(self.source)
        if self.kind == "unrelated":
            return sentence("{node} is not computed from {source}: there is no path between them.",
                            node=node, source=source)
        if self.kind == "stop_gradient":
            return sentence("{node} cuts the path: the value passes, the derivative does not.", node=node)
        if self.kind == "integer":
            return sentence("{node} holds {dtype}: integers and booleans change in jumps and have no derivative.",
                            node=node, dtype=str(self.node.dtype))
        return sentence("{node} has no derivative by this input, so nothing flows back through it.", node=node)


def called(node: Tensor) -> str:
    """Return op, name, layer and line of a node: what identifies it in any language.

    >>> import glassgrad as gg
    >>> x = gg.tensor(0.0, name="x")
    >>> with gg.scope("layer 1"):
    ...     y = gg.exp(x)
    >>> called(y).split(" (")[0], called(x).split(" (")[0]
    ('exp [layer 1]', 'x')
    """
    own = clean(node.name) if node.name else ""
    kind = "" if node.is_leaf and own else clean(node.op.name)
    layer = f"[{clean(node.path)}]" if node.scope else ""
    place = f"({clean(node.where)})" if node.where else ""
    return " ".join(part for part in (kind, own, layer, place) if part)


def barriers(run: Run, target: Tensor) -> list[Barrier]:
    """Return what stops derivatives on the ways from a run's output back to `target`; empty where nothing does."""
    output = run.output
    related = {target}
    for node in run.order:
        if not related.isdisjoint(node.inputs):
            related.add(node)
    if output not in related:
        return [Barrier("unrelated", output, target)]
    found: list[Barrier] = []
    reached = {output}
    for node in reversed(run.order):
        if node not in reached:
            continue
        if not is_float(node.dtype):
            found.append(Barrier("integer", node, target))
        elif node is not target and node.inputs:
            _look_behind(run, node, related, reached, found)
    return found


def _look_behind(run: Run, node: Tensor, related: set[Tensor], reached: set[Tensor], found: list[Barrier]) -> None:
    """Go on to the inputs that the rule of a node's op has something for."""
    parts = run.pulled(node, np.ones(node.shape, node.dtype)[()])
    for source, part in zip(node.inputs, parts, strict=True):
        if source not in related:
            continue
        if part is not None or not is_float(source.dtype):
            reached.add(source)
        else:
            found.append(Barrier("stop_gradient" if node.op.name == "stop_gradient" else "no_derivative", node, source))
