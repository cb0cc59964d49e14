"""How the deck's figure depends on its step: large steps cut the curve off, small ones drown in rounding.

>>> import numpy as np, glassgrad as gg
>>> sweep = step_sweep(lambda p: gg.sum(gg.sin(p["x"])), {"x": np.array([1.0])}, steps=[1e-1, 1e-3, 1e-5])
>>> [f"{figure:.0e}" for figure in sweep.figures["x"]]
['9e-04', '9e-08', '1e-11']
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .evaluate import Loss
from .table import parameter_table

Array = Any
STEPS = tuple(10.0**-power for power in range(1, 10))


@dataclass(frozen=True)
class Sweep:
    """Mean ``|numerical - claimed|`` of every parameter for every step; prints as a table with bars."""

    steps: tuple[float, ...]
    figures: dict[str, tuple[float, ...]]

    def best(self, name: str) -> float:
        """Return the step with the smallest figure for a parameter."""
        return min(zip(self.figures[name], self.steps, strict=True))[1]

    def __str__(self) -> str:
        lines = []
        for name, figures in self.figures.items():
            lines.append(f"{name}: smallest at h = {self.best(name):.0e}")
            lines += [f"  h = {step:.0e}  {figure:9.2e}  {'#' * _length(figure)}"
                      for step, figure in zip(self.steps, figures, strict=True)]
        return "\n".join([*lines, "", "Larger steps cut the curve off (h²), smaller ones drown in rounding (1/h)."])


def _length(figure: float) -> int:
    """Return one sign for every third of a decade above 1e-14."""
    return max(0, round(3 * (math.log10(figure) + 14))) if figure > 0 else 0


def step_sweep(
    loss: Loss, parameters: Mapping[str, Array], gradients: Mapping[str, Array] | None = None, *,
    steps: Sequence[float] = STEPS, entries: int | None = 50, seed: int = 0,
) -> Sweep:
    """Return the deck's mean difference of every parameter for each of several steps h.

    Parameters
    ----------
    loss, parameters, gradients, entries, seed
        As in `parameter_table`; by default 50 entries of each parameter are measured.
    steps : sequence of float

    Returns
    -------
    Sweep
    """
    tables = [parameter_table(loss, parameters, gradients, h=h, entries=entries, seed=seed) for h in steps]
    figures = {name: tuple(table[name].mean_difference for table in tables) for name in parameters}
    return Sweep(tuple(float(h) for h in steps), figures)


__all__ = ["Sweep", "step_sweep"]
