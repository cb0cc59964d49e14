"""Making nodes: leaves from values, results from ops; and walking over what was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from types import FrameType, MappingProxyType
from typing import Any

import numpy as np

from .array_type import Array, ArrayType, for_numpy, numeric
from .errors import DtypeError, GlassgradError, ShapeError, refuse_no_name, shortened
from .floats import calculate
from .graph import CONSTANT, PARAMETER, PLACEHOLDER, VARIABLE, Op, Tensor, next_serial, nodes
from .origin import NO_PARAMS, origin
from .place import located, surroundings
from .watch import KEEPING, suspicious


def tensor(value: Any, name: str | None = None, dtype: Any = None) -> Tensor:
    """Return a Tensor that holds a copy of `value` and can be differentiated with respect to.

    Parameters
    ----------
    value : array_like
        Numbers or booleans. Python floats become float64; other dtypes stay as they are.
    name : str, optional
        Label for pictures and messages.
    dtype : dtype, optional

    Raises
    ------
    DtypeError
        If `value` is not an array of numbers.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.tensor([1.0, 2.0], name="x")
    Tensor([1., 2.], op=variable, name='x')
    """
    return _leaf(VARIABLE, value, name, dtype)


def parameter(value: Any, name: str | None = None, dtype: Any = None) -> Tensor:
    """Return a Tensor for what is learned; otherwise like `tensor`."""
    return _leaf(PARAMETER, value, name, dtype)


def constant(value: Any, name: str | None = None, dtype: Any = None) -> Tensor:
    """Return a Tensor that no derivative flows to; otherwise like `tensor`. Plain arrays in formulas become these."""
    return _leaf(CONSTANT, value, name, dtype)


def as_tensor(value: Any) -> Tensor:
    """Return a Tensor itself, anything else as a constant that holds it."""
    return value if isinstance(value, Tensor) else constant(value)


_new = Tensor.__new__


def made(
    op: Op, value: Any, first: Any, flows: bool, params: Mapping[str, Any], frame: FrameType | None
) -> Tensor:
    """Return a node for a value that is known: `Tensor.__init__` with nothing left to find out.

    `first` is as in `Tensor`, `flows` as in `Origin`; `frame` is the caller's, if that is at hand.
    """
    node = _new(Tensor)
    node._origin = origin(op, params, flows, frame)
    node._value = value
    node._first = first
    node._second = node._grad = None
    node.serial = next_serial()
    return node


def of_one(op: Op, x: Any, frame: FrameType, params: Mapping[str, Any] = NO_PARAMS) -> Tensor:
    """Apply an `arithmetic` op of one input: at once to a single number, otherwise by `record`."""
    if type(x) is Tensor and type(x._value) is float and surroundings.get().quiet:
        value = calculate(op, (x._value,), params)
        if value is not None:
            return made(op, value, x, x._origin.flows, params, frame)
    return record(op, (x,), params)


def placeholder(type: ArrayType, name: str | None = None) -> Tensor:
    """Return a node with a type and no value: an input of a traced function."""
    return Tensor(PLACEHOLDER, (), NO_PARAMS, None, type, name)


def _leaf(op: Op, value: Any, name: str | None, dtype: Any) -> Tensor:
    if name is not None:
        refuse_no_name("tensor" if op is VARIABLE else op.name, name)
    if isinstance(value, Tensor):
        value = value._concrete("value", "Use the tensor itself.")
    if type(value) is float and dtype is None:
        return _named(made(op, value, (), op is not CONSTANT, NO_PARAMS, None), name)
    try:
        plain = value if type(value) in (int, float) and dtype is not None else numeric(value)
        array = numeric(np.array(plain, dtype=dtype))
    except DtypeError as error:
        raise DtypeError(located(str(error))) from None
    except (OverflowError, ValueError, TypeError) as error:
        text = f"{shortened(value)} cannot be held as {dtype}: {error}. Convert it, or what stands beside it."
        raise DtypeError(located(text)) from None
    return Tensor(op, (), NO_PARAMS, held(array), None, name)


def _named(node: Tensor, name: str | None) -> Tensor:
    if name is not None:
        node.name = name
    return node


def frozen(value: Array) -> Array:
    """Make an array read-only; turn a 0-d array into a NumPy scalar, which is so by itself and computes faster."""
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return value[()]
        value.setflags(False)  # type: ignore[call-arg]  # `write`; by name it takes twice as long
    return value


def held(value: Array) -> Array:
    """Return an array as a node holds it: read-only; a float64 without axes as a Python float."""
    if type(value) is not np.float64:
        value = frozen(value)
    return float(value) if type(value) is np.float64 else value


def record(op: Op, inputs: Iterable[Any], params: Mapping[str, Any] = NO_PARAMS) -> Tensor:
    """Apply `op`: return a node with its value, or with its type alone if an input has no value."""
    tensors = tuple(inputs)
    if type(params) is dict:
        params = MappingProxyType(params)
    for given in tensors:
        if not isinstance(given, Tensor):
            tensors = _lift(tensors)
            break
    values = []
    for node in tensors:
        value = node._value
        if value is None:
            return Tensor(op, tensors, params, None, _inferred(op, tensors, params))
        values.append(value)
    if float in map(type, values):
        if op.arithmetic and set(map(type, values)) == {float} and surroundings.get().quiet:
            value = calculate(op, values, params)
            if value is not None:
                flows = tensors[0]._origin.flows or tensors[-1]._origin.flows
                node = made(op, value, tensors[0], flows, params, None)
                node._second = tensors[1] if len(tensors) == 2 else None
                return node
        values = list(map(for_numpy, values))
    return computed(op, tensors, params, values)


def computed(
    op: Op, inputs: tuple[Tensor, ...], params: Mapping[str, Any], values: list[Any], frame: FrameType | None = None
) -> Tensor:
    """Return the node of `op` on inputs of these values; `frame` is the caller's, if that is at hand."""
    try:
        value = op.forward(np, *values) if params is NO_PARAMS else op.forward(np, *values, **params)
        value = held(value)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        _inferred(op, inputs, params)  # says it better, where the shapes are at fault
        raise misuse(op, inputs, error) from None
    flows = False
    if type(value) is float or value.dtype.kind == "f":
        for node in inputs:
            if node._origin.flows:
                flows = True
                break
    node = made(op, value, inputs, flows, params, frame)
    if (watch := surroundings.get().watch) is not None and op.name not in KEEPING and suspicious(value):
        watch.computed(node)
    return node


