"""Functions as graphs: trace one, run it, look at every value of a run, open its composites.

>>> import glassgrad as gg
>>> graph = gg.trace(lambda x, y: gg.sigmoid(x) * y)(1.0, 2.0)
>>> graph
Graph(<lambda>: 2 inputs, 2 operations, 1 output)
>>> print(graph(0.0, 4.0))
2.0
>>> [node.op.name for node in gg.open(graph).operations]
['multiply', 'exp', 'add', 'reciprocal', 'multiply']
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from .array_type import ArrayType, is_float, numeric
from .build import ancestors, as_tensor, constant, frozen, placeholder, weak_dtype
from .errors import (
    DtypeError,
    NonFiniteError,
    SettingError,
    ShapeError,
    TraceError,
    one_of,
    refuse_no_function,
    shortened,
)
from .fault import first_forward
from .gradient import backpropagate, cotangent_of, look_at
from .graph import PARAMETER, VARIABLE, Op, Tensor, describe, nodes, type_of
from .interpret import evaluate, evaluate_all
from .place import Scope, inside, surroundings
from .tree import Tree, flatten
from .watch import KEEPING, suspicious


class Graph:
    """A function as nodes: placeholders for its inputs, and what it makes of them.

    Call it with arrays like the function, `run` it to keep every value.

    Attributes
    ----------
    inputs, outputs : tuple of Tensor
    nodes : list of Tensor
        All of them, inputs before users.
    name : str
    takes, gives : Tree
        The containers that the function takes its inputs in and gives its outputs in.
    """

    def __init__(
        self, inputs: Iterable[Tensor], outputs: Iterable[Tensor], name: str = "graph", *,
        takes: Tree | None = None, gives: Tree | None = None,
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.name = name
        self.takes = takes or flatten(self.inputs)[1]
        self.gives = gives or (flatten(self.outputs)[1] if len(self.outputs) != 1 else Tree(None))

    @cached_property
    def nodes(self) -> list[Tensor]:
        """All nodes that the outputs depend on, inputs before users."""
        return ancestors(self.outputs)

    @property
    def operations(self) -> list[Tensor]:
        """The nodes that are computed, in order."""
        return [node for node in self.nodes if not node.is_leaf]

    def __repr__(self) -> str:
        def count(number: int, what: str) -> str:
            return f"{number} {what}{'' if number == 1 else 's'}"

        parts = (count(len(self.inputs), "input"), count(len(self.operations), "operation"),
                 count(len(self.outputs), "output"))
        return f"Graph({self.name}: {', '.join(parts)})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return nodes.shown(self)

    def __call__(self, *args: Any) -> Any:
        """Return what the function returns for these arrays; with Tensors among them, nodes."""
        leaves = self._leaves(args)
        if any(isinstance(leaf, Tensor) for leaf in leaves):
            results = evaluate(self.inputs, self.outputs, [as_tensor(array) for array in self._arrays(leaves)], nodes)
        else:
            values = evaluate_all(self.nodes, self.inputs, arrays := self._arrays(leaves))
            results = [values[node] for node in self.outputs]
            self.look_at([*results, *_worth_a_look(values)], arrays)
        return self.gives.unflatten(results)

    def run(self, *args: Any) -> Record:
        """Return a `Record` that holds the value of every node for these arrays."""
        arrays = [as_tensor(array)._concrete("value", "Call the graph itself.") for array in
                  self._arrays(self._leaves(args))]  # copies, so that what is recorded stays as it was
        values = evaluate_all(self.nodes, self.inputs, arrays)
        self.look_at([*(values[node] for node in self.outputs), *_worth_a_look(values)], arrays)
        return Record(self, {node: frozen(value) for node, value in values.items()})

    def look_at(self, values: Iterable[Any], arrays: Sequence[Any]) -> None:
        """Tell whoever watches (`debug`) of a run with a value that is not finite, however it was computed."""
        watch = surroundings.get().watch
        if watch is not None and any(map(suspicious, values)):
            watch.ran(self.nodes, self.inputs, arrays)

    def _leaves(self, args: tuple[Any, ...]) -> list[Any]:
        leaves, tree = flatten(args)
        self.takes.check_same(tree, self.name)
        return leaves

    def _arrays(self, leaves: list[Any]) -> list[Any]:
        return [_checked(leaf, node, self.name) for leaf, node in zip(leaves, self.inputs, strict=True)]


def _worth_a_look(values: Mapping[Tensor, Any]) -> list[Any]:
    """Return the values that may be the first not to be finite, if anybody watches."""
    if surroundings.get().watch is None:
        return []
    return [value for node, value in values.items() if node.inputs and node.op.name not in KEEPING]


def _checked(value: Any, node: Tensor, name: str) -> Any:
    if type(value) in (int, float) and weak_dtype(value.__class__, (node.dtype,)) == node.dtype:
        value = constant(value, dtype=node.dtype).value
    array = value if isinstance(value, Tensor) else numeric(value)
    if array.shape != node.shape or array.dtype != node.dtype:
        raise ShapeError(
            f"{name}: {describe(node)} was traced as {node.type}, and {type_of(array)} was given. Give an array of "
            "that kind, or trace the function again for the new one."
        )
    return array


class Record:
    """One run of a graph: a value for every node, and after `backward` a derivative for every node on the way.

    >>> import glassgrad as gg
    >>> graph = gg.trace(lambda x: x * x)(3.0)
    >>> record = graph.run(3.0)
    >>> print(record.output, record.backward()[graph.inputs[0]])
    9.0 6.0
    """

    def __init__(self, graph: Graph, values: Mapping[Tensor, Any]) -> None:
        self.graph = graph
        self.values = values
        self.gradients: dict[Tensor, Any] = {}

    def __getitem__(self, node: Tensor) -> Any:
        return self.values[node]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return nodes.shown(self)

    @property
    def output(self) -> Any:
        """What the function returned."""
        return self.graph.gives.unflatten(self.values[node] for node in self.graph.outputs)

    def backward(self, g: Any = None, output: int = 0) -> dict[Tensor, Any]:
        """Return the derivative of one output with respect to every node that it depends on; kept as `gradients`."""
        result = self.graph.outputs[output]
        order = self.graph.nodes
        leaves = [n for n in order if is_float(n.dtype) and (n in self.graph.inputs or n.op in (VARIABLE, PARAMETER))]
        seed = cotangent_of(result, g)
        read = self.values.__getitem__
        found = self.gradients = backpropagate(order, {result: seed}, leaves, np, read)
        look_at(result, seed, found, read)
        return found

    def check_finite(self) -> None:
        """Raise a `NonFiniteError` that names the first node whose value is NaN or infinite, if there is one."""
        fault = first_forward(self.values, self.values.__getitem__)
        if fault is not None:
            raise NonFiniteError(str(fault))


def trace(function: Callable[..., Any], name: str | None = None) -> Callable[..., Graph]:
    """Return a function that takes types or arrays and returns the `Graph` of `function` for them.

    Parameters
    ----------
    function : callable
        Computes with Tensors; its arguments and its result may be nested lists, tuples and dicts.
    name : str, optional
        The graph's name; that of the function by default.

    Raises
    ------
    TraceError
        If `function` asks a placeholder for its value or truth, or returns something other than arrays.

    Examples
    --------
    >>> import glassgrad as gg
    >>> graph = gg.trace(lambda x: gg.sum(x * x))(gg.ArrayType((3,), "float32"))
    >>> print(graph.outputs[0].type)
    float32[]
    """
    refuse_no_function("trace", function)

    def traced(*args: Any) -> Graph:
        leaves, takes = flatten(args)
        labels = _labels(function, takes)
        inputs = [placeholder(type_of(leaf), label) for leaf, label in zip(leaves, labels, strict=True)]
        result = function(*takes.unflatten(inputs))
        results, gives = flatten(result)
        try:
            outputs = [as_tensor(leaf) for leaf in results]
        except TypeError as error:
            raise TraceError(f"{_name_of(function)} must return arrays, or containers of arrays: {error}") from None
        return Graph(inputs, outputs, name or _name_of(function), takes=takes, gives=gives)

    return traced


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _labels(function: Callable[..., Any], takes: Tree) -> list[str]:
    """Name the inputs as the function's parameters are called; entries of dicts by their keys."""
    try:
        slots = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        slots = []
    named = [slot.name for slot in slots if slot.kind in (slot.POSITIONAL_ONLY, slot.POSITIONAL_OR_KEYWORD)]
    labels: list[str] = []
    for position, child in enumerate(takes.children):
        own = named[position] if position < len(named) else f"argument {position}"
        labels += child.paths(own)
    return [label.rsplit("['", 1)[-1].removesuffix("']") if label.endswith("']") else label for label in labels]


