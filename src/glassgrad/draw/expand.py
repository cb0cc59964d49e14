"""Composites opened into the local graphs they are made of, with a note of what each box stands for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..build import ancestors
from ..errors import one_of
from ..graph import Op, Tensor, nodes
from ..interpret import evaluate_all
from ..ops.define import OPS
from ..place import Scope, inside
from ..trace import Graph, Record

MOST_NODES = 20_000  # an opened graph is not made larger than this


@dataclass
class Opened:
    """A graph with composites opened.

    Attributes
    ----------
    what : Graph, Record or tuple of Tensor
    ops : dict of Scope to Op
        Which composite a box is the inside of.
    """

    what: Any
    ops: dict[Scope, Op] = field(default_factory=dict)


def expand(what: Any, names: Collection[str] | bool) -> Opened:
    """Open the composites of these names, or all of them, as far down as they go.

    Parameters
    ----------
    what : Tensor, Graph, Record or sequence of Tensor
    names : collection of str, or bool
        True opens every composite, an empty collection none.
    """
    if names is False or (names is not True and not names):
        return Opened(what)
    graph = what.graph if isinstance(what, Record) else what
    if isinstance(graph, Graph):
        outputs = graph.outputs
    else:
        outputs = tuple(graph) if isinstance(graph, (list, tuple)) else (graph,)
    if names is not True:
        _check(names, outputs)
    result = Opened(None)
    with np.errstate(all="ignore"):
        while wanted := _composites(outputs, names):
            copies = _copied(outputs, wanted, result.ops)
            outputs = tuple(copies[node] for node in outputs)
        result.what = _like(what, graph, outputs)
    return result


def _check(names: Collection[str], outputs: tuple[Tensor, ...]) -> None:
    """Refuse names that no composite has: neither one of the package nor a user's own in this graph."""
    known = {op.name for op in (*OPS, *(node.op for node in ancestors(outputs))) if op.body}
    for name in names:
        if name not in known:
            raise one_of("a composite (an op that can be opened)", name, sorted(known))


def _composites(outputs: tuple[Tensor, ...], names: Collection[str] | bool) -> set[Tensor]:
    order = ancestors(outputs)
    found = [node for node in order if node.op.body and (names is True or node.op.name in names)]  # type: ignore[operator]
    return set(found) if len(order) + len(found) <= MOST_NODES else set()


def _copied(outputs: tuple[Tensor, ...], wanted: set[Tensor], ops: dict[Scope, Op]) -> Mapping[Tensor, Tensor]:
    copies: dict[Tensor, Tensor] = {}
    for node in ancestors(outputs):
        inputs = tuple(copies[source] for source in node.inputs)
        if node in wanted:
            copies[node] = _body(node, inputs, ops)
        elif inputs == node.inputs:
            copies[node] = node
        else:
            with inside(node.scope):
                copies[node] = nodes.record(node.op, inputs, node.params)
            copies[node].name = node.name
    return copies


def _body(node: Tensor, inputs: tuple[Tensor, ...], ops: dict[Scope, Op]) -> Tensor:
    assert node.op.body is not None
    box = Scope(node.op.name)
    ops[box] = node.op
    with inside((*node.scope, box)):
        result: Tensor = node.op.body(nodes, *inputs, **node.params)
        if result in inputs:
            result = nodes.identity(result)
    result.name = result.name or node.name
    return result


def _like(what: Any, graph: Any, outputs: tuple[Tensor, ...]) -> Any:
    if not isinstance(graph, Graph):
        return outputs[0] if isinstance(what, Tensor) else outputs
    copy = Graph(graph.inputs, outputs, graph.name)
    if not isinstance(what, Record):
        return copy
    arguments = [what.values[node] for node in graph.inputs]
    return Record(copy, evaluate_all(copy.nodes, copy.inputs, arguments))
