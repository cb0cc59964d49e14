"""Source of a product whose rows several cores compute: a function for some of them, and the lines that run all."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from ..graph import Tensor
from .memory import WORDS
from .names import Names
from .product_source import SMALL, begin, left_to_blas, matrix, routine
from .products import Product
from .spelling import INDENT
from .views import View


def in_pieces(step: Product, views: Mapping[Tensor, View]) -> bool:
    """Whether a product is computed in pieces: it is large enough, and not left to a BLAS."""
    return step.portion > 0 and min(step.sizes) > 1 and prod(step.sizes) > SMALL and not left_to_blas(step, views)


class ProductPieceWriter:
    """Writes a product that is cut into pieces.

    Attributes
    ----------
    definition : list of str
        The lines of the function that computes a piece: ``name(table, part)``.
    """

    def __init__(self, names: Names, step: Product, name: str) -> None:
        self._names, self._step, self._name = names, step, name
        last = step.pieces - 1
        with names.function():
            cases = [f"if part {sign} {last}:\n{INDENT * 2}{matrix(names, step, rows, 'first')}"
                     for sign, rows in (("<", step.portion), ("==", step.sizes[0] - step.portion * last))]
            place = WORDS.index(routine(step))
            self.definition = [f"def {name}(table, part):", *(INDENT + line for line in [
                f"at = array(table, ({names.memory.entries},), int64)", f"{routine(step)} = at[{place}]",
                *names.arrays(), f"first = {step.portion} * part", *cases, "return 0"])]

    def lines(self) -> list[str]:
        """Return the lines that run all pieces."""
        return [*begin(self._names, self._step), f"together({self._name}, table, {self._step.pieces}, crew)"]
