"""What people have, as a `Subject`: functions on Tensors, NumPy rules, layers of the deck, losses as scikit-learn's."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..array_type import is_float
from ..engine import Compiled
from ..errors import DtypeError, SettingError, ShapeError
from ..graph import Tensor, nodes
from ..interpret import Program
from ..trace import trace
from ..transform import vjp as pull_back
from ..tree import flatten
from .arguments import name_of, split
from .subject import TROUBLE, Subject
from .values import Stack, stacked

Array = Any
Rule = Callable[..., Any]


def subject_of(f: Any, args: tuple[Any, ...], vjp: Rule | None = None) -> Subject:
    """Return the subject that `f` at `args` is, by what they are."""
    args = tuple(_array_if_numbers(a) for a in args)
    if vjp is not None:
        return with_rule(f, args, vjp)
    if _is_layer(f):
        return of_layer(f, args)
    if _is_loss(f):
        return of_loss(f, args)
    systems = {type(leaf).__module__.split(".")[0] for leaf in flatten(args)[0]}
    if "torch" in systems or _is_module(f):
        from .torch_adapter import of_torch

        return of_torch(f, args)
    if systems & {"jax", "jaxlib"}:
        from .jax_adapter import of_jax

        return of_jax(f, args)
    if not callable(f):
        raise SettingError(
            f"a {type(f).__name__} cannot be checked. Give a function, a Tensor, a Graph, or an object with forward "
            "and backward; with a function of plain arrays give its rule as vjp=."
        )
    return of_function(f, args)


def _array_if_numbers(argument: Any) -> Any:
    """Return nested lists of plain numbers as an array; other containers stay containers of arguments."""
    if isinstance(argument, (list, tuple)) and all(isinstance(leaf, (int, float)) for leaf in flatten(argument)[0]):
        try:
            return np.array(argument)
        except ValueError:
            raise ShapeError("the rows of a list of numbers have different lengths: give arrays.") from None
    return argument


def _is_layer(f: Any) -> bool:
    """Whether an object speaks the deck's protocol; torch has classes and modules that look like it."""
    both = callable(getattr(f, "forward", None)) and callable(getattr(f, "backward", None))
    return both and not isinstance(f, type) and not _is_module(f)


def _is_loss(f: Any) -> bool:
    """Whether an object has a loss and its gradient, as scikit-learn's losses have; torch's modules are left out."""
    both = callable(getattr(f, "loss", None)) and callable(getattr(f, "gradient", None))
    return both and not isinstance(f, type) and not _is_module(f)


def _is_module(f: Any) -> bool:
    return any(cls.__module__.startswith("torch.nn") for cls in type(f).__mro__)


def _labels(f: Any, chosen: list[int], count: int) -> tuple[str, ...]:
    code = getattr(inspect.unwrap(f), "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    if count == 1 and len(names) != 1:
        return ("x",)
    return tuple(names[p] if p < len(names) else f"argument {p}" for p in chosen)


def with_rule(f: Rule, args: tuple[Any, ...], vjp: Rule) -> Subject:
    """Return the subject for a function of arrays and the rule that is claimed for it."""
    arrays, chosen = split(args)

    def fill(floats: tuple[Array, ...]) -> Sequence[Array]:
        if len(chosen) == len(arrays):
            return floats
        whole = [a.copy() for a in arrays]
        for position, array in zip(chosen, floats, strict=True):
            whole[position] = array
        return whole

    def forward(*floats: Array) -> Any:
        return f(*fill(floats))

    def rule(g: Array, y: Array, *floats: Array) -> Any:
        gradients = vjp(g, y, *fill(floats))
        gradients = tuple(gradients) if isinstance(gradients, (tuple, list)) else (gradients,)
        if len(gradients) == len(arrays):
            return tuple(gradients[position] for position in chosen)
        return gradients

    floats = tuple(arrays[p].astype(np.float64) for p in chosen)
    return Subject(name_of(f), forward, rule, floats, _labels(f, chosen, len(args)))


def of_function(f: Rule, args: tuple[Any, ...]) -> Subject:
    """Return the subject for a function on Tensors: its rule is what backward propagation through its graph gives.

    What is evaluated is the graph, many points at a time where that can be; of a compiled function its own program.
    """
    leaves, tree = flatten(args)
    arrays, chosen = split(tuple(leaves))

    def fill(floats: tuple[Array, ...]) -> tuple[Any, ...]:
        whole = list(arrays)
        for position, array in zip(chosen, floats, strict=True):
            whole[position] = array
        return tree.unflatten(whole)

    def of_floats(*inner: Any) -> Any:
        return f(*fill(inner))

    def forward(*floats: Array) -> Array:
        return _joined(of_floats(*floats))

    def twin(*floats: Array) -> Array:
        from .exact import compute

        graph = trace(of_floats)(*[np.asarray(a, float) for a in floats])
        at = compute(graph.nodes, dict(zip(graph.inputs, floats, strict=True)))
        return np.concatenate([np.reshape(at[output], -1) for output in graph.outputs])

    def rule(g: Array, _: Array, *floats: Array) -> tuple[Array, ...]:
        value, pull = pull_back(of_floats, *floats)
        return tuple(np.array(d) for d in pull(_parted(g, value)))

    paths = tree.paths("")
    names = _labels(f, chosen, len(args)) if len(leaves) == len(args) else tuple(
        paths[p].strip("[]").replace("][", ".").replace("'", "") for p in chosen)
    floats = tuple(arrays[p].astype(np.float64) for p in chosen)
    quick, stack = (forward, None) if isinstance(f, Compiled) else _as_graph(of_floats, forward, floats)
    return Subject(name_of(f), quick, rule, floats, names, foreign=False, stack=stack, twin=twin)


def _as_graph(f: Rule, forward: Rule, arrays: tuple[Array, ...]) -> tuple[Rule, Stack | None]:
    """Return `forward` as a graph, and for many points at a time; as it is if it asks for values, or is no graph."""
    try:
        graph = trace(lambda *inner: _joined_nodes(f(*inner)))(*arrays)
        program = Program(graph.inputs, graph.outputs)

        def quick(*floats: Array) -> Array:
            if not all(is_float(a.dtype) for a in floats):
                return forward(*floats)  # complex numbers, which Tensors refuse
            return np.asarray(program([a[()] for a in floats])[0])

        if not np.array_equal(quick(*arrays), forward(*arrays), equal_nan=True):
            return forward, None
    except TROUBLE:
        return forward, None
    return quick, stacked(list(graph.inputs), graph.outputs[0], {}, quick, arrays)


def _joined_nodes(result: Any) -> Any:
    """Return a result as one node, as `_joined` does it with arrays."""
    leaves = flatten(result)[0]
    return leaves[0] if len(leaves) == 1 else nodes.concatenate([nodes.ravel(leaf) for leaf in leaves])


def _joined(result: Any) -> Array:
    """Return a result as one array; several outputs are laid end to end."""
    leaves = [leaf.value if isinstance(leaf, Tensor) else np.asarray(leaf) for leaf in flatten(result)[0]]
    if len(leaves) == 1:
        return np.asarray(leaves[0])
    return np.concatenate([np.asarray(leaf).reshape(-1) for leaf in leaves])


def _parted(g: Array, result: Any) -> Any:
    """Return a cotangent of the joined output in the containers of `result`."""
    leaves, tree = flatten(result)
    shapes = [leaf.shape if isinstance(leaf, Tensor) else np.shape(leaf) for leaf in leaves]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    parts = np.split(np.asarray(g).reshape(-1), ends)
    return tree.unflatten(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))


