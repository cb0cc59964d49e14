"""What stands in a node: the op's symbol, with the number it works with where that is a constant.

``x * -1`` is one circle with ``×(−1)`` in it, ``x ** 2`` one with ``**2``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..graph import CONSTANT, Tensor
from .metrics import shorten
from .numbers import short

# How a binary op with a constant is written: constant on the right, constant on the left.
_FOLDED = {
    "add": ("+{}", "+{}"),
    "subtract": ("−{}", "{}−"),
    "multiply": ("×{}", "×{}"),
    "divide": ("÷{}", "{}÷"),
    "power": ("**{}", "{}**"),
    "maximum": ("max {}", "max {}"),
    "minimum": ("min {}", "min {}"),
    "less": ("<{}", "{}<"),
    "less_equal": ("≤{}", "{}≤"),
    "greater": (">{}", "{}>"),
    "greater_equal": ("≥{}", "{}≥"),
    "equal": ("={}", "={}"),
    "not_equal": ("≠{}", "≠{}"),
}
LONGEST_LABEL = 28


def label(node: Tensor) -> str:
    """Return the text in a node.

    >>> import glassgrad as gg
    >>> x = gg.tensor(2.0, name="x")
    >>> [label(node) for node in (x, x * -1, x + 1, 1 - x, x ** 2, gg.exp(x), gg.sigmoid(x))]
    ['x', '×(−1)', '+1', '1−', '**2', 'exp', 'σ']
    """
    if node.is_leaf:
        return shorten(node.name or "", LONGEST_LABEL)
    position = folded_input(node)
    if position is None:
        return shorten(symbol(node), LONGEST_LABEL)
    value = node.inputs[position].value
    assert value is not None
    number = short(value.item())
    negative = number.startswith("−") and position == 1
    return _FOLDED[node.op.name][1 - position].format(f"({number})" if negative else number)


def symbol(node: Tensor) -> str:
    """Return the op's symbol with its parameters filled in."""
    try:
        text = node.op.symbol.format(**node.params)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        text = node.op.symbol
    return re.sub(r"-(?=\d)", "−", text or node.op.name)


def folded_input(node: Tensor) -> int | None:
    """Return the position of the constant that is written in the node itself, or None."""
    if node.op.name not in _FOLDED or len(node.inputs) != 2:
        return None
    plain = [is_plain_number(source) for source in node.inputs]
    return plain.index(True) if sum(plain) == 1 else None


def is_plain_number(node: Tensor) -> bool:
    """Whether a node is an unnamed single number that somebody wrote in a formula."""
    return node.op is CONSTANT and node.name is None and node.shape == () and node.value is not None


def folded(order: list[Tensor], outputs: tuple[Tensor, ...]) -> set[Tensor]:
    """Return the constants that are written in the nodes that use them, and need no node of their own."""
    users: Mapping[Tensor, list[bool]] = {node: [] for node in order if is_plain_number(node)}
    for node in order:
        place = folded_input(node)
        for position, source in enumerate(node.inputs):
            if source in users:
                users[source].append(position == place)
    return {node for node, uses in users.items() if all(uses) and node not in outputs}
