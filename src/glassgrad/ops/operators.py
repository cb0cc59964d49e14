"""How Python and NumPy spell the ops: operators, methods, and ``numpy.f(tensor)``, all by table."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import copysign, prod
from operator import add, mul, sub, truediv
from types import MappingProxyType
from typing import Any

import numpy as np

from ..build import made, of_one, record
from ..errors import DtypeError, UnsupportedError
from ..floats import REFUSED
from ..graph import CONSTANT, Op, Tensor, next_serial, nodes, type_of
from ..origin import NO_PARAMS, origin
from ..place import located, surroundings
from . import elementwise
from .define import axes

OPERATORS = {
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
    "multiply": ("__mul__", "__rmul__"),
    "divide": ("__truediv__", "__rtruediv__"),
    "power": ("__pow__", "__rpow__"),
    "remainder": ("__mod__", "__rmod__"),
    "floor_divide": ("__floordiv__", "__rfloordiv__"),
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
# Operators that are an op and nothing else; formulas of many single numbers spend their time here.
DIRECT = {
    elementwise.add: add, elementwise.subtract: sub, elementwise.multiply: mul, elementwise.divide: truediv,
}
METHODS = (
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "cumprod", "cumsum", "diagonal", "dot", "max",
    "mean", "min", "prod", "ravel", "repeat", "reshape", "squeeze", "std", "sum", "swapaxes", "take", "trace",
    "transpose", "var",
)
# NumPy's names for functions that have another one here.
NUMPY_NAMES = {
    "absolute": "abs", "fabs": "abs", "true_divide": "divide", "amax": "max", "amin": "min", "positive": "identity",
    "conjugate": "identity", "copy": "identity", "numpy.linalg.norm": "norm", "numpy.linalg.matmul": "matmul",
    "numpy.linalg.tensordot": "tensordot",
}
METHODS_OF_UFUNCS = {  # all over the first axis, unless told otherwise
    "add.reduce": "sum", "multiply.reduce": "prod", "maximum.reduce": "max", "minimum.reduce": "min",
    "logical_and.reduce": "all", "logical_or.reduce": "any", "add.accumulate": "cumsum",
    "multiply.accumulate": "cumprod",
}
# What is asked about a Tensor and not of its numbers: answered without a node.
HIDDEN = ("identity",)  # names that mean something else in NumPy
PLAIN: dict[Any, Callable[..., Any]] = {
    np.shape: lambda a: a.shape, np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else prod(a.shape[i] for i in axes(axis, a.ndim)),
}


LARGEST = 1e308  # an integer beyond may be no float at all
FAILED = (*REFUSED, ValueError, TypeError)


def _direct(
    op: Op, calculate: Callable[[Any, Any], Any], *, reflected: bool = False, of_1: Op | None = None
) -> Callable[[Any, Any], Tensor]:
    """Return the operator that is `op` and nothing else: at once for two numbers or two arrays, otherwise by `record`.

    What fails, or is not finite, is left to `record` too, which has more to say. `of_1` is an op of its own for the
    number 1 and this one: ``1 / x``.
    """
    known, new = op.origins.get, Tensor.__new__
    around_now, frame_above, ndarray = surroundings.get, sys._getframe, np.ndarray
    whole = getattr(nodes, op.name)  # the public function

    def operator(self: Tensor, other: Any) -> Tensor:
        if type(other) is not Tensor:
            if type(self._value) is not float or type(other) not in (float, int) or not abs(other) <= LARGEST:
                return whole(other, self) if reflected else record(op, (self, other))
            if of_1 is not None and other == 1:
                return of_one(of_1, self, frame_above(1))
            other = made(CONSTANT, float(other), (), False, NO_PARAMS, frame_above(1))
            if reflected:
                self, other = other, self
        x, y, around = self._value, other._value, around_now()
        kind = type(x)
        if kind is not type(y) or (kind is not float and kind is not ndarray) or not around.quiet:
            return record(op, (self, other))
        try:
            value = calculate(x, y)
        except FAILED:
            return record(op, (self, other))
        if kind is ndarray:
            value.setflags(False)
        elif value - value != 0.0:  # it is not finite
            return record(op, (self, other))
        # What follows is `made` spelled out: the calls it saves cost as much as all the rest.
        flows = self._origin.flows or other._origin.flows
        frame = frame_above(1)
        common = known(frame.f_lasti)
        if (
            common is None or common.code is not frame.f_code or common.flows is not flows
            or common.scope is not around.scope
        ):
            common = origin(op, NO_PARAMS, flows, frame)
        node = new(Tensor)
        node._origin = common
        node._value = value
        node._first = self
        node._second = other
        node._grad = None
        node.serial = next_serial()
        return node

    return operator


def _negative(self: Tensor) -> Tensor:
    return of_one(elementwise.negative, self, sys._getframe(1))


def _power(self: Tensor, exponent: Any) -> Tensor:
    if type(exponent) is int or type(exponent) is float:
        params = _power_params(exponent, exponent == 0 and copysign(1.0, exponent))
        return of_one(elementwise.power_by, self, sys._getframe(1), params)
    return nodes.power(self, exponent)


@lru_cache(maxsize=256, typed=True)
def _power_params(exponent: float, zero: float | bool) -> Mapping[str, Any]:
    """Return the params of a power, the same object each time; `zero` tells -0.0 from 0.0."""
    return MappingProxyType({"exponent": exponent})


def _reflected(function: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    return lambda self, other: function(other, self)


def attach() -> None:
    """Give `Tensor` its operators and methods."""
    for name, (forward, reverse) in OPERATORS.items():
        function = getattr(nodes, name)
        setattr(Tensor, forward, function)
        if reverse:
            setattr(Tensor, reverse, _reflected(function))
    Tensor.__neg__, Tensor.__pow__ = _negative, _power
    for op, calculate in DIRECT.items():
        forward, reverse = OPERATORS[op.name]
        setattr(Tensor, str(forward), _direct(op, calculate))
        of_1 = elementwise.reciprocal if op is elementwise.divide else None
        setattr(Tensor, str(reverse), _direct(op, calculate, reflected=True, of_1=of_1))
    for name in METHODS:
        setattr(Tensor, name, getattr(nodes, name))
    setattr(Tensor, "T", property(nodes.transpose, doc="The axes reversed."))  # noqa: B010 - the class body says why


def _find(name: str) -> Callable[..., Any] | None:
    return nodes.__dict__.get(NUMPY_NAMES.get(name, name))


def numpy_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Answer ``ufunc(..., tensor, ...)``: the op of that name, or an error; never bare numbers."""
    spelled = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
    if spelled in METHODS_OF_UFUNCS:
        return getattr(nodes, METHODS_OF_UFUNCS[spelled])(*inputs, **{"axis": 0, **options})
    function = _find(ufunc.__name__) if getattr(np, ufunc.__name__, None) is ufunc else None
    if method != "__call__" or function is None:
        raise _unsupported(f"numpy.{spelled}")
    result = function(*inputs, **options)
    if any(getattr(x, "dtype", result.dtype).kind != "f" for x in inputs):
        _check_kind(ufunc, inputs, result)
    return result


