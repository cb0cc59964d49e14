"""The chain rule, written out for one graph and one of its inputs: in words, in symbols, in numbers.

>>> import glassgrad as gg
>>> s = gg.tensor(2.0, name="s")
>>> x, y = s**2, 3 * s
>>> x.name, y.name = "x", "y"
>>> print(explain(gg.multiply(x, y), s))
How v1 depends on s
<BLANKLINE>
Forward propagation
  x = s² = 2² = 4
  y = 3 × s = 3 × 2 = 6
  v1 = x × y = 4 × 6 = 24
<BLANKLINE>
Local derivatives
  ∂x/∂s = 2·s = 2·2 = 4
  ∂y/∂s = 3
  ∂v1/∂x = y = 6
  ∂v1/∂y = x = 4
<BLANKLINE>
Chain rule
  2 paths lead from v1 back to s. The local derivatives along each are multiplied, and the products are added.
  Path 1 (v1 ← x ← s): ∂v1/∂x · ∂x/∂s = 6 × 4 = 24
  Path 2 (v1 ← y ← s): ∂v1/∂y · ∂y/∂s = 4 × 3 = 12
  ∂v1/∂s = 24 + 12 = 36
  Backpropagation finds the same, in one pass: 36.
  When s grows by a very small amount, v1 changes by 36 times that amount.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import words
from ..errors import SettingError
from ..graph import Tensor
from ..words import sentence
from .account import nothing, sections, title
from .barriers import Barrier, barriers
from .page import Page, Section
from .paths import Path, Paths, paths_of
from .run import Run, find, run_of

PATHS = 8  # how many paths are written out


@dataclass(frozen=True, eq=False)
class Explanation:
    """How a result depends on an input.

    Attributes
    ----------
    of, by : Tensor
    gradient : array
        The derivative of `of` by `by`, as backpropagation finds it; zeros where there is none.
    path_count : int
        Number of paths, exact however large.
    paths : tuple of Path
        All of them if they are few, else those of largest contribution.
    total : array
        The sum over all paths: of those listed, or added node by node where they are too many.
    barriers : tuple of Barrier
        What stops derivatives on the other ways.
    page : Page
    language : str
    """

    of: Tensor
    by: Tensor
    gradient: Any
    path_count: int
    paths: tuple[Path, ...]
    total: Any
    barriers: tuple[Barrier, ...]
    page: Page = field(repr=False)
    language: str

    def text(self, language: str | None = None) -> str:
        """Return the explanation as lines of text."""
        return self.page.text(language or self.language)

    @property
    def latex(self) -> str:
        """The formulas, one below the other, for mathematics mode."""
        return self.page.latex

    def _repr_markdown_(self) -> str:
        return self.page.markdown(self.language)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()


def explain(
    y: Any, x: Tensor | str, language: str | None = None, *, g: Any = None, limit: int = PATHS, digits: int = 6,
) -> Explanation:
    """Write the chain rule out: how `y` depends on `x`, in this graph, with these numbers.

    Parameters
    ----------
    y : Tensor or Record
        The result; of a Record, its first output.
    x : Tensor or str
        Any node that `y` was computed from, or its name.
    language : str, optional
        ``"en"``, ``"zh_TW"`` or ``"ja"``; the current language by default.
    g : array_like, optional
        Where `y` is no single number: the derivative that starts there.
    limit : int
        How many paths are written out; of more, those that carry most, and the sum over all is formed node by node.
    digits : int
        Significant digits.

    Returns
    -------
    Explanation
        Where no derivative reaches `x`, it says why.

    Raises
    ------
    TraceError
        If the graph has no values.
    GradientError
        If `y` is no single number and `g` is missing.
    SettingError
        If the language or the name is not known.

    Examples
    --------
    >>> import glassgrad as gg
    >>> apple, tax = gg.tensor(100.0, name="apple"), gg.tensor(1.1, name="tax")
    >>> found = explain(apple * 2 * tax, apple)
    >>> print(found.gradient, found.path_count, [float(factor) for factor in found.paths[0].factors])
    2.2 1 [1.1, 2.0]
    """
    if not isinstance(limit, int) or limit < 1:
        raise SettingError(f"limit is {limit!r}: how many paths to write out, 1 or more, is needed.")
    spoken = words.language(language)
    if not isinstance(x, Tensor):
        x = find(run_of(y, backward=False).order, x)
    run = run_of(y, g=g, targets=(x,), digits=digits)
    blocked = tuple(barriers(run, x))
    found = paths_of(run) if run.cotangents.get(x) is not None else None
    if found is None:
        page = Page(title(run, x), (nothing(run, x, blocked),))
        return Explanation(run.output, x, np.zeros(x.shape), 0, (), np.zeros(x.shape), blocked, page, spoken)
    if x is run.output:
        same = sentence("They are the same node, and the derivative of a value by itself is 1.")
        page = Page(title(run, x), (Section(sentence("Chain rule"), (same,)),))
        return Explanation(x, x, run.seed, 1, tuple(found.every()), run.seed, (), page, spoken)
    listed, total = _listed(run, found, limit)
    page = Page(title(run, x), sections(run, found, listed, total, blocked))
    return Explanation(run.output, x, run.cotangents[x], found.count, tuple(listed), total, blocked, page, spoken)


def _listed(run: Run, found: Paths, limit: int) -> tuple[list[Path], Any]:
    """Return the paths to write out, and the sum over all paths."""
    if found.count <= limit:
        every = found.every()
        with np.errstate(all="ignore"):
            return every, sum((path.contribution for path in every[1:]), every[0].contribution)
    if found.scalar:
        return found.largest(min(limit, 3)), found.total()
    return found.strongest(), run.cotangents[found.target]
