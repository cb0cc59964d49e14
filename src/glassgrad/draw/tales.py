"""What the interactive page says at each step: the sentences of `glassgrad.explain.steps`, on every level.

An opened composite is explained as a graph of its own. What is one thing has one name on all levels: the output of a
composite is called the same as that of the last node inside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..explain.formula import Formula, equation, value_formula
from ..explain.labels import Labels
from ..explain.page import Line
from ..explain.rules import formula_of
from ..explain.run import Run
from ..explain.steps import Steps
from ..gradient import dependents
from ..graph import Tensor
from ..words import Sentence, sentence
from .flow import Flow, ends_of
from .levels import Levels
from .outline import Box

DIGITS = 4  # as in the picture


class Names(Labels):
    """Labels for all levels: a stand-in is called as what it stands for, the last node in a composite as that."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._whole = {flow.outputs[0]: node for node, flow in levels.insides.items()}
        named = dict.fromkeys(node for level in levels.levels() for node in level.order)
        order = [node for node in named if node not in levels.outer and node not in self._whole]
        super().__init__(order, levels.flow.values.get, DIGITS)

    def __getitem__(self, node: Tensor) -> Formula:
        outer = self._levels.outer
        while node in outer or node in self._whole:
            node = outer[node] if node in outer else self._whole[node]
        return super().__getitem__(node)


@dataclass(frozen=True, eq=False)
class Level(Run):
    """The run of one level; what is differentiated is the result of the whole graph on all of them."""

    whole: Formula = field(kw_only=True)

    @property
    def top(self) -> Formula:
        """What is differentiated."""
        return self.whole


class Tales:
    """Finds the sentences of a node: what happens at it forward, and backward."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self.names = Names(levels)
        self.composites = levels.scopes
        whole = _run(levels.top, self.names).top
        self._runs = [Level(**vars(_run(flow, self.names)), whole=whole) for flow in levels.levels()]
        self._steps = [Steps(run) for run in self._runs]
        self._level_of: dict[Tensor, int] = {}
        for number, flow in enumerate(levels.levels()):
            for node in flow.order:
                self._level_of.setdefault(node, number)

    def forward(self, node: Tensor) -> list[Line]:
        """Return how the value of a node comes about."""
        level = self._level_of[node]
        values, name = self._runs[level].read, self.names[node]
        if node.is_leaf:
            return [equation([name, value_formula(values(node), DIGITS)])] if values(node) is not None else []
        if any(values(part) is None for part in (node, *node.inputs)):
            return [equation([name, formula_of(node, self.names)])]
        return [step.line for step in self._steps[level].at(node, "forward")]

    def backward(self, node: Tensor) -> list[Line]:
        """Return what arrives at a node and what it hands back; nothing where no derivative arrives."""
        level = self._level_of[node]
        run = self._runs[level]
        kinds = ("sum", "backward") if level else ("start", "sum", "backward")  # inside a composite, nothing starts
        steps = [step.line for step in self._steps[level].at(node, *kinds)]
        if steps or node not in run.cotangents or not node.is_leaf:
            return steps
        return [equation([run.slope(node), value_formula(run.cotangents[node], DIGITS)])]


def _run(flow: Flow, names: Names) -> Run:
    ends = ends_of(flow.order)
    return Run(flow.outputs[0], flow.seed, flow.order, tuple(ends), flow.values.get, flow.cotangents, names, DIGITS,
               dependents(flow.order, ends))


def of_box(box: Box) -> tuple[list[Line], list[Line]]:
    """Return what is said of a closed layer, forward and backward."""
    forward = sentence("{layer}: {count} nodes. Open it to see each of its steps.",
                       layer=box.title, count=str(box.size))
    back = sentence("{layer} hands back what the steps inside it hand back together.", layer=box.title)
    return [forward], [back]


def spoken(lines: Iterable[Line], languages: Iterable[str]) -> list[str]:
    """Return lines as one text in each language."""
    kept = list(lines)
    return ["\n".join(line.text(language) if isinstance(line, Sentence) else line.plain for line in kept)
            for language in languages]
