"""Why is this gradient what it is: what carries it, and what stops the rest.

>>> import glassgrad as gg
>>> x, w = gg.tensor([[1.0, -2.0], [3.0, -1.0]], name="x"), gg.tensor([0.5, 0.5], name="w")
>>> loss = gg.sum(gg.relu(x) * w)
>>> loss.backward()
>>> found = why(loss, x)
>>> [(finding.kind, finding.share) for finding in found.findings]
[('dead_relu', 0.5), ('relu_off', 0.5)]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import words
from ..errors import GradientError
from ..graph import PARAMETER, Tensor, describe
from ..words import Sentence, mark, sentence
from .account import many, way
from .findings import Finding, findings
from .formula import equation, value_formula
from .layers import Layer, layers, rms
from .live import origin_of_gradient
from .numbers import SMALL, number, percent, shape_text
from .page import Line, Page, Section, shortened
from .paths import Path, norm, paths_of
from .run import Edge, Run, find, run_of
from .samples import largest_samples

PATHS = 32  # paths up to which all are formed, to find the largest
EDGES = 5_000  # edges up to which they are
SHOWN = 3
LINES = 20
_MORE = mark("… {count} more …")


@dataclass(frozen=True)
class Highlight:
    """What to mark in a picture: the nodes and edges that carry the gradient, and the nodes that something stops at."""

    nodes: frozenset[Tensor]
    edges: frozenset[Edge]
    blocked: frozenset[Tensor]


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Why gradients are what they are.

    Attributes
    ----------
    of : Tensor
        What was differentiated.
    gradients : dict of Tensor to array
        The gradients in question; zeros where nothing arrives.
    findings : tuple of Finding
        What stops derivatives or makes them small, the gravest first.
    paths : tuple of Path
        Those that carry most, for a single gradient.
    path_count : int
        Number of all paths to it.
    layers : tuple of Layer
        How the derivative's size changes, from the result back.
    page : Page
    language : str
    """

    of: Tensor
    gradients: dict[Tensor, Any]
    findings: tuple[Finding, ...]
    paths: tuple[Path, ...]
    path_count: int
    layers: tuple[Layer, ...]
    page: Page = field(repr=False)
    language: str

    @property
    def highlight(self) -> Highlight:
        """Nodes and edges to mark in a picture."""
        edges = frozenset(edge for path in self.paths for edge in path.edges)
        nodes = frozenset(node for path in self.paths for node in path.nodes)
        return Highlight(nodes, edges, frozenset(finding.node for finding in self.findings))

    def text(self, language: str | None = None) -> str:
        """Return the diagnosis as lines of text."""
        return self.page.text(language or self.language)

    def _repr_markdown_(self) -> str:
        return self.page.markdown(self.language)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()


def why(result: Any, x: Tensor | str | None = None, language: str | None = None, *, g: Any = None) -> Diagnosis:
    """Say why a gradient is what it is: what carries it, what stops the rest, and how it changes layer by layer.

    Parameters
    ----------
    result : Tensor or Record
        What was differentiated, with `x`; alone: a result, whose parameters are all looked at, or a parameter or
        other input that has its ``grad`` from a ``backward``.
    x : Tensor or str, optional
        The node whose gradient is asked about, or its name.
    language : str, optional
        ``"en"``, ``"zh_TW"`` or ``"ja"``; the current language by default.
    g : array_like, optional
        Where the result is no single number: the derivative that starts there.

    Raises
    ------
    GradientError
        If an input alone is given that has no ``grad``, or if there is nothing to ask about.
    SettingError
        If the language or the name is not known.

    Examples
    --------
    >>> import glassgrad as gg
    >>> x = gg.tensor(20.0, name="x")
    >>> y = gg.sigmoid(x) * 3
    >>> y.backward()
    >>> print(why(x).findings[0].kind)
    vanishing
    """
    spoken = words.language(language)
    if x is None and isinstance(result, Tensor) and not result.inputs:
        x, (result, g) = result, origin_of_gradient(result)
    if x is not None and not isinstance(x, Tensor):
        x = find(run_of(result, backward=False).order, x)
    run = run_of(result, g=g, targets=None if x is None else (x,))
    if x is None:
        run = _of_parameters(run, result, g)
    changes = layers(run)
    found = findings(run, changes)
    paths, count = _carriers(run) if len(run.targets) == 1 else ([], 0)
    gradients = {node: run.cotangents.get(node, np.zeros(node.shape)) for node in run.targets}
    page = Page(_title(run), tuple(_sections(run, gradients, found, paths, count, changes)))
    return Diagnosis(run.output, gradients, tuple(found), tuple(paths), count, tuple(changes), page, spoken)


