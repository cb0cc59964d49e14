"""The reference interpreter: run a graph in any array namespace, node by node.

>>> import glassgrad as gg
>>> graph = gg.trace(lambda x: x * x + 1)(gg.ArrayType(()))
>>> print(graph(3.0))
10.0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .build import ancestors
from .graph import Tensor, nodes


def evaluate(inputs: Sequence[Tensor], outputs: Sequence[Tensor], arguments: Sequence[Any], xp: Any = np) -> list[Any]:
    """Return the values of `outputs` in the namespace `xp` when `inputs` have the values `arguments`."""
    values = evaluate_all(ancestors(outputs), inputs, arguments, xp)
    return [values[node] for node in outputs]


def evaluate_all(
    order: Sequence[Tensor], inputs: Sequence[Tensor], arguments: Sequence[Any], xp: Any = np
) -> dict[Tensor, Any]:
    """Return the value of every node of `order`, which lists inputs before users.

    A node that has a value and stands on no placeholder keeps it. In `nodes` the result is a copy of the graph on
    the new inputs.
    """
    values: dict[Tensor, Any] = dict(zip(inputs, arguments, strict=True))
    for node in order:
        if node not in values:
            known = node.value
            if known is not None:
                values[node] = node if xp is nodes else known
            else:
                values[node] = node.op(xp, *[values[source] for source in node.inputs], **node.params)
    return values
