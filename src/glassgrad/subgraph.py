"""Graphs inside a node: a function becomes a `Graph` that stands on its inputs alone, and runs as one op.

What the function uses of the program around it becomes an input too. A node gives one array; a graph with several
outputs gives them end to end in one, and is taken apart again: one node for each kind of number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from .array_type import ArrayType, is_float
from .build import as_tensor, constant, placeholder
from .gradient import backpropagate
from .graph import CONSTANT, Op, Tensor, nodes
from .interpret import Program, evaluate
from .place import inside
from .trace import Graph, copy_node, trace

Give = tuple[int, ...]


def captured(graphs: Iterable[Graph]) -> list[Tensor]:
    """Return the nodes of the program around that traced functions use: constants stay inside, the rest is outside."""
    found: dict[Tensor, None] = {}
    for graph in graphs:
        inside_it = _standing_on(graph)
        used = [source for node in inside_it for source in node.inputs]
        for node in (*used, *graph.outputs):
            if node not in inside_it and node.op is not CONSTANT:
                found[node] = None
    return list(found)


def _standing_on(graph: Graph) -> dict[Tensor, None]:
    """Return the nodes of a graph that are inputs, or computed from them, in order."""
    inner: dict[Tensor, None] = dict.fromkeys(graph.inputs)
    for node in graph.nodes:
        if node not in inner and not inner.keys().isdisjoint(node.inputs):
            inner[node] = None
    return inner


def closed(graph: Graph, outside: Sequence[Tensor]) -> Graph:
    """Return the graph with inputs in front for `outside`, on which it stood without saying so."""
    with inside(()):
        stand_ins = [placeholder(node.type, node.name) for node in outside]
    copies: dict[Tensor, Tensor] = dict(zip(outside, stand_ins, strict=True))
    for node in _standing_on(graph):
        sources = tuple(copies.get(source, source) for source in node.inputs)
        copies[node] = node if sources == node.inputs else copy_node(node, sources)
    outputs = [copies.get(node, node) for node in graph.outputs]
    return Graph([*stand_ins, *graph.inputs], outputs, graph.name)


def traced(function: Callable[..., Any], args: tuple[Any, ...]) -> Graph:
    """Trace a function for arguments like these, in a scope of its own."""
    with inside(()):
        return trace(function)(*args)


# Running one, in any namespace ----------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _program(graph: Graph, give: Give, xp: Any) -> Program:
    return Program(graph.inputs, [graph.outputs[i] for i in give], xp)


def run(graph: Graph, give: Give, xp: Any, inputs: Sequence[Any]) -> list[Any]:
    """Return these outputs of a graph; its intermediate arrays are let go on the way."""
    if xp is nodes:
        return evaluate(graph.inputs, [graph.outputs[i] for i in give], inputs, nodes)
    return _program(graph, give, xp)(inputs)


def pack(xp: Any, arrays: Sequence[Any]) -> Any:
    """Return one array that holds them all end to end, or the one there is."""
    return arrays[0] if len(arrays) == 1 else xp.concatenate([xp.reshape(array, (-1,)) for array in arrays])


def packed(types: Sequence[ArrayType]) -> ArrayType:
    """Return the type of what `pack` gives for arrays of these types."""
    return types[0] if len(types) == 1 else ArrayType((sum(prod(type.shape) for type in types),), types[0].dtype)


def unpack(xp: Any, array: Any, types: Sequence[ArrayType]) -> list[Any]:
    """Take apart what `pack` has put together."""
    if len(types) == 1:
        return [array]
    ends = np.cumsum([prod(type.shape) for type in types]).tolist()
    begins = [0, *ends[:-1]]
    parts = [array[begin:end] for begin, end in zip(begins, ends, strict=True)]
    return [part if type.ndim == 1 else xp.reshape(part, type.shape) for part, type in zip(parts, types, strict=True)]


def apply(op: Op, xp: Any, inputs: Sequence[Any], types: Sequence[ArrayType], wanted: Iterable[int], **params: Any
          ) -> dict[int, Any]:
    """Run `op` for the wanted ones of its outputs, which have these types: one node for each kind of number."""
    kinds: dict[Any, list[int]] = {}
    for i in wanted:
        kinds.setdefault(types[i].dtype, []).append(i)
    found: dict[int, Any] = {}
    for give in kinds.values():
        result = op(xp, *inputs, give=tuple(give), **params)
        found.update(zip(give, unpack(xp, result, [types[i] for i in give]), strict=True))
    return found


# Differentiating one --------------------------------------------------------------------------------------------------


def floats(arrays: Sequence[Any]) -> list[int]:
    """Return the positions of what can have a derivative."""
    return [i for i, array in enumerate(arrays) if is_float(array.dtype)]


def pull_through(graph: Graph, cotangents: dict[int, Tensor]) -> dict[int, Tensor]:
    """Return nodes for the cotangents of a graph's inputs, given those of some of its outputs, by position."""
    seeds: dict[Tensor, Any] = {}
    for i, g in cotangents.items():
        output = graph.outputs[i]
        seeds[output] = seeds[output] + g if output in seeds else g
    wanted = floats(graph.inputs)
    found = backpropagate(graph.nodes, seeds, [graph.inputs[i] for i in wanted], nodes, lambda node: node)
    return {i: as_tensor(found[graph.inputs[i]]) for i in wanted if graph.inputs[i] in found}


@lru_cache(maxsize=256)
def pullback(graph: Graph, give: Give) -> Graph:
    """Return the graph from the cotangents of these outputs, and the inputs, to the cotangents of the float inputs."""
    with inside(()):
        gs = {i: placeholder(graph.outputs[i].type, "g") for i in give}
        found = pull_through(graph, gs)
        outputs = [found[i] if i in found else zeros(graph.inputs[i].type) for i in floats(graph.inputs)]
    return Graph([*gs.values(), *graph.inputs], outputs, f"{graph.name} backward")


def zeros(type: ArrayType) -> Tensor:
    """Return a constant of nothing but zeros."""
    return constant(np.zeros(type.shape, type.dtype))


def spread(found: dict[int, Any], wanted: Sequence[int], count: int) -> tuple[Any, ...]:
    """Return a cotangent for each of `count` inputs: those found for the wanted ones, else None."""
    at = dict(zip(wanted, (found[i] for i in range(len(wanted))), strict=True))
    return tuple(at.get(i) for i in range(count))
