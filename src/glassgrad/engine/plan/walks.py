"""What is computed entry after entry, each on top of those before: running sums and products, sums by index.

Such a node is a step of its own, since a loop with other nodes could no longer work on several entries at once. The
order is NumPy's, and so are the bits.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...array_type import ArrayType
from ...graph import Tensor
from .expressions import BY_NAME
from .gather import Gather, gathered
from .loops import DTYPES
from .single import Single
from .views import GETITEM

ADD_BY_INDEX = BY_NAME["put_back"]
RUNNING = {
    BY_NAME["cumsum"]: "{before} + {0}", BY_NAME["cumprod"]: "{before} * {0}",
    BY_NAME["linear_recurrence"]: "{0} * {before} + {1}",
}


@dataclass(eq=False)
class Walk(Single):
    """One node, computed in the order of its entries."""


def walks(node: Tensor) -> bool:
    """Whether a node is computed by a walk."""
    known = node.dtype.kind in "iuf" and {node.dtype, *(x.dtype for x in node.inputs)} <= DTYPES
    return known and (node.op in RUNNING or added_by_index(node) is not None)


def running_axis(node: Tensor) -> int:
    """Return the axis along which a running sum or product goes."""
    return int(node.params.get("axis", node.ndim - 1))


def added_by_index(node: Tensor) -> Gather | None:
    """Return where the entries of the first input are added in the result; None if the node is of another kind."""
    if node.op is not ADD_BY_INDEX:
        return None
    g, *arrays = node.inputs
    pattern, types = node.params["pattern"], [array.type for array in arrays]
    assert GETITEM.infer is not None
    if g.shape != GETITEM.infer(ArrayType(node.shape, g.dtype), *types, pattern=pattern).shape:
        return None  # NumPy would broadcast it
    return gathered(node.shape, arrays, pattern)
