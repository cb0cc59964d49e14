"""`compile`: a function on Tensors as a program that runs at the speed of the machine.

>>> import numpy as np, glassgrad as gg
>>> slope = gg.compile(gg.grad(lambda x: gg.sum(gg.tanh(x) ** 2)))
>>> slope(np.zeros(3, "float32"))
array([0., 0., 0.], dtype=float32)
"""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from ..array_type import ArrayType, is_float, numeric
from ..build import weak_dtype
from ..errors import TraceError, one_of, refuse_no_function
from ..graph import PLACEHOLDER, Tensor
from ..interpret import Program, outer
from ..locks import Lock
from ..place import locate, located, site, surroundings
from ..simplify import simplify
from ..trace import Graph, trace
from ..transform import differentiated_around
from ..tree import Tree, flatten
from .account import account
from .arrays import NumpyProgram
from .llvm.native import CannotCompileError
from .program import NativeProgram
from .same import difference

ENGINES = ("auto", "native", "numpy", "interpret")
KEPT = 64  # programs that one compiled function remembers, for as many kinds of arguments
Runnable = Callable[[Sequence[Any]], list[Any]]


def compile(function: Callable[..., Any], *, engine: str = "auto") -> Compiled:  # noqa: A001 - the verb of the library
    """Return `function` as a compiled program: the same arrays in and out, the same graph inside.

    Parameters
    ----------
    function : callable
        Computes with Tensors; arguments and result may be nested lists, tuples and dicts of arrays. It is traced once
        for every combination of shapes and dtypes, so it must not look at values (``if x > 0``) or depend on anything
        that changes. What it uses from around it, such as the parameters of a model, is a constant of the program.
    engine : {"auto", "native", "numpy", "interpret"}
        Native code; NumPy in arrays made once; the reference interpreter. "auto" takes native code where that can be
        had, else NumPy, with one warning that says why. "numba" is understood as "native".

    Returns
    -------
    Compiled

    Raises
    ------
    DtypeError
        If no function is given.
    SettingError
        If the engine is unknown.
    TraceError
        When it is called: if the function asks a placeholder for its value, or gives another graph the second time.

    Examples
    --------
    >>> import numpy as np, glassgrad as gg
    >>> step = gg.compile(lambda w, g: {"w": w - 0.5 * g, "norm": gg.norm(g)})
    >>> step(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    {'w': array([-0.5,  0. ]), 'norm': np.float64(5.0)}
    """
    refuse_no_function("compile", function)
    return Compiled(function, engine_named(engine))


def engine_named(name: str) -> str:
    """Return the engine that is meant, or raise the error that says which there are."""
    name = "native" if name == "numba" else name  # the compiler of native code that people know by name
    if name not in ENGINES:
        raise one_of("engine", name, ENGINES)
    return name


