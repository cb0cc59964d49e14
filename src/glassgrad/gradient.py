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

from .build import ancestors, as_tensor, by_serial, frozen, placeholder
from .errors import GradientError, ShapeError
from .floats import REFUSED, floats
from .graph import ArrayType, Op, Tensor, describe, for_numpy, is_float, nodes, numeric
from .interpret import evaluate
from .ops.define import definition
from .origin import NO_PARAMS
from .place import RuleSite, inside, surroundings

Read = Callable[[Tensor], Any]
_value = attrgetter("value")
_flows = attrgetter("_origin.flows")


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


def propagate(output: Tensor, seed: Any) -> tuple[list[Tensor], list[Any]]:
    """Return the nodes that a derivative can reach from `output`, users before inputs, and the cotangent of each.

    This is `backpropagate` for nodes with values. A cotangent is None where nothing arrives, because a rule on the way
    has no derivative. What was calculated on Python's floats (`floats`) goes back on them, and in the loop itself: for
    single numbers a call would cost more than the calculation.
    """
    order = _on_the_way(output)
    if not order:
        return [], []
    arrived, start = _room(order)
    arrived[output.serial - start] = _held(output, seed)
    sums: set[int] = set()
    cotangents = []
    for node in order:
        g, first, second = arrived[node.serial - start], node._first, node._second
        cotangents.append(g)
        if g is None:
            continue
        if second is None:
            if type(first) is not Tensor or not _hand_back_one(node, g, arrived, start):
                _hand_back(node, g, arrived, start, sums)
            continue
        rule: Any = node._origin.op.vjp
        if type(g) is not float:
            parts = rule(np, g, node._value, first._value, second._value)
            _add(parts[0], first, arrived, start, sums)
            _add(parts[1], second, arrived, start, sums)
            continue
        try:
            to_first, to_second = rule(floats, g, node._value, first._value, second._value)
        except REFUSED:
            _hand_back(node, g, arrived, start, sums)
            continue
        if first._origin.flows:
            place = first.serial - start
            before = arrived[place]
            arrived[place] = to_first if before is None else before + to_first
        if second._origin.flows:
            place = second.serial - start
            before = arrived[place]
            arrived[place] = to_second if before is None else before + to_second
    return order, cotangents


def _room(order: list[Tensor]) -> tuple[Any, int]:
    """Return where what arrives at each node is kept, None to begin with, and the serial number that is place 0 there.

    The nodes of one graph are mostly numbered without large gaps, and a list is faster than a mapping.
    """
    lowest, highest = order[-1].serial, order[0].serial
    if highest - lowest < 8 * len(order):
        return [None] * (highest - lowest + 1), lowest
    return dict.fromkeys(map(by_serial, order)), 0


def _on_the_way(output: Tensor) -> list[Tensor]:
    """Return the nodes that a derivative can reach from `output`, users before inputs."""
    order = [output] if output._origin.flows else []
    found, append = set(order), order.append
    for node in order:  # which grows on the way
        first, second = node._first, node._second
        if second is not None:  # as below, for two
            if second._origin.flows and second not in found:
                found.add(second)
                append(second)
            if first._origin.flows and first not in found:
                found.add(first)
                append(first)
            continue
        for source in node.inputs:
            if source._origin.flows and source not in found:
                found.add(source)
                append(source)
    order.sort(key=by_serial, reverse=True)
    return order


def _hand_back_one(node: Tensor, g: float, arrived: Any, start: int) -> bool:
    """Do for a node calculated on one float what `_hand_back` does; False where NumPy has more to say."""
    source, origin = node._first, node._origin
    try:
        (part,) = origin.op.vjp(floats, g, node._value, source._value, **origin.params)
    except REFUSED:
        return False
    if part is not None and source._origin.flows:
        place = source.serial - start
        before = arrived[place]
        arrived[place] = part if before is None else before + part
    return True


