"""A graph with the same outputs and fewer nodes: common subexpressions once, no copies, nothing that nobody needs.

>>> import glassgrad as gg
>>> graph = gg.trace(lambda x: gg.exp(x) * gg.exp(x))(1.0)
>>> len(graph.operations), len(simplify(graph).operations)
(3, 2)
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from .build import ancestors
from .graph import CONSTANT, Tensor
from .trace import Graph, copy_node


def simplify(graph: Graph) -> Graph:
    """Return an equal graph on the same inputs; nodes that were merged keep the name and place of the first."""
    kept: dict[Tensor, Tensor] = {}
    known: dict[Hashable, Tensor] = {}
    for node in ancestors(graph.outputs):
        inputs = tuple(kept[source] for source in node.inputs)
        if node.op.name == "identity":
            kept[node] = inputs[0]
            continue
        key = _key(node, inputs)
        if key not in known:
            known[key] = node if inputs == node.inputs else copy_node(node, inputs)
        kept[node] = known[key]
    outputs = [kept[node] for node in graph.outputs]
    return Graph(graph.inputs, outputs, graph.name, takes=graph.takes, gives=graph.gives)


def _key(node: Tensor, inputs: tuple[Tensor, ...]) -> Hashable:
    """Return what makes a node replaceable by another: the same op on the same inputs, or an equal small constant."""
    if node.op is CONSTANT and node.value is not None and node.size == 1:
        return node.op, node.type, node.value.tobytes()
    if node.is_leaf:
        return node
    return node.op, inputs, params_key(node)


def params_key(node: Tensor) -> Hashable:
    """Return what is equal for two nodes of one op if their parameters are, those that are NaN too."""
    return tuple((name, _typed(value)) for name, value in node.params.items())


def _typed(value: Any) -> Hashable:
    """Return a key that tells 2, 2.0 and True apart, and 0.0 from -0.0, which Python calls equal."""
    if isinstance(value, tuple):
        return tuple, *map(_typed, value)
    return type(value), value.hex() if isinstance(value, float) else value
