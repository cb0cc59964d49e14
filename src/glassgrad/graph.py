"""The graph: what an operation is, and the nodes that remember where it was applied.

>>> import glassgrad as gg
>>> x = gg.tensor(2.0, name="x")
>>> y = x * x + 1
>>> float(y.value), y.op.name, [node.op.name for node in y.inputs]
(5.0, 'add', ['multiply', 'constant'])

A node whose inputs all have values gets its own value at once; a node on a placeholder has a type but no value.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .array_type import FLOAT64, Array, ArrayType, array_type, for_numpy, is_float, numeric
from .errors import DtypeError, GradientError, ShapeError, TraceError, UnsupportedError
from .origin import Origin
from .place import Location, Scope, Site, at, locate, located, site, surroundings

Binary = Callable[[Any, Any], "Tensor"]
Unary = Callable[[Any], "Tensor"]


def type_of(value: Any) -> ArrayType:
    """Return the `ArrayType` of a Tensor, a NumPy value, a Python number or an `ArrayType`."""
    if isinstance(value, ArrayType):
        return value
    if isinstance(value, Tensor):
        return value.type
    array = numeric(value)
    return ArrayType(array.shape, array.dtype)


@dataclass(frozen=True, eq=False, repr=False)
class Op:
    """One kind of operation: plain functions of an array namespace.

    Called as ``op(xp, *inputs, **params)`` it computes when `xp` is an array library (``numpy``, ``jax.numpy``) and
    records a node when `xp` is `nodes`; rules are written with such calls, so one rule serves every use.

    Attributes
    ----------
    name : str
    forward : callable ``(xp, *arrays, **params) -> array``
    vjp : callable ``(xp, g, y, *arrays, **params) -> tuple``, or None
        For a cotangent `g` of the output `y`: the cotangent of every input, or None where there is none. It may have
        the broadcast shape; the loop in `gradient` sums it back. None: derived from `body`, or no derivative.
    infer : callable ``(*types, **params) -> ArrayType``, or None to derive it from `body`
    body : callable ``(xp, *arrays, **params) -> array``, or None
        The definition of a composite, in terms of other ops: the local graph it opens into.
    symbol, latex : str
        What stands in a picture's node, and in a formula (``{0}`` is the first input).
    arithmetic : bool
        Whether `forward` and `vjp` need nothing but Python's operators and the few functions of `floats.floats`, so
        that they can run on Python's floats as they are.
    origins : dict
        What the nodes made with it have in common, by the position in the code that made them.
    """

    name: str
    forward: Callable[..., Array]
    vjp: Callable[..., tuple[Any, ...]] | None = None
    infer: Callable[..., ArrayType] | None = None
    body: Callable[..., Array] | None = None
    symbol: str = ""
    latex: str = ""
    arithmetic: bool = False
    origins: dict[int, Origin] = field(default_factory=dict)

    def __call__(self, xp: Any, *inputs: Any, **params: Any) -> Any:
        """Compute, or record, in the namespace `xp`."""
        if xp is nodes:
            return nodes.record(self, inputs, params)
        return self.forward(xp, *inputs, **params)

    def __deepcopy__(self, _: Any) -> Op:  # layers that are copied keep their ops: which one it is, is its meaning
        return self

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _not_computed(*_: Any, **__: Any) -> Array:
    raise AssertionError("a leaf is given, not computed")


VARIABLE = Op("variable", _not_computed)
PARAMETER = Op("parameter", _not_computed)
CONSTANT = Op("constant", _not_computed)
PLACEHOLDER = Op("placeholder", _not_computed)


class Namespace:
    """The library's own array namespace: functions called as NumPy's are, whose results are nodes.

    The modules below this one fill it; `Tensor` finds its operators and methods here.
    """

    def register(self, name: str, function: Callable[..., Any]) -> None:
        """Add a function under `name`; a name can be given once."""
        if name in self.__dict__:
            raise AssertionError(f"two functions are called {name!r}")
        self.__dict__[name] = function

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise UnsupportedError(
            f"glassgrad has no function {name!r}. Write it with the ones it has (dir(gg) lists them), "
            "or compute it on tensor.value outside the graph."
        )


nodes = Namespace()
next_serial = itertools.count().__next__


class Tensor:
    """One node of the graph, made by one application of one op.

    Do not call it; use `tensor`, `parameter`, `constant`, or functions and operators on other Tensors.

    Attributes
    ----------
    op : Op
    inputs : tuple of Tensor
    params : mapping
        The op's static keyword arguments.
    value : numpy.ndarray or NumPy scalar, read-only, or None for a node that stands on a placeholder
    type : ArrayType
        Also in parts: `shape`, `dtype`, `ndim`, `size`.
    name : str or None
        A label for pictures and messages; the only thing that may be changed.
    scope : tuple of Scope
        The layers it stands in, outermost first; `path` is the same as one string.
    where : Location or None
        The line of the caller's program that made it.
    grad : NumPy value or None
        What the last `backward` through this node found.
    """

    __array_priority__ = 1000
    # Python's collector of cycles goes over every slot of every node several times while a large graph grows: there
    # are few, and what many nodes have in common is in their `Origin`.
    # `_value` of a float64 without axes is a Python float, which calculates several times faster than NumPy's.
    # `_first` is the tuple of inputs; of a node calculated on floats it is the first input itself, and `_second` the
    # other one or None: one object less to allocate, and to go over.
    __slots__ = ("__weakref__", "_first", "_grad", "_origin", "_second", "_value", "serial")

    def __init__(
        self,
        op: Op,
        inputs: tuple[Tensor, ...],
        params: Mapping[str, Any],
        value: Array | None,
        type: ArrayType | None,
        name: str | None = None,
    ) -> None:
        self._first: Any = inputs
        self._second: Tensor | None = None
        self._value: Array | None = value
        self._grad: Array | None = None
        flows: bool = any(node._origin.flows for node in inputs) if inputs else op is not CONSTANT
        kind = type_of(value) if type is None else type
        self._origin: Origin = Origin(
            op, params, surroundings.get().scope, site(), flows and is_float(kind.dtype), name, kind
        )
        self.serial = next_serial()

    # What a node is -------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The nodes that it was computed from."""
        first, second = self._first, self._second
        if second is not None:
            return first, second
        return first if type(first) is tuple else (first,)

    @property
    def value(self) -> Array | None:
        """The array computed here (read-only), or None if it depends on a placeholder."""
        return for_numpy(self._value)

    @property
    def type(self) -> ArrayType:
        """Shape and dtype."""
        value = self._value
        if type(value) is float:
            return FLOAT64
        return self._origin.type if value is None else array_type(value.shape, value.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        value = self._value
        return self.type.shape if value is None or type(value) is float else value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of number."""
        value = self._value
        return self.type.dtype if value is None or type(value) is float else value.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape))

    @property
    def op(self) -> Op:
        """The operation applied."""
        return self._origin.op

    @property
    def params(self) -> Mapping[str, Any]:
        """The op's static keyword arguments."""
        return self._origin.params

    @property
    def name(self) -> str | None:
        """A label for pictures and messages."""
        return self._origin.name

    @name.setter
    def name(self, name: str | None) -> None:
        self._origin = self._origin.but(name=name)

    @property
    def scope(self) -> tuple[Scope, ...]:
        """The layers it stands in, outermost first."""
        return self._origin.scope

    @property
    def path(self) -> str:
        """The scopes as one string, outermost first."""
        return "/".join(part.name for part in self.scope)

    @property
    def where(self) -> Location | None:
        """The line of the caller's program that made this node."""
        return locate(self._site)

    @property
    def _site(self) -> Site | None:
        return self._origin.site

    @_site.setter
    def _site(self, place: Site | None) -> None:
        self._origin = self._origin.but(site=place)

    @property
    def is_leaf(self) -> bool:
        """Whether the node was given, not computed."""
        return not self.inputs and self.op in (VARIABLE, PARAMETER, CONSTANT, PLACEHOLDER)

    @property
    def grad(self) -> Array | None:
        """The derivative of what `backward` was called on, with respect to this node; None before."""
        if not is_float(self.dtype):
            raise GradientError(
                f"{describe(self)} holds {self.dtype}, which has no derivative. Give it as float: gg.tensor(2.0), "
                "or x.astype('float64')."
            )
        return for_numpy(self._grad)

    def backward(self, g: Any = None, *, accumulate: bool = False) -> None:
        """Propagate derivatives from this node back to all that it was computed from, into their `grad`.

        Parameters
        ----------
        g : array_like, optional
            Cotangent of this node, of its shape; 1 for a single number.
        accumulate : bool
            Add to the `grad` that is there instead of replacing it.

        Raises
        ------
        GradientError
            If the node is no single number and `g` is missing, holds integers, or has no value.

        Examples
        --------
        >>> import glassgrad as gg
        >>> x = gg.tensor(3.0)
        >>> (x * x).backward()
        >>> print(x.grad)
        6.0
        """
        nodes.backward(self, g, accumulate)

    # Python's view of it --------------------------------------------------------------------------------------------

    def _concrete(self, wanted: str, remedy: str) -> Array:
        if self._value is None:
            raise TraceError(
                f"{describe(self)} is a placeholder ({self.type}) while the function is traced: it has no {wanted}. "
                f"{remedy}{at(site())}"
            )
        return self.value

    def item(self) -> float | int | bool:
        """Return the single number held here as a Python number."""
        value = self._concrete("number", "Return the tensor itself, and read the number from the result.")
        if value.size != 1:
            raise ShapeError(f"{describe(self)} has shape {self.shape}: only a single number is one Python number.")
        return value.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        value = self._concrete("truth", "Use gg.where(condition, a, b) instead of if.")
        if value.size != 1:
            raise ShapeError(f"{describe(self)} has shape {self.shape}: its truth is not one answer. Use .any() or "
                             ".all() on its value, or gg.where.")
        return bool(value)

    def __index__(self) -> int:
        value = self._concrete("number", "Indices known only at run time go through gg.take.")
        if value.shape != () or value.dtype.kind not in "iu":
            raise DtypeError(f"{describe(self)} ({self.type}) cannot be an index: a single integer is needed.")
        return int(value)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise UnsupportedError(located(
            f"Entries of {describe(self)} cannot be set: what was computed from them would be wrong. Make a new "
            "tensor, with gg.where(mask, value, x) for example."
        ))

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError(f"{describe(self)} is a single number: it has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (nodes.getitem(self, i) for i in range(len(self)))

    def __repr__(self) -> str:
        label = f", name={self.name!r}" if self.name else ""
        if self._value is None:
            return f"Tensor({self.type}, op={self.op.name}{label})"
        text = np.array2string(np.asarray(self._value), separator=", ", threshold=20, edgeitems=2)
        kind = "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        return f"Tensor({text}{kind}, op={self.op.name}{label})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return nodes.shown(self)

    # NumPy's view of it ---------------------------------------------------------------------------------------------

    def __array__(self, *_: Any, **__: Any) -> Array:
        self._concrete("numbers", "Use the function of the same name in glassgrad, if it has one.")
        raise UnsupportedError(located(
            f"NumPy asked {describe(self)} for its bare numbers, which would leave the graph without a word. "
            "Use tensor.value if that is wanted, or the function of the same name in glassgrad."
        ))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Tensor:
        return nodes.numpy_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return nodes.numpy_function(function, args, options)

    if TYPE_CHECKING:  # operators and methods are functions of `nodes`; ops/operators.py attaches them, by a table
        __add__: ClassVar[Binary]
        __radd__: ClassVar[Binary]
        __sub__: ClassVar[Binary]
        __rsub__: ClassVar[Binary]
        __mul__: ClassVar[Binary]
        __rmul__: ClassVar[Binary]
        __truediv__: ClassVar[Binary]
        __rtruediv__: ClassVar[Binary]
        __pow__: ClassVar[Binary]
        __rpow__: ClassVar[Binary]
        __matmul__: ClassVar[Binary]
        __rmatmul__: ClassVar[Binary]
        __lt__: ClassVar[Binary]
        __le__: ClassVar[Binary]
        __gt__: ClassVar[Binary]
        __ge__: ClassVar[Binary]
        __getitem__: ClassVar[Binary]
        __neg__: ClassVar[Unary]
        __pos__: ClassVar[Unary]
        __abs__: ClassVar[Unary]

        def __getattr__(self, name: str) -> Any: ...


def describe(node: Tensor) -> str:
    """Return a few words by which a person recognises a node."""
    anonymous = f"the {node.op.name}" if node.is_leaf else f"the result of {node.op.name}"
    label = repr(node.name) if node.name else anonymous
    return f"{label} in {node.path}" if node.scope else label
