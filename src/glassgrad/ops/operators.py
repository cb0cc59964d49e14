"""How Python and NumPy spell the ops: operators, methods, and ``numpy.f(tensor)``, all by table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..graph import Tensor, nodes

OPERATORS = {
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
    "multiply": ("__mul__", "__rmul__"),
    "divide": ("__truediv__", "__rtruediv__"),
    "power": ("__pow__", "__rpow__"),
    "matmul": ("__matmul__", "__rmatmul__"),
    "less": ("__lt__", None),
    "less_equal": ("__le__", None),
    "greater": ("__gt__", None),
    "greater_equal": ("__ge__", None),
    "negative": ("__neg__", None),
    "identity": ("__pos__", None),
    "abs": ("__abs__", None),
    "getitem": ("__getitem__", None),
}
METHODS = (
    "argmax", "astype", "dot", "max", "mean", "min", "ravel", "reshape", "squeeze", "std", "sum", "swapaxes", "take",
    "transpose", "var",
)
# NumPy's names for functions that have another one here.
NUMPY_NAMES = {"absolute": "abs", "true_divide": "divide", "amax": "max", "amin": "min"}
REDUCTIONS = {"add": "sum", "maximum": "max", "minimum": "min"}


def _reflected(function: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    return lambda self, other: function(other, self)


def attach() -> None:
    """Give `Tensor` its operators and methods."""
    for name, (forward, reverse) in OPERATORS.items():
        function = getattr(nodes, name)
        setattr(Tensor, forward, function)
        if reverse:
            setattr(Tensor, reverse, _reflected(function))
    for name in METHODS:
        setattr(Tensor, name, getattr(nodes, name))
    setattr(Tensor, "T", property(nodes.transpose, doc="The axes reversed."))  # noqa: B010 - the class body says why


def _find(name: str) -> Callable[..., Any] | None:
    return nodes.__dict__.get(NUMPY_NAMES.get(name, name))


def numpy_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Answer ``ufunc(..., tensor, ...)``: the op of that name, or an error; never bare numbers."""
    spelled = f"numpy.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if method == "reduce" and ufunc.__name__ in REDUCTIONS:
        return getattr(nodes, REDUCTIONS[ufunc.__name__])(*inputs, **{"axis": 0, **options})
    function = _find(ufunc.__name__)
    if method != "__call__" or function is None:
        raise _unsupported(spelled)
    return function(*inputs, **options)


def numpy_function(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Answer ``numpy.f(tensor)`` for functions that are no ufuncs."""
    own = _find(function.__name__) if getattr(np, function.__name__, None) is function else None
    if own is None:
        raise _unsupported(f"{function.__module__}.{function.__name__}")
    names, needed = _numpy_names(function, own)
    named = dict(zip(names, args, strict=False))
    extra = args[len(names):]  # none where NumPy tells its names
    given = {**{name: value for name, value in named.items() if value is not names[name]}, **options}
    positional = [given.pop(name) for name in list(names)[:needed] if name in given]
    return own(*positional, *extra, **{name: value for name, value in given.items() if value is not names.get(name)})


@lru_cache(maxsize=256)
def _numpy_names(function: Callable[..., Any], own: Callable[..., Any]) -> tuple[dict[str, Any], int]:
    """Return the parameters of NumPy's function with their defaults, and how many of them ours takes by position.

    The rest goes by name, so that NumPy's third argument (a dtype) is never taken for ours (keepdims).
    """
    try:
        names = {slot.name: slot.default for slot in inspect.signature(function).parameters.values()}
    except ValueError:  # some compiled functions of NumPy do not tell
        names = {}
    slots = inspect.signature(own).parameters.values()
    return names, len([slot for slot in slots if slot.default is slot.empty and slot.kind is not slot.VAR_POSITIONAL])


def _unsupported(spelled: str) -> UnsupportedError:
    return UnsupportedError(
        f"{spelled} has no rule for Tensors yet. Write it with functions that have one (dir(gg) lists them), or "
        "compute it on tensor.value outside the graph."
    )


nodes.register("numpy_ufunc", numpy_ufunc)
nodes.register("numpy_function", numpy_function)
