"""The sections of an explanation: forward, local derivatives, and the chain rule with its paths and their sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Tensor
from ..words import Sentence, mark, sentence
from .barriers import MOST, Barrier
from .flow import factor_symbol, flow_over, single
from .formula import Formula, derivative, equation, factor_formula, joined, product, times, value_formula
from .forward import Values, forward_formula, sum_formula
from .page import Line, Section, sentences, shortened
from .paths import Path, Paths
from .rules import factor_of
from .run import Edge, Run

LINES = 40  # lines of one section
FACTORS = 8  # factors of one product
_MORE = mark("… {count} more …")


def title(run: Run, x: Tensor) -> Sentence:
    """Return what an explanation is about."""
    return sentence("How {y} depends on {x}", y=run.top, x=run.labels[x])


def nothing(run: Run, x: Tensor, blocked: tuple[Barrier, ...]) -> Section:
    """Say that no derivative arrives, and why."""
    zero = sentence("The derivative of {y} by {x} is 0: nothing that {x} does reaches {y} in a way that has a "
                    "derivative.", y=run.top, x=run.labels[x])
    return Section(sentence("No derivative"), (zero, *(barrier.sentence for barrier in blocked[:MOST])))


def sections(
    run: Run, found: Paths, listed: list[Path], total: Any, blocked: tuple[Barrier, ...]
) -> tuple[Section, ...]:
    """Return the sections of an explanation: `listed` are the paths to write out, `total` the sum over all."""
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
    return [flow.equation, *shapes, *flow.reasons]


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
    elif agree(total, gradient, _scale(run, found)):
        lines.append(sentence("Backpropagation finds the same, in one pass: {value}.", value=value))
    else:
        lines.append(sentence("Backpropagation finds {value}; rounding makes the difference to the sum over the paths, "
                              "{total}.", value=value, total=value_formula(total, run.digits)))
    if found.scalar and single(run.seed) == 1:
        lines.append(sentence("When {x} grows by a very small amount, {y} changes by {value} times that amount.",
                              x=run.labels[x], y=run.top, value=value))
    return lines


def agree(total: Any, gradient: Any, scale: float) -> bool:
    """Whether two sums of the same terms are equal but for rounding; `scale` is the size of what was added."""
    tolerance = float(np.finfo(np.asarray(gradient).dtype).eps) ** 0.75
    return bool(np.allclose(total, gradient, rtol=tolerance, atol=tolerance * scale))


def _scale(run: Run, found: Paths) -> float:
    """Return the largest derivative met on the way: what cancels later was added up with the rounding of its size."""
    met = (run.cotangents[edge.node] for edge in found.edges)
    return max(float(np.max(np.abs(g), initial=0.0)) for g in met)


def many(count: int) -> str:
    """Write a count, or its order of magnitude if it has too many digits to read.

    >>> many(12345), many(2**200)
    ('12,345', '≈ 10^60')
    """
    if count < 10**15:
        return f"{count:,}"
    return f"≈ 10^{int((count.bit_length() - 1) * 0.30103)}"
