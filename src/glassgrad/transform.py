"""Functions into functions: gradients, products with Jacobians, of any function on Tensors.

>>> import glassgrad as gg
>>> slope = gg.grad(lambda x: x**3)
>>> print(slope(2.0), gg.grad(slope)(2.0))
12.0 12.0
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from .array_type import is_float
from .build import ancestors, as_tensor, tensor
from .errors import DtypeError, GradientError, SettingError, ShapeError, refuse_no_function, shortened
from .gradient import cotangent_of, gradients
from .graph import Tensor, nodes, type_of
from .tree import Tree, flatten


def value_and_grad(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that gives the value of `function` and its gradient, from one forward and one backward pass.

    Parameters
    ----------
    function : callable
        Its first result must be a single number.
    argnums : int or tuple of int
        The argument, or arguments, to differentiate with respect to; nested lists, tuples and dicts of float arrays.
    has_aux : bool
        Whether `function` returns ``(value, more)``, of which `more` is handed on.

    Returns
    -------
    callable
        ``(*args) -> (value, gradient)``, the gradient in the containers of its argument. Arrays in give arrays;
        where a Tensor is among the arguments, the results are Tensors and can be differentiated again.

    Raises
    ------
    GradientError, DtypeError
        If the value is no single number, or an argument holds integers.

    Examples
    --------
    >>> import glassgrad as gg
    >>> value, slopes = gg.value_and_grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5.0})
    >>> print(value, slopes["a"], slopes["b"])
    10.0 5.0 2.0
    """
    refuse_no_function("value_and_grad", function)

    def differentiated(*args: Any) -> Any:
        call = Call(function, args, argnums)
        if has_aux and not (isinstance(call.result, tuple) and len(call.result) == 2):
            raise GradientError("has_aux: the function must return a pair, (value, what is handed on).")
        result = as_tensor(call.result[0] if has_aux else call.result)
        found = call.pull_all([result], [None])
        value = call.plain(result)
        return ((value, call.plain_all(call.result[1])) if has_aux else value), found if call.several else found[0]

    return differentiated


