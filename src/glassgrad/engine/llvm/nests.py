"""What LLVM is told about the loops of generated source, which it could not see for itself or would judge badly.

Arrays that one nest of loops uses lie apart unless they stand at the same entry of the table (`memory` gives places in
turn only to arrays that no step needs at once; what a caller may give twice is only read). Known to LLVM, this spares
the checks before every loop that is vectorised, and lets short rows stay in registers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from llvmlite import ir

from .flow import Array, Marks

IN_REGISTERS = 256  # bytes of sums that stay in registers while rows are added: half of what the processor has
SHORT = 16  # rounds of a loop that is better unrolled, so that the loop around it can be vectorised


def is_nest(loop: ast.For) -> bool:
    """Whether a loop is the outermost of a step: it uses arrays, and does not say where they lie."""
    return not any(isinstance(node, ast.Call) and _name(node.func) == "array" for node in ast.walk(loop))


def along_rows(loop: ast.For) -> bool:
    """Whether LLVM is to work along the loops inside of a loop: if one of them is long."""
    inner = [node for line in loop.body for node in ast.walk(line) if isinstance(node, ast.For)]
    return any(_rounds(each) >= SHORT for each in inner)


def _rounds(loop: ast.For) -> float:
    """Return how often a loop goes round; infinity if that depends on numbers that come later."""
    match loop.iter:
        case ast.Call(args=[ast.Constant(value=int() as count)]):
            return count
    return float("inf")


def marks(module: ir.Module, name: str, loop: ast.For, arrays: Mapping[str, Array]) -> dict[int, Marks]:
    """Return by slot what LLVM is told where an array of a nest is read or written.

    Parameters
    ----------
    module : ir.Module
    name : str
        Of the nest; no other has it.
    loop : ast.For
    arrays : mapping of str to Array
        Those that have a name where the loop begins.
    """
    used = {name: arrays[name] for name in map(_name, ast.walk(loop)) if name in arrays}
    crowded = {used[name].slot for name in _collected(loop) if name in used and used[name].bytes > IN_REGISTERS}
    slots = sorted({array.slot for array in used.values() if array.slot is not None} - crowded)
    domain = module.add_metadata([name])
    scopes = {slot: module.add_metadata([f"{name} {slot}", domain]) for slot in slots}
    return {slot: {"alias.scope": module.add_metadata([scopes[slot]]),
                   "noalias": module.add_metadata([scopes[other] for other in slots if other != slot])}
            for slot in slots if len(slots) > 1}


def _collected(loop: ast.For) -> Iterator[str]:
    """Yield the arrays whose entries are added to, round after round."""
    for node in ast.walk(loop):
        match node:
            case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name))):
                yield name
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))], value=value):
                if name in map(_name, ast.walk(value)):
                    yield name


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""
