"""One graph with its numbers, ready to be explained: values forward, derivatives backward, and what each edge carried.

>>> import glassgrad as gg
>>> s = gg.tensor(2.0, name="s")
>>> run = run_of(s * s)
>>> [(str(run.labels[edge.source]), float(part)) for edge, part in run.arrivals(run.output)]
[('s', 2.0), ('s', 2.0)]

Nothing here touches the ``grad`` that a node may have from an earlier ``backward``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..array_type import is_float
from ..build import ancestors
from ..errors import GradientError, SettingError, TraceError, one_of
from ..gradient import backpropagate, cotangent_of, dependents, fit, pull
from ..graph import PARAMETER, PLACEHOLDER, VARIABLE, Tensor, describe
from ..trace import Graph, Record
from .formula import Formula, derivative
from .labels import Labels


class Edge(NamedTuple):
    """One input of one node: what derivatives run back over."""

    node: Tensor
    position: int

    @property
    def source(self) -> Tensor:
        """The node at the other end."""
        return self.node.inputs[self.position]


@dataclass(frozen=True, eq=False)
class Run:
    """A graph with the value of every node, and the derivative of `output` by every node on the way to `targets`.

    Attributes
    ----------
    output : Tensor
    seed : array or None
        The derivative that starts at the output; None if nothing is propagated backward.
    order : list of Tensor
        All nodes that `output` is made of, inputs before users.
    targets : tuple of Tensor
    cotangents : mapping
    labels : Labels
    digits : int
    """

    output: Tensor
    seed: Any
    order: list[Tensor]
    targets: tuple[Tensor, ...]
    read: Callable[[Tensor], Any]
    cotangents: Mapping[Tensor, Any]
    labels: Labels
    digits: int = 6
    active: set[Tensor] = field(default_factory=set)
    _known: dict[Tensor, list[Edge]] = field(default_factory=dict)

    def pulled(self, node: Tensor, g: Any) -> tuple[Any, ...]:
        """Return what the rule of a node's op makes of `g`, an array for each input, or None."""
        with np.errstate(all="ignore"):
            return pull(node, g, np, self.read)

    def fitted(self, part: Any, source: Tensor) -> Any:
        """Bring a part to the shape of the node that it belongs to."""
        with np.errstate(all="ignore"):
            return fit(np, part, source)

    def arrivals(self, node: Tensor) -> list[tuple[Edge, Any]]:
        """Return the edges over which this node hands derivatives back, and what arrives at their ends."""
        g = self.cotangents.get(node)
        if g is None or not node.inputs:
            return []
        parts = self.pulled(node, g)
        return [(edge, self.fitted(parts[edge.position], edge.source)) for edge in self._edges(node, parts)]

    def edges(self, node: Tensor) -> list[Edge]:
        """Return the edges over which this node hands derivatives back."""
        known = self._known.get(node)
        if known is None:
            g = self.cotangents.get(node)
            known = self._edges(node, self.pulled(node, g)) if g is not None and node.inputs else []
        return known

    def _edges(self, node: Tensor, parts: tuple[Any, ...]) -> list[Edge]:
        known = [Edge(node, i) for i, part in enumerate(parts) if part is not None and node.inputs[i] in self.active]
        self._known[node] = known
        return known

    @property
    def top(self) -> Formula:
        """What is differentiated: the output, or the number L that an array's derivatives were given for."""
        one = self.seed is not None and np.size(self.seed) == 1 and np.all(np.asarray(self.seed) == 1)
        return self.labels[self.output] if one else Formula("L", "L")

    def slope(self, node: Tensor) -> Formula:
        """Return the sign for the derivative by a node."""
        return derivative(self.top, self.labels[node])


def run_of(
    what: Any, *, args: tuple[Any, ...] = (), g: Any = None, targets: Iterable[Tensor] | None = None, output: int = 0,
    digits: int = 6, backward: bool = True,
) -> Run:
    """Return the `Run` of a Tensor, of a `Record`, or of a `Graph` that is run on `args`.

    Parameters
    ----------
    what : Tensor, Record or Graph
    args : tuple
        Arguments for a Graph.
    g : array_like, optional
        Derivative that starts at the output; 1 for a single number.
    targets : iterable of Tensor, optional
        What derivatives are wanted for; by default everything that was given and can be differentiated.
    output : int
        Which output, of a Graph or Record.
    backward : bool
        Whether derivatives are propagated.

    Raises
    ------
    TraceError
        If the graph has no values.
    GradientError
        If the output is no single number and `g` is missing.
    """
    if not isinstance(digits, int) or not 1 <= digits <= 17:
        raise SettingError(f"digits is {digits!r}: how many significant digits to show, 1 to 17, is needed.")
    node, read, inputs = _with_values(what, args, output)
    order = ancestors([node])
    seed = cotangent_of(node, g) if backward else None
    wanted = tuple(targets) if targets is not None else _differentiable(order, inputs)
    reachable = [target for target in wanted if is_float(target.dtype)]
    active = dependents(order, reachable) if backward else set()
    found: dict[Tensor, Any] = {}
    if backward:
        with np.errstate(all="ignore"):
            found = backpropagate(order, {node: seed}, reachable, np, read)
    known = set(order)
    labels = Labels([*order, *(target for target in wanted if target not in known)], read, digits)
    return Run(node, seed, order, wanted, read, found, labels, digits, active)


def _with_values(
    what: Any, args: tuple[Any, ...], output: int
) -> tuple[Tensor, Callable[[Tensor], Any], tuple[Tensor, ...]]:
    """Return the output node, a function that reads values, and the inputs of a traced function."""
    if isinstance(what, Graph):
        what = _run_graph(what, args)
    elif args:
        raise SettingError("arguments go with a Graph only; a Tensor and a Record have their values already.")
    if isinstance(what, Record):
        outputs = what.graph.outputs
        if not 0 <= output < len(outputs):
            raise SettingError(f"output {output} was asked for; {what.graph.name} has {len(outputs)}, counted from 0.")
        values = what.values
        return outputs[output], lambda node: values.get(node, node.value), what.graph.inputs
    if not isinstance(what, Tensor):
        raise GradientError(
            f"{type(what).__name__} has no graph to explain: give a Tensor, a Graph with arguments, or a Record."
        )
    if what.value is None:
        raise TraceError(
            f"{describe(what)} depends on a placeholder and has no value: there are no numbers to explain. Run the "
            "graph first, and give its record: graph.run(...)."
        )
    return what, lambda node: node.value, ()


def _run_graph(graph: Graph, args: tuple[Any, ...]) -> Record:
    if graph.inputs and not args:
        names = ", ".join(str(node.name or node.op.name) for node in graph.inputs)
        raise TraceError(
            f"{graph.name} has no values: give it its arguments ({names}), or a record of a run: graph.run(...)."
        )
    return graph.run(*args)


def _differentiable(order: list[Tensor], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    given = set(inputs)
    kinds = (VARIABLE, PARAMETER, PLACEHOLDER)
    return tuple(n for n in order if is_float(n.dtype) and (n in given or n.op in kinds))


def find(order: Iterable[Tensor], name: str) -> Tensor:
    """Return the node that bears a name.

    Raises
    ------
    SettingError
        If no node, or more than one, bears it.
    """
    order = list(order)
    named = [node for node in order if node.name is not None and node.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        raise SettingError(f"{len(named)} nodes are called {name!r}: give the Tensor itself.")
    raise one_of("node", name, sorted({str(node.name) for node in order if node.name}))
