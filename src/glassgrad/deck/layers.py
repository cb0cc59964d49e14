"""The deck's layers: objects with `forward` and `backward`, on plain NumPy arrays.

>>> apple, tax = MulLayer(), MulLayer()
>>> price = tax.forward(apple.forward(100, 2), 1.1)
>>> d_apples, d_tax = tax.backward(1)
>>> round(price, 9), apple.backward(d_apples), d_tax
(220.0, (2.2, 110.00000000000001), 200)

A layer remembers one forward step. To use a layer twice in one network, make two objects on the same parameters and
add up what they find.
"""

from __future__ import annotations

from math import prod
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from ..array_type import Array, numeric
from ..gradient import computed
from ..ops.activation import relu, sigmoid
from ..ops.elementwise import add, multiply
from ..ops.linalg import affine
from ..ops.loss import cross_entropy
from .functions import labels_for, softmax
from .step import Remembering, fitted, floats, rule


class MulLayer(Remembering):
    """Multiplication node: `backward` hands ``dout * y`` to x and ``dout * x`` to y.

    Attributes
    ----------
    x, y : number or array
        What `forward` was given.
    """

    def __init__(self) -> None:
        self.x: Any = None
        self.y: Any = None

    def forward(self, x: Any, y: Any) -> Any:
        """Return ``x * y``."""
        self.x, self.y = x, y
        return self._forward(multiply, x, y)

    def backward(self, dout: Any) -> tuple[Any, Any]:
        """Return the derivatives with respect to x and y, each of the shape of its operand."""
        dx, dy = self._backward(dout)
        return dx, dy


class AddLayer(Remembering):
    """Addition node: `backward` hands `dout` on to both."""

    def forward(self, x: Any, y: Any) -> Any:
        """Return ``x + y``."""
        return self._forward(add, x, y)

    def backward(self, dout: Any) -> tuple[Any, Any]:
        """Return the derivatives with respect to x and y, each of the shape of its operand."""
        dx, dy = self._backward(dout)
        return dx, dy


class Relu(Remembering):
    """Rectifier: x where it is positive, else 0; the derivative at 0 is taken as 0.

    Attributes
    ----------
    mask : array of bool
        Where ``x <= 0``, in the last `forward`.

    Examples
    --------
    >>> layer = Relu()
    >>> out = layer.forward(np.array([[1.0, -0.5], [-2.0, 3.0]]))
    >>> print(layer.backward(np.ones((2, 2))))
    [[1. 0.]
     [0. 1.]]
    """

    def __init__(self) -> None:
        self.mask: Any = None

    def forward(self, x: Any) -> Array:
        """Return ``max(x, 0)``, a new array."""
        x = np.array(floats(x))  # a copy: x may change before backward
        self.mask = x <= 0
        return self._forward(relu, x)

    def backward(self, dout: Any) -> Array:
        """Return `dout` where x was positive, else 0: a new array, `dout` stays as it is."""
        return self._backward(dout)[0]


class Sigmoid(Remembering):
    """Logistic function; its derivative is ``y (1 - y)``.

    Attributes
    ----------
    out : array
        What the last `forward` returned.
    """

    def __init__(self) -> None:
        self.out: Any = None

    def forward(self, x: Any) -> Array:
        """Return ``1 / (1 + exp(-x))``."""
        self.out = self._forward(sigmoid, np.array(floats(x)))  # a copy: x may change before backward
        return self.out

    def backward(self, dout: Any) -> Array:
        """Return ``dout * y * (1 - y)``."""
        return self._backward(dout)[0]


class Owner(Protocol):
    """Whoever holds parameters by name."""

    params: dict[str, Any]


