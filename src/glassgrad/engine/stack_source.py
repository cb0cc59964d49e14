"""Source of a stack of products: a loop of products, or a function for some of them that several cores call."""

from __future__ import annotations

from collections.abc import Mapping

from ..graph import Tensor
from .memory import WORDS
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


def stack_lines(names: Names, step: Stack) -> list[str]:
    """Return the lines of a whole stack."""
    return _products(names, step, str(step.count))


class StackPieceWriter:
    """Writes a stack that is cut into pieces.

    Attributes
    ----------
    definition : list of str
        The lines of the function that computes a piece: ``name(table, part)``.
    """

    def __init__(self, names: Names, step: Stack, name: str) -> None:
        self._step, self._name = step, name
        with names.function():
            body = _products(names, step, f"first, min(first + {step.portion}, {step.count})")
            self.definition = [f"def {name}(table, part):", *(INDENT + line for line in [
                f"at = array(table, ({names.memory.entries},), int64)", f"{_routine(step)} = "
                f"at[{WORDS.index(_routine(step))}]", *names.arrays(), f"first = {step.portion} * part", *body,
                "return 0"])]

    def lines(self) -> list[str]:
        """Return the lines that run all pieces."""
        return [f"together({self._name}, table, {self._step.pieces}, crew)"]


def _routine(step: Stack) -> str:
    return "sgemm" if step.node.dtype.itemsize == 4 else "dgemm"


def _products(names: Names, step: Stack, run: str) -> list[str]:
    m, k, n = step.sizes
    x, y = step.node.inputs
    size = step.node.dtype.itemsize
    left, right = (turned(operand, names.views) for operand in (x, y))

    def address(node: Tensor, entries: int) -> str:
        return names.address(node) + ("" if single(node) else f" + {size * entries} * matrix")

    return [f"for matrix in range({run}):",
            f"{INDENT}gemm{8 * size}({_routine(step)}, {left}, {right}, {m}, {n}, {k}, float{8 * size}(1.0), "
            f"{address(x, m * k)}, {m if left else k}, {address(y, k * n)}, {k if right else n}, "
            f"float{8 * size}(0.0), {address(step.node, m * n)}, {n})"]