def of_loss(loss: Any, args: tuple[Any, ...]) -> Subject:
    """Return the subject for an object whose ``gradient(*args)`` is that of ``loss(*args)``, as in scikit-learn.

    It is the gradient with respect to ``raw_prediction`` or ``coef`` if the loss has an argument of that name, else to
    the first. Where there is a loss for every row, so is there a gradient.
    """
    names = [*inspect.signature(loss.loss).parameters]
    position = next((names.index(name) for name in ("raw_prediction", "coef") if name in names[: len(args)]), 0)
    arrays, chosen = split(args)
    if position not in chosen:
        raise DtypeError(f"the argument {names[position]} of the loss holds no floats: there is nothing to "
                         "differentiate. Use x.astype(float).")

    def forward(x: Array) -> Array:
        return np.array(loss.loss(*[x if p == position else a.copy() for p, a in enumerate(arrays)]))

    def rule(g: Array, _: Array, x: Array) -> Array:
        d = np.array(loss.gradient(*[x if p == position else a.copy() for p, a in enumerate(arrays)]))
        return np.reshape(g, g.shape + (1,) * max(d.ndim - g.ndim, 0)) * d

    return Subject(type(loss).__name__, forward, rule, (arrays[position].astype(np.float64),), (names[position],),
                   foreign=False)


def of_layer(layer: Any, args: tuple[Any, ...]) -> Subject:
    """Return the subject for an object with the deck's protocol: inputs first, then its parameters.

    ``forward(x)`` or ``forward(x, t)`` gives the output, ``backward(dout)`` the gradient of the inputs; it leaves those
    of the parameters in ``dW`` for ``W``, ``db`` for ``b``, or in ``grads`` for ``params``. A copy of the layer does
    the work; the layer itself stays as it is.
    """
    layer = copy.deepcopy(layer)
    arrays, chosen = split(args)
    store = _parameters(layer)
    names = list(store)

    def forward(*floats: Array) -> Any:
        return np.array(layer.forward(*_with_parameters(floats)))

    def _with_parameters(floats: tuple[Array, ...]) -> list[Array]:
        for name, value in zip(names, floats[len(chosen):], strict=True):
            store[name][0][...] = value
        whole = [a.copy() for a in arrays]
        for position, value in zip(chosen, floats[: len(chosen)], strict=True):
            whole[position] = value
        return whole

    def rule(g: Array, _: Array, *floats: Array) -> tuple[Any, ...]:
        layer.forward(*_with_parameters(floats))
        back = layer.backward(g)  # the caller's own array, so that a change of it in place is seen
        parts = back if isinstance(back, (tuple, list)) else (back,)
        return (*[np.array(d) for d in parts[: len(chosen)]], *[np.array(store[name][1]()) for name in names])

    start = [store[name][0].copy() for name in names]
    floats = (*[arrays[p].astype(np.float64) for p in chosen], *[a.astype(np.float64) for a in start])
    labels = (*(["x"] if len(chosen) == 1 else [f"input {p}" for p in chosen]), *names)
    return Subject(type(layer).__name__, forward, rule, floats, labels, foreign=False)


def _parameters(layer: Any) -> dict[str, tuple[Array, Callable[[], Array]]]:
    """Return the float arrays of a layer that have a gradient attribute beside them."""
    found: dict[str, tuple[Array, Callable[[], Array]]] = {}
    for name, value in vars(layer).items():
        if isinstance(value, np.ndarray) and is_float(value.dtype) and hasattr(layer, f"d{name}"):
            found[name] = (value, partial(getattr, layer, f"d{name}"))
    params, grads = getattr(layer, "params", None), getattr(layer, "grads", None)
    if isinstance(params, dict) and isinstance(grads, dict):
        for name, value in params.items():
            found[name] = (value, partial(grads.__getitem__, name))
    return found
