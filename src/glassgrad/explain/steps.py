"""Forward and backward propagation, one step at a time, with the numbers and the reason of every step.

>>> import glassgrad as gg
>>> apple, count, tax = gg.tensor(100.0, name="apple"), gg.tensor(2.0, name="count"), gg.tensor(1.1, name="tax")
>>> run = steps(apple * count * tax)
>>> for step in run:
...     print(step.formula)
v1 = apple × count = 100 × 2 = 200
v2 = v1 × tax = 200 × 1.1 = 220
∂v2/∂v2 = 1
∂v2/∂v1 = ∂v2/∂v2 · tax = 1 × 1.1 = 1.1
∂v2/∂tax = ∂v2/∂v2 · v1 = 1 × 200 = 200
∂v2/∂apple = ∂v2/∂v1 · count = 1.1 × 2 = 2.2
∂v2/∂count = ∂v2/∂v1 · apple = 1.1 × 100 = 110
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, overload

from ..graph import Tensor
from ..words import Sentence, mark, sentence
from .flow import Flow, flow_over
from .formula import Formula, equation, value_formula
from .forward import forward_formula, sum_formula
from .page import Line, Page, Section, aligned, numbered, shortened
from .rules import formula_of
from .run import Edge, Run, run_of
from .step import BackwardStep, ForwardStep, StartStep, Step, SumStep

LINES = 200  # steps up to which a text shows them all


class Steps(Sequence[Step]):
    """All steps of a run, made when they are asked for: ``steps[3]``, ``steps[-1]``, or a loop over them.

    Attributes
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._merging: dict[Tensor, list[Edge]] = {}
        self._plan = [("forward", node, 0) for node in run.order if node.inputs]
        self._forward = len(self._plan)
        if run.seed is not None:
            self._plan += self._backward_plan()

    def _backward_plan(self) -> list[tuple[str, Tensor, int]]:
        """List the edges from the output back, and every sum right after its last part has arrived."""
        run = self.run
        edges = [edge for node in reversed(run.order) for edge in run.edges(node)]
        waiting = Counter(edge.source for edge in edges)
        several = {node for node, count in waiting.items() if count > 1}
        plan = [("start", run.output, 0)]
        for edge in edges:
            plan.append(("backward", *edge))
            source = edge.source
            waiting[source] -= 1
            if source in several:
                self._merging.setdefault(source, []).append(edge)
                if not waiting[source]:
                    plan.append(("sum", source, 0))
        return plan

    def __len__(self) -> int:
        return len(self._plan)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self._step(i) for i in range(*index.indices(len(self)))]
        return self._step(range(len(self))[index])

    def __iter__(self) -> Iterator[Step]:
        return (self._step(i) for i in range(len(self)))

    def _step(self, index: int) -> Step:
        kind, node, position = self._plan[index]
        number = index + 1
        if kind == "forward":
            return _forward_step(self.run, number, node)
        if kind == "start":
            return _start_step(self.run, number)
        if kind == "sum":
            return _sum_step(self.run, number, node, self._merging[node])
        edge = Edge(node, position)
        flow = flow_over(self.run, edge, shared=edge.source in self._merging)
        return BackwardStep(number, node, flow.equation, _with_shapes(flow), flow)

    def at(self, node: Tensor, *kinds: str) -> list[Step]:
        """Return the steps of one node, of these kinds: ``forward``, ``start``, ``sum`` and ``backward``."""
        return [self._step(index) for index in self._indices.get(node, ()) if self._plan[index][0] in kinds]

    @cached_property
    def _indices(self) -> dict[Tensor, list[int]]:
        found: dict[Tensor, list[int]] = {}
        for index, (_, node, _) in enumerate(self._plan):
            found.setdefault(node, []).append(index)
        return found

    @property
    def forward(self) -> list[Step]:
        """The forward steps."""
        return self[: self._forward]

    @property
    def backward(self) -> list[Step]:
        """The steps of backward propagation, in the order in which they happen."""
        return self[self._forward :]

    @cached_property
    def given(self) -> tuple[Formula, ...]:
        """The leaves and their values, constants that are mere numbers aside."""
        run = self.run
        shown = (equation([run.labels[node], value_formula(run.read(node), run.digits)])
                 for node in run.order if not node.inputs)
        return tuple(line for line in shown if " = " in line.plain)

    def page(self, limit: int = LINES) -> Page:
        """Return the steps as a page; of more than `limit`, the first and the last."""
        sections = []
        if self.given:
            sections.append(Section(sentence("Given"), self._given_lines(limit)))
        sections.append(Section(sentence("Forward propagation"), self._lines(0, self._forward, limit)))
        if len(self) > self._forward:
            heading = sentence("Backward propagation: upstream × local derivative = downstream")
            sections.append(Section(heading, self._lines(self._forward, len(self), limit)))
        title = sentence("Every step of {output}", output=self.run.labels[self.run.output])
        return Page(title, tuple(sections))

    def _given_lines(self, limit: int) -> tuple[Line, ...]:
        return shortened(self.given, limit, mark("… {count} more …"), lambda line: [line])

    def _lines(self, start: int, end: int, limit: int) -> tuple[Line, ...]:
        left_out = mark("… {count} steps are left out here; steps[i] gives any of them …")
        return shortened(range(start, end), limit, left_out, lambda i: [numbered(i + 1, self._step(i).line)])

    def text(self, language: str | None = None, *, limit: int = LINES) -> str:
        """Return all steps as text; of more than `limit` forward or backward, the first and the last."""
        return self.page(limit).text(language)

    @property
    def latex(self) -> str:
        """The formulas of the steps, one below the other."""
        kept = list(self) if len(self) <= LINES else [*self[: LINES // 2], *self[-LINES // 2 :]]
        return aligned(step.formula for step in kept)

    def _repr_markdown_(self) -> str:
        return self.page().markdown()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Steps({self._forward} forward, {len(self) - self._forward} backward)"


def _forward_step(run: Run, number: int, node: Tensor) -> ForwardStep:
    inputs = tuple(run.read(source) for source in node.inputs)
    return ForwardStep(number, node, forward_formula(run, node), (), inputs, run.read(node),
                       formula_of(node, run.labels))


def _start_step(run: Run, number: int) -> StartStep:
    formula = equation([run.slope(run.output), value_formula(run.seed, run.digits)])
    return StartStep(number, run.output, formula, (sentence("Backward propagation starts here."),), run.seed)


def _with_shapes(flow: Flow) -> tuple[Sentence, ...]:
    if flow.shapes is None:
        return flow.reasons
    return (sentence("Shapes: {shapes}.", shapes=flow.shapes), *flow.reasons)


def _sum_step(run: Run, number: int, node: Tensor, edges: list[Edge]) -> SumStep:
    edges = sorted(edges, key=lambda edge: (edge.node.serial, edge.position))  # as they were written, not as they came
    parts = tuple(run.fitted(run.pulled(edge.node, run.cotangents[edge.node])[edge.position], node) for edge in edges)
    total = run.cotangents[node]
    formula = equation([run.slope(node), sum_formula(parts, run.digits), value_formula(total, run.digits)])
    why = sentence("Derivatives arrive at {node} from {count} sides and are added.",
                   node=run.labels[node], count=str(len(parts)))
    return SumStep(number, node, formula, (why,), tuple(edges), parts, total)


def steps(
    what: Any, *args: Any, g: Any = None, output: int = 0, backward: bool = True, digits: int = 6
) -> Steps:
    """Return every step of forward and backward propagation, as data with words.

    Parameters
    ----------
    what : Tensor, Graph or Record
        A Tensor with a value, a Graph and its arguments, or the record of a run.
    *args
        Arguments for a Graph.
    g : array_like, optional
        Derivative that starts at the output; 1 for a single number.
    output : int
        Which output, of a Graph or Record.
    backward : bool
        Whether to go back; False for the forward steps of an array.
    digits : int
        Significant digits in the texts.

    Returns
    -------
    Steps
        A sequence; ``text(language=...)`` and ``latex`` write all of it. No node's ``grad`` is changed.

    Raises
    ------
    TraceError
        If the graph has no values.
    GradientError
        If the output is no single number and `g` is missing.

    Examples
    --------
    >>> import glassgrad as gg
    >>> s = gg.tensor(2.0, name="s")
    >>> print(steps(s**2 * (3 * s))[-1].text("zh_TW"))
    ∂v3/∂s = 24 + 12 = 36。微分從 2 個方向來到 s，要相加。
    """
    return Steps(run_of(what, args=args, g=g, output=output, backward=backward, digits=digits))