def _hand_back(node: Tensor, g: Any, arrived: Any, start: int, sums: set[int]) -> None:
    """Add to what has arrived at each input of a node its part of the cotangent."""
    inputs = node.inputs
    if not inputs:
        return
    y, values = node._value, [source._value for source in inputs]
    if type(y) is float or float in map(type, values):
        g, y, values = for_numpy(g), for_numpy(y), list(map(for_numpy, values))
    for source, part in zip(inputs, _parts(node, g, np, y, values, _flows), strict=True):
        if part is not None:
            _add(part, source, arrived, start, sums)


def _add(part: Any, source: Tensor, arrived: Any, start: int, sums: set[int]) -> None:
    """Add a part of a cotangent to what has arrived at `source`.

    The first sum of two is a new array, which nobody else knows, so that the next parts are added in its place: `sums`
    says at which places that is so.
    """
    if not source._origin.flows:
        return
    if not _fits(part, source._value):
        part = fit(np, computed(part), source)
    if type(part) is not np.ndarray:
        part = _held(source, part)
    place = source.serial - start
    before = arrived[place]
    if before is None:
        arrived[place] = part
    elif place in sums and type(before) is np.ndarray:
        before += part
    else:
        arrived[place] = _held(source, before + part)
        sums.add(place)


def _fits(part: Any, value: Any) -> bool:
    """Whether a cotangent has the shape and dtype of the value it belongs to: what is asked most, answered first."""
    if type(value) is np.ndarray and type(part) is np.ndarray:
        return part.dtype is value.dtype and part.shape == value.shape
    return type(part) is np.float64 and type(value) is float


def _held(node: Tensor, g: Any) -> Any:
    return float(g) if type(node._value) is float else g


def _handed_back(node: Tensor, g: Any, xp: Any, read: Read, active: Container[Tensor]) -> list[tuple[Tensor, Any]]:
    """Return the inputs of a node that are active, each with its part of the cotangent, of its shape and dtype."""
    handed = []
    values = [read(source) for source in node.inputs]
    parts = _parts(node, g, xp, read(node), values, active.__contains__)
    for source, part in zip(node.inputs, parts, strict=True):
        if part is not None and source in active:
            if not _fits(part, source._value):
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
    return tuple(computed(part) for part in _parts(node, g, xp, read(node), values, lambda _: True))


def computed(part: Any) -> Any:
    """Return the cotangent that a rule gave, or that the function computes which it gave in its place."""
    return part() if type(part) is FunctionType else part


def _parts(
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
    order, seeds = ancestors([output]), {output: g}
    found = backpropagate(order, seeds, targets, xp, read)
    watch = surroundings.get().watch
    if watch is not None and xp is np:
        watch.propagated(seeds, [found[node] for node in targets if node in found], lambda: found, read)
    finish = as_tensor if xp is nodes else frozen
    return [finish(found[node] if node in found else np.zeros(node.shape, node.dtype)) for node in targets]


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


def _arrived(order: list[Tensor], cotangents: list[Any]) -> dict[Tensor, Any]:
    return {node: g for node, g in zip(order, cotangents, strict=True) if g is not None}


def backward(output: Tensor, g: Any, accumulate: bool) -> None:
    """Carry out `Tensor.backward`."""
    if output.value is None:
        raise GradientError(
            f"{describe(output)} depends on a placeholder: backward() needs values. Use gg.grad inside a traced "
            "function, or graph.run(...).backward()."
        )
    seed = cotangent_of(output, g)
    if isinstance(seed, Tensor):
        seed = seed._concrete("value", "backward() needs the numbers of its cotangent.")
    order, cotangents = propagate(output, seed)
    watch = surroundings.get().watch
    if watch is not None:
        reached = [g for node, g in zip(order, cotangents, strict=True) if node._first == () and g is not None]
        watch.propagated({output: seed}, reached, lambda: _arrived(order, cotangents), _value)
    for node, cotangent in zip(order, cotangents, strict=True):
        if cotangent is None:
            continue
        if accumulate and node._grad is not None:
            cotangent = node._grad + cotangent  # noqa: PLW2901
        node._grad = cotangent if type(cotangent) is float else frozen(cotangent)


nodes.register("backward", backward)
