"""`Tensor.backward`: from a node with a value back to all that it was computed from, in numbers.

>>> import glassgrad as gg
>>> x = gg.tensor(3.0)
>>> y = x * x
>>> (y + x).backward()
>>> print(x.grad, y.grad)
7.0 1.0

It is the loop of `gradient` once more, for the one use where graphs are large and their nodes small. What arrives at a
node is kept by its serial number: a graph of a million numbers needs no mapping of nodes.
"""

from __future__ import annotations

from math import isfinite
from operator import attrgetter
from typing import Any

import numpy as np

from .array_type import for_numpy
from .build import by_serial, frozen
from .errors import GradientError
from .floats import REFUSED, floats
from .gradient import computed, cotangent_of, fit, fits, parts_of
from .graph import Tensor, describe, nodes
from .place import surroundings
from .watch import LARGE, PASSING, squares

_value = attrgetter("value")
_flows = attrgetter("_origin.flows")


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
    for source, part in zip(inputs, parts_of(node, g, np, y, values, _flows), strict=True):
        if part is not None:
            _add(part, source, arrived, start, sums)


def _add(part: Any, source: Tensor, arrived: Any, start: int, sums: set[int]) -> None:
    """Add a part of a cotangent to what has arrived at `source`.

    The first sum of two is a new array, which nobody else knows, so that the next parts are added in its place: `sums`
    says at which places that is so.
    """
    if not source._origin.flows:
        return
    if not fits(part, source._value):
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


def _held(node: Tensor, g: Any) -> Any:
    return float(g) if type(node._value) is float else g


def _look_at(order: list[Tensor], cotangents: list[Any]) -> bool:
    """Whether a cotangent may not be finite: a look at those that `watch` has no reason to leave out.

    The look is `suspicious`, written out: the call would cost as much as the look itself.
    """
    for node, g in zip(order, cotangents, strict=True):
        if g is not None and (not node._first or node._origin.op.name not in PASSING):
            if type(g) is not float and g.size > LARGE and g.flags.fnc:
                g = g.T  # noqa: PLW2901
            if not isfinite(squares(g, g)):
                return True
    return False


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
    if (watch := surroundings.get().watch) is not None and _look_at(order, cotangents):
        watch.propagated((output, seed), _arrived(order, cotangents), _value)
    for node, cotangent in zip(order, cotangents, strict=True):
        if cotangent is None:
            continue
        if accumulate and node._grad is not None:
            cotangent = node._grad + cotangent  # noqa: PLW2901
        node._grad = cotangent if type(cotangent) is float else frozen(cotangent)


nodes.register("backward", backward)
