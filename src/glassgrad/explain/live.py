"""From an input to what was computed from it: a node knows its inputs only, so all living nodes are asked.

Needed by ``why(parameter)`` alone, where the result that `backward` was called on is not named.
"""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from ..array_type import is_float
from ..build import ancestors
from ..errors import GradientError
from ..gradient import backpropagate
from ..graph import Tensor, describe


def origin_of_gradient(node: Tensor) -> tuple[Tensor, Any]:
    """Return the result whose `backward` gave `node` its ``grad``, and the derivative that started there.

    Raises
    ------
    GradientError
        If `node` has no ``grad``, or that result is gone or cannot be told from others.
    """
    if not is_float(node.dtype) or node._grad is None:
        raise GradientError(
            f"{describe(node)} has no gradient yet: call backward() on the loss first, or name it: gg.why(loss, x)."
        )
    tops = _tops([thing for thing in gc.get_objects() if type(thing) is Tensor], node)
    for top in tops:
        if np.array_equal(_gradient(top, node), node._grad, equal_nan=True):
            return top, top.grad
    raise GradientError(
        f"the result that gave {describe(node)} its gradient is not there any more, or several added to it: name the "
        "one that is meant: gg.why(loss, x)."
    )


def _tops(alive: list[Tensor], node: Tensor) -> list[Tensor]:
    """Return the nodes computed from `node` that have a ``grad`` and are used by no such node; the newest first."""
    alive.sort(key=lambda tensor: tensor.serial)
    above = {node}
    used: set[Tensor] = set()
    for tensor in alive:
        if tensor._grad is not None and not above.isdisjoint(tensor.inputs):
            above.add(tensor)
            used.update(tensor.inputs)
    return sorted(above - used - {node}, key=lambda tensor: -tensor.serial)


def _gradient(top: Tensor, node: Tensor) -> Any:
    with np.errstate(all="ignore"):
        found = backpropagate(ancestors([top]), {top: top.grad}, [node], np, lambda tensor: tensor.value)
    return found.get(node)
