"""A graph for one example made into a graph for many: every array gets an axis more, in front.

>>> import numpy as np
>>> import glassgrad as gg
>>> pairs = gg.vmap(lambda x, W: gg.matmul(x, W), in_axes=(0, None))
>>> pairs(np.ones((5, 3)), np.ones((3, 2))).shape
(5, 2)

This is what `vmap` does: the graph is made again, node by node, on arrays of all examples. What
works entry by entry stays as it is, what has an axis counts it one further, a composite is opened unless it can stay
whole, and `ROWS` has what is left. What has no row, and a rule that a user wrote, is applied to one example after the
other: always right, only slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .array_type import ArrayType
from .build import ancestors, as_tensor, placeholder
from .graph import CONSTANT, Op, Tensor, nodes
from .ops.define import OPS, broadcasting, definition
from .place import inside
from .trace import copy_node

Given = tuple[Tensor, bool]  # a node, and whether it has the axis of the examples in front
Row = Callable[[Tensor, list[Given], int], Tensor | None]


def batched(
    outputs: Iterable[Tensor], inputs: Sequence[Tensor], arguments: Sequence[Given], count: int
) -> list[Tensor]:
    """Return `outputs`, a graph on `inputs` for one example, for `count` examples at once: their axis is the first."""
    outputs = list(outputs)
    known: dict[Tensor, Given] = dict(zip(inputs, arguments, strict=True))
    for node in ancestors(outputs):
        if node not in known and not known.keys().isdisjoint(node.inputs):
            known[node] = _apply(node, [known.get(source, (source, False)) for source in node.inputs], count)
    return [_repeated(*known.get(output, (output, False)), count) for output in outputs]


def _repeated(node: Tensor, has_axis: bool, count: int) -> Tensor:
    return node if has_axis else nodes.broadcast_to(node, (count, *node.shape))


def _apply(node: Tensor, given: list[Given], count: int) -> Given:
    """Return what a node for one example is for all of them; the copy has its name and stands where it stood."""
    if not any(has_axis for _, has_axis in given):
        return copy_node(node, tuple(source for source, _ in given)), False
    with inside(node.scope):
        result = next(made for row in _rows_for(node) if (made := row(node, given, count)) is not None)
    if result.op is node.op:
        result.name, result._site = node.name, node._site
    return result, True


def _rows_for(node: Tensor) -> Iterable[Row]:
    op = node.op
    if _entry_by_entry(op, tuple(source.type for source in node.inputs), **node.params):
        yield _elementwise
    elif op.name in ROWS and op in _own():
        yield ROWS[op.name]
    elif len(given := node.inputs) == 1 and "axis" in node.params and op in _own() and given[0].ndim:
        yield _along_axis
    if op.body is not None and (op.vjp is None or op in _own()):
        yield _opened
    yield _one_by_one


@lru_cache(maxsize=1)
def _own_of(count: int) -> frozenset[Op]:
    return frozenset(OPS[:count])


def _own() -> frozenset[Op]:
    """Return the library's own ops: of these, rule and body are proved to agree, so that either may be used."""
    return _own_of(len(OPS))


@lru_cache(maxsize=1024, typed=True)
def _entry_by_entry(op: Op, types: tuple[ArrayType, ...], /, **params: Any) -> bool:
    """Whether an op works entry by entry: so it was defined, or so is all that its body is made of."""
    if op.infer is broadcasting:
        return True
    if op.body is None or op not in _own():
        return False
    arguments, result = definition(op, types, **params)
    return all(
        node in arguments or (node.op is CONSTANT and not node.ndim)
        or (bool(node.inputs) and _entry_by_entry(node.op, tuple(s.type for s in node.inputs), **node.params))
        for node in ancestors([result])
    )


# Rows: how a node for one example becomes a node for all, or None where the row does not fit --------------------------


def _wide(given: Given, ndim: int) -> Tensor:
    """Put axes of size 1 behind the first, so that one example of it has `ndim` axes and broadcasts as before."""
    node, has_axis = given
    if not has_axis or node.ndim - 1 == ndim:
        return node
    return nodes.reshape(node, (node.shape[0], *(1,) * (ndim + 1 - node.ndim), *node.shape[1:]))


def _full(given: Given, count: int) -> Tensor:
    return _repeated(*given, count)


def _elementwise(node: Tensor, given: list[Given], _: int) -> Tensor:
    return node.op(nodes, *(_wide(one, node.ndim) for one in given), **node.params)


def _unchanged(node: Tensor, given: list[Given], _: int) -> Tensor:
    return node.op(nodes, given[0][0], **node.params)