def open_(what: Any, *names: str, levels: int | None = None) -> Any:
    """Replace composites by the local graphs they are made of.

    Parameters
    ----------
    what : Tensor or Graph
    *names : str
        Only ops of these names; all composites if none is named.
    levels : int, optional
        How many times to open; until nothing is left by default.

    Returns
    -------
    Tensor or Graph
        Of the same values; the opened nodes stand in a scope that bears the op's name.

    Examples
    --------
    >>> import glassgrad as gg
    >>> y = gg.open(gg.sigmoid(gg.tensor(0.0)))
    >>> y.path, y.op.name, print(y.value)
    0.5
    ('sigmoid', 'reciprocal', None)
    """
    if not isinstance(what, (Graph, Tensor)):
        raise DtypeError(f"open: {shortened(what)} was given; a Tensor is needed, or a Graph: gg.trace(f)(x).")
    if levels is not None and (not isinstance(levels, int) or levels < 0):
        raise SettingError(f"open: levels={shortened(levels)} was given; a whole number is needed, or None for all.")
    outputs = what.outputs if isinstance(what, Graph) else (what,)
    known = {*nodes.__dict__, *(node.op.name for node in ancestors(outputs))}
    for name in names:
        if name not in known:
            raise one_of("op", name, sorted(known))
    depth = 0
    while levels is None or depth < levels:
        opened = [n for n in ancestors(outputs) if n.op.body is not None and (not names or n.op.name in names)]
        if not opened:
            break
        outputs = _replay(outputs, set(opened))
        depth += 1
    if isinstance(what, Graph):
        return Graph(what.inputs, outputs, what.name, takes=what.takes, gives=what.gives)
    return outputs[0]


def _replay(outputs: Iterable[Tensor], opened: set[Tensor]) -> tuple[Tensor, ...]:
    """Copy the graph above the leaves, with the bodies of `opened` in their place."""
    copies: dict[Tensor, Tensor] = {}
    for node in ancestors(outputs):
        inputs = tuple(copies[source] for source in node.inputs)
        if node in opened:
            copies[node] = _body_in_place(node, inputs)
        elif inputs == node.inputs:
            copies[node] = node
        else:
            copies[node] = copy_node(node, inputs)
    return tuple(copies[node] for node in outputs)


def _body_in_place(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
    assert node.op.body is not None
    with inside((*node.scope, Scope(node.op.name))):
        result = as_tensor(node.op.body(nodes, *inputs, **node.params))
        if result in inputs:
            result = nodes.identity(result)
    result.name = result.name or node.name
    return result


def copy_node(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
    """Apply the op of `node` to other inputs; the copy has its name and stands where it stood."""
    with inside(node.scope):
        copy: Tensor = nodes.record(node.op, inputs, node.params)
    copy.name, copy._site = node.name, node._site
    return copy


__all__ = ["ArrayType", "Graph", "Op", "Record", "open_", "trace"]
