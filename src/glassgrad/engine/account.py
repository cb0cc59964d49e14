"""What a program does, as text: its steps, its arrays, the bytes that they move, the multiplications, its source."""

from __future__ import annotations

from math import prod
from typing import Any

from ..trace import Graph
from .plan.loops import Loop, has_array
from .plan.plan import Call, Plan, Step, arrays_read, described
from .plan.products import Product
from .plan.stacks import Stack
from .program import NativeProgram
from .writing.product_pieces import in_pieces
from .writing.product_source import left_to_blas


def account(graph: Graph, program: Any, name: str) -> str:
    """Return the account of a program made by `compiled.program`."""
    if not isinstance(program, NativeProgram):
        kind = type(program).__name__.removesuffix("Program") or "the interpreter"
        lines = [f"{name}: {len(graph.operations)} operations, each a call of NumPy ({kind})"]
        return "\n".join([*lines, *(f"  {node.op.name} {node.type}" for node in graph.operations)])
    plan, memory = program.plan, program.memory
    moved = sum(bytes_moved(step, plan) for step in plan.steps)
    work = sum(multiplications(step) for step in plan.steps)
    blas = "not needed" if program.blas is None else program.blas.name
    steps = "step" if len(plan.steps) == 1 else "steps"
    lines = [
        f"{name}: {len(graph.operations)} operations in {len(plan.steps)} {steps}, {moved:,} bytes read and written, "
        f"{2 * work:,} flops in products",
        f"{len(memory.slots)} arrays; {memory.work:,} bytes for those in between, "
        f"{sum(array.nbytes for array in memory.constants):,} for constants; BLAS: {blas}",
    ]
    lines += [_line(number, step, plan) for number, step in enumerate(plan.steps, start=1)]
    called = [step.node.op.name for step in plan.steps if isinstance(step, Call)]
    if called:
        lines.append(f"not compiled, called in NumPy: {', '.join(dict.fromkeys(called))}")
    return "\n".join([*lines, "", *(source.text for source in program.sources)])


def _line(number: int, step: Step, plan: Plan) -> str:
    work = multiplications(step)
    return (f"{number:3}. {described(step)}{_manner(step, plan)}: {bytes_moved(step, plan):,} bytes"
            + (f", {2 * work:,} flops" if work else ""))


def _manner(step: Step, plan: Plan) -> str:
    """Return who computes a step, if it is a product, and in how many pieces."""
    by, pieces = "", 1
    if isinstance(step, (Product, Stack)):
        by = ", by the BLAS" if left_to_blas(step, plan.views) else ", in loops for its sizes"
        pieces = step.pieces if in_pieces(step, plan.views) else 1
    elif isinstance(step, Loop):
        pieces = step.pieces
    return f"{by}, in {pieces} pieces for as many cores as are free" if pieces > 1 else by


def bytes_moved(step: Step, plan: Plan) -> int:
    """Return how many bytes of arrays a step reads and writes, each array counted once."""
    stored = set(plan.stored)
    inside = set(step.nodes)
    read = {node for node in arrays_read(step, plan.views) if node not in inside and has_array(node)}
    written = {node for node in step.nodes if node in stored}
    return sum(node.size * node.dtype.itemsize for node in (*read, *written))


def multiplications(step: Step) -> int:
    """Return the number of multiplications in a product, or in a stack of them."""
    count = step.count if isinstance(step, Stack) else 1
    return count * prod(step.sizes) if isinstance(step, (Product, Stack)) else 0

