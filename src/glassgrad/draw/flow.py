"""What flows through a graph: the value of every node, and the derivative on every edge.

The rest of the package only draws; this module is where its numbers come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..array_type import ArrayType, is_float
from ..build import ancestors
from ..errors import SettingError
from ..gradient import backpropagate, cotangent_of, dependents, fit, pull
from ..graph import PARAMETER, PLACEHOLDER, VARIABLE, Tensor
from ..trace import Graph, Record, trace

Edge = tuple[Tensor, int]  # a node, and the position among its inputs


@dataclass(frozen=True)
class Flow:
    """Numbers of one run, forward and backward.

    Attributes
    ----------
    order : list of Tensor
        Every node, inputs before users.
    outputs : tuple of Tensor
    title : str
    values : mapping of Tensor to NumPy value
        Only of nodes that have one.
    cotangents : mapping of Tensor to NumPy value
        The derivative of the output with respect to every node on the way; empty if there is none.
    parts : mapping of (Tensor, int) to NumPy value
        What a node hands back along its i-th input: one term of that input's derivative.
    seed : NumPy value or None
        The cotangent that the first output starts with.
    """

    order: list[Tensor]
    outputs: tuple[Tensor, ...]
    title: str
    values: Mapping[Tensor, Any]
    cotangents: Mapping[Tensor, Any] = field(default_factory=dict)
    parts: Mapping[Edge, Any] = field(default_factory=dict)
    seed: Any = None

    def forks(self) -> set[Tensor]:
        """Return the nodes whose derivative is a sum: that it comes back to from several sides."""
        returns = {self.outputs[0]: 1} if self.parts else {}
        for user, position in self.parts:
            source = user.inputs[position]
            returns[source] = returns.get(source, 0) + 1
        return {node for node, times in returns.items() if times > 1}


def flow_of(what: Any, backward: bool = True, g: Any = None) -> Flow:
    """Return the flow of a Tensor, a `Graph` or a `Record`.

    Parameters
    ----------
    what : Tensor, Graph, Record, or sequence of Tensor
    backward : bool
        Whether to compute derivatives; they are left out where there are none.
    g : array_like, optional
        Cotangent of the (first) output; 1 for a single number.
    """
    outputs, values, title = _parts_of(what)
    order = ancestors(outputs)
    known = {node: values.get(node, node.value) for node in order}
    known = {node: value for node, value in known.items() if value is not None}
    target = outputs[0]
    if not backward or target not in known or not is_float(target.dtype) or (g is None and target.size != 1):
        return Flow(order, outputs, title, known)
    seed = cotangent_of(target, g)
    with np.errstate(all="ignore"):
        cotangents = backpropagate(order, {target: seed}, ends_of(order), np, known.__getitem__)
        parts = _parts(order, cotangents, known)
    return Flow(order, outputs, title, known, cotangents, parts, seed)


def traced_model(model: Any) -> Any:
    """Return the graph of a model on one row of its inputs; anything that is no model, as it is.

    A model is a function with `parameters()`; the first matrix among them says how long a row is.
    """
    if not callable(model) or not hasattr(model, "parameters") or isinstance(model, (Graph, type)):
        return model
    matrices = [weight for weight in model.parameters().values() if weight.ndim == 2]
    if not matrices:
        raise SettingError(
            f"{type(model).__name__} has no matrix of weights, so the size of its inputs is not known. Give what it "
            "returns for some input: gg.draw(model(x))."
        )
    row = ArrayType((1, matrices[0].shape[0]), matrices[0].dtype)
    return trace(model, type(model).__name__)(row)


def _parts_of(what: Any) -> tuple[tuple[Tensor, ...], Mapping[Tensor, Any], str]:
    if isinstance(what, Record):
        return what.graph.outputs, what.values, what.graph.name
    if isinstance(what, Graph):
        return what.outputs, {}, what.name
    if isinstance(what, Tensor):
        return (what,), {}, what.name or what.op.name
    if isinstance(what, (list, tuple)) and what and all(isinstance(part, Tensor) for part in what):
        return tuple(what), {}, "graph"
    raise SettingError(
        f"{type(what).__name__} cannot be drawn: give a Tensor, a list of Tensors, a Graph (gg.trace(f)(x)), a "
        "Record (graph.run(x)) or a model."
    )


def ends_of(order: list[Tensor]) -> list[Tensor]:
    """Return the leaves that derivatives are for."""
    return [node for node in order if node.op in (VARIABLE, PARAMETER, PLACEHOLDER) and is_float(node.dtype)]


def _parts(order: list[Tensor], cotangents: Mapping[Tensor, Any], values: Mapping[Tensor, Any]) -> dict[Edge, Any]:
    active = dependents(order, ends_of(order))
    parts: dict[Edge, Any] = {}
    for node in order:
        if node.inputs and node in cotangents:
            pulled = pull(node, cotangents[node], np, values.__getitem__)
            for position, (source, part) in enumerate(zip(node.inputs, pulled, strict=True)):
                if part is not None and source in active:
                    parts[node, position] = fit(np, part, source)
    return parts