def _along_axis(node: Tensor, given: list[Given], count: int) -> Tensor | None:
    """Count axes from the front one further; those counted from the end stay."""
    axis = node.params["axis"]
    if axis is None:
        return None
    moved = tuple(map(_further, axis)) if isinstance(axis, tuple) else _further(axis)
    result = node.op(nodes, given[0][0], **{**node.params, "axis": moved})
    return result if result.shape == (count, *node.shape) else None


def _further(axis: int) -> int:
    return axis + 1 if axis >= 0 else axis


def _opened(node: Tensor, given: list[Given], count: int) -> Tensor:
    arguments, result = definition(node.op, tuple(source.type for source in node.inputs), **node.params)
    return batched([result], arguments, given, count)[0]


def _stable(node: Tensor, given: list[Given], count: int) -> Tensor:
    """Open a composite into its stable form rather than its definition, which could overflow."""
    with inside(()):
        arguments = [placeholder(source.type) for source in node.inputs]
        result = as_tensor(node.op.forward(nodes, *arguments, **node.params))
    return batched([result], arguments, given, count)[0]


def _one_by_one(node: Tensor, given: list[Given], count: int) -> Tensor:
    if not count:
        return as_tensor(np.zeros((0, *node.shape), node.dtype))
    results = [
        node.op(nodes, *(source[i] if has_axis else source for source, has_axis in given), **node.params)
        for i in range(count)
    ]
    return nodes.stack(results)


def _reshape(node: Tensor, given: list[Given], count: int) -> Tensor:
    return nodes.reshape(given[0][0], (count, *node.shape))


def _broadcast_to(node: Tensor, given: list[Given], count: int) -> Tensor:
    return nodes.broadcast_to(_wide(given[0], node.ndim), (count, *node.shape))


def _transpose(node: Tensor, given: list[Given], _: int) -> Tensor:
    return nodes.transpose(given[0][0], (0, *map(_further, node.params["axes"])))


def _concatenate(node: Tensor, given: list[Given], count: int) -> Tensor:
    return nodes.concatenate([_full(one, count) for one in given], _further(node.params["axis"]))


def _matmul(node: Tensor, given: list[Given], count: int) -> Tensor:
    (x, x_has), (y, y_has) = given
    if not y_has and y.ndim <= 2:
        return nodes.matmul(x, y)
    one_x, one_y = node.inputs
    ndim = max(one_x.ndim, one_y.ndim, 2)
    row = nodes.expand_dims(x, -2) if one_x.ndim == 1 else x
    column = nodes.expand_dims(y, -1) if one_y.ndim == 1 else y
    return nodes.reshape(nodes.matmul(_wide((row, x_has), ndim), _wide((column, y_has), ndim)), (count, *node.shape))


def _leading(pattern: tuple[Any, ...]) -> int | None:
    """Return where the integers and arrays of an index with arrays begin, if nothing stands between them."""
    places = [i for i, part in enumerate(pattern) if part == "array" or isinstance(part, int)]
    together = places == list(range(places[0], places[0] + len(places)))
    return places[0] if together else None


def _batched_index(
    pattern: tuple[Any, ...], given: list[Given], count: int, counted: bool
) -> tuple[tuple[Any, ...], list[Tensor]] | None:
    """Return the pattern and the index arrays for all examples, or None where NumPy would move the axes about.

    `counted` says whether what is indexed has the axis of the examples.
    """
    arrays = [node for node, _ in given]
    begin = _leading(pattern) if arrays else 0
    if not any(has_axis for _, has_axis in given):
        return None if begin is None else (((None, None, None), *pattern), arrays)
    if begin != 0:
        return None
    ndim = max(node.ndim - has_axis for node, has_axis in given)
    wide = [_wide(one, ndim) for one in given]
    if not counted:
        return pattern, wide
    example = as_tensor(np.arange(count).reshape((count, *(1,) * ndim)))
    return ("array", *pattern), [example, *wide]


def _getitem(node: Tensor, given: list[Given], count: int) -> Tensor | None:
    found = _batched_index(node.params["pattern"], given[1:], count, given[0][1])
    if found is None:
        return None
    return node.op(nodes, given[0][0], *found[1], pattern=found[0])


def _put_back(node: Tensor, given: list[Given], count: int) -> Tensor | None:
    found = _batched_index(node.params["pattern"], given[1:], count, True)
    if found is None:
        return None
    shape = (count, *node.params["shape"])
    return node.op(nodes, _full(given[0], count), *found[1], pattern=found[0], shape=shape)


ROWS: Mapping[str, Row] = {
    "astype": _unchanged, "one_hot": _unchanged, "reshape": _reshape, "broadcast_to": _broadcast_to,
    "transpose": _transpose, "concatenate": _concatenate, "matmul": _matmul, "getitem": _getitem,
    "put_back": _put_back, "cross_entropy": _stable,
}
