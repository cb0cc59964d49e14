"""How Python and NumPy spell the ops: operators, methods, and ``numpy.f(tensor)``, all by table."""

from __future__ import annotations

from collections.abc import Callable
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
        options = {"axis": 0, **options}
        return _call(getattr(nodes, REDUCTIONS[ufunc.__name__]), spelled, inputs, options)
    function = _find(ufunc.__name__)
    if method != "__call__" or function is None:
        raise _unsupported(spelled)
    return _call(function, spelled, inputs, options)


def numpy_function(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Answer ``numpy.f(tensor)`` for functions that are no ufuncs."""
    own = _find(function.__name__) if getattr(np, function.__name__, None) is function else None
    if own is None:
        raise _unsupported(f"{function.__module__}.{function.__name__}")
    return _call(own, f"numpy.{function.__name__}", args, options)


def _call(function: Callable[..., Any], spelled: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    given = {name: value for name, value in options.items() if value is not None and value is not np._NoValue}
    try:
        return function(*args, **given)
    except TypeError as error:
        if isinstance(error, UnsupportedError) or "argument" not in str(error):
            raise
        raise UnsupportedError(f"{spelled} on a Tensor: {error}. Leave that argument out.") from None


def _unsupported(spelled: str) -> UnsupportedError:
    return UnsupportedError(
        f"{spelled} has no rule for Tensors yet. Write it with functions that have one (dir(gg) lists them), or "
        "compute it on tensor.value outside the graph."
    )


nodes.register("numpy_ufunc", numpy_ufunc)
nodes.register("numpy_function", numpy_function)
