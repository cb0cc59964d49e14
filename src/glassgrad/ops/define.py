"""How an op is defined: a row of plain functions, and the public function that comes with it.

* `elementwise`: a primitive without parameters, one row.
* `primitive`: a decorator on the public signature, for ops with static parameters.
* `composite`: a decorator on the definition itself.
* `derived`: a function that only calls others.

Each adds its public function to `nodes`, from where ``glassgrad.<name>``, Tensor methods, ``numpy.<name>`` and the
rules of other ops take it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

import numpy as np

from ..build import constant, placeholder, record
from ..errors import ShapeError
from ..graph import NO_PARAMS, ArrayType, Op, Tensor, nodes
from ..place import inside

Rule = Callable[..., tuple[Any, ...]]


def elementwise(
    name: str, forward: Callable[..., Any], vjp: Rule | None, doc: str, *, symbol: str = "", latex: str = "",
    public: bool = True,
) -> Op:
    """Define a primitive that works entry by entry, with NumPy's broadcasting, and its public function.

    Parameters
    ----------
    name, forward, vjp, symbol, latex
        As in `Op`; the number of inputs is that of `forward`, less `xp`.
    doc : str
        Docstring of the public function.
    public : bool
        Whether to add the function to `nodes`; False where a wrapper with more to say takes the name.
    """
    op = Op(name, forward, vjp, broadcasting, symbol=symbol or name, latex=latex or rf"\mathrm{{{name}}}({{0}})")
    arity = len(inspect.signature(forward).parameters) - 1
    if arity == 1:
        def function(x: Any, /) -> Tensor:
            return record(op, (x,), NO_PARAMS)
    elif arity == 2:
        def function(x: Any, y: Any, /) -> Tensor:  # type: ignore[misc]
            return record(op, (x, y), NO_PARAMS)
    else:
        def function(*inputs: Any) -> Tensor:  # type: ignore[misc]
            return record(op, inputs, NO_PARAMS)
    function.__doc__ = doc
    if public:
        publish(name, function)
    return op


def primitive(
    *, forward: Callable[..., Any], infer: Callable[..., ArrayType], vjp: Rule | None = None, symbol: str = "",
    latex: str = "",
) -> Callable[[Callable[..., tuple[tuple[Any, ...], Mapping[str, Any]]]], Op]:
    """Decorate the public signature of a primitive: a function that returns ``(inputs, params)``, params hashable."""

    def decorate(normalise: Callable[..., tuple[tuple[Any, ...], Mapping[str, Any]]]) -> Op:
        name = normalise.__name__.strip("_")
        op = Op(name, forward, vjp, infer, symbol=symbol or name, latex=latex or rf"\mathrm{{{name}}}({{0}})")

        @wraps(normalise)
        def function(*args: Any, **options: Any) -> Tensor:
            inputs, params = normalise(*args, **options)
            return record(op, inputs, params)

        publish(name, function)
        return op

    return decorate


def composite(
    *, forward: Callable[..., Any] | None = None, vjp: Rule | None = None, symbol: str = "", latex: str = "",
    arguments: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Any]], Op]:
    """Decorate a definition ``body(xp, *arrays, **params)``; give `forward` or `vjp` where a better form is known.

    Value, shape and derivative follow from the body; the suite proves `forward` and `vjp` equal to it. The body's
    keyword arguments are the op's parameters. `arguments` is the public signature, where it differs from the body's:
    a function that returns ``(inputs, params)``.
    """

    def decorate(body: Callable[..., Any]) -> Op:
        name = body.__name__
        op = Op(
            name, forward or body, vjp, None, body, symbol=symbol or name, latex=latex or rf"\mathrm{{{name}}}({{0}})"
        )
        accept = arguments or _arguments_of(body)

        def function(*inputs: Any, **options: Any) -> Tensor:
            tensors, params = accept(*inputs, **options)
            return record(op, tensors, params)

        function.__doc__ = body.__doc__
        function.__signature__ = inspect.signature(accept)  # type: ignore[attr-defined]
        publish(name, function)
        return op

    return decorate


def _arguments_of(body: Callable[..., Any]) -> Callable[..., Any]:
    """Return the public signature that follows from a body's: its arrays, then its keyword arguments."""
    signature = inspect.signature(body)
    public = signature.replace(parameters=list(signature.parameters.values())[1:])
    keywords = {slot.name for slot in public.parameters.values() if slot.kind is slot.KEYWORD_ONLY}
    arity = len(public.parameters)

    def arguments(*inputs: Any, **options: Any) -> Any:
        if not keywords and not options and len(inputs) == arity:
            return inputs, NO_PARAMS
        bound = public.bind(*inputs, **options)
        bound.apply_defaults()
        return bound.args, {name: value for name, value in bound.arguments.items() if name in keywords}

    arguments.__signature__ = public  # type: ignore[attr-defined]
    return arguments


