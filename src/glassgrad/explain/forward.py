"""Formulas with their numbers filled in.

>>> import glassgrad as gg
>>> from glassgrad.explain.run import run_of
>>> run = run_of(gg.tensor(3.0, name="x") * 2.0)
>>> print(forward_formula(run, run.output))
v1 = x × 2 = 3 × 2 = 6
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Tensor
from .formula import Formula, equation, factor_formula, joined, value_formula
from .numbers import SMALL
from .rules import formula_of, row_of
from .run import Run

MOST_PARTS = 6


class Values:
    """In place of labels: what stands in a formula when its numbers are filled in."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __getitem__(self, node: Tensor) -> Formula:
        return factor_formula(self.run.read(node), self.run.digits)


def forward_formula(run: Run, node: Tensor) -> Formula:
    """Return what a node computes: name, rule in symbols, the same in numbers where they are few, value."""
    rule = formula_of(node, run.labels)
    few = sum(source.size for source in node.inputs) <= SMALL
    numbers = formula_of(node, Values(run)) if few and row_of(node) is not None else None
    return equation([run.labels[node], rule, numbers, value_formula(run.read(node), run.digits)])


def sum_formula(parts: Sequence[Any], digits: int = 6) -> Formula | None:
    """Return a sum of numbers or small arrays, the middle of a long one left out; None if the arrays are large."""
    if any(np.size(part) > SMALL for part in parts):
        return None
    written = [factor_formula(part, digits) for part in parts]
    if len(written) > MOST_PARTS:
        dots = Formula("…", r"\cdots")
        written = [*written[:3], dots, *written[-2:]]
    return joined(" + ", written)
