"""Source of a walk: loops over the entries of its node in order, each read from its own array before."""

from __future__ import annotations

from collections.abc import Sequence

from ...graph import Tensor
from ..plan.gather import Chosen, Gather
from ..plan.loops import counts
from ..plan.lower import is_constant
from ..plan.walks import RUNNING, Walk, added_by_index, running_axis
from .names import Names
from .spelling import INDENT, cast, dtype_text, loops_over, moved


def walk_lines(names: Names, step: Walk) -> list[str]:
    """Return the lines of a walk."""
    found = added_by_index(step.node)
    return _running(names, step.node) if found is None else _added(names, step.node, found)


def _running(names: Names, node: Tensor) -> list[str]:
    """Return lines that take the first entries along the axis as they are, and every other with the one before it."""
    if not node.size:
        return []
    axis, shape = running_axis(node), node.shape
    loops, index = _over((*shape[:axis], 1, *shape[axis + 1 :]))
    lines = [*loops, INDENT * len(loops) + _stored(names, node, index, _entry(names, node, node.inputs[-1], index))]
    if shape[axis] > 1:
        loops, index = _over(shape, after=axis)
        before = [f"{place} - 1" if i == axis else place for i, place in enumerate(index)]
        given = [_entry(names, node, x, index) for x in node.inputs]
        value = RUNNING[node.op].format(*given, before=f"{names.array(node)}[{', '.join(before)}]")
        lines += [*loops, INDENT * len(loops) + _stored(names, node, index, value)]
    return lines


def _added(names: Names, node: Tensor, found: Gather) -> list[str]:
    """Return lines that begin with zeros and add every entry of the first input where it belongs."""
    g, *arrays = node.inputs
    loops, index = _over(node.shape)
    lines = [*loops, INDENT * len(loops) + _stored(names, node, index, f"{dtype_text(node.dtype)}(0)")]
    loops, index = _over(g.shape)
    places = [
        _chosen(names, arrays[part.array], index[found.first : found.first + found.count], node.shape[axis])
        if isinstance(part, Chosen) else moved(index, part.axis, part.start, part.step)
        for axis, part in enumerate(found.indices)
    ]
    old = f"{names.array(node)}[{', '.join(places) or '0'}]"
    return [*lines, *loops,
            INDENT * len(loops) + _stored(names, node, places, f"{old} + {_entry(names, node, g, index)}")]


def _over(shape: tuple[int, ...], after: int | None = None) -> tuple[list[str], list[str]]:
    loops, index = loops_over(shape, after)
    return loops, index.split(", ")[: len(shape)]


def _chosen(names: Names, array: Tensor, along: Sequence[str], size: int) -> str:
    """Return the entry of an index array, counted from the front of an axis of this size."""
    own = ["0" if each == 1 else i for i, each in zip(along[len(along) - array.ndim :], array.shape, strict=True)]
    place = names.element(array, own)
    return place if array.dtype.kind == "u" or (is_constant(array) and counts(array)) else f"wrapped({place}, {size})"


def _entry(names: Names, node: Tensor, x: Tensor, index: Sequence[str]) -> str:
    return cast(names.element(x, index), x.dtype, node.dtype)


def _stored(names: Names, node: Tensor, index: Sequence[str], value: str) -> str:
    text = f"{dtype_text(node.dtype)}({value})" if node.dtype.kind in "iu" else value  # sums of these are wide
    return f"{names.array(node)}[{', '.join(index) or '0'}] = {text}"
