"""What a step is: plain data with a formula, reasons, and the arrays that the formula is about.

A `ForwardStep` computes, a `StartStep` begins the way back, a `BackwardStep` takes it over one edge, and a `SumStep`
adds up what arrives at one node from several sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import Tensor
from ..words import Sentence, sentence
from .flow import Flow
from .formula import Formula
from .page import Line, in_markdown, sentences
from .run import Edge


@dataclass(frozen=True, eq=False)
class Step:
    """One step; the four kinds of steps add what belongs to them.

    Attributes
    ----------
    number : int
        Counted from 1 over the whole run.
    node : Tensor
        Where it happens; of a backward step, the node that hands the derivative back.
    formula : Formula
        The step in symbols and numbers: ``plain`` and ``latex``.
    reasons : tuple of Sentence
        Why it is so.
    """

    kind: ClassVar[str] = "step"
    number: int
    node: Tensor
    formula: Formula
    reasons: tuple[Sentence, ...]

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges that something passes over in this step."""
        return ()

    @property
    def line(self) -> Line:
        """The step as one sentence, in which the formula and the reasons stand."""
        if not self.reasons:
            return self.formula
        return sentence("{formula}. {reasons}", formula=self.formula, reasons=sentences(self.reasons))

    def text(self, language: str | None = None) -> str:
        """Return the step as a line of text."""
        line = self.line
        return line.text(language) if isinstance(line, Sentence) else line.plain

    @property
    def latex(self) -> str:
        """The formula as LaTeX, for mathematics mode."""
        return self.formula.latex

    def _repr_markdown_(self) -> str:
        line = self.line
        return line.text(None, in_markdown) if isinstance(line, Sentence) else in_markdown(line)

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True, eq=False)
class ForwardStep(Step):
    """A node computes its output: `inputs` and `value` are arrays, `rule` the formula without numbers."""

    kind: ClassVar[str] = "forward"
    inputs: tuple[Any, ...]
    value: Any
    rule: Formula

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The inputs' edges."""
        return tuple(Edge(self.node, i) for i in range(len(self.inputs)))


@dataclass(frozen=True, eq=False)
class StartStep(Step):
    """Backward propagation begins: `value` is the derivative that starts at the output."""

    kind: ClassVar[str] = "start"
    value: Any


@dataclass(frozen=True, eq=False)
class BackwardStep(Step):
    """Upstream times local derivative is downstream, over one edge: see `Flow`."""

    kind: ClassVar[str] = "backward"
    flow: Flow

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edge."""
        return (self.flow.edge,)

    @property
    def upstream(self) -> Any:
        """The derivative that arrives at the node."""
        return self.flow.upstream

    @property
    def local(self) -> Any:
        """The local derivative; None where it is no factor."""
        return self.flow.local

    @property
    def downstream(self) -> Any:
        """What is handed back to the input."""
        return self.flow.downstream


@dataclass(frozen=True, eq=False)
class SumStep(Step):
    """Derivatives that arrive at one node from several sides are added: `parts` and `total` are arrays."""

    kind: ClassVar[str] = "sum"
    arrivals: tuple[Edge, ...]
    parts: tuple[Any, ...]
    total: Any

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges over which the parts arrived."""
        return self.arrivals
