"""Stacks of matrices, multiplied pair by pair, or each of a stack by the same matrix."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ...graph import Tensor
from .products import MATMUL
from .single import Single


@dataclass(eq=False)
class Stack(Single):
    """One node: as many products of matrices of one size as the stack is high.

    Attributes
    ----------
    portion : int
        Products of a piece, if the stack is cut into pieces for several cores, else 0; see `pieces`.
    """

    portion: int = 0
    added = None

    @property
    def left(self) -> Tensor:
        """The stack, or the one matrix, on the left."""
        return self.node.inputs[0]

    @property
    def right(self) -> Tensor:
        """That on the right."""
        return self.node.inputs[1]

    @property
    def result(self) -> Tensor:
        """The node whose array it writes."""
        return self.node

    @property
    def count(self) -> int:
        """How many products it is."""
        return prod(self.node.shape[:-2])

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Rows, inner size and columns of each."""
        return self.node.shape[-2], self.left.shape[-1], self.node.shape[-1]

    @property
    def flops(self) -> int:
        """Multiplications and additions of one product."""
        return 2 * prod(self.sizes)

    @property
    def pieces(self) -> int:
        """How many pieces it is cut into."""
        return -(-self.count // self.portion) if self.portion else 1


def stacks(node: Tensor) -> bool:
    """Whether a node is a stack of products that native code computes: of all pairs, or with one matrix for all."""
    if node.op is not MATMUL or node.ndim < 3 or node.dtype not in (np.float32, np.float64):
        return False
    x, y = node.inputs
    return bool(
        min(x.ndim, y.ndim) > 1 and x.dtype == y.dtype == node.dtype and node.size * x.size
        and all(operand.shape[:-2] == node.shape[:-2] or single(operand) for operand in (x, y))
    )


def single(operand: Tensor) -> bool:
    """Whether an operand is one matrix for the whole stack."""
    return prod(operand.shape[:-2]) == 1
