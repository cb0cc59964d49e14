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
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from numbers import Real
from operator import index
from typing import Any

import numpy as np

from ..array_type import ArrayType, is_float
from ..build import as_tensor, constant, of_one, placeholder, record
from ..errors import DtypeError, GlassgradError, ShapeError, UnsupportedError, kind_of, shortened
from ..graph import Op, Tensor, nodes
from ..origin import NO_PARAMS
from ..place import inside, located

Rule = Callable[..., tuple[Any, ...]]
OPS: list[Op] = []
"""Every op that has been defined, in that order."""


def elementwise(
    name: str, forward: Callable[..., Any], vjp: Rule | None, doc: str, *, symbol: str = "", latex: str = "",
    public: bool = True, arithmetic: bool = False,
) -> Op:
    """Define a primitive that works entry by entry, with NumPy's broadcasting, and its public function.

    Parameters
    ----------
    name, forward, vjp, symbol, latex, arithmetic
        As in `Op`; the number of inputs is that of `forward`, less `xp`.
    doc : str
        Docstring of the public function.
    public : bool
        Whether to add the function to `nodes`; False where a wrapper with more to say takes the name.
    """
    op = Op(name, forward, vjp, broadcasting, None, symbol or name, latex or _latex(name), arithmetic)
    OPS.append(op)
    slots = list(inspect.signature(forward).parameters.values())[1:]
    signature = inspect.Signature([slot.replace(kind=slot.POSITIONAL_ONLY) for slot in slots])

    def function(*inputs: Any, **options: Any) -> Tensor:
        if arithmetic and len(inputs) == len(slots) == 1 and not options:
            return of_one(op, inputs[0], sys._getframe(1))
        if options or len(inputs) != len(slots):
            raise _explained(TypeError(), function, inputs, options)
        return record(op, inputs, NO_PARAMS)

    function.__doc__, function.__signature__ = doc, signature  # type: ignore[attr-defined]
    if public:
        publish(name, function)
    return op


def primitive(
    *, forward: Callable[..., Any], infer: Callable[..., ArrayType], vjp: Rule | None = None, symbol: str = "",
    latex: str = "", arithmetic: bool = False,
) -> Callable[[Callable[..., tuple[tuple[Any, ...], Mapping[str, Any]]]], Op]:
    """Decorate the public signature of a primitive: a function that returns ``(inputs, params)``, params hashable."""

    def decorate(normalise: Callable[..., tuple[tuple[Any, ...], Mapping[str, Any]]]) -> Op:
        name = normalise.__name__.strip("_")
        op = Op(name, forward, vjp, infer, None, symbol or name, latex or _latex(name), arithmetic)
        OPS.append(op)
        accept = _explaining(normalise)

        @wraps(normalise)
        def function(*args: Any, **options: Any) -> Tensor:
            inputs, params = accept(*args, **options)
            return record(op, inputs, params)

        publish(name, function)
        return op

    return decorate


def composite(
    *, forward: Callable[..., Any] | None = None, vjp: Rule | None = None, symbol: str = "", latex: str = "",
    arguments: Callable[..., Any] | None = None, arithmetic: bool = False,
) -> Callable[[Callable[..., Any]], Op]:
    """Decorate a definition ``body(xp, *arrays, **params)``; give `forward` or `vjp` where a better form is known.

    Value, shape and derivative follow from the body; the suite proves `forward` and `vjp` equal to it. The body's
    keyword arguments are the op's parameters. `arguments` is the public signature, where it differs from the body's:
    a function that returns ``(inputs, params)``.
    """

    def decorate(body: Callable[..., Any]) -> Op:
        name = body.__name__
        op = Op(name, forward or body, vjp, None, body, symbol or name, latex or _latex(name), arithmetic)
        OPS.append(op)
        accept = _explaining(arguments or _arguments_of(body), name)

        def function(*inputs: Any, **options: Any) -> Tensor:
            if arithmetic and len(inputs) == 1 and not options:
                return of_one(op, inputs[0], sys._getframe(1))
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


def _latex(name: str) -> str:
    """Return the formula of a function that has no other: its name, upright, as a template of `str.format`."""
    return rf"\mathrm{{{{{name.replace('_', chr(92) + '_')}}}}}({{0}})"


def derived(function: Callable[..., Any]) -> Callable[..., Any]:
    """Publish a function that is no op of its own: it only calls others."""
    name = function.__name__.strip("_")
    publish(name, _explaining(function, name))
    return function


def publish(name: str, function: Callable[..., Any]) -> None:
    """Add a public function to `nodes` under the name by which it is called."""
    function.__name__ = function.__qualname__ = name
    function.__module__ = "glassgrad"
    nodes.register(name, function)


