"""Models: layers in a row, and the deck's two-layer network.

>>> import glassgrad as gg
>>> net = gg.nn.TwoLayerNet(784, 50, 10, seed=0)
>>> net
Sequential(Affine(inputs=784, outputs=50), ReLU(), Affine(inputs=50, outputs=10))
>>> list(net.parameters()), net.parameter_count
(['W1', 'b1', 'W2', 'b2'], 39760)
"""

from __future__ import annotations

import copy
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from ..array_type import numeric
from ..build import as_tensor, constant
from ..errors import DataError, SettingError, one_of
from ..graph import Tensor
from ..place import scope
from .layers import Affine, Dropout, Layer, ReLU, Sigmoid, Tanh, generator

ROWS_AT_ONCE = 1024  # bounds the memory of a prediction over a whole data set


class Sequential(Layer):
    """Layers applied one after the other; each stands in a scope of its own (Affine1, ReLU1, Affine2 ...).

    Parameters
    ----------
    *layers : Layer
    divisor : float
        What inputs are divided by first, in the dtype of the parameters: 255 lets 8-bit images stay as they are.

    Examples
    --------
    >>> import glassgrad as gg
    >>> net = gg.nn.Sequential(gg.nn.Affine(2, 8, seed=0), gg.nn.Tanh(), gg.nn.Affine(8, 1, seed=1))
    >>> net([[0.5, -0.5]]).shape
    (1, 1)
    """

    def __init__(self, *layers: Layer, divisor: float = 1.0) -> None:
        if not layers or not all(isinstance(layer, Layer) for layer in layers):
            raise SettingError(f"Sequential needs layers, such as gg.nn.Affine(2, 3); got {layers!r}.")
        if not (np.isfinite(divisor) and divisor > 0):
            raise SettingError(f"divisor must be a positive number; got {divisor!r}.")
        self.layers = tuple(layers)
        self.divisor = float(divisor)
        count: Counter[str] = Counter()
        names = []
        for layer in layers:
            count[type(layer).__name__] += 1
            names.append(f"{type(layer).__name__}{count[type(layer).__name__]}")
        self.names = tuple(names)
        for stream, part in enumerate(part for part in self.parts() if isinstance(part, Dropout)):
            part.stream = stream

    def parts(self) -> Iterator[Layer]:
        """Yield the layers inside, also those of models inside."""
        for layer in self.layers:
            yield from layer.parts()

    def clone(self) -> Self:
        """Return a copy that can be updated on its own."""
        twin = copy.copy(self)
        twin.layers = tuple(layer.clone() for layer in self.layers)
        return twin

    def __call__(self, x: Any, *, key: Any = None) -> Tensor:
        """Return what the last layer makes of `x`."""
        result = self._scaled(x)
        for name, layer in zip(self.names, self.layers, strict=True):
            with scope(name):
                result = layer(result, key=key)
        return result

    def _scaled(self, x: Any) -> Tensor:
        """Bring `x` to the dtype of the parameters, and to the range the model was made for."""
        x, own = as_tensor(x), list(self.parameters().values())
        dtype = own[0].dtype if own else x.dtype
        if self.divisor != 1 and np.result_type(x.dtype, dtype) == dtype:
            return x * constant(1 / self.divisor, dtype=dtype)  # 8-bit images become floats in the same pass
        if x.dtype != dtype:
            x = x.astype(dtype)
        return x if self.divisor == 1 else x * (1 / self.divisor)

    @property
    def parameter_count(self) -> int:
        """Number of numbers that are learned."""
        return sum(tensor.size for tensor in self.parameters().values())

    def scores(self, x: Any) -> Any:
        """Return the outputs for many rows as one array, computed in pieces that fit into memory."""
        rows = numeric(x)
        if not rows.ndim or not len(rows):
            raise DataError(f"there is nothing to predict: an array of shape {rows.shape} was given.")
        pieces = [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]
        return np.concatenate([self(piece).value for piece in pieces])

    def predict(self, x: Any) -> Any:
        """Return the class with the highest score for every row of `x`, as integers (N,)."""
        return self.scores(x).argmax(axis=-1)

    def settings(self) -> dict[str, Any]:
        """Return the settings of all layers."""
        return {"kind": "Sequential", "divisor": self.divisor, "layers": [layer.settings() for layer in self.layers]}

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"


