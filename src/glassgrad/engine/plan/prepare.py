"""A lowered graph made ready to be planned: in an order of its own, with copies of what must lie in an array."""

from __future__ import annotations

from collections.abc import Mapping

from ...build import constant
from ...graph import Tensor, nodes
from ...place import inside
from ...trace import Graph, copy_node
from .expressions import BY_NAME
from .loops import has_array
from .products import MATMUL
from .views import RESHAPE, View, is_view, itself, view

COPY = BY_NAME["identity"]


def numbered(graph: Graph) -> Graph:
    """Return a copy whose nodes are made in an order that follows from the graph alone.

    Nodes that were remembered from an earlier tracing are older than the others, and the order in which loops are
    filled would depend on what a process has done before; so would, in the last bit, what a compiler makes of them.
    """
    copies: dict[Tensor, Tensor] = {node: node for node in graph.inputs}
    waiting = list(reversed(graph.outputs))
    while waiting:
        node = waiting[-1]
        missing = [source for source in reversed(node.inputs) if source not in copies]
        if missing and node not in copies:
            waiting += missing
            continue
        waiting.pop()
        if node not in copies:
            copies[node] = _again(node, copies)
    outputs = [copies[node] for node in graph.outputs]
    return Graph(graph.inputs, outputs, graph.name, takes=graph.takes, gives=graph.gives)


def _again(node: Tensor, copies: Mapping[Tensor, Tensor]) -> Tensor:
    if node.value is not None:
        copy = constant(node.value)
        copy.name = node.name
        return copy
    copy = copy_node(node, tuple(copies[source] for source in node.inputs))
    return copy if copy.value is None else _unknown(copy)


def _unknown(copy: Tensor) -> Tensor:
    """Let a copy of a constant be computed like any other node: it stands for itself."""
    copy._origin = copy._origin.but(type=copy.type)
    copy._value = None
    return copy


def views_of(graph: Graph) -> dict[Tensor, View]:
    """Return the view that each node of a graph is."""
    views: dict[Tensor, View] = {}
    for node in (*graph.inputs, *graph.nodes):
        if node not in views:
            views[node] = itself(node) if node.is_leaf else view(node, views)
    return views


def prepared(graph: Graph) -> Graph:
    """Copy what must lie in an array of its own: outputs that are views or given, and views that are reshaped."""
    copies: dict[Tensor, Tensor] = {node: node for node in graph.inputs}
    views: dict[Tensor, View] = {node: itself(node) for node in graph.inputs}
    for node in graph.nodes:
        if node in copies:
            continue
        inputs = tuple(copies[source] for source in node.inputs)
        if node.op is RESHAPE and view(node, {node.inputs[0]: itself(node.inputs[0])}).root is node:
            inputs = tuple(source if _contiguous(source, views) else _copy(source, views) for source in inputs)
        if node.op is MATMUL:
            inputs = tuple(source if _multipliable(source, views) else _copy(source, views) for source in inputs)
        copies[node] = node if inputs == node.inputs else copy_node(node, inputs)
        new = copies[node]
        views[new] = itself(new) if new.is_leaf else view(new, views)
    outputs: list[Tensor] = []
    for output in graph.outputs:
        new = copies[output]
        ready = not new.is_leaf and not is_view(new, views) and new.op is not RESHAPE and new not in outputs
        outputs.append(new if ready else _copy(new, views))
    return Graph(graph.inputs, outputs, graph.name, takes=graph.takes, gives=graph.gives)


def _copy(node: Tensor, views: dict[Tensor, View]) -> Tensor:
    with inside(node.scope):
        copy: Tensor = nodes.record(COPY, (node,))
    if copy.value is not None:
        _unknown(copy)
    copy._site = node._site
    views[copy] = itself(copy)
    return copy


def _contiguous(node: Tensor, views: Mapping[Tensor, View]) -> bool:
    seen = views[node]
    return seen.plain and seen.root.size == node.size and has_array(seen.root)


def _multipliable(node: Tensor, views: Mapping[Tensor, View]) -> bool:
    """Whether a product can read it as it lies: an array, or its transpose; of a stack, each of its matrices."""
    seen = views[node]
    axes = [term.axis for term in seen.terms]
    whole = all(term.whole for term in seen.terms) and seen.root.size == node.size
    return whole and axes[:-2] == list(range(node.ndim - 2)) and has_array(seen.root) and node.ndim == seen.root.ndim