def _explaining(function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """Let a function say what was wrong with its arguments, and in which line of the caller's program."""

    @wraps(function)
    def explaining(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (GlassgradError, TypeError, ValueError) as error:
            raise _explained(error, explaining, args, options) from None

    explaining.__name__ = name or function.__name__
    return explaining


def _explained(
    error: Exception, function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]
) -> GlassgradError:
    if isinstance(error, GlassgradError):
        return type(error)(located(str(error)))
    signature = inspect.signature(function)
    try:
        signature.bind(*args, **options)
    except TypeError as misfit:
        return UnsupportedError(located(f"{function.__name__}: {misfit}. Call it as {_spelled(function, signature)}."))
    kind = ShapeError if isinstance(error, ValueError) else DtypeError
    return kind(located(f"{function.__name__}: {error}."))


def _spelled(function: Callable[..., Any], signature: inspect.Signature) -> str:
    bare = [slot.replace(annotation=slot.empty) for slot in signature.parameters.values()]
    return f"{function.__name__}{signature.replace(parameters=bare, return_annotation=signature.empty)}"


def setting(name: str, value: Any) -> float:
    """Return a number that an op is set by: one known ahead, which no derivative flows to."""
    if isinstance(value, Real):
        return float(value)
    kind = ", as no derivative flows to it: x.item()" if isinstance(value, Tensor) else ""
    raise DtypeError(f"{name}={shortened(value)} was given; a plain number is needed{kind}.")


def whole(what: str, value: Any) -> int:
    """Return an integer that an op is set by; True and 1.0 are none, for where they stand they are slips.

    >>> whole("axis", np.int64(2))
    2
    >>> whole("axis", 2.0)
    Traceback (most recent call last):
        ...
    glassgrad.errors.DtypeError: axis 2.0 was given, a float; an integer is needed.
    """
    if not isinstance(value, (bool, np.bool_)):
        try:
            return index(value)
        except GlassgradError:  # of a Tensor that is no single integer
            raise
        except TypeError:
            pass
    raise DtypeError(f"{what} {shortened(value)} was given, {kind_of(value)}; an integer is needed.")


# Types of results ---------------------------------------------------------------------------------------------------


def infer(op: Op, types: list[ArrayType], params: Mapping[str, Any]) -> ArrayType:
    """Return the type of what `op` gives for inputs of these types; a composite's follows from its body."""
    if op.infer is None:
        return definition(op, tuple(types), **params)[1].type
    if op.infer is broadcasting:
        shape = broadcast(op.name, [type.shape for type in types])
        return ArrayType(shape, probe(op, tuple(type.dtype for type in types), **params))
    return op.infer(*types, **params)


@lru_cache(maxsize=4096, typed=True)  # typed: x**2 and x**2.0 have different types
def definition(op: Op, types: tuple[ArrayType, ...], /, **params: Any) -> tuple[tuple[Tensor, ...], Tensor]:
    """Return placeholders of these types and the node that the body of the composite `op` makes of them."""
    assert op.body is not None, f"{op.name} has neither a type rule nor a body"
    with inside(()):
        arguments = tuple(placeholder(type) for type in types)
        result = op.body(nodes, *arguments, **params)
    return arguments, as_tensor(result)


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


@lru_cache(maxsize=4096, typed=True)
def probe(op: Op, dtypes: tuple[np.dtype[Any], ...], /, **params: Any) -> np.dtype[Any]:
    """Return the dtype of an elementwise result by computing one, so that no dtype rule can be wrong."""
    with np.errstate(all="ignore"):
        return np.asarray(op.forward(np, *(np.ones(1, dtype) for dtype in dtypes), **params)).dtype


def axes(axis: Any, ndim: int, what: str = "axis") -> tuple[int, ...]:
    """Return `axis` (None, an integer or several) as a sorted tuple of axes counted from the front.

    >>> axes(-1, 3), axes(None, 2), axes((0, -1), 3)
    ((2,), (0, 1), (0, 2))
    """
    if axis is None:
        return tuple(range(ndim))
    chosen = [whole(what, a) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    for a in chosen:
        if not ndim:
            raise ShapeError(f"{what} {a} was asked for; a single number has no axes.")
        if not -ndim <= a < ndim:
            raise ShapeError(f"{what} {a} lies outside an array of {ndim} axes: use {-ndim} to {ndim - 1}.")
    fixed = tuple(sorted(a % ndim for a in chosen))
    if len(set(fixed)) < len(fixed):
        raise ShapeError(f"{what} {axis} names an axis twice.")
    return fixed


def one_axis(axis: Any, ndim: int) -> int:
    """Return `axis`, which must be a single integer, counted from the front.

    >>> one_axis(-1, 3)
    2
    """
    if axis is None or isinstance(axis, (tuple, list)):
        raise ShapeError(f"axis {shortened(axis)} was given; one integer is needed.")
    return axes(axis, ndim)[0]


as_node = as_tensor


def floats(x: Any) -> Tensor:
    """Return `x` as a node of floats: integers and booleans, in which a formula may overflow, become float64.

    >>> print(floats(2).type, floats(np.ones(3, "float32")).type)
    float64[] float32[3]
    """
    node = as_node(x)
    if is_float(node.dtype):
        return node
    return nodes.astype(node, np.float64) if isinstance(x, Tensor) else constant(node.value, dtype=np.float64)


def of_floats(x: Any) -> tuple[tuple[Tensor], Mapping[str, Any]]:
    """Be the public signature of a function of one array, which it takes as floats."""
    return (floats(x),), {}


nodes.register("infer", infer)
