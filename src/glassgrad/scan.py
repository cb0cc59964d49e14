"""A loop as one node: `scan` runs a step over the entries of arrays and carries something from one to the next.

>>> import numpy as np
>>> import glassgrad as gg
>>> total, running = gg.scan(lambda carry, x: (carry + x, carry * x), 0.0, np.array([1.0, 2.0, 3.0]))
>>> print(total.value, running.value)
6.0 [0. 2. 9.]

The backward pass is a scan too, from the last step to the first. It computes the carries again and keeps them, one for
each step, but nothing else of the inside of a step. So a scan can be differentiated again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from .array_type import ArrayType
from .build import as_tensor, placeholder
from .control import check_alike, is_jax
from .errors import ShapeError, refuse_no_function
from .graph import Op, nodes, type_of
from .place import inside, located
from .subgraph import Give, apply, captured, closed, floats, pack, packed, pull_through, run, traced, unpack, zeros
from .trace import Graph
from .tree import Tree, flatten


class Loop(NamedTuple):
    """One step as a graph, and how it is run.

    The inputs of `step` are constants, carries, and one entry of each array; its outputs are the carries and one
    entry of each result.
    """

    step: Graph
    constants: int
    carries: int
    length: int
    reverse: bool

    def split(self, inputs: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """Return the constants, the carries and the arrays among the inputs."""
        end = self.constants + self.carries
        return list(inputs[: self.constants]), list(inputs[self.constants : end]), list(inputs[end:])

    def types(self) -> list[ArrayType]:
        """Return the types of all that a scan gives: the last carries, then the results of all steps."""
        every = [output.type for output in self.step.outputs]
        return every[: self.carries] + [
            ArrayType((self.length, *type.shape), type.dtype) for type in every[self.carries :]
        ]

    def order(self) -> range:
        """Return the steps in the order in which they are made."""
        return range(self.length - 1, -1, -1) if self.reverse else range(self.length)


def _body(xp: Any, *inputs: Any, loop: Loop, give: Give) -> Any:
    constants, carries, arrays = loop.split(inputs)
    types, kept = loop.types(), [i for i in give if i >= loop.carries]
    needed = (*range(loop.carries), *kept)
    results: dict[int, list[Any]] = {i: [] for i in kept}
    for t in loop.order():
        given = run(loop.step, needed, xp, [*constants, *carries, *(array[t] for array in arrays)])
        carries = given[: loop.carries]
        for i, result in zip(kept, given[loop.carries :], strict=True):
            results[i].append(result)
    found = [carries[i] if i < loop.carries else _stacked(xp, results[i], types[i], loop.reverse) for i in give]
    return pack(xp, found)


def _stacked(xp: Any, results: list[Any], type: ArrayType, reverse: bool) -> Any:
    if not results:
        return as_tensor(np.zeros(type.shape, type.dtype)) if xp is nodes else xp.zeros(type.shape, type.dtype)
    return xp.stack(results[::-1] if reverse else results)


def _forward(xp: Any, *inputs: Any, loop: Loop, give: Give) -> Any:
    if not is_jax(xp):
        return _body(xp, *inputs, loop=loop, give=give)
    constants, carries, arrays = loop.split(inputs)
    every = tuple(range(len(loop.step.outputs)))

    def step(carry: Any, entries: Any) -> Any:
        given = run(loop.step, every, xp, [*constants, *carry, *entries])
        return given[: loop.carries], given[loop.carries :]

    last, results = import_module("jax.lax").scan(step, carries, arrays, loop.length, loop.reverse)
    found = [*last, *results]
    return pack(xp, [found[i] for i in give])


def _vjp(xp: Any, g: Any, _: Any, *inputs: Any, loop: Loop, give: Give) -> tuple[Any, ...]:
    types = loop.types()
    gs = dict(zip(give, unpack(xp, g, [types[i] for i in give]), strict=True))
    constants, carries, arrays = loop.split(inputs)
    back, sums, moving = _backward(loop, tuple(i for i in give if i >= loop.carries))
    starts = [_zeros(xp, constants[i]) for i in sums]
    starts += [gs[i] if i in gs else _zeros(xp, carries[i]) for i in moving]
    remembering = _remembering(loop)
    before = apply(SCAN, xp, inputs, remembering.types(), _last(remembering, loop.carries), loop=remembering)
    given = [*constants, *starts, *before.values(), *arrays, *(gs[i] for i in give if i >= loop.carries)]
    wanted = floats(inputs)
    found = apply(SCAN, xp, given, back.types(), range(len(wanted)), loop=back)
    following = iter(found[i] for i in range(len(wanted)))
    return tuple(next(following) if i in wanted else None for i in range(len(inputs)))


def _zeros(xp: Any, like: Any) -> Any:
    return zeros(type_of(like)) if xp is nodes else xp.zeros(like.shape, like.dtype)


def _last(loop: Loop, count: int) -> range:
    return range(len(loop.step.outputs) - count, len(loop.step.outputs))


@lru_cache(maxsize=256)
def _remembering(loop: Loop) -> Loop:
    """Return a loop that also gives the carries that each step began with."""
    _, carries, _ = loop.split(loop.step.inputs)
    step = Graph(loop.step.inputs, [*loop.step.outputs, *carries], loop.step.name)
    return loop._replace(step=step)


@lru_cache(maxsize=256)
def _backward(loop: Loop, results: Give) -> tuple[Loop, list[int], list[int]]:
    """Return the loop of the backward pass, and which constants and carries it carries cotangents of.

    Its constants are those of `loop`; its carries the cotangents of constants, added up, and of carries; its arrays
    the carries before each step, the arrays, and the cotangents of `results`.
    """
    step = loop.step
    constants, carries, arrays = loop.split(step.inputs)
    sums, moving = floats(constants), floats(carries)
    with inside(()):
        totals = [placeholder(constants[i].type, "g") for i in sums]
        of_carries = [placeholder(carries[i].type, "g") for i in moving]
        of_results = {i: placeholder(step.outputs[i].type, "g") for i in results}
        found = pull_through(step, {**dict(zip(moving, of_carries, strict=True)), **of_results})
        begin, end = loop.constants, loop.constants + loop.carries
        outputs = [total + found[i] if i in found else total for i, total in zip(sums, totals, strict=True)]
        outputs += [found[begin + i] if begin + i in found else zeros(carries[i].type) for i in moving]
        outputs += [found[end + i] if end + i in found else zeros(arrays[i].type) for i in floats(arrays)]
    given = [*constants, *totals, *of_carries, *carries, *arrays, *of_results.values()]
    back = Graph(given, outputs, f"{step.name} backward")
    return Loop(back, loop.constants, len(sums) + len(moving), loop.length, not loop.reverse), sums, moving


SCAN = Op(
    "scan", _forward, _vjp, lambda *types, loop, give: packed([loop.types()[i] for i in give]), _body,
    symbol="{loop.step.name} ×{loop.length}", latex=r"\mathrm{{scan}}_{{\mathrm{{ {loop.step.name} }}}}({0})",
)


def scan(
    step: Callable[[Any, Any], Any], carry: Any, xs: Any = None, length: int | None = None, *, reverse: bool = False
) -> tuple[Any, Any]:
    """Run ``carry, y = step(carry, x)`` over the entries of `xs`, along their first axis; return ``carry, ys``.

    Parameters
    ----------
    step : callable
        Traced once, so it may not ask for values. The carry that it returns has the containers and types of the one
        that it is given.
    carry : array_like, or containers of them
        What the first step is given.
    xs : array_like, or containers of them, or None
        Each step is given the entry ``x[i]`` of every array; None for steps that need none.
    length : int, optional
        How many steps; needed if `xs` is None.
    reverse : bool
        From the last entry to the first; the results still stand in the order of the entries.

    Returns
    -------
    carry, ys
        What the last step returned, and the results of all steps, stacked along a new first axis.

    Raises
    ------
    ShapeError
        If the arrays differ in length, the carry changes its type, or the step returns no pair.

    Examples
    --------
    >>> import glassgrad as gg
    >>> grown = gg.grad(lambda rate: gg.scan(lambda money, _: (money * rate, None), 100.0, length=3)[0])
    >>> print(round(grown(1.1), 6))
    363.0
    """
    refuse_no_function("scan", step)
    arrays, takes = flatten(xs)
    count = _length([type_of(array) for array in arrays], length)
    entries = [ArrayType(type_of(array).shape[1:], type_of(array).dtype) for array in arrays]
    graph = traced(step, (carry, takes.unflatten(entries)))
    if graph.gives.kind is not tuple or len(graph.gives.children) != 2:
        raise ShapeError(located("scan: the step must return a pair, (carry, y); y may be None."))
    starts, kept = flatten(carry)
    moved, given = graph.gives.children
    check_alike((kept, [type_of(start) for start in starts]), (moved, [n.type for n in graph.outputs[: len(starts)]]),
                "scan: the carry is given and returned as")
    outside = captured([graph])
    loop = Loop(closed(graph, outside), len(outside), len(starts), count, reverse)
    inputs = [*outside, *map(as_tensor, starts), *map(as_tensor, arrays)]
    found = apply(SCAN, nodes, inputs, loop.types(), range(len(graph.outputs)), loop=loop)
    following = iter(found[i] for i in range(len(found)))
    return _filled(moved, following), _filled(given, following)


def _filled(tree: Tree, following: Any) -> Any:
    return tree.unflatten(next(following) for _ in tree.paths())


def _length(types: list[ArrayType], length: int | None) -> int:
    if not types and length is None:
        raise ShapeError(located("scan: there are no xs; say how many steps with length=."))
    if any(not type.ndim for type in types):
        raise ShapeError(located("scan: xs holds a single number; the steps go along the first axis of arrays."))
    sizes = {type.shape[0] for type in types} | ({length} if length is not None else set())
    if len(sizes) > 1:
        raise ShapeError(located(f"scan: lengths {sorted(sizes)} were given; all must be equal."))
    return sizes.pop()


nodes.register("scan", scan)