def _check_kind(ufunc: np.ufunc, inputs: tuple[Any, ...], result: Tensor) -> None:
    """Refuse an answer of another kind of number than NumPy's: it calculates some functions of integers in integers."""
    kinds = [type(x) if type(x) in (int, float) else type_of(x).dtype for x in inputs]
    try:
        expected = ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout))[-1]
    except TypeError:  # NumPy has no answer
        return
    if expected != result.dtype:
        raise DtypeError(located(
            f"numpy.{ufunc.__name__} of {', '.join(str(type_of(x)) for x in inputs)} is {expected} in NumPy and "
            f"{result.dtype} here. Convert to float first, x.astype('float64'), or call the function of glassgrad."
        ))


def numpy_function(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Answer ``numpy.f(tensor)`` for functions that are no ufuncs."""
    if function in PLAIN:
        return PLAIN[function](*args, **options)
    spelled = f"{function.__module__}.{function.__name__}"
    here = getattr(np, function.__name__, None) is function and function.__name__ not in HIDDEN
    own = _find(function.__name__ if here else spelled)
    if own is None:
        raise _unsupported(spelled)
    names, needed = _numpy_names(function, own)
    if needed is None:
        return own(*args, **options)
    named = dict(zip(names, args, strict=False))
    extra = args[len(names):]  # none where NumPy tells its names
    given = {**{name: value for name, value in named.items() if value is not names[name]}, **options}
    positional = [given.pop(name) for name in list(names)[:needed] if name in given]
    return own(*positional, *extra, **{name: value for name, value in given.items() if value is not names.get(name)})


@lru_cache(maxsize=256)
def _numpy_names(function: Callable[..., Any], own: Callable[..., Any]) -> tuple[dict[str, Any], int | None]:
    """Return the parameters of NumPy's function with their defaults, and how many of them ours takes by position.

    The rest goes by name, so that NumPy's third argument (a dtype) is never taken for ours (keepdims). None stands for
    a function that takes any number of arrays, as ours does.
    """
    try:
        theirs = inspect.signature(function).parameters.values()
        if any(slot.kind is slot.VAR_POSITIONAL for slot in theirs):
            return {}, None
        names = {slot.name: slot.default for slot in theirs}
    except ValueError:  # some compiled functions of NumPy do not tell
        names = {}
    slots = inspect.signature(own).parameters.values()
    return names, len([slot for slot in slots if slot.default is slot.empty and slot.kind is not slot.VAR_POSITIONAL])


def _unsupported(spelled: str) -> UnsupportedError:
    return UnsupportedError(located(
        f"{spelled} has no rule for Tensors yet. Write it with functions that have one (dir(gg) lists them), or "
        "compute it on tensor.value outside the graph."
    ))


nodes.register("numpy_ufunc", numpy_ufunc)
nodes.register("numpy_function", numpy_function)
