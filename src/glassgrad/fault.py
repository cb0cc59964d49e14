"""Where a NaN or an infinity comes from: `debug` names the first node that has one, forward or backward.

>>> import glassgrad as gg
>>> with gg.debug():
...     gg.log(gg.tensor(-1.0, name="x")) * 2
Traceback (most recent call last):
    ...
glassgrad.errors.NonFiniteError: nan first appears in the result of log; its inputs: x -1 (<doctest ...)

While all is well, there is nothing but cheap looks (`watch`). Only when one finds something are the nodes gone through,
from the first on, to find where it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from .array_type import is_float
from .build import ancestors
from .errors import NonFiniteError, SettingError, shortened
from .gradient import pull
from .graph import Tensor, describe
from .interpret import evaluate_all
from .place import RuleSite, surroundings
from .watch import Watch

Read = Callable[[Tensor], Any]


@dataclass(frozen=True)
class Fault:
    """The first value that is not finite: an entry of what a node computes, or of what its rule hands back.

    Attributes
    ----------
    node : Tensor
    array : numpy.ndarray
        What has the entry.
    index : tuple of int
        The first such entry.
    inputs : tuple of (str, array)
        What it was computed from.
    source : Tensor or None
        Going backward in numbers: the input whose derivative it is.
    backward : bool
        Whether it came up in the backward pass.
    """

    node: Tensor
    array: Any
    index: tuple[int, ...]
    inputs: tuple[tuple[str, Any], ...]
    source: Tensor | None = None

    @property
    def backward(self) -> bool:
        """Whether it came up in the backward pass."""
        return self.source is not None or isinstance(self.node._site, RuleSite)

    def __str__(self) -> str:
        number = f"{np.asarray(self.array)[self.index]} first appears"
        if self.source is not None:
            number += f" going backward through {_called(self.node)}, in the derivative of {_called(self.source)}"
        elif isinstance(self.node._site, RuleSite):
            number += f" going backward through {self.node._site.rule_of}, in {_called(self.node)}"
        else:
            number += f" in {_called(self.node)}"
        if self.index:
            number += f" at index {self.index} of shape {np.shape(self.array)}"
        if self.inputs:
            number += "; its inputs: " + ", ".join(f"{name} {_range(array)}" for name, array in self.inputs)
        return f"{number} ({self.node.where})" if self.node.where else number


def _called(node: Tensor) -> str:
    """Return the words for a node, its op among them."""
    words = describe(node)
    return f"{words}, a {node.op.name}," if node.name and not node.is_leaf else words


def _range(value: Any) -> str:
    array = np.asarray(value)
    if not array.size:
        return "empty"
    return f"{array.item():.4g}" if array.size == 1 else f"[{array.min():.4g}, {array.max():.4g}]"


def _label(node: Tensor) -> str:
    return node.name or node.op.name


def first_entry(value: Any, infinity: bool = True) -> tuple[int, ...] | None:
    """Return the index of the first entry that is NaN, or infinite, or None."""
    array = np.asarray(value)
    if not is_float(array.dtype):
        return None
    bad = ~np.isfinite(array) if infinity else np.isnan(array)
    return tuple(int(i) for i in np.argwhere(bad)[0]) if bad.any() else None


def first_forward(order: Iterable[Tensor], read: Read, infinity: bool = True) -> Fault | None:
    """Return the first node of `order` whose value is not finite."""
    for node in order:
        index = first_entry(read(node), infinity)
        if index is not None:
            return Fault(node, read(node), index, tuple((_label(source), read(source)) for source in node.inputs))
    return None


def first_backward(
    order: Sequence[Tensor], seed: tuple[Tensor, Any], found: Mapping[Tensor, Any], read: Read, infinity: bool = True
) -> Fault | None:
    """Return the first rule, going backward, that gives what is not finite; or the node where it adds up to that."""
    start, given = seed
    index = first_entry(given, infinity)
    if index is not None:
        return Fault(start, given, index, (("the cotangent it was given", given),), start)
    for node in reversed(order):
        if node not in found:
            continue
        g = found[node]
        index = first_entry(g, infinity)
        if index is not None:  # every rule before gave finite parts
            return Fault(node, g, index, (("the sum of what arrives", g),), node)
        for source, part in zip(node.inputs, pull(node, g, np, read) if node.inputs else (), strict=True):
            index = None if part is None or source not in found else first_entry(part, infinity)
            if index is not None:
                inputs = (("g", g), *((_label(other), read(other)) for other in node.inputs))
                return Fault(node, part, index, inputs, source)
    return None


class _Debug:
    """Looks at what is computed, and raises at the first value that is not finite."""

    def __init__(self, infinity: bool) -> None:
        self.infinity = infinity
        self.settings = np.geterr()

    def computed(self, node: Tensor) -> None:
        if first_entry(node._value, self.infinity) is not None:
            self._raise(first_forward(ancestors([node]), _value, self.infinity))

    def ran(self, order: Sequence[Tensor], inputs: Sequence[Tensor], arguments: Sequence[Any]) -> None:
        values = evaluate_all(order, inputs, arguments)
        self._raise(first_forward(values, values.__getitem__, self.infinity))

    def propagated(self, seed: tuple[Tensor, Any], found: Mapping[Tensor, Any], read: Read) -> None:
        if any(first_entry(g, self.infinity) is not None for g in found.values()):
            order = ancestors([seed[0]])
            self._raise(first_forward(order, read, self.infinity)
                        or first_backward(order, seed, found, read, self.infinity))

    @staticmethod
    def _raise(fault: Fault | None) -> None:
        if fault is not None:
            raise NonFiniteError(str(fault))


def _value(node: Tensor) -> Any:
    return node.value


def _watch(watch: Watch | None) -> None:
    surroundings.set(surroundings.get().watched(watch))


class debug:  # noqa: N801 - called like a function
    """Look for NaN and infinity in all that is computed, and name the first, with its op, layer, line and inputs.

    A switch, or a context manager that sets things back at the end of its block. NumPy's own warnings are silent
    meanwhile: what they warn of is said better here. Nothing needs to come of such a value: it is named also where
    ``where``, ``relu`` or a comparison hides it from all that follows. Only of what a compiled function computes, the
    results alone are looked at.

    Parameters
    ----------
    nan : bool
        Whether to look; False switches it off.
    infinity : bool
        Whether an infinity counts too. Say False for a program that masks with ``-inf`` on purpose.

    Raises
    ------
    NonFiniteError
        Inside the block, where the first such value is computed or comes back.

    Examples
    --------
    >>> import numpy as np
    >>> import glassgrad as gg
    >>> with gg.debug(nan=True):
    ...     x = gg.tensor([1.0, 0.0], name="x")
    ...     gg.sum(gg.sqrt(x)).backward()
    Traceback (most recent call last):
        ...
    glassgrad.errors.NonFiniteError: inf first appears going backward through the result of sqrt, ...
    """

    def __init__(self, nan: bool = True, infinity: bool = True) -> None:
        for name, given in (("nan", nan), ("infinity", infinity)):
            if not isinstance(given, bool):
                raise SettingError(f"debug: {name}={shortened(given)} was given; True or False is needed.")
        self._before = surroundings.get().watch
        settings = np.geterr()
        if nan:
            _watch(_Debug(infinity))
            self._quiet = np.errstate(all="ignore")
        else:
            _watch(None)
            self._quiet = np.errstate(**getattr(self._before, "settings", settings))
        self._quiet.__enter__()

    def __enter__(self) -> None:
        """Nothing more to do: it has been on since it was made."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _watch(self._before)
        self._quiet.__exit__(kind, error, trace)
