"""Source of a stack of products: a loop of calls."""

from __future__ import annotations

from collections.abc import Mapping

from ..graph import Tensor
from .names import Names
from .products import turned
from .sizes import Sizes, chosen
from .spelling import INDENT
from .stacks import Stack, single
from .views import View


def stack_left_to_blas(step: Stack, views: Mapping[Tensor, View]) -> bool:
    """Whether the products of a stack are calls of a library."""
    m, k, n = step.sizes
    left, right = (turned(x, views) for x in step.node.inputs)
    return chosen(Sizes(m, n, k, left, right, False, 8 * step.node.dtype.itemsize)) is None


def stack_in_pieces(step: Stack, views: Mapping[Tensor, View]) -> bool:
    """Whether a stack is computed in pieces: it is large enough, and not left to a BLAS."""
    return step.portion > 0 and not stack_left_to_blas(step, views)


def stack_routine(step: Stack) -> str:
    """Return the name of the address of the BLAS's function that multiplies these matrices."""
    return "sgemm" if step.node.dtype.itemsize == 4 else "dgemm"


def stacked(names: Names, step: Stack, run: str) -> list[str]:
    """Return the loop over those of a stack that `run`, the arguments of a range, goes through."""
    m, k, n = step.sizes
    x, y = step.node.inputs
    size = step.node.dtype.itemsize
    left, right = (turned(operand, names.views) for operand in (x, y))

    def address(node: Tensor, entries: int) -> str:
        return names.address(node) + ("" if single(node) else f" + {size * entries} * matrix")

    return [f"for matrix in range({run}):",
            f"{INDENT}gemm{8 * size}({stack_routine(step)}, {left}, {right}, {m}, {n}, {k}, float{8 * size}(1.0), "
            f"{address(x, m * k)}, {m if left else k}, {address(y, k * n)}, {k if right else n}, "
            f"float{8 * size}(0.0), {address(step.node, m * n)}, {n})"]