def _inferred(op: Op, inputs: tuple[Tensor, ...], params: Mapping[str, Any]) -> ArrayType:
    try:
        return nodes.infer(op, [node.type for node in inputs], params)
    except GlassgradError as error:
        raise type(error)(located(str(error))) from None
    except (ValueError, TypeError, IndexError) as error:
        raise misuse(op, inputs, error) from None


def misuse(op: Op, inputs: tuple[Tensor, ...], error: Exception, place: str | None = None) -> GlassgradError:
    """Return an error for what `op` raised on inputs of these types; `place` is that of the node, if not here."""
    given = ", ".join(str(node.type) for node in inputs)
    kind = error if isinstance(error, GlassgradError) else None
    text = str(error) if kind else f"{op.name}: {str(error).rstrip('.')}. Given: {given}."
    cls: type[GlassgradError] = type(kind) if kind else DtypeError if isinstance(error, TypeError) else ShapeError
    return cls(located(text) if place is None else text + place)


def _lift(values: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """Turn arrays into constants; a Python number takes the dtype of the arrays beside it, as in NumPy."""
    dtypes = tuple(
        value.dtype for value in values if isinstance(value, (Tensor, np.ndarray, np.generic))
    )
    return tuple(
        value if isinstance(value, Tensor) else constant(value, dtype=weak_dtype(value.__class__, dtypes))
        for value in values
    )


@lru_cache(maxsize=1024)
def weak_dtype(number: Any, dtypes: tuple[np.dtype[Any], ...]) -> np.dtype[Any] | None:
    """Return the dtype that a Python number of class `number` takes beside arrays of `dtypes` (NEP 50), if it is one.

    >>> weak_dtype(float, (np.dtype("float32"),)), weak_dtype(list, (np.dtype("float32"),))
    (dtype('float32'), None)
    """
    return np.result_type(*dtypes, number(0)) if dtypes and number in (int, float) else None


# Walking the graph --------------------------------------------------------------------------------------------------


def ancestors(outputs: Iterable[Tensor]) -> list[Tensor]:
    """Return every node that `outputs` were computed from, themselves included, inputs before users.

    The order is that of their making, which is also the order in which a person wrote them.
    """
    found = set(order := list(dict.fromkeys(outputs)))
    for node in order:  # which grows on the way
        for source in node.inputs:
            if source not in found:
                found.add(source)
                order.append(source)
    order.sort(key=by_serial)
    return order


by_serial = attrgetter("serial")


nodes.register("record", record)
