"""The plan written out as source: what runs is what one reads.

Every step becomes a few lines of Python that `translate` compiles; arrays are read and written through a table of
addresses, so that the machine code can be kept on disk and run on other arrays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...graph import Tensor
from ..plan.gather import Chosen, Gather, gathered_by
from ..plan.loops import ONE_HOT, Loop, has_array
from ..plan.memory import WORDS, Memory
from ..plan.plan import Fill, Plan, Step, array_of, described
from ..plan.products import Product
from ..plan.stacks import Stack
from ..plan.walks import Walk, added_by_index
from .loop_source import LoopWriter
from .names import Names
from .piece_source import PieceWriter
from .product_pieces import CutProducts, cut_product, cut_stack, in_pieces
from .product_source import product_lines, stacked
from .spelling import INDENT, loops_over
from .walk_source import walk_lines


@dataclass(frozen=True)
class Source:
    """Source of a native function, and what it stands on.

    Attributes
    ----------
    text : str
    name : str
        Of the function ``name(table) -> status``: the address of the table of addresses; 0, or the number of the step
        (from 1) that met an index out of range.
    steps : list of list of str
        The lines of each step.
    """

    text: str
    name: str
    steps: list[list[str]]


def source(plan: Plan, memory: Memory, steps: Sequence[Step], name: str = "program") -> Source:
    """Return the source of a function that runs these steps of a plan."""
    names = Names(plan, memory)
    pieces: list[str] = []
    bodies: list[list[str]] = []
    for number, step in enumerate(steps, start=1):
        lines = step_lines(names, number, step)
        writer = _piece_writer(names, step, f"{name}_piece{number}")
        if writer is not None:
            pieces += [lines[0], *writer.definition, "", ""]
            lines += writer.lines()
        bodies.append(lines)
    lines = [*pieces, f"def {name}(table):", f"{INDENT}at = array(table, ({memory.entries},), int64)"]
    used = {word for body in bodies for line in body for word in WORDS if re.search(rf"\b{word}[,)]", line)}
    lines += [f"{INDENT}{word} = at[{place}]" for place, word in enumerate(WORDS) if word in used]
    lines += [INDENT + line for line in names.arrays()]
    for body in bodies:
        lines += ["", *(INDENT + line for line in body)]
    lines.append(f"{INDENT}return 0")
    return Source("\n".join(lines) + "\n", name, bodies)


def _piece_writer(names: Names, step: Step, name: str) -> PieceWriter | CutProducts | None:
    """Return what writes a step that is cut into pieces, as a function of this name; None if it is not cut."""
    if isinstance(step, Loop) and step.portion:
        return PieceWriter(names, step, name)
    if isinstance(step, Product) and in_pieces(step, names.views):
        return cut_product(names, step, name)
    if isinstance(step, Stack) and in_pieces(step, names.views):
        return cut_stack(names, step, name)
    return None


def step_lines(names: Names, number: int, step: Step) -> list[str]:
    """Return the lines of one step, a comment first; of one that is cut into pieces, what comes before them."""
    comment = re.sub(r"[^ -~]", "?", described(step))  # names of layers are anybody's text
    lines = [f"# {number}. {comment}"]
    if isinstance(step, Loop):
        return lines + _checks(names, step, number) + ([] if step.portion else LoopWriter(names, step).lines())
    if isinstance(step, Product):
        return lines + ([] if in_pieces(step, names.views) else product_lines(names, step))
    if isinstance(step, Stack):
        return lines + ([] if in_pieces(step, names.views) else stacked(names, step, str(step.count)))
    if isinstance(step, Walk):
        return lines + _checks(names, step, number) + walk_lines(names, step)
    assert isinstance(step, Fill)
    return [*lines, _fill(names, step)]


def _checks(names: Names, step: Loop | Walk, number: int) -> list[str]:
    """Return lines that look for an index out of range before anything is read there."""
    lines: list[str] = []
    for node in step.nodes:
        for indices, size in _ranges(node):
            if not has_array(indices):
                continue
            root = array_of(indices, names.views)
            loops, index = loops_over(root.shape)
            value = f"{names.array(root)}[{index}]"
            low = 0 if node.op is ONE_HOT else -size
            lines += ["bad = 0", *loops, f"{INDENT * len(loops)}bad |= ({value} < {low}) | ({value} >= {size})",
                      "if bad != 0:", f"{INDENT}return {number}"]
    return lines


def _fill(names: Names, step: Fill) -> str:
    node = step.node
    seed, count = (names.element(node.inputs[0], [place]) for place in ("0", "1"))
    return (f"uniform_{8 * node.dtype.itemsize}({names.address(node)}, {node.size}, {seed}, {node.params['stream']}, "
            f"{count})")


def _ranges(node: Tensor) -> list[tuple[Tensor, int]]:
    """Return the index arrays of a node, each with the size of the axis that it chooses from."""
    if node.op is ONE_HOT:
        return [(node.inputs[0], node.params["classes"])]
    by_index, found = added_by_index(node), gathered_by(node)
    if by_index is not None:
        return _chosen(node, node.shape, by_index)
    return [] if found is None else _chosen(node, node.inputs[0].shape, found)


def _chosen(node: Tensor, shape: tuple[int, ...], found: Gather) -> list[tuple[Tensor, int]]:
    return [(node.inputs[1 + part.array], shape[axis]) for axis, part in enumerate(found.indices)
            if isinstance(part, Chosen)]