def derived(function: Callable[..., Any]) -> Callable[..., Any]:
    """Publish a function that is no op of its own: it only calls others."""
    publish(function.__name__.strip("_"), function)
    return function


def publish(name: str, function: Callable[..., Any]) -> None:
    """Add a public function to `nodes` under the name by which it is called."""
    function.__name__ = function.__qualname__ = name
    function.__module__ = "glassgrad"
    nodes.register(name, function)


# Types of results ---------------------------------------------------------------------------------------------------


def infer(op: Op, types: list[ArrayType], params: Mapping[str, Any]) -> ArrayType:
    """Return the type of what `op` gives for inputs of these types; a composite's follows from its body."""
    if op.infer is None:
        return definition(op, tuple(types), tuple(params.items()))[1].type
    if op.infer is broadcasting:
        shape = broadcast(op.name, [type.shape for type in types])
        return ArrayType(shape, probe(op, tuple(type.dtype for type in types), tuple(params.items())))
    return op.infer(*types, **params)


@lru_cache(maxsize=4096)
def definition(
    op: Op, types: tuple[ArrayType, ...], params: tuple[tuple[str, Any], ...]
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Return placeholders of these types and the node that the body of the composite `op` makes of them."""
    assert op.body is not None, f"{op.name} has neither a type rule nor a body"
    with inside(()):
        arguments = tuple(placeholder(type) for type in types)
        result = op.body(nodes, *arguments, **dict(params))
    return arguments, result if isinstance(result, Tensor) else constant(result)


def broadcasting(*_: ArrayType, **__: Any) -> ArrayType:
    """Stand for the type rule of elementwise ops, which `infer` applies: it needs to know the op."""
    raise AssertionError("applied by infer")


def broadcast(name: str, shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the common shape, or raise a `ShapeError` that shows which axis does not fit."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        given = " and ".join(map(str, shapes))
        raise ShapeError(
            f"{name}: shapes {given} do not broadcast: counted from the last axis, sizes must be equal or 1. "
            "Add an axis with x[:, None], or reshape."
        ) from None


@lru_cache(maxsize=4096)
def probe(op: Op, dtypes: tuple[np.dtype[Any], ...], params: tuple[tuple[str, Any], ...]) -> np.dtype[Any]:
    """Return the dtype of an elementwise result by computing one, so that no dtype rule can be wrong."""
    with np.errstate(all="ignore"):
        return np.asarray(op.forward(np, *(np.ones(1, dtype) for dtype in dtypes), **dict(params))).dtype


def like_first(x: ArrayType, *_: ArrayType, **__: Any) -> ArrayType:
    """Type rule: that of the first input."""
    return x


def axes(axis: Any, ndim: int, what: str = "axis") -> tuple[int, ...]:
    """Return `axis` (None, an integer or several) as a sorted tuple of axes counted from the front.

    >>> axes(-1, 3), axes(None, 2), axes((0, -1), 3)
    ((2,), (0, 1), (0, 2))
    """
    if axis is None:
        return tuple(range(ndim))
    chosen = [int(a) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    for a in chosen:
        if not -ndim <= a < ndim:
            raise ShapeError(f"{what} {a} lies outside an array of {ndim} axes: use {-ndim} to {ndim - 1}.")
    fixed = tuple(sorted(a % ndim for a in chosen))
    if len(set(fixed)) < len(fixed):
        raise ShapeError(f"{what} {axis} names an axis twice.")
    return fixed


def as_node(x: Any) -> Tensor:
    """Return `x` itself if it is a Tensor, else a constant that holds it."""
    return x if isinstance(x, Tensor) else constant(x)


nodes.register("infer", infer)
