"""Backward propagation: one loop over the nodes, from the outputs to what they depend on.

>>> import glassgrad as gg
>>> x, y = gg.tensor(2.0), gg.tensor(3.0)
>>> z = (x + y) ** 2
>>> z.backward()
>>> print(x.grad, y.grad)
10.0 10.0

The loop asks every node's op for the cotangents of its inputs, brings each to the shape and dtype of the input it
belongs to, and adds up what arrives at one node from several sides. It runs in the namespace that the rules are given:
NumPy for numbers, `nodes` for a graph of the gradient, JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from types import FunctionType
from typing import Any

import numpy as np

from .array_type import ArrayType, is_float, numeric
from .build import ancestors, as_tensor, frozen, placeholder
from .errors import GradientError, ShapeError
from .graph import Op, Tensor, describe, nodes
from .interpret import evaluate
from .ops.define import definition
from .origin import NO_PARAMS
from .place import RuleSite, inside, surroundings
from .watch import suspicious

Read = Callable[[Tensor], Any]
_value = attrgetter("value")


def backpropagate(
    order: list[Tensor], seeds: Mapping[Tensor, Any], targets: Iterable[Tensor], xp: Any, read: Read
) -> dict[Tensor, Any]:
    """Return the cotangent of every node between `seeds` and `targets`.

    Parameters
    ----------
    order : list of Tensor
        Nodes, inputs before users, as `ancestors` gives them.
    seeds : mapping
        Cotangents to start with.
    targets : iterable of Tensor
        What derivatives are wanted for; nothing is computed for nodes that do not depend on them.
    xp : module
        Namespace that the rules run in.
    read : callable
        Gives a node's value in that namespace.
    """
    active = dependents(order, targets)
    cotangents: dict[Tensor, Any] = {node: seed for node, seed in seeds.items() if node in active}
    arrived = cotangents.get
    around = surroundings.get()
    try:
        for node in reversed(order):
            g = arrived(node)
            if g is None or not node.inputs:
                continue
            if xp is nodes:
                surroundings.set(around.within(RuleSite.of(node._site, describe(node))))
            for source, part in _handed_back(node, g, xp, read, active):
                before = arrived(source)
                cotangents[source] = part if before is None else before + part
    finally:
        if xp is nodes:
            surroundings.set(around)
    return cotangents


def fits(part: Any, value: Any) -> bool:
    """Whether a cotangent has the shape and dtype of the value it belongs to: what is asked most, answered first."""
    if type(value) is np.ndarray and type(part) is np.ndarray:
        return part.dtype is value.dtype and part.shape == value.shape
    return type(part) is np.float64 and type(value) is float


def _handed_back(node: Tensor, g: Any, xp: Any, read: Read, active: Container[Tensor]) -> list[tuple[Tensor, Any]]:
    """Return the inputs of a node that are active, each with its part of the cotangent, of its shape and dtype."""
    handed = []
    values = [read(source) for source in node.inputs]
    parts = parts_of(node, g, xp, read(node), values, active.__contains__)
    for source, part in zip(node.inputs, parts, strict=True):
        if part is not None and source in active:
            if not fits(part, source._value):
                part = fit(xp, computed(part), source)  # noqa: PLW2901
            handed.append((source, part))
    return handed


def dependents(order: list[Tensor], targets: Iterable[Tensor]) -> set[Tensor]:
    """Return the differentiable nodes of `order` that are computed from `targets`, themselves included."""
    active = set(targets)
    for node in order:
        if node not in active and not active.isdisjoint(node.inputs) and is_float(node.dtype):
            active.add(node)
    return active


def pull(node: Tensor, g: Any, xp: Any, read: Read) -> tuple[Any, ...]:
    """Return the cotangents of a node's inputs for the cotangent `g` of its output, as the op's rule gives them."""
    values = [read(source) for source in node.inputs]
    return tuple(computed(part) for part in parts_of(node, g, xp, read(node), values, lambda _: True))


def computed(part: Any) -> Any:
    """Return the cotangent that a rule gave, or that the function computes which it gave in its place."""
    return part() if type(part) is FunctionType else part


def parts_of(
    node: Tensor, g: Any, xp: Any, y: Any, values: list[Any], wanted: Callable[[Tensor], bool]
) -> tuple[Any, ...]:
    """Return what the rule gives: a cotangent for each input, or None, or a function that computes it if asked.

    A rule that has one costly cotangent for each input gives such functions: ``(lambda: g * y, lambda: g * x)``.
    """
    op, params = node.op, node.params
    if op.vjp is not None:
        return op.vjp(xp, g, y, *values) if params is NO_PARAMS else op.vjp(xp, g, y, *values, **params)
    if op.body is not None:
        return _pull_through_body(node, g, xp, values, wanted)
    return (None,) * len(values)


def fit(xp: Any, g: Any, source: Tensor | ArrayType) -> Any:
    """Bring a cotangent to the shape and dtype of what it belongs to: add up what broadcasting had repeated."""
    shape = source.shape
    if g.shape != shape:
        extra = len(g.shape) - len(shape)
        if extra < 0:
            g = xp.broadcast_to(g, shape)
        else:
            repeated = (i for i, size in enumerate(shape) if size == 1 and g.shape[extra + i] != 1)
            axes = (*range(extra), *(extra + i for i in repeated))
            summed = xp.sum(g, axis=axes) if axes else xp.broadcast_to(g, shape)
            g = summed if summed.shape == shape else xp.reshape(summed, shape)
    return g if g.dtype == source.dtype else g.astype(source.dtype)


def _pull_through_body(
    node: Tensor, g: Any, xp: Any, values: list[Any], wanted: Callable[[Tensor], bool]
) -> tuple[Any, ...]:
    types = tuple(source.type for source in node.inputs)
    inputs, outputs = _body_rule(node.op, types, **node.params)
    asked = [output if wanted(source) else None for source, output in zip(node.inputs, outputs, strict=True)]
    results = iter(evaluate(inputs, [output for output in asked if output is not None], [g, *values], xp))
    return tuple(None if output is None else next(results) for output in asked)


@lru_cache(maxsize=1024, typed=True)
def _body_rule(
    op: Op, types: tuple[ArrayType, ...], /, **params: Any
) -> tuple[list[Tensor], list[Tensor | None]]:
    """Derive a composite's rule from its body: a graph from the cotangent and the inputs to their cotangents."""
    arguments, result = definition(op, types, **params)
    with inside(()):
        g = placeholder(result.type, "g")
        wanted = [argument for argument in arguments if is_float(argument.dtype)]
        found = backpropagate(ancestors([result]), {result: g}, wanted, nodes, lambda node: node)
    return [g, *arguments], [found.get(argument) for argument in arguments]


