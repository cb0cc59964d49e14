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
from ..words import Sentence, mark, sentence
from .barriers import MOST, Barrier, barriers
from .flow import factor_symbol, flow_over, single
from .formula import Formula, derivative, equation, factor_formula, joined, product, times, value_formula
from .page import Line, Page, Section, aligned, sentences, shortened
from .paths import Path, Paths, paths_to
from .rules import factor_of, reason
from .run import Edge, Run, find, run_of
from .steps import Values, forward_formula, sum_formula

PATHS = 8  # how many paths are written out
LINES = 40  # lines of one section
FACTORS = 8  # factors of one product
_MORE = mark("… {count} more …")


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

    @property
    def path_products(self) -> str:
        """The paths' products alone, as LaTeX."""
        return aligned(line for line in self.page.sections[-1].lines if isinstance(line, Formula))

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
    found = paths_to(run, x) if run.cotangents.get(x) is not None else None
    if found is None or not found.count:
        page = Page(_title(run, x), (_nothing(run, x, blocked),))
        return Explanation(run.output, x, np.zeros(x.shape), 0, (), np.zeros(x.shape), blocked, page, spoken)
    if x is run.output:
        same = sentence("They are the same node, and the derivative of a value by itself is 1.")
        page = Page(_title(run, x), (Section(sentence("Chain rule"), (same,)),))
        return Explanation(x, x, run.seed, 1, tuple(found.every()), run.seed, (), page, spoken)
    listed, total = _listed(run, found, limit)
    page = Page(_title(run, x), _sections(run, found, listed, total, blocked))
    return Explanation(run.output, x, run.cotangents[x], found.count, tuple(listed), total, blocked, page, spoken)


def _title(run: Run, x: Tensor) -> Sentence:
    return sentence("How {y} depends on {x}", y=run.top, x=run.labels[x])


def _listed(run: Run, found: Paths, limit: int) -> tuple[list[Path], Any]:
    """Return the paths to write out, and the sum over all paths."""
    if found.count <= limit:
        every = found.every()
        with np.errstate(all="ignore"):
            return every, sum((path.contribution for path in every[1:]), every[0].contribution)
    if found.scalar:
        return found.largest(min(limit, 3)), found.total()
    return found.strongest(), run.cotangents[found.target]


def _nothing(run: Run, x: Tensor, blocked: tuple[Barrier, ...]) -> Section:
    zero = sentence("The derivative of {y} by {x} is 0: nothing that {x} does reaches {y} in a way that has a "
                    "derivative.", y=run.top, x=run.labels[x])
    return Section(sentence("No derivative"), (zero, *(barrier.sentence for barrier in blocked[:MOST])))


def _sections(
    run: Run, found: Paths, listed: list[Path], total: Any, blocked: tuple[Barrier, ...]
) -> tuple[Section, ...]:
    between = {edge.node for edge in found.edges}
    forward = [node for node in run.order if node in between]
    sections = [Section(sentence("Forward propagation"),
                        shortened(forward, LINES, _MORE, lambda node: [forward_formula(run, node)]))]
    if found.scalar:
        edges = sorted(found.edges, key=lambda edge: (edge.node.serial, edge.position))
        sections.append(Section(sentence("Local derivatives"),
                                shortened(edges, LINES, _MORE, lambda edge: [_local_line(run, found, edge)])))
    else:
        sections.append(Section(sentence("Backward propagation, node by node"),
                                shortened(found.edges, LINES, _MORE, lambda edge: _array_lines(run, edge, found))))
    chain = [*_chain_lines(run, found, listed), *_result_lines(run, found, listed, total)]
    if blocked:
        chain.append(sentence("Other ways are blocked: {barriers}",
                              barriers=sentences(barrier.sentence for barrier in blocked[:MOST])))
    sections.append(Section(sentence("Chain rule"), tuple(chain)))
    return tuple(sections)


def _symbol(run: Run, edge: Edge) -> Formula:
    return derivative(run.labels[edge.node], run.labels[edge.source])


def _local_line(run: Run, found: Paths, edge: Edge) -> Formula:
    value = value_formula(single(found.local(edge)), run.digits)
    filled_in = factor_of(edge.node, edge.position, Values(run))
    return equation([_symbol(run, edge), factor_symbol(run, edge), filled_in, value])


def _array_lines(run: Run, edge: Edge, found: Paths) -> list[Line]:
    """Write one edge of a graph of arrays: the equation, the shapes, and why it is so."""
    flow = flow_over(run, edge, shared=len(found.users[edge.source]) > 1)
    shapes = [sentence("Shapes: {shapes}.", shapes=flow.shapes)] if flow.shapes else []
    return [flow.equation, *shapes, *(flow.reasons or (reason(edge.node),))]


