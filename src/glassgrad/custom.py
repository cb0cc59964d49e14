"""Ops of your own: one function, and a rule for its derivative if you know a better one.

>>> import glassgrad as gg
>>> @gg.custom(vjp=lambda xp, g, y, x: (g * (y * (1 - y)),), symbol="s")
... def logistic(xp, x):
...     "Logistic function."
...     return 1 / (1 + xp.exp(-x))
>>> y = logistic(0.0)
>>> print(y, gg.grad(logistic)(0.0), gg.grad(gg.grad(logistic))(0.0))
Tensor(0.5, op=logistic) 0.25 0.0

Such an op is drawn, opened, proved and compiled like those of the library, and stays where it was defined: nothing is
added to the names of the library.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, overload

import numpy as np

from .array_type import ArrayType
from .build import record
from .errors import GradientError, SettingError, ShapeError, refuse_no_function
from .graph import Op, Tensor
from .ops.define import _arguments_of, _explaining, _latex

Rule = Callable[..., Any]


@overload
def custom(function: Callable[..., Any], /) -> Callable[..., Tensor]: ...
@overload
def custom(
    *, vjp: Rule | None = None, forward: Callable[..., Any] | None = None,
    infer: Callable[..., ArrayType] | None = None, symbol: str = "", latex: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Tensor]]: ...
def custom(
    function: Callable[..., Any] | None = None, /, *, vjp: Rule | None = None,
    forward: Callable[..., Any] | None = None, infer: Callable[..., ArrayType] | None = None, symbol: str = "",
    latex: str = "",
) -> Any:
    r"""Make an op of a function ``f(xp, *arrays, **params)``; use it as a decorator.

    Parameters
    ----------
    function : callable
        Computes with functions of `xp`, called as NumPy's are: `xp` is NumPy for numbers, and the library itself to
        record the graph that the op opens into. Keyword arguments are parameters: they must be hashable.
    vjp : callable ``(xp, g, y, *arrays, **params)``, optional
        For a cotangent `g` of the result `y`: a tuple with the cotangent of every array, or None where there is none;
        a function without arguments in its place is called only if that one is wanted. Written with `xp` too, so that
        it can be differentiated again. Without it the derivative follows from the function.
    forward : callable ``(xp, *arrays, **params)``, optional
        A better way to compute the same, if the function is its definition.
    infer : callable ``(*types, **params) -> ArrayType``, optional
        For a function that only NumPy can run, such as one of SciPy: the type of its result. The op then has no
        definition to open, and no derivative but `vjp`.
    symbol, latex : str
        What stands in a picture's node, and in a formula, where ``{0}`` is the first array and braces are doubled.

    Returns
    -------
    callable
        ``(*arrays, **params) -> Tensor``, with the op as its attribute `op`.

    Raises
    ------
    GradientError
        When the rule is used, if it does not give a tuple with one entry for each array.

    Examples
    --------
    Rounding, with a derivative that pretends there was none (the straight-through estimator):

    >>> import numpy as np
    >>> import glassgrad as gg
    >>> @gg.custom(vjp=lambda xp, g, y, x: (g,), infer=lambda x: x, latex=r"\mathrm{{round}}({0})")
    ... def rounded(xp, x):
    ...     return np.rint(x)
    >>> print(*gg.value_and_grad(lambda x: rounded(x) ** 2)(2.7))
    9.0 6.0
    """
    if function is None:
        return lambda function: _made(function, vjp, forward, infer, symbol, latex)
    return _made(function, vjp, forward, infer, symbol, latex)


def _made(
    function: Callable[..., Any], vjp: Rule | None, forward: Callable[..., Any] | None,
    infer: Callable[..., ArrayType] | None, symbol: str, latex: str,
) -> Callable[..., Tensor]:
    for part in (function, vjp, forward, infer):
        if part is not None:
            refuse_no_function("custom", part)
    name = getattr(function, "__name__", "")
    if not name.isidentifier():
        raise SettingError(f"custom: the op bears the name of its function, and {name!r} is no name; use def.")
    if infer is not None and forward is not None:
        raise SettingError(f"custom: {name} is given infer, so it is computed by its function; leave out forward.")
    compute = forward or function
    op = Op(
        name, compute if infer is None else _as_inferred(name, compute, infer), _checked(name, vjp), infer,
        None if infer else function, symbol=symbol or name, latex=latex or _latex(name),
    )
    accept = _explaining(_arguments_of(function), name)

    @wraps(function)
    def apply(*inputs: Any, **options: Any) -> Tensor:
        tensors, params = accept(*inputs, **options)
        return record(op, tensors, params)

    apply.op, apply.__signature__ = op, inspect.signature(accept)  # type: ignore[attr-defined]
    return apply


def _checked(name: str, vjp: Rule | None) -> Callable[..., tuple[Any, ...]] | None:
    """Return the rule with a look at what it gives: a slip there would show far away."""
    if vjp is None:
        return None

    def rule(xp: Any, g: Any, y: Any, *inputs: Any, **params: Any) -> tuple[Any, ...]:
        parts = vjp(xp, g, y, *inputs, **params)
        if not isinstance(parts, tuple) or len(parts) != len(inputs):
            given = f"{len(parts)} entries" if isinstance(parts, tuple) else f"a {type(parts).__name__}"
            raise GradientError(
                f"custom: the rule of {name} gave {given}; a tuple with one entry for each of its {len(inputs)} "
                "arrays is needed, None where there is no derivative."
            )
        return parts

    return rule


def _as_inferred(name: str, forward: Callable[..., Any], infer: Callable[..., ArrayType]) -> Callable[..., Any]:
    """Return `forward` with a look at whether the result has the type that `infer` says."""

    def compute(xp: Any, *arrays: Any, **params: Any) -> Any:
        result = forward(xp, *arrays, **params)
        if xp is not np:
            return result
        result = np.asarray(result)
        said = infer(*(ArrayType(array.shape, array.dtype) for array in arrays), **params)
        if (result.shape, result.dtype) != (said.shape, said.dtype):
            raise ShapeError(
                f"custom: {name} gave {ArrayType(result.shape, result.dtype)}, and its infer says {said}; they must "
                "be equal."
            )
        return result

    return compute


