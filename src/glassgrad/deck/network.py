"""The deck's two-layer network: Affine, ReLU, Affine, and Softmax-with-Loss at the end.

>>> net = TwoLayerNet(4, 5, 3, seed=0)
>>> x, t = np.ones((2, 4)), np.array([0, 2])
>>> print(round(net.loss(x, t), 2), net.accuracy(x, [[1, 0, 0], [1, 0, 0]]) in (0.0, 1.0))
1.1 True
>>> for name, slope in net.gradient(x, t).items():
...     net.params[name] = net.params[name] - 0.1 * slope  # or -=; against the gradient, so that the loss falls
>>> print(net.loss(x, t) < np.log(3))
True
"""

from __future__ import annotations

from collections import OrderedDict
from operator import index
from typing import Any

import numpy as np

from ..array_type import Array, is_float
from ..errors import DtypeError, SettingError
from ..ops.index import check_labels
from .functions import labels_for
from .layers import Affine, Relu, SoftmaxWithLoss
from .numerical import numerical_gradient


class TwoLayerNet:
    """Network of two Affine layers with a ReLU between them, for telling classes apart.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
    weight_init_std : float
        Standard deviation of the initial weights; the biases start at 0.
    seed : int or numpy.random.Generator, optional
        Where the initial weights come from. By default from NumPy's global state, as in the deck: the same numbers
        after the same ``np.random.seed``.
    dtype : float dtype

    Attributes
    ----------
    params : dict
        ``W1 b1 W2 b2``. The layers look their parameters up here, so an entry may be changed in place or assigned anew.
    layers : OrderedDict
        ``Affine1 Relu1 Affine2``.
    lastLayer : SoftmaxWithLoss
    """

    def __init__(
        self, input_size: int, hidden_size: int, output_size: int, weight_init_std: float = 0.01, *,
        seed: Any = None, dtype: Any = np.float64,
    ) -> None:
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "output_size": output_size}
        for name, size in sizes.items():
            _check_size(name, size)
        if not is_float(np.dtype(dtype)):
            raise DtypeError(f"TwoLayerNet: dtype {np.dtype(dtype)} has no derivatives; use float64 or float32.")
        random: Any = np.random if seed is None else np.random.default_rng(seed)

        def weights(rows: int, columns: int) -> Array:
            return (weight_init_std * random.standard_normal((rows, columns))).astype(dtype)

        self.params: dict[str, Any] = {
            "W1": weights(input_size, hidden_size), "b1": np.zeros(hidden_size, dtype),
            "W2": weights(hidden_size, output_size), "b2": np.zeros(output_size, dtype),
        }
        self.layers: OrderedDict[str, Any] = OrderedDict(
            Affine1=Affine.of(self, "W1", "b1"), Relu1=Relu(), Affine2=Affine.of(self, "W2", "b2")
        )
        self.lastLayer = SoftmaxWithLoss()

    def predict(self, x: Any) -> Array:
        """Return the scores (N, output_size) of a batch (N, input_size), or those of one sample."""
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Any, t: Any) -> Any:
        """Return the mean cross entropy; labels `t` as in `SoftmaxWithLoss.forward`."""
        return self.lastLayer.forward(self.predict(x), t)

    def accuracy(self, x: Any, t: Any) -> float:
        """Return the share of samples whose largest score is that of their class."""
        y = self.predict(x)
        t = labels_for(y, t)
        if t.shape == y.shape:
            t = np.argmax(t, axis=-1)
        else:
            check_labels(t, y.shape[-1])
        return float(np.mean(np.argmax(y, axis=-1) == t))

    def numerical_gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """Return the gradient of the loss for every parameter by central differences: slow, for checking."""
        return {name: numerical_gradient(lambda _: self.loss(x, t), value) for name, value in self.params.items()}

    def gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """Return the gradient of the loss for every parameter by backpropagation."""
        self.loss(x, t)
        dout = self.lastLayer.backward(1)
        *later, bottom = reversed(self.layers.values())
        for layer in later:
            dout = layer.backward(dout)
        # x is data: no derivative for it is wanted. A layer that somebody put in is asked as any other.
        if type(bottom) is Affine:
            bottom.backward_to_parameters(dout)
        else:
            bottom.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}


def _check_size(name: str, size: Any) -> None:
    try:
        fits = index(size) > 0
    except TypeError:
        fits = False
    if not fits:
        raise SettingError(f"TwoLayerNet: {name} is {size!r}; a whole number of at least 1 is needed.")
