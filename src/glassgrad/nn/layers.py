"""Layers: small objects that hold their parameters and add their nodes to the graph when called.

>>> import glassgrad as gg
>>> layer = gg.nn.Affine(2, 3, seed=0)
>>> layer([[1.0, 2.0]]).shape
(1, 3)
>>> {name: tensor.shape for name, tensor in layer.parameters().items()}
{'W1': (2, 3), 'b1': (3,)}

A layer is called with data, and with a `key` while it is trained: ``layer(x)`` evaluates,
``layer(x, key=[seed, step])`` trains (only layers that draw random numbers tell the two apart).
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from ..build import parameter
from ..errors import SettingError, ShapeError
from ..graph import Tensor, nodes, type_of
from .initialise import Initialiser, initialiser

DTYPES = ("float32", "float64")


def float_dtype(given: Any) -> np.dtype[Any]:
    """Return float32 or float64, or raise a `SettingError`."""
    try:
        dtype = np.dtype(given)
    except TypeError:
        dtype = None
    if dtype is None or dtype.name not in DTYPES:
        raise SettingError(f"dtype {given!r} was given; a network computes in {' or '.join(DTYPES)}.")
    return dtype


def positive(what: str, given: Any) -> int:
    """Return a whole number of at least 1, or raise a `SettingError`."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        raise SettingError(f"{what} must be a whole number of at least 1; got {given!r}.")
    return int(given)


def generator(seed: Any) -> np.random.Generator:
    """Return random numbers from a seed, a generator, or None for other ones every time."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise SettingError(
            f"seed must be a whole number of at least 0, a NumPy generator or None; got {seed!r}."
        ) from None


class Layer:
    """What all layers share; derive from it, name the parameters in `own`, and write ``__call__``."""

    own: ClassVar[tuple[str, ...]] = ()

    def __call__(self, x: Any, *, key: Any = None) -> Tensor:
        """Return the layer's output for `x`; `key` is given while training."""
        raise TypeError(f"{type(self).__name__} has no __call__: write what it computes.")

    def parts(self) -> Iterator[Layer]:
        """Yield the layers that hold something themselves: this one."""
        yield self

    def slots(self) -> dict[str, tuple[Layer, str]]:
        """Return where each parameter is: its name (W1, b1, W2 ...) -> (layer, attribute)."""
        count: Counter[str] = Counter()
        found: dict[str, tuple[Layer, str]] = {}
        for part in self.parts():
            for attribute in part.own:
                count[attribute] += 1
                found[f"{attribute}{count[attribute]}"] = part, attribute
        return found

    def parameters(self) -> dict[str, Tensor]:
        """Return all parameters by name."""
        return {name: getattr(part, attribute) for name, (part, attribute) in self.slots().items()}

    def update(self, values: Mapping[str, Any]) -> None:
        """Replace parameters by new values, arrays or Tensors of the same shapes.

        Raises
        ------
        SettingError, ShapeError
            If a name is unknown or a shape differs; nothing is changed then.
        """
        slots = self.slots()
        for name, value in values.items():
            if name not in slots:
                raise SettingError(f"there is no parameter {name!r}; this model has {', '.join(slots) or 'none'}.")
            part, attribute = slots[name]
            needed, given = getattr(part, attribute).shape, type_of(value).shape
            if needed != given:
                raise ShapeError(f"parameter {name} has shape {needed}; a value of shape {given} was given.")
        for name, value in values.items():
            part, attribute = slots[name]
            if not isinstance(value, Tensor):
                value = parameter(value, name=name, dtype=getattr(part, attribute).dtype)  # noqa: PLW2901
            setattr(part, attribute, value)

    def with_parameters(self, values: Mapping[str, Any]) -> Self:
        """Return a copy of the model that has these parameters; the model itself stays as it is."""
        twin = self.clone()
        twin.update(values)
        return twin

    def clone(self) -> Self:
        """Return a copy that can be updated on its own; the parameters' arrays are shared until then."""
        return copy.copy(self)

    def settings(self) -> dict[str, Any]:
        """Return plain data from which `build` makes a layer of the same kind."""
        return {"kind": type(self).__name__}

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.settings().items() if name != "kind")
        return f"{type(self).__name__}({given})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return nodes.shown(self)


class Affine(Layer):
    """Affine layer ``x @ W + b``.

    Parameters
    ----------
    inputs, outputs : int
    initial : {"he", "xavier"}, float or callable
        How `W` begins: by name, as a standard deviation, or ``(rng, inputs, outputs) -> array``; `b` begins with zeros.
    seed : int or numpy.random.Generator, optional
    dtype : float32 or float64

    Attributes
    ----------
    W : Tensor (inputs, outputs)
    b : Tensor (outputs,)
    """

    own = ("W", "b")

    def __init__(
        self, inputs: int, outputs: int, *, initial: str | float | Initialiser = "he",
        seed: int | np.random.Generator | None = None, dtype: Any = "float32",
    ) -> None:
        self.inputs, self.outputs = positive("inputs", inputs), positive("outputs", outputs)
        self._initial = initialiser(initial)
        self._dtype = float_dtype(dtype)
        self.reset(generator(seed))

    def reset(self, rng: np.random.Generator) -> None:
        """Draw new first values."""
        W = self._initial(rng, self.inputs, self.outputs)
        self.W = parameter(W, name="W", dtype=self._dtype)
        self.b = parameter(np.zeros(self.outputs), name="b", dtype=self._dtype)

    def __call__(self, x: Any, *, key: Any = None) -> Tensor:
        """Return ``x @ W + b``; more than two axes are flattened to (N, inputs) first, as in the deck."""
        shape = type_of(x).shape
        if len(shape) > 2:
            x = nodes.reshape(x, (shape[0], -1))
        return nodes.affine(x, self.W, self.b)

    def settings(self) -> dict[str, Any]:
        """Return the sizes."""
        return {**super().settings(), "inputs": self.inputs, "outputs": self.outputs}


class ReLU(Layer):
    """``max(x, 0)``, with the derivative 0 at 0."""

    def __call__(self, x: Any, *, key: Any = None) -> Tensor:
        """Return the positive part of `x`."""
        return nodes.relu(x)


class Sigmoid(Layer):
    """Logistic function ``1 / (1 + exp(-x))``."""

    def __call__(self, x: Any, *, key: Any = None) -> Tensor:
        """Return the logistic function of `x`."""
        return nodes.sigmoid(x)


class Tanh(Layer):
    """Hyperbolic tangent."""

    def __call__(self, x: Any, *, key: Any = None) -> Tensor:
        """Return the hyperbolic tangent of `x`."""
        return nodes.tanh(x)


class Dropout(Layer):
    """Set a share of the entries to 0 while training, and scale the others up, so that the mean stays.

    Parameters
    ----------
    rate : float
        Share of entries that are dropped, 0 <= rate < 1.
    """

    def __init__(self, rate: float = 0.5) -> None:
        if not 0 <= rate < 1:
            raise SettingError(f"a dropout rate is at least 0 and less than 1; got {rate}.")
        self.rate = float(rate)
        self.stream = 0

    def __call__(self, x: Any, *, key: Any = None) -> Tensor:
        """Return `x` itself without a key; with one, `x` with the entries dropped that the key chooses."""
        kind = type_of(x)
        if key is None or not self.rate:
            return nodes.identity(x)
        drawn = nodes.uniform(key, kind.shape, self.stream, kind.dtype)
        return nodes.where(drawn < self.rate, 0.0, x * (1 / (1 - self.rate)))

    def settings(self) -> dict[str, Any]:
        """Return the rate."""
        return {**super().settings(), "rate": self.rate}
