"""Whether two graphs are the same computation, and where they first differ."""

from __future__ import annotations

from ..graph import CONSTANT, Tensor
from ..trace import Graph


def difference(left: Graph, right: Graph) -> str:
    """Return in a few words the first difference of two graphs on inputs of the same types; empty if there is none."""
    pairs = dict(zip(left.inputs, right.inputs, strict=True))
    ours = [node for node in left.nodes if node not in pairs]
    theirs = [node for node in right.nodes if node not in set(right.inputs)]
    for one, other in zip(ours, theirs, strict=False):
        if not _same(one, other, pairs):
            return f"{_described(one)}, then {_described(other)}"
        pairs[one] = other
    if len(ours) != len(theirs):
        return f"{len(ours)} nodes, then {len(theirs)}"
    same = [pairs.get(node) for node in left.outputs] == list(right.outputs)
    return "" if same else "other outputs"


def _same(one: Tensor, other: Tensor, pairs: dict[Tensor, Tensor]) -> bool:
    if one.op is not other.op or one.type != other.type or dict(one.params) != dict(other.params):
        return False
    if one.op is CONSTANT:
        return bytes(one.value.tobytes()) == bytes(other.value.tobytes())  # type: ignore[union-attr]
    if one.is_leaf:
        return one is other or one.value is None
    return tuple(pairs.get(source, source) for source in one.inputs) == other.inputs


def _described(node: Tensor) -> str:
    value = f" of {node.value}" if node.op is CONSTANT and node.size == 1 else ""
    return f"{node.op.name}{value} ({node.where})" if node.where else f"{node.op.name}{value}"
