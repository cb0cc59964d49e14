"""The deck's two-layer network, put together from its layers.

The class is the deck's, line by line; only the imports differ. `glassgrad.deck.TwoLayerNet` is the same network with
one thing mended: there the layers look their parameters up in ``params``, so that an entry may also be assigned anew.
"""

from collections import OrderedDict

import numpy as np

from glassgrad import deck
from glassgrad.deck import Affine, Relu, SoftmaxWithLoss, numerical_gradient


class TwoLayerNet:
    """Affine, ReLU, Affine, Softmax-with-Loss."""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01):
        self.params = {}
        self.params["W1"] = weight_init_std * np.random.randn(input_size, hidden_size)  # noqa: NPY002 - the deck's way
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = weight_init_std * np.random.randn(hidden_size, output_size)  # noqa: NPY002
        self.params["b2"] = np.zeros(output_size)

        self.layers = OrderedDict()
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = Relu()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])
        self.lastLayer = SoftmaxWithLoss()

    def predict(self, x):
        """Scores, one column for each class."""
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        """Cross entropy of the softmax of the scores."""
        y = self.predict(x)
        return self.lastLayer.forward(y, t)

    def accuracy(self, x, t):
        """Share of the samples that are recognised."""
        y = np.argmax(self.predict(x), axis=1)
        if t.ndim != 1:
            t = np.argmax(t, axis=1)
        return np.sum(y == t) / float(x.shape[0])

    def numerical_gradient(self, x, t):
        """Gradient by numerical differentiation: slow, for checking."""

        def loss_W(W):  # noqa: ARG001, N802 - the parameters are changed in place
            return self.loss(x, t)

        grads = {}
        for name in ("W1", "b1", "W2", "b2"):
            grads[name] = numerical_gradient(loss_W, self.params[name])
        return grads

    def gradient(self, x, t):
        """Gradient by backpropagation."""
        # forward
        self.loss(x, t)

        # backward
        dout = 1
        dout = self.lastLayer.backward(dout)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)

        grads = {}
        grads["W1"], grads["b1"] = self.layers["Affine1"].dW, self.layers["Affine1"].db
        grads["W2"], grads["b2"] = self.layers["Affine2"].dW, self.layers["Affine2"].db
        return grads


def main():
    """Compare the network above with the library's own, from the same random numbers."""
    np.random.seed(0)  # noqa: NPY002
    net = TwoLayerNet(784, 50, 10)
    np.random.seed(0)  # noqa: NPY002
    ready = deck.TwoLayerNet(784, 50, 10)

    random = np.random.default_rng(1)
    x, t = random.random((100, 784)), random.integers(0, 10, 100)
    print(f"loss of the untrained network: {net.loss(x, t):.4f} (guessing among 10 classes: ln 10 = {np.log(10):.4f})")
    mine, its = net.gradient(x, t), ready.gradient(x, t)
    for name, slope in mine.items():
        same = "the same as" if np.array_equal(slope, its[name]) else "DIFFERENT from"
        print(f"gradient of {name}: shape {slope.shape}, {same} glassgrad.deck.TwoLayerNet's")


if __name__ == "__main__":
    main()
