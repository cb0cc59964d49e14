"""Matrix products, with what stands around them taken along: a scale, a sign, a bias, the weights that are updated.

``C = alpha A B + beta C`` is one call of a BLAS. A bias is written into C first; ``W - lr * (x.T @ g)`` needs no array
for the gradient and no second pass over the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from ...graph import Tensor
from .expressions import BY_NAME
from .views import View

MATMUL, MULTIPLY, ADD = BY_NAME["matmul"], BY_NAME["multiply"], BY_NAME["add"]
SUBTRACT, NEGATIVE = BY_NAME["subtract"], BY_NAME["negative"]


@dataclass(eq=False)
class Product:
    """``result = sign * scales * (left @ right) + added``.

    Attributes
    ----------
    nodes : list of Tensor
        The product and the nodes folded into it; the last one is the result.
    left, right : Tensor
    scales : list of Tensor
        Single numbers.
    sign : int
    added : Tensor or None
    portion : int
        Rows of a piece, if it is cut into pieces for several cores, else 0; see `pieces`.
    """

    nodes: list[Tensor]
    left: Tensor
    right: Tensor
    scales: list[Tensor]
    sign: int = 1
    added: Tensor | None = None
    portion: int = 0

    @property
    def result(self) -> Tensor:
        """The node whose array it writes."""
        return self.nodes[-1]

    @property
    def reads(self) -> list[Tensor]:
        """All operands."""
        return [self.left, self.right, *self.scales, *([] if self.added is None else [self.added])]

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Rows, inner size and columns; a vector is one row on the left and one column on the right."""
        x, y = self.left.shape, self.right.shape
        return (x[0] if len(x) == 2 else 1), x[-1], (y[1] if len(y) == 2 else 1)

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * prod(self.sizes)

    @property
    def pieces(self) -> int:
        """How many pieces it is cut into."""
        return -(-self.sizes[0] // self.portion) if self.portion else 1


def turned(x: Tensor, views: Mapping[Tensor, View]) -> bool:
    """Whether an operand lies in memory as its transpose; of a stack, each of its matrices."""
    return x.ndim > 1 and views[x].terms[-2].axis == x.ndim - 1


def multiplies(node: Tensor) -> bool:
    """Whether a node is a product that a BLAS computes: of vectors or matrices of one kind of float."""
    return node.op is MATMUL and all(
        source.ndim in (1, 2) and source.dtype == node.dtype and source.dtype in (np.float32, np.float64)
        for source in node.inputs
    )


def product_of(
    node: Tensor, users: Mapping[Tensor, Sequence[Tensor]], outputs: Sequence[Tensor]
) -> Product:
    """Return a product with all that can be folded into it."""
    product = Product([node], node.inputs[0], node.inputs[1], [])
    while product.added is None and product.result not in outputs and len(users[product.result]) == 1:
        (user,) = users[product.result]
        if user.shape != node.shape or user.dtype != node.dtype or not _fold(product, user):
            break
        product.nodes.append(user)
    return product


def _fold(product: Product, user: Tensor) -> bool:
    """Take the one user of a product along, if it only scales it, turns its sign or adds to it."""
    if user.op is NEGATIVE:
        product.sign = -product.sign
        return True
    if user.op not in (MULTIPLY, ADD, SUBTRACT):
        return False
    other = user.inputs[1] if user.inputs[0] is product.result else user.inputs[0]
    if other is product.result or other.dtype != user.dtype:
        return False
    if user.op is MULTIPLY:
        if other.size == 1:
            product.scales.append(other)
        return other.size == 1
    if user.op is SUBTRACT:
        if user.inputs[1] is not product.result:
            return False
        product.sign = -product.sign
    product.added = other
    return True
