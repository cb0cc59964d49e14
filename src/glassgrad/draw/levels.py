"""A graph in all its levels: every composite with its inside, and numbers of its own on each level.

A closed composite shows what its own rules compute, which stay within the range of the format; its inside shows what
the definition computes from the same inputs and the same arriving derivative.

>>> import glassgrad as gg
>>> x = gg.tensor(1000.0, name="x")
>>> levels = levels_of(gg.sigmoid(x))
>>> [node.op.name for node in levels.flow.order]
['variable', 'constant', 'multiply', 'exp', 'constant', 'add', 'reciprocal']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import CONSTANT, PLACEHOLDER, VARIABLE, Tensor, nodes
from ..origin import NO_PARAMS
from ..place import Scope, inside
from .flow import Edge, Flow, flow_of, traced_model

MOST_NODES = 20_000  # with their insides; composites beyond that cannot be opened


@dataclass(frozen=True, eq=False)
class Levels:
    """A graph with the insides of its composites.

    Attributes
    ----------
    top : Flow
        The graph itself.
    insides : mapping of Tensor to Flow
        What a composite is made of, with its numbers; outer composites first.
    outer : mapping of Tensor to Tensor
        In an inside: what the node stands for that takes the place of an input.
    scopes : mapping of Scope to Tensor
        The composite that a scope is the inside of.
    flow : Flow
        All nodes that are no opened composites, with the numbers of their own levels.
    """

    top: Flow
    insides: Mapping[Tensor, Flow]
    outer: Mapping[Tensor, Tensor]
    scopes: Mapping[Scope, Tensor]
    flow: Flow

    def deepest(self, node: Tensor) -> Tensor:
        """Return the innermost node that computes the value of a node."""
        while True:
            if node in self.outer:
                node = self.outer[node]
            elif node in self.insides:
                node = self.insides[node].outputs[0]
            else:
                return node

    def levels(self) -> Iterable[Flow]:
        """Return the graph, then every inside."""
        return (self.top, *self.insides.values())


def levels_of(what: Any, backward: bool = True, g: Any = None) -> Levels:
    """Return the levels of what `draw` takes; see there for the arguments."""
    top = flow_of(traced_model(what), backward, g)
    insides: dict[Tensor, Flow] = {}
    outer: dict[Tensor, Tensor] = {}
    scopes: dict[Scope, Tensor] = {}
    waiting, size = [top], len(top.order)
    for level in waiting:  # grows while it is gone through
        for node in level.order:
            if node.op.body is None or node in insides or size > MOST_NODES:
                continue
            scope = Scope(node.op.name)
            flow, stands = _inside(node, level, scope)
            insides[node], scopes[scope] = flow, node
            outer.update(stands)
            waiting.append(flow)
            size += len(flow.order)
    return Levels(top, insides, outer, scopes, _merged(top, insides, outer))


def _inside(node: Tensor, level: Flow, scope: Scope) -> tuple[Flow, dict[Tensor, Tensor]]:
    """Return the numbers in a composite, and what its stand-ins stand for."""
    assert node.op.body is not None
    with inside((*node.scope, scope)), np.errstate(all="ignore"):
        stands: dict[Tensor, Tensor] = {}
        for position, source in enumerate(node.inputs):
            if source not in stands:
                stands[source] = _stand_in(source, level, (node, position) in level.parts)
        result = node.op.body(nodes, *[stands[source] for source in node.inputs], **node.params)
        if not isinstance(result, Tensor) or result.is_leaf:
            result = nodes.identity(result)
    g = level.cotangents.get(node)
    flow = flow_of(result, backward=g is not None, g=g)
    return flow, {stand: source for source, stand in stands.items() if stand is not source}


def _stand_in(source: Tensor, level: Flow, returns: bool) -> Tensor:
    """Return a leaf with the value of an input; derivatives end at it if the composite hands one back."""
    if source.op is CONSTANT:
        return source
    value = level.values.get(source)
    op = PLACEHOLDER if value is None else VARIABLE if returns else CONSTANT
    return Tensor(op, (), NO_PARAMS, value, source.type, source.name or source.op.name)


def _merged(top: Flow, insides: Mapping[Tensor, Flow], outer: Mapping[Tensor, Tensor]) -> Flow:
    order: dict[Tensor, None] = {}
    open_levels = [iter(top.order)]
    while open_levels:
        node = next(open_levels[-1], None)
        if node is None:
            open_levels.pop()
        elif node in insides:
            open_levels.append(iter(insides[node].order))
        elif node not in outer:
            order[node] = None
    outputs = []
    for output in top.outputs:
        while output in insides:
            output = insides[output].outputs[0]  # noqa: PLW2901
        outputs.append(output)
    values: dict[Tensor, Any] = {}
    cotangents: dict[Tensor, Any] = {}
    parts: dict[Edge, Any] = {}
    for level in (*reversed(list(insides.values())), top):  # what two levels know, the outer one knows better
        values.update(level.values)
        cotangents.update(level.cotangents)
        parts.update(level.parts)
    return Flow(list(order), tuple(outputs), top.title, values, cotangents, parts, top.seed)