def _chain_lines(run: Run, found: Paths, listed: list[Path]) -> list[Line]:
    y, x = run.top, run.labels[found.target]
    if found.count == 1:
        return _single_path(run, y, x, listed[0])
    if found.count > len(listed):
        lines: list[Line] = [sentence(
            "{count} paths lead from {y} back to {x}. They need not be formed one by one: where paths meet, what they "
            "have in common is factored out, node by node.", count=many(found.count), y=y, x=x)]
        lines.append(sentence("The paths that carry most:") if found.scalar else sentence(
            "The path along which most arrives:"))
    else:
        lines = [sentence(
            "{count} paths lead from {y} back to {x}. The local derivatives along each are multiplied, and the "
            "products are added.", count=many(found.count), y=y, x=x)]
    for number, path in enumerate(listed, 1):
        lines.append(sentence("Path {number} ({way}): {product}", number=str(number), way=way(run, path),
                              product=equation(_product(run, path))))
    return lines


def _single_path(run: Run, y: Formula, x: Formula, path: Path) -> list[Line]:
    if path.factors is None:
        return [sentence("One path leads from {y} back to {x}; along it every node hands back what its rule makes of "
                         "what arrives: {way}.", y=y, x=x, way=way(run, path))]
    one = sentence("One path leads from {y} back to {x}. The local derivatives along it are multiplied.", y=y, x=x)
    return [one, equation([run.slope(path.edges[-1].source), *_product(run, path)])]


def way(run: Run, path: Path) -> Formula:
    """Return the nodes of a path, with arrows that point the way the derivative goes."""
    return joined(" ← ", _few([run.labels[node] for node in path.nodes], "…", r"\cdots"), r" \leftarrow ")


def _product(run: Run, path: Path) -> list[Formula]:
    """Return a path as a product, in symbols, in numbers, multiplied out; for arrays, what arrives along it."""
    arrives = value_formula(path.contribution, run.digits)
    if path.factors is None:
        return [arrives]
    symbols = [_symbol(run, edge) for edge in path.edges]
    numbers = [factor_formula(factor, run.digits) for factor in path.factors]
    seed = single(run.seed)
    if seed != 1:
        symbols.insert(0, run.slope(run.output))
        numbers.insert(0, factor_formula(seed, run.digits))
    return [product(_few(symbols, "…", r"\cdots")), times(_few(numbers, "…", r"\cdots")), arrives]


def _few(parts: list[Formula], plain: str, latex: str) -> list[Formula]:
    if len(parts) <= FACTORS:
        return parts
    return [*parts[: FACTORS // 2], Formula(plain, latex), *parts[-FACTORS // 2 :]]


def _result_lines(run: Run, found: Paths, listed: list[Path], total: Any) -> list[Line]:
    """Say what the paths add up to, whether backpropagation finds the same, and what it means."""
    x, gradient = found.target, run.cotangents[found.target]
    lines: list[Line] = []
    if 1 < found.count == len(listed):
        parts = [path.contribution for path in listed]
        lines.append(equation([run.slope(x), sum_formula(parts, run.digits), value_formula(total, run.digits)]))
    value = value_formula(gradient, run.digits)
    if not (np.isfinite(gradient).all() and np.isfinite(total).all()):
        lines.append(sentence("The result is not finite: {value}. Some factor is NaN, infinite, or too large a number.",
                              value=value))
        return lines
    if total is gradient:
        lines.append(sentence("All paths together bring {value}, which backpropagation finds in one pass.",
                              value=value))
    elif agree(total, gradient):
        lines.append(sentence("Backpropagation finds the same, in one pass: {value}.", value=value))
    else:
        lines.append(sentence("Backpropagation finds {value}; rounding makes the difference to the sum over the paths, "
                              "{total}.", value=value, total=value_formula(total, run.digits)))
    if found.scalar and single(run.seed) == 1:
        lines.append(sentence("When {x} grows by a very small amount, {y} changes by {value} times that amount.",
                              x=run.labels[x], y=run.top, value=value))
    return lines


def agree(total: Any, gradient: Any) -> bool:
    """Whether two sums of the same terms are equal but for rounding."""
    kind = np.asarray(gradient).dtype
    largest = float(np.max(np.abs(gradient), initial=0.0))
    return bool(np.allclose(total, gradient, rtol=float(np.finfo(kind).eps) ** 0.75, atol=1e-9 * largest))


def many(count: int) -> str:
    """Write a count, or its order of magnitude if it has too many digits to read.

    >>> many(12345), many(2**200)
    ('12,345', '≈ 10^60')
    """
    if count < 10**15:
        return f"{count:,}"
    return f"≈ 10^{int((count.bit_length() - 1) * 0.30103)}"
