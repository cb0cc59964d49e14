"""Whether two graphs are the same computation, and where they first differ."""

from __future__ import annotations

from ..graph import CONSTANT, Tensor
from ..simplify import params_key
from ..trace import Graph


def difference(left: Graph, right: Graph) -> str:
    """Return in a few words a difference of two graphs on inputs of the same types; empty if there is none.

    The order in which nodes were made does not count: what was remembered from an earlier tracing is older.
    """
    if len(left.outputs) != len(right.outputs):
        return f"{len(left.outputs)} outputs, then {len(right.outputs)}"
    given = dict(zip(left.inputs, right.inputs, strict=True))
    waiting = list(zip(left.outputs, right.outputs, strict=True))
    seen: set[tuple[Tensor, Tensor]] = set()
    while waiting:
        pair = one, other = waiting.pop()
        if pair in seen or given.get(one) is other:
            continue
        if one in given or not _alike(one, other):
            return f"{_described(one)}, then {_described(other)}"
        seen.add(pair)
        waiting += zip(one.inputs, other.inputs, strict=True)
    return ""


def _alike(one: Tensor, other: Tensor) -> bool:
    """Whether two nodes do the same to their inputs, whatever these are."""
    if one.op is not other.op or one.type != other.type or len(one.inputs) != len(other.inputs) or (
            params_key(one) != params_key(other)):
        return False
    if one.op is CONSTANT:
        return bytes(one.value.tobytes()) == bytes(other.value.tobytes())  # type: ignore[union-attr]
    return one is other or not one.is_leaf or one.value is None


def _described(node: Tensor) -> str:
    value = f" of {node.value}" if node.op is CONSTANT and node.size == 1 else ""
    return f"{node.op.name}{value} ({node.where})" if node.where else f"{node.op.name}{value}"
