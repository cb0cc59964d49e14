"""Whole derivatives: the Jacobian, the Hessian, products with it, and slopes entry by entry.

>>> import numpy as np
>>> import glassgrad as gg
>>> gg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
array([[10.,  6.],
       [ 6.,  0.]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .array_type import is_float
from .batch import batched
from .build import as_tensor, placeholder
from .errors import GradientError, refuse_no_function
from .gradient import gradients
from .graph import Tensor, nodes
from .transform import Call, grad, refuse_no_tuple, vjp
from .tree import flatten

Argnums = int | tuple[int, ...]


def jacobian(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return a function that gives every derivative of every entry of the result: the Jacobian.

    One backward pass, made for all entries of the result at once.

    Parameters
    ----------
    function : callable
        Returns arrays, or containers of arrays.
    argnums : int or tuple of int
        The argument, or arguments, to differentiate with respect to.

    Returns
    -------
    callable
        Its result has the containers of the function's result; in the place of an array of shape S stands the
        container of the argument, with arrays of shape S + T for its arrays of shape T.

    Raises
    ------
    GradientError, DtypeError
        If the result, or an argument, holds integers.

    Examples
    --------
    >>> import numpy as np
    >>> import glassgrad as gg
    >>> gg.jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    refuse_no_function("jacobian", function)

    def differentiated(*args: Any) -> Any:
        call = Call(function, args, argnums)
        results, gives = flatten(call.result)
        rows = [_rows(as_tensor(leaf), call) for leaf in results]
        return call.plain_all(gives.unflatten(row if call.several else row[0] for row in rows))

    return differentiated


def _rows(output: Tensor, call: Call) -> tuple[Any, ...]:
    if not is_float(output.dtype):
        raise GradientError(f"jacobian: the result holds {output.dtype}, which has no derivative. Return floats.")
    g = placeholder(output.type, "g")
    pulled = gradients(output, g, call.wanted)
    units = np.eye(output.size, dtype=output.dtype).reshape(output.size, *output.shape)
    found = batched(pulled, [g], [(as_tensor(units), True)], output.size)
    following = iter(nodes.reshape(part, (*output.shape, *part.shape[1:])) for part in found)
    return tuple(tree.unflatten(next(following) for _ in tree.paths()) for tree in call.trees)


def hessian(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return a function that gives every second derivative of a single number: the Hessian.

    The result is a container of containers where the argument is a container: ``result["W"]["b"]`` has the shape of
    W followed by that of b. For several arguments it is a tuple of tuples.

    Examples
    --------
    >>> import glassgrad as gg
    >>> second = gg.hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 5.0})
    >>> print(second["a"]["a"], second["a"]["b"], second["b"]["b"])
    10.0 6.0 0.0
    """
    refuse_no_function("hessian", function)
    return jacobian(grad(function, argnums), argnums)


def hvp(function: Callable[..., Any], args: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the Hessian of a single number, times `tangents`, without making the Hessian: two backward passes.

    Parameters
    ----------
    function : callable
    args, tangents : tuple
        Where, and in which direction; containers of float arrays, alike.

    Returns
    -------
    tuple
        One container for each argument.

    Examples
    --------
    >>> import numpy as np
    >>> import glassgrad as gg
    >>> gg.hvp(lambda x: gg.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 10.0]),))
    (array([  6., 120.]),)
    """
    refuse_no_function("hvp", function)
    refuse_no_tuple("hvp", args)
    _, pull = vjp(grad(function, tuple(range(len(args)))), *args)
    return pull(tangents)  # the Hessian is symmetric: rows times v is columns times v


def elementwise_grad(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the slope of a function that works entry by entry, at every entry.

    For any other function it is the gradient of the sum of the result.

    Examples
    --------
    >>> import numpy as np
    >>> import glassgrad as gg
    >>> second = gg.elementwise_grad(gg.elementwise_grad(lambda x: x**3))
    >>> second(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    refuse_no_function("elementwise_grad", function)
    return grad(lambda *args: nodes.sum(function(*args)), argnums)
