"""A graph of nothing but what the engine computes itself: composites are opened, each by its stable form.

>>> import glassgrad as gg
>>> graph = gg.trace(lambda x: gg.softplus(gg.softmax(x)))(gg.ArrayType((3,), "float32"))
>>> [node.op.name for node in lowered(graph).operations]
['max', 'subtract', 'exp', 'sum', 'divide', 'maximum', 'abs', 'negative', 'exp', 'log1p', 'add']

The stable form is the op's own `forward`, run in the namespace `nodes`: the same lines that NumPy runs. Ops that have
an expression of their own (`expressions`) stay closed; what can be opened no further stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from ...array_type import ArrayType
from ...build import ancestors, as_tensor, constant, placeholder
from ...errors import GlassgradError
from ...graph import CONSTANT, Op, Tensor, nodes
from ...place import Scope, inside
from ...simplify import simplify
from ...trace import Graph, copy_node
from . import contractions, openings
from .expressions import EXPRESSIONS

OWN: dict[Op, Callable[..., Any]] = contractions.DEFINITIONS | openings.DEFINITIONS
"""Definitions that native code needs of ops for which NumPy has one function; None where an op stays closed."""


def lowered(graph: Graph, for_numpy: bool = False) -> Graph:
    """Return an equal graph on the same inputs whose ops the engine knows, as far as that is possible.

    Parameters
    ----------
    graph : Graph
    for_numpy : bool
        Whether NumPy will run it, so that the ops of `OWN` stay closed.
    """
    copies: dict[Tensor, Tensor] = {}
    for node in graph.nodes:
        inputs = tuple(copies[source] for source in node.inputs)
        copies[node] = node if node.is_leaf else _lower(node, inputs, for_numpy)
    outputs = [copies[node] for node in graph.outputs]
    return simplify(Graph(graph.inputs, outputs, graph.name, takes=graph.takes, gives=graph.gives))


def _lower(node: Tensor, inputs: tuple[Tensor, ...], for_numpy: bool) -> Tensor:
    if node.value is not None and not any(source.value is None for source in inputs):
        return constant(node.value)  # known already: nothing is left to compute
    form = _form(node.op, tuple(source.type for source in inputs), for_numpy, **node.params)
    if form is None:
        return node if inputs == node.inputs else copy_node(node, inputs)
    copies = dict(zip(form.inputs, inputs, strict=True))
    with inside((*node.scope, Scope(node.op.name))):
        for inner in form.nodes:
            if inner not in copies:
                copies[inner] = inner if inner.is_leaf else _moved(inner, copies, node)
    return copies[form.outputs[0]]


def _moved(inner: Tensor, copies: dict[Tensor, Tensor], node: Tensor) -> Tensor:
    copy: Tensor = nodes.record(inner.op, tuple(copies[source] for source in inner.inputs), inner.params)
    copy._site = node._site  # the line that the user wrote
    return copy


@lru_cache(maxsize=4096, typed=True)
def _form(op: Op, types: tuple[ArrayType, ...], for_numpy: bool, /, **params: Any) -> Graph | None:
    """Return the graph that an op opens into, itself lowered; None if it stays closed."""
    for definition in _definitions(op, for_numpy):
        with inside(()):
            arguments = [placeholder(type) for type in types]
            try:
                result = definition(*arguments, **params)
            except (GlassgradError, TypeError, ValueError, AttributeError):
                continue  # a form that only NumPy can run
        if result is None:
            continue
        result = as_tensor(result)
        again = op not in OWN and any(node.op is op for node in ancestors([result]))
        if not again and result.type == _type(op, types, params):
            return lowered(Graph(arguments, [result], op.name), for_numpy)
    return None


def _definitions(op: Op, for_numpy: bool) -> list[Callable[..., Any]]:
    """Return the functions of Tensors that say what an op is, the first to be tried first."""
    if op in OWN and not for_numpy:
        return [OWN[op]]
    if op in EXPRESSIONS or op.body is None:
        return []
    return [partial(op.forward, nodes), partial(op.body, nodes)]


def _type(op: Op, types: tuple[ArrayType, ...], params: Any) -> ArrayType:
    return nodes.infer(op, list(types), params)


def is_constant(node: Tensor) -> bool:
    """Whether a node's value is known before the program runs."""
    return node.op is CONSTANT or (node.is_leaf and node.value is not None)