class TwoLayerNet(Sequential):
    """The deck's two-layer network: Affine, ReLU, Affine; its scores go into the softmax-with-loss.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
    weight_init_std : float or initialiser
        Standard deviation of the first weights, or "he", "xavier".
    activation : {"relu", "sigmoid", "tanh"}
    seed : int, optional
    dtype : float32 or float64
    divisor : float
        See `Sequential`.
    """

    def __init__(
        self, input_size: int, hidden_size: int, output_size: int, weight_init_std: Any = 0.01, *,
        activation: str = "relu", seed: int | np.random.Generator | None = None, dtype: Any = "float32",
        divisor: float = 1.0,
    ) -> None:
        sizes = (input_size, hidden_size, output_size)
        super().__init__(*_stack(sizes, weight_init_std, activation, 0.0, seed, dtype), divisor=divisor)


def perceptron(
    *sizes: int, initial: Any = "he", activation: str = "relu", dropout: float = 0.0,
    seed: int | np.random.Generator | None = None, dtype: Any = "float32", divisor: float = 1.0,
) -> Sequential:
    """Return a network of any depth: affine layers of these sizes with an activation between each two.

    >>> import glassgrad as gg
    >>> gg.nn.perceptron(784, 50, 20, 10, dropout=0.2, seed=0).names
    ('Affine1', 'ReLU1', 'Dropout1', 'Affine2', 'ReLU2', 'Dropout2', 'Affine3')
    """
    return Sequential(*_stack(sizes, initial, activation, dropout, seed, dtype), divisor=divisor)


def _stack(
    sizes: tuple[int, ...], initial: Any, activation: str, dropout: float, seed: Any, dtype: Any
) -> Iterator[Layer]:
    if len(sizes) < 2:
        raise SettingError(f"a network needs at least two sizes, of its inputs and its outputs; got {sizes}.")
    if activation not in ACTIVATIONS:
        raise one_of("activation", activation, ACTIVATIONS)
    rng = generator(seed)
    for position, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        if position:
            yield ACTIVATIONS[activation]()
            if dropout:
                yield Dropout(dropout)
        yield Affine(inputs, outputs, initial=initial, seed=rng, dtype=dtype)


ACTIVATIONS: dict[str, Callable[[], Layer]] = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}
KINDS: dict[str, Callable[..., Layer]] = {
    "Affine": Affine, "Dropout": Dropout, "ReLU": ReLU, "Sigmoid": Sigmoid, "Tanh": Tanh,
}


def build(settings: Mapping[str, Any], dtype: Any = "float32") -> Layer:
    """Make the model that `Layer.settings` described, with new first values.

    Raises
    ------
    SettingError
        If the settings name an unknown kind of layer or an argument it does not have.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.nn.build(gg.nn.TwoLayerNet(4, 3, 2).settings())
    Sequential(Affine(inputs=4, outputs=3), ReLU(), Affine(inputs=3, outputs=2))
    """
    given = dict(settings)
    kind = given.pop("kind", None)
    if kind == "Sequential":
        inner: Iterable[Mapping[str, Any]] = given.pop("layers", ())
        return Sequential(*(build(layer, dtype) for layer in inner), **given)
    if kind not in KINDS:
        raise one_of("kind of layer", kind, [*KINDS, "Sequential"])
    try:
        return KINDS[kind](**given, dtype=dtype) if kind == "Affine" else KINDS[kind](**given)
    except TypeError as error:
        raise SettingError(f"settings of a layer {kind}: {error}.") from None
