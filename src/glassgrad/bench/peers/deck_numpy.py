"""The lecture's way in plain NumPy: float64, one-hot labels, a layer is a class with forward and backward.

It also gives the losses that everybody else's are compared with.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..job import Epochs, Job
from ..work import Training, orders, scaled, weights

Array = Any


class Affine:
    """``x W + b``; the backward pass computes the gradient of the inputs too, in the first layer as in all."""

    def __init__(self, W: Array, b: Array) -> None:
        self.params = [W, b]
        self.grads: list[Array] = []

    def forward(self, x: Array) -> Array:
        """Return the output."""
        self.x = x
        return np.dot(x, self.params[0]) + self.params[1]

    def backward(self, dout: Array) -> Array:
        """Remember the gradients of W and b, return that of the input."""
        dx = np.dot(dout, self.params[0].T)
        self.grads = [np.dot(self.x.T, dout), np.sum(dout, axis=0)]
        return dx


class Relu:
    """``max(x, 0)`` with a mask."""

    def forward(self, x: Array) -> Array:
        """Return the output."""
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout: Array) -> Array:
        """Return the gradient of the input."""
        dout[self.mask] = 0
        return dout


class Tanh:
    """Hyperbolic tangent."""

    def forward(self, x: Array) -> Array:
        """Return the output."""
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout: Array) -> Array:
        """Return the gradient of the input."""
        return dout * (1 - self.out**2)


class SoftmaxWithLoss:
    """Softmax and cross entropy of one-hot labels, from the scores: the deck's 1e-7 would end losses at 16."""

    def forward(self, x: Array, t: Array) -> float:
        """Return the loss."""
        x = x - x.max(axis=1, keepdims=True)
        total = np.exp(x).sum(axis=1, keepdims=True)
        self.t, self.y = t, np.exp(x) / total
        return float(np.sum(t * (np.log(total) - x)) / len(x))

    def backward(self) -> Array:
        """Return the gradient of the scores."""
        return (self.y - self.t) / len(self.t)


class SigmoidWithLoss(SoftmaxWithLoss):
    """Sigmoid and cross entropy of labels 0 and 1."""

    def forward(self, x: Array, t: Array) -> float:
        """Return the loss."""
        self.t, self.y = t, 1 / (1 + np.exp(-x))
        return float(np.mean(np.logaddexp(0, x) - t * x))


class SGD:
    """``w -= lr g``."""

    def __init__(self, lr: float) -> None:
        self.lr = lr

    def update(self, params: list[Array], grads: list[Array]) -> None:
        """Change the parameters in place."""
        for key, g in enumerate(grads):
            params[key] -= self.lr * g


class Adam:
    """Kingma and Ba's rule, with both corrections."""

    def __init__(self, lr: float) -> None:
        self.lr, self.count = lr, 0
        self.m: list[Array] = []
        self.v: list[Array] = []

    def update(self, params: list[Array], grads: list[Array]) -> None:
        """Change the parameters in place."""
        if not self.m:
            self.m, self.v = ([np.zeros_like(w) for w in params] for _ in range(2))
        self.count += 1
        for key, g in enumerate(grads):
            self.m[key] += (1 - 0.9) * (g - self.m[key])
            self.v[key] += (1 - 0.999) * (g**2 - self.v[key])
            mean, square = self.m[key] / (1 - 0.9**self.count), self.v[key] / (1 - 0.999**self.count)
            params[key] -= self.lr * mean / (np.sqrt(square) + 1e-8)


class Network:
    """Affine layers with an activation between each two, and the last layer with its loss."""

    def __init__(self, work: Training) -> None:
        arrays = [array.astype(np.float64) for array in weights(work)]
        self.affine = [Affine(W, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True)]
        self.layers: list[Any] = [self.affine[0]]
        for layer in self.affine[1:]:
            self.layers += [Relu() if work.activation == "relu" else Tanh(), layer]
        self.last = SigmoidWithLoss() if work.sizes[-1] == 1 else SoftmaxWithLoss()
        self.optimizer: Any = {"sgd": SGD, "adam": Adam}[work.optimizer](work.lr)

    def step(self, x: Array, t: Array) -> float:
        """Do one step of training; return the loss before it."""
        for layer in self.layers:
            x = layer.forward(x)
        loss = self.last.forward(x, t)
        dout = self.last.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        self.optimizer.update([w for layer in self.affine for w in layer.params],
                              [g for layer in self.affine for g in layer.grads])
        return loss


def train(work: Training) -> Job:
    """Train the network of the lecture."""
    x, labels = scaled(work)
    x = x.astype(np.float64)
    t = labels[:, None].astype(np.float64) if work.sizes[-1] == 1 else np.eye(work.sizes[-1])[labels]

    def epoch(network: Network, order: Array) -> tuple[Network, float]:
        losses = [network.step(x[rows], t[rows]) for rows in order.reshape(-1, work.batch)]
        return network, float(np.mean(losses))

    return Epochs(lambda: Network(work), epoch, orders(work), work.steps)