class Compiled:
    """A function compiled for every kind of arguments that it has met; see `compile`.

    Attributes
    ----------
    function : callable
    engine : str
    graph : Graph
        Of the last kind of arguments: the graph that is run, and that is drawn and proved elsewhere.
    """

    def __init__(self, function: Callable[..., Any], engine: str) -> None:
        self.function, self.engine = function, engine
        self.__wrapped__ = function  # whose signature is shown, and whose arguments have names
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = getattr(function, "__doc__", None)
        self._kept: OrderedDict[Hashable, tuple[Graph, Runnable]] = OrderedDict()
        self._plain: dict[Hashable, tuple[Graph, Runnable]] = {}
        self._lock = Lock()
        self._last: tuple[Graph, Runnable] | None = None

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Return what the function returns, as arrays; inside a traced or differentiated function, as nodes."""
        if named:
            args = self._in_order(args, named)
        kinds: tuple[Any, ...] = tuple([
            (array.shape, array.dtype) if type(array) is np.ndarray else None for array in args
        ])
        found = self._plain.get(kinds)
        if found is not None:  # nothing but arrays, of kinds that are known
            return self._run(found, args)
        return self._general(args)

    def _in_order(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return arguments of which some were given by name, by position."""
        try:
            bound = inspect.signature(self.function).bind(*args, **named)
        except TypeError as error:
            raise TraceError(located(f"{self.__name__}: {error}.")) from None
        if bound.kwargs:
            raise TraceError(located(
                f"{self.__name__}: {', '.join(bound.kwargs)} cannot be given by position, as a compiled function needs "
                "it. Give what stands before it too; if that is a *, write the function without it."))
        return bound.args

    def _general(self, args: tuple[Any, ...]) -> Any:
        """Return what the function returns for nested containers of anything that can be an array."""
        leaves, tree = flatten(args)
        around = differentiated_around()
        if any(type(leaf) is Tensor and (around or leaf.value is None) for leaf in leaves):
            return self.function(*args)  # a part of the graph that is being traced, or differentiated
        arrays = [leaf if type(leaf) is np.ndarray else _array(leaf) for leaf in leaves]
        kinds = tuple([(array.shape, array.dtype) if type(array) is np.ndarray else type(array) for array in arrays])
        found = self._kept.get((tree, kinds))
        if found is None:
            found = self._specialised(tree, kinds, arrays)
        if all(type(array) is np.ndarray for array in args):
            self._plain[kinds] = found
        return self._run(found, _filled(arrays, found[0]))

    def _run(self, found: tuple[Graph, Runnable], arrays: Sequence[Any]) -> Any:
        self._last = graph, run = found
        if surroundings.get().watch is None:
            results = run(arrays)
        elif type(run) is NativeProgram:
            results = run(arrays, graph.look_at)
        else:
            results = run(arrays)
            graph.look_at(results, arrays)
        if type(run) is Program:
            results = _own(results, arrays)
        return results[0] if graph.gives.kind is None else graph.gives.unflatten(results)

    def _specialised(self, tree: Tree, kinds: tuple[Any, ...], arrays: list[Any]) -> tuple[Graph, Runnable]:
        with self._lock:
            if (tree, kinds) not in self._kept:
                graph = self._traced(tree, arrays)
                self._kept[tree, kinds] = graph, program(graph, self.engine)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
                    self._plain.clear()
            return self._kept[tree, kinds]

    def _traced(self, tree: Tree, arrays: list[Any]) -> Graph:
        types = tree.unflatten(_types([numeric(array) if hasattr(array, "dtype") else array for array in arrays]))
        graph, again = (trace(self.function)(*types) for _ in range(2))
        found = difference(graph, again)
        if found:
            raise TraceError(
                f"{self.__name__} gave another graph when it was traced a second time: {found}. A compiled function "
                "must depend on its arguments alone: pass random numbers, counters and the like as arguments."
            )
        for node in graph.nodes:
            if node.op is PLACEHOLDER and node not in graph.inputs:
                raise outer(node)
        return simplify(graph)

    @property
    def graph(self) -> Graph:
        """The graph of the last kind of arguments."""
        return self._known()[0]

    def explain(self) -> str:
        """Return what runs, as text: steps, arrays, bytes moved, multiplications, source."""
        graph, run = self._known()
        return account(graph, run, self.__name__)

    def _known(self) -> tuple[Graph, Runnable]:
        if self._last is None:
            raise TraceError(f"{self.__name__} has not been called yet: its graph depends on the arguments. Call it "
                             "once with arrays.")
        return self._last

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}: {len(self._kept)} kinds of arguments>"


def program(graph: Graph, engine: str = "auto") -> Runnable:
    """Return a graph made ready to run by an engine: a function from a list of arrays to a list of arrays."""
    if engine == "interpret":
        return Program(graph.inputs, graph.outputs)
    if engine != "numpy":
        try:
            return NativeProgram(graph)
        except CannotCompileError as error:
            say_once(f"{error}.")
    return NumpyProgram(graph)


_warned: set[str] = set()


def say_once(message: str) -> None:
    """Say once in a process what makes programs slower here."""
    if message in _warned:
        return
    _warned.add(message)
    place = locate(site())
    if place is None:
        warnings.warn(message, RuntimeWarning, stacklevel=3)
    else:  # the line of the user's program, however deep below it this is found
        warnings.warn_explicit(message, RuntimeWarning, place.file, place.line)


def _own(results: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    """Return results of the interpreter in arrays that belong to the caller alone: some are views, or were given."""
    seen = {id(array) for array in arrays}
    own = []
    for value in results:
        shared = id(value) in seen or getattr(value, "base", None) is not None or not value.flags.writeable
        own.append(np.array(value)[()] if shared else value)
        seen.add(id(value))
    return own


def _array(leaf: Any) -> Any:
    if isinstance(leaf, Tensor):
        leaf = leaf.value
    if type(leaf) in (int, float, bool):
        return leaf
    return numeric(leaf)


def _types(arrays: Sequence[Any]) -> list[ArrayType]:
    """Return the types of arrays; a Python number takes the dtype of the floats beside it, as it does in NumPy."""
    floats = tuple(array.dtype for array in arrays if hasattr(array, "dtype") and is_float(array.dtype))
    return [
        ArrayType(array.shape, array.dtype) if hasattr(array, "dtype")
        else ArrayType((), weak_dtype(array.__class__, floats) or np.asarray(array).dtype)
        for array in arrays
    ]


def _filled(arrays: list[Any], graph: Graph) -> list[Any]:
    return [array if type(array) is np.ndarray else node.dtype.type(array)
            for array, node in zip(arrays, graph.inputs, strict=True)]
