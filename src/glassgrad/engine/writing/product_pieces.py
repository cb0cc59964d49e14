"""Source of products that several cores compute: a function for some rows, or some of a stack, and what runs all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from ...graph import Tensor
from ..plan.memory import WORDS
from ..plan.products import Product
from ..plan.stacks import Stack
from ..plan.views import View
from .names import Names
from .product_source import SMALL, begin, left_to_blas, matrix, routine, stacked
from .spelling import INDENT


def in_pieces(step: Product | Stack, views: Mapping[Tensor, View]) -> bool:
    """Whether products are computed in pieces: they are large enough, and not left to a BLAS."""
    loops = isinstance(step, Product) and (min(step.sizes) <= 1 or prod(step.sizes) <= SMALL)
    return step.portion > 0 and not loops and not left_to_blas(step, views)


class CutProducts:
    """Writes products that several cores compute.

    Attributes
    ----------
    definition : list of str
        The lines of the function that computes a piece: ``name(table, part)``.
    """

    def __init__(self, names: Names, name: str, step: Product | Stack, body: Callable[[], list[str]],
                 before: Callable[[], list[str]] = list) -> None:
        self._name, self._pieces, self._before = name, step.pieces, before
        with names.function():
            lines, word = body(), routine(step)
            self.definition = [f"def {name}(table, part):", *(INDENT + line for line in [
                f"at = array(table, ({names.memory.entries},), int64)", f"{word} = at[{WORDS.index(word)}]",
                *names.arrays(), f"first = {step.portion} * part", *lines, "return 0"])]

    def lines(self) -> list[str]:
        """Return the lines that run all pieces."""
        return [*self._before(), f"together({self._name}, table, {self._pieces}, crew)"]


def cut_product(names: Names, step: Product, name: str) -> CutProducts:
    """Return what writes a product in pieces, each some of its rows."""
    last = step.pieces - 1

    def body() -> list[str]:
        return [f"if part {sign} {last}:\n{INDENT * 2}{matrix(names, step, rows, 'first')}"
                for sign, rows in (("<", step.portion), ("==", step.sizes[0] - step.portion * last))]

    return CutProducts(names, name, step, body, lambda: begin(names, step))


def cut_stack(names: Names, step: Stack, name: str) -> CutProducts:
    """Return what writes a stack of products in pieces, each some of them."""
    some = f"first, min(first + {step.portion}, {step.count})"
    return CutProducts(names, name, step, lambda: stacked(names, step, some))