class Affine(Remembering):
    """Weighted sums and a bias: ``x @ W + b``.

    Parameters
    ----------
    W : (D, H) array
    b : (H,) array
        Kept, not copied: a change in place, such as ``W -= 0.1 * layer.dW``, reaches the layer.

    Attributes
    ----------
    W, b : array
        May be assigned anew.
    x : array
        The last input, flattened to (N, D), or (D,) for a single sample.
    original_x_shape : tuple of int
        Its shape before.
    dW, db : array
        Found by the last `backward`; None before.

    Examples
    --------
    >>> layer = Affine(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([0.1, 0.2, 0.3]))
    >>> print(layer.forward(np.array([1.0, 2.0])))
    [ 9.1 12.2 15.3]
    >>> print(layer.backward(np.array([1.0, -1.0, 2.0])))
    [ 5. 11.]
    >>> print(layer.dW, layer.db)
    [[ 1. -1.  2.]
     [ 2. -2.  4.]] [ 1. -1.  2.]
    """

    def __init__(self, W: Any, b: Any) -> None:
        self._attach(SimpleNamespace(params={"W": W, "b": b}), "W", "b")

    @classmethod
    def of(cls, owner: Owner, W: str, b: str) -> Affine:
        """Return a layer whose parameters are ``owner.params[W]`` and ``owner.params[b]``, looked up at every use."""
        layer = cls.__new__(cls)
        layer._attach(owner, W, b)
        return layer

    def _attach(self, owner: Owner, W: str, b: str) -> None:
        self._owner, self._names = owner, (W, b)
        self.x: Any = None
        self.original_x_shape: tuple[int, ...] | None = None
        self.dW: Any = None
        self.db: Any = None

    @property
    def W(self) -> Any:  # noqa: N802 - the deck's name
        """Weights (D, H)."""
        return self._owner.params[self._names[0]]

    @W.setter
    def W(self, value: Any) -> None:  # noqa: N802
        self._owner.params[self._names[0]] = value

    @property
    def b(self) -> Any:
        """Bias (H,)."""
        return self._owner.params[self._names[1]]

    @b.setter
    def b(self, value: Any) -> None:
        self._owner.params[self._names[1]] = value

    def forward(self, x: Any) -> Array:
        """Return ``x @ W + b`` for a batch (N, ...), whose samples are flattened, or for one sample (D,)."""
        W = numeric(self.W)
        x = floats(x, like=W)
        self.original_x_shape = x.shape
        self.x = x.reshape(x.shape[0], prod(x.shape[1:])) if x.ndim > 1 else x
        return self._forward(affine, self.x, W, numeric(self.b))

    def backward(self, dout: Any) -> Array:
        """Return the derivative with respect to x, in the shape x had; keep those of the parameters as dW and db."""
        dx, self.dW, self.db = self._backward(dout)
        return dx.reshape(self.original_x_shape)

    def backward_to_parameters(self, dout: Any) -> None:
        """Find dW and db as `backward` does, without the derivative for x: for a first layer, whose x is data."""
        step = self._remembered()
        x, W, b = step.inputs
        g = step.cotangent(dout)
        _, dW, db = rule(affine)(np, g, step.output, x, W, b)  # dx is a function that nobody calls
        self.dW, self.db = fitted(computed(dW), W, g), fitted(computed(db), b, g)


class SoftmaxWithLoss(Remembering):
    """Softmax and cross entropy in one layer, computed from the scores; its derivative is ``(y - t) / N``.

    Attributes
    ----------
    loss : float
        The mean over the samples.
    y : array
        Probabilities, computed when they are asked for.
    t : array_like
        The labels as they were given.

    Examples
    --------
    >>> layer = SoftmaxWithLoss()
    >>> print(round(layer.forward(np.array([[0.3, 2.9, 4.0]]), np.array([2])), 6))
    0.305714
    >>> print(layer.backward().round(6), layer.backward(10).round(5))
    [[ 0.018211  0.245192 -0.263403]] [[ 0.18211  2.45192 -2.63403]]
    """

    def __init__(self) -> None:
        self.loss: Any = None
        self.t: Any = None

    @property
    def y(self) -> Any:
        """Probabilities of the last `forward`; None before."""
        return None if self._step is None else softmax(self._step.inputs[0])

    def forward(self, x: Any, t: Any) -> Any:
        """Return the loss.

        Parameters
        ----------
        x : (N, C) or (C,) array_like
            Scores.
        t : (N,) or (N, 1) integers, or array_like of the shape of `x`
            Class numbers, or probabilities: one-hot or soft.
        """
        x = np.array(floats(x))  # a copy: x may change before backward
        labels = labels_for(x, t)
        self.t = t
        self.loss = self._forward(cross_entropy, x, labels)
        return self.loss

    def backward(self, dout: Any = 1) -> Array:
        """Return the derivative with respect to the scores, times `dout`."""
        return self._backward(dout)[0]