def _of_parameters(run: Run, result: Any, g: Any) -> Run:
    """Look at the parameters; where there are none, at everything that was given."""
    if not run.targets:
        raise GradientError(
            f"{describe(run.output)} is not computed from anything that can be differentiated: there is no gradient to "
            "ask about. Make its inputs with gg.tensor or gg.parameter, of floats."
        )
    parameters = tuple(node for node in run.targets if node.op is PARAMETER)
    return run_of(result, g=g, targets=parameters) if parameters else run


def _carriers(run: Run) -> tuple[list[Path], int]:
    """Return the paths that carry most of the gradient, and the number of all."""
    target = run.targets[0]
    if target not in run.cotangents:
        return [], 0
    found = paths_of(run)
    if found.count == 1 or (found.count <= PATHS and found.count * len(found.edges) <= EDGES):
        return sorted(found.every(), key=lambda path: -path.size)[:SHOWN], found.count
    return (found.largest(SHOWN) if found.scalar else found.strongest()), found.count


def _title(run: Run) -> Sentence:
    if len(run.targets) == 1:
        return sentence("Why is {slope} what it is?", slope=run.slope(run.targets[0]))
    return sentence("Why are the gradients of {y} what they are?", y=run.top)


def _sections(
    run: Run, gradients: dict[Tensor, Any], found: list[Finding], paths: list[Path], count: int, changes: list[Layer]
) -> list[Section]:
    values = list(gradients.items())
    sections = [Section(sentence("The gradient"),
                        shortened(values, LINES, _MORE, lambda pair: [_gradient_line(run, *pair)]))]
    if paths:
        sections.append(Section(sentence("What carries it"), tuple(_path_lines(run, gradients, paths, count))))
    reasons = [finding.sentence for finding in found] or [sentence("Nothing was found that stops it.")]
    sections.append(Section(sentence("What stops or changes it"),
                            shortened(reasons, LINES, _MORE, lambda reason: [reason])))
    if len(changes) > 1:
        heading = sentence("Size of the derivative on its way back (root mean square)")
        sections.append(Section(heading, shortened(changes, LINES, _MORE, lambda layer: [_layer_line(layer)])))
    return sections


def _gradient_line(run: Run, node: Tensor, value: Any) -> Line:
    if node not in run.cotangents:
        return sentence("{slope} is 0: no derivative arrives.", slope=run.slope(node))
    if np.size(value) <= SMALL:
        return equation([run.slope(node), value_formula(value)])
    place = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(value)), np.shape(value)))
    return sentence(
        "{slope} has shape {shape}, root mean square {size}, largest entry {largest} at {index}; {zeros} of its "
        "entries are 0.",
        slope=run.slope(node), shape=shape_text(np.shape(value)), size=number(rms(value), 3),
        largest=number(value[place], 3), index=list(place), zeros=percent(float((value == 0).mean())))


def _path_lines(run: Run, gradients: dict[Tensor, Any], paths: list[Path], count: int) -> list[Line]:
    lines: list[Line] = []
    if not paths[0].edges:
        return [sentence("They are the same node, and the derivative of a value by itself is 1.")]
    if count == 1:
        lines.append(sentence("It arrives along a single path: {way}.", way=way(run, paths[0])))
        samples = tuple(f"{row} ({percent(share)})" for row, share in largest_samples(run))
        if samples:
            lines.append(sentence("Rows of the batch that bring most (share of the sizes of all): {rows}",
                                  rows=samples))
        return lines
    lines.append(sentence("{count} paths lead to it; those that carry most:", count=many(count)))
    (total,) = (norm(value) for value in gradients.values())
    for path in paths:
        share = percent(path.size / total) if total and np.isfinite(path.size / total) else "-"
        lines.append(sentence("{way}: {value}, in size {share} of the whole gradient", way=way(run, path),
                              value=value_formula(path.contribution), share=share))
    return lines


def _layer_line(layer: Layer) -> Sentence:
    return sentence("{layer}: {arrives} → {leaves} (× {factor})", layer=layer.name, arrives=number(layer.arrives, 3),
                    leaves=number(layer.leaves, 3), factor=number(layer.factor, 3))