def gradients(output: Tensor, g: Any, targets: list[Tensor], xp: Any = nodes) -> list[Any]:
    """Return the cotangents of `targets` for the cotangent `g` of `output`, zeros where it does not depend on them.

    With ``xp=nodes`` they are nodes, which can be differentiated again; with ``xp=numpy`` arrays, read-only because
    two of them may share their memory.
    """
    read: Read = (lambda node: node) if xp is nodes else (_value)
    found = backpropagate(ancestors([output]), {output: g}, targets, xp, read)
    if xp is np:
        look_at(output, g, found, read)
    finish = as_tensor if xp is nodes else frozen
    return [finish(found[node] if node in found else np.zeros(node.shape, node.dtype)) for node in targets]


def look_at(output: Tensor, seed: Any, found: Mapping[Tensor, Any], read: Read) -> None:
    """Tell whoever watches (`debug`) of a backward pass in which a cotangent is not finite."""
    watch = surroundings.get().watch
    if watch is not None and any(map(suspicious, found.values())):
        watch.propagated((output, seed), found, read)


def cotangent_of(output: Tensor, g: Any) -> Any:
    """Return `g` checked against `output`, or the 1 that a single number starts with."""
    if not is_float(output.dtype):
        raise GradientError(
            f"{describe(output)} is {output.type}: integers and booleans have no derivative. Compute with floats, "
            "for example gg.tensor(2.0)."
        )
    if g is None:
        if output.size != 1:
            raise GradientError(
                f"{describe(output)} has shape {output.shape}: only a single number has a gradient. Sum it, or say "
                f"which combination is wanted with a cotangent g of that shape."
            )
        return np.ones(output.shape, output.dtype)[()]
    g = g if isinstance(g, Tensor) else np.array(numeric(g), output.dtype)[()]
    if g.shape != output.shape:
        raise ShapeError(
            f"the cotangent has shape {g.shape}, {describe(output)} has {output.shape}; they must be equal."
        )
    return g if g.dtype == output.dtype else nodes.astype(g, output.dtype)