def grad(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """Return a function that gives the gradient of `function`; see `value_and_grad`."""
    refuse_no_function("grad", function)
    both = value_and_grad(function, argnums)
    return lambda *args: both(*args)[1]


def vjp(function: Callable[..., Any], *args: Any) -> tuple[Any, Callable[..., Any]]:
    """Return ``function(*args)`` and a function from a cotangent of the result to those of the arguments.

    Examples
    --------
    >>> import glassgrad as gg
    >>> y, pull = gg.vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    refuse_no_function("vjp", function)
    call = Call(function, args, tuple(range(len(args))))
    results, tree = flatten(call.result)
    outputs = [as_tensor(leaf) for leaf in results]

    def pull(g: Any) -> Any:
        parts, its_tree = flatten(g)
        tree.check_same(its_tree, "the cotangent")
        return call.pull_all(outputs, parts)

    return call.plain_all(tree.unflatten(outputs)), pull


def jvp(function: Callable[..., Any], args: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return ``function(*args)`` and its derivative in the direction of `tangents`.

    Computed as the derivative of the backward pass, which is linear in its cotangent (Townsend, 2017).

    Examples
    --------
    >>> import glassgrad as gg
    >>> y, dy = gg.jvp(lambda x: x**3, (2.0,), (10.0,))
    >>> print(y, dy)
    8.0 120.0
    """
    refuse_no_function("jvp", function)
    refuse_no_tuple("jvp", args)
    leaves, tree = flatten(args)
    directions, its_tree = flatten(tangents)
    tree.check_same(its_tree, "jvp: the tangents")
    for leaf, direction in zip(leaves, directions, strict=True):
        if type_of(leaf).shape != type_of(direction).shape:
            raise ShapeError(
                f"jvp: a tangent has shape {type_of(direction).shape} where the argument has {type_of(leaf).shape}."
            )
    call = Call(function, args, tuple(range(len(args))))
    call.symbolic = call.symbolic or any(isinstance(direction, Tensor) for direction in directions)
    results, gives = flatten(call.result)
    outputs = [as_tensor(leaf) for leaf in results]
    pushed = [_push(output, call, directions) for output in outputs]
    return call.plain_all(gives.unflatten(outputs)), call.plain_all(gives.unflatten(pushed))


def _push(output: Tensor, call: Call, directions: list[Any]) -> Tensor:
    if not is_float(output.dtype):
        return as_tensor(np.zeros(output.shape, output.dtype))
    u = tensor(np.zeros(output.shape, output.dtype))
    pulled = gradients(output, u, call.wanted)
    total = as_tensor(np.zeros((), output.dtype))
    for part, direction in zip(pulled, directions, strict=True):
        total = total + nodes.sum(part * as_tensor(direction))
    return gradients(total, np.ones((), total.dtype)[()], [u])[0]


def refuse_no_tuple(taker: str, args: Any) -> None:
    """Raise a `DtypeError` where the arguments of a function do not stand in a tuple."""
    if not isinstance(args, (tuple, list)):
        raise DtypeError(f"{taker}: the arguments come as a tuple, and their tangents as another, as in "
                         f"{taker}(f, (x,), (v,)); got {shortened(args)}.")


def differentiated_around() -> frozenset[Tensor]:
    """Return what the calls around this one differentiate with respect to."""
    return _differentiated.get()


_differentiated: ContextVar[frozenset[Tensor]] = ContextVar("glassgrad differentiated", default=frozenset())


class Call:
    """One call of a function whose arguments have become nodes of their own.

    Every argument goes through `identity` or into a new variable, so that a Tensor used twice, once as the argument
    and once inside the function, is differentiated only as the argument. Where the function uses what a call around
    this one differentiates with respect to, the results are Tensors, so that the call around can go on.
    """

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], argnums: int | tuple[int, ...]) -> None:
        self.several = isinstance(argnums, tuple)
        arguments = list(args)
        self.wanted: list[Tensor] = []
        self.trees: list[Tree] = []
        for position in _positions(argnums, len(args)):
            leaves, tree = flatten(args[position])
            own = [_own_node(leaf) for leaf in leaves]
            arguments[position] = tree.unflatten(own)
            self.wanted += own
            self.trees.append(tree)
        around = _differentiated.get()
        token = _differentiated.set(around.union(self.wanted))
        try:
            self.result = function(*arguments)
        finally:
            _differentiated.reset(token)
        self.symbolic = any(isinstance(leaf, Tensor) for leaf in flatten(args)[0]) or self._uses(around)

    def _uses(self, around: frozenset[Tensor]) -> bool:
        results = (leaf for leaf in flatten(self.result)[0] if isinstance(leaf, Tensor))
        return bool(around) and not around.isdisjoint(ancestors(results))

    def pull_all(self, outputs: list[Tensor], cotangents: list[Any]) -> tuple[Any, ...]:
        """Return the derivatives with respect to the wanted arguments, in their containers, added up over `outputs`."""
        total: list[Any] | None = None
        for output, g in zip(outputs, cotangents, strict=True):
            if g is not None and not is_float(output.dtype):
                continue
            parts = self._pull_one(output, g)
            total = parts if total is None else [a + b for a, b in zip(total, parts, strict=True)]
        if total is None:
            raise GradientError("no output holds floats: there is nothing to differentiate.")
        following = iter(total)
        return tuple(tree.unflatten(next(following) for _ in tree.paths()) for tree in self.trees)

    def _pull_one(self, output: Tensor, g: Any) -> list[Any]:
        seed = cotangent_of(output, g)
        if self.symbolic or output.value is None or isinstance(seed, Tensor):
            return gradients(output, as_tensor(seed), self.wanted)
        return gradients(output, seed, self.wanted, np)

    def plain(self, result: Tensor) -> Any:
        """Return the array of a result, or the Tensor where somebody goes on to differentiate it."""
        return result if self.symbolic or result.value is None else result.value

    def plain_all(self, result: Any) -> Any:
        """Return a container with `plain` applied to its Tensors."""
        leaves, tree = flatten(result)
        return tree.unflatten(self.plain(leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves)


def _positions(argnums: int | tuple[int, ...], count: int) -> list[int]:
    chosen = argnums if isinstance(argnums, tuple) else (argnums,)
    for position in chosen:
        if not isinstance(position, int) or isinstance(position, bool):
            raise SettingError(f"argnums: {argnums!r} was given; the number of an argument is needed, counted from 0, "
                               "or a tuple of such.")
        if not -count <= position < count:
            raise SettingError(f"argnums: argument {position} was asked for, {count} were given.")
    positions = [position % count for position in chosen]
    if len(set(positions)) < len(positions):
        raise SettingError(f"argnums: {argnums} names an argument of {count} twice; once is enough.")
    return positions


def _own_node(leaf: Any) -> Tensor:
    if not is_float(type_of(leaf).dtype):
        if isinstance(leaf, int) and not isinstance(leaf, bool):
            leaf = float(leaf)
        else:
            raise DtypeError(
                f"an argument to differentiate with respect to is {type_of(leaf)}: integers and booleans have no "
                "derivative. Give floats: x.astype(float)."
            )
    return nodes.identity(leaf) if isinstance(leaf, Tensor) else tensor(leaf)
