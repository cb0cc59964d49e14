"""Graphs as nodes: `cond` chooses between two, `checkpoint` forgets what one has computed on the way.

>>> import glassgrad as gg
>>> gg.cond(gg.tensor(2.0) > 1, lambda x: x * 10, lambda x: -x, 3.0)
Tensor(30., op=cond)

Each traces the functions it is given, once, and records one node, whether values are known or not. What the functions
use of the program around them becomes an input of the node, so derivatives flow there too. `gg.open` shows the inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

from .array_type import ArrayType
from .build import as_tensor
from .errors import ShapeError, refuse_no_function
from .graph import Op, nodes
from .place import located
from .subgraph import (
    Give,
    apply,
    captured,
    closed,
    floats,
    pack,
    packed,
    pullback,
    run,
    spread,
    traced,
    unpack,
)
from .trace import Graph
from .tree import Tree, flatten


def _give_types(graph: Graph, give: Give) -> list[ArrayType]:
    return [graph.outputs[i].type for i in give]


def _all_types(graph: Graph) -> list[ArrayType]:
    return [output.type for output in graph.outputs]


# checkpoint -----------------------------------------------------------------------------------------------------------


def _checkpoint_body(xp: Any, *inputs: Any, graph: Graph, give: Give) -> Any:
    return pack(xp, run(graph, give, xp, inputs))


def _checkpoint_vjp(xp: Any, g: Any, _: Any, *inputs: Any, graph: Graph, give: Give) -> tuple[Any, ...]:
    """Run the graph once more, together with its backward pass, as one node that keeps nothing either."""
    back, wanted = pullback(graph, give), floats(inputs)
    given = (*unpack(xp, g, _give_types(graph, give)), *inputs)
    found = apply(CHECKPOINT, xp, given, _all_types(back), range(len(wanted)), graph=back)
    return spread(found, wanted, len(inputs))


CHECKPOINT = Op(
    "checkpoint", _checkpoint_body, _checkpoint_vjp,
    lambda *types, graph, give: packed(_give_types(graph, give)),
    _checkpoint_body, symbol="{graph.name}", latex=r"\mathrm{{ {graph.name} }}({0})",
)


def checkpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` as one node that keeps no intermediate value: its backward pass computes them again.

    Memory for time: a chain of checkpoints keeps one array for each, and computes everything once more.

    Parameters
    ----------
    function : callable
        Traced at every call, so it may not ask its arguments for their values.

    Returns
    -------
    callable
        Of the same arguments and results, as Tensors.

    Examples
    --------
    >>> import glassgrad as gg
    >>> x = gg.tensor(2.0)
    >>> y = gg.checkpoint(lambda x: gg.exp(x * x) + 1)(x)
    >>> [node.op.name for node in y.inputs], gg.open(y).op.name
    (['variable'], 'add')
    """
    refuse_no_function("checkpoint", function)

    @wraps(function)
    def kept(*args: Any) -> Any:
        graph = traced(function, args)
        outside = captured([graph])
        inner = closed(graph, outside)
        inputs = [*outside, *map(as_tensor, flatten(args)[0])]
        found = apply(CHECKPOINT, nodes, inputs, _all_types(inner), range(len(inner.outputs)), graph=inner)
        return graph.gives.unflatten(found[i] for i in range(len(found)))

    return kept


# cond -----------------------------------------------------------------------------------------------------------------


def _cond_forward(xp: Any, predicate: Any, *inputs: Any, then: Graph, otherwise: Graph, give: Give) -> Any:
    if is_jax(xp):
        branches = [lambda *xs, graph=graph: pack(xp, run(graph, give, xp, xs)) for graph in (then, otherwise)]
        return import_module("jax.lax").cond(predicate, *branches, *inputs)
    return pack(xp, run(then if predicate else otherwise, give, xp, inputs))


def _cond_body(xp: Any, predicate: Any, *inputs: Any, then: Graph, otherwise: Graph, give: Give) -> Any:
    """Both branches, and the choice between them: what a cond is, not how it is computed."""
    sides = [pack(xp, run(graph, give, xp, inputs)) for graph in (then, otherwise)]
    return xp.where(predicate, *sides)


def _cond_vjp(
    xp: Any, g: Any, _: Any, predicate: Any, *inputs: Any, then: Graph, otherwise: Graph, give: Give
) -> tuple[Any, ...]:
    backs, wanted = [pullback(graph, give) for graph in (then, otherwise)], floats(inputs)
    given = (predicate, *unpack(xp, g, _give_types(then, give)), *inputs)
    found = apply(COND, xp, given, _all_types(backs[0]), range(len(wanted)), then=backs[0], otherwise=backs[1])
    return None, *spread(found, wanted, len(inputs))


COND = Op(
    "cond", _cond_forward, _cond_vjp, lambda *types, then, otherwise, give: packed(_give_types(then, give)),
    _cond_body, symbol="{then.name} | {otherwise.name}",
    latex=r"\left(\mathrm{{ {then.name} }} \text{{ if }} {0} \text{{ else }} \mathrm{{ {otherwise.name} }}\right)",
)


def cond(predicate: Any, then: Callable[..., Any], otherwise: Callable[..., Any], *operands: Any) -> Any:
    """Return ``then(*operands)`` if the predicate holds, else ``otherwise(*operands)``; only that one is computed.

    Parameters
    ----------
    predicate : a single boolean, or number
        May be known only when the graph runs.
    then, otherwise : callable
        Both are traced, and must return arrays of the same types, in the same containers.
    *operands : array_like, or containers of them

    Raises
    ------
    ShapeError
        If the predicate is no single one, or the two functions return different types.

    Examples
    --------
    >>> import glassgrad as gg
    >>> root = gg.grad(lambda x: gg.cond(x > 0, gg.sqrt, lambda x: x * 0, x))
    >>> print(root(4.0), root(-4.0))
    0.25 0.0
    """
    for function in (then, otherwise):
        refuse_no_function("cond", function)
    predicate = as_tensor(predicate)
    if predicate.shape:
        raise ShapeError(located(f"cond: the predicate has shape {predicate.shape}; a single one is needed. For a "
                                 "choice entry by entry use gg.where."))
    sides = [traced(function, operands) for function in (then, otherwise)]
    kinds = [(side.gives, _all_types(side)) for side in sides]
    check_alike(kinds[0], kinds[1], "cond: the two functions return")
    outside = captured(sides)
    first, second = (closed(side, outside) for side in sides)
    inputs = [predicate, *outside, *map(as_tensor, flatten(operands)[0])]
    found = apply(COND, nodes, inputs, _all_types(first), range(len(first.outputs)), then=first, otherwise=second)
    return sides[0].gives.unflatten(found[i] for i in range(len(found)))


def check_alike(
    first: tuple[Tree, Sequence[ArrayType]], second: tuple[Tree, Sequence[ArrayType]], what: str
) -> None:
    """Raise a `ShapeError` unless containers and types are the same."""
    (one, types), (other, more) = first, second
    if one != other or list(types) != list(more):
        raise ShapeError(located(f"{what} {_written(one, types)} and {_written(other, more)}; containers and types "
                                 "must be equal. Convert with astype, or broadcast_to."))


def _written(tree: Tree, types: Iterable[ArrayType]) -> str:
    return str(tree.unflatten(map(str, types))).replace("'", "")


def is_jax(xp: Any) -> bool:
    """Whether a namespace is that of JAX, which has loops and branches of its own."""
    return getattr(xp, "__name__", "") == "jax.numpy"


nodes.register("cond", cond)
nodes.register("checkpoint", checkpoint)
