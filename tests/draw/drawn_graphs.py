"""Graphs that several tests of pictures draw."""

import numpy as np

import glassgrad as gg


def apples():
    """Two apples with tax: three leaves, two nodes."""
    apple, count, tax = gg.tensor(100.0, name="apple"), gg.tensor(2.0, name="count"), gg.tensor(1.1, name="tax")
    price = apple * count * tax
    price.name = "price"
    return price


def two_layers():
    """A two-layer network on arrays, in four scopes."""
    x = gg.tensor([[1.0, -0.5]], name="x")
    with gg.scope("Affine1"):
        a = gg.affine(x, gg.parameter([[0.5, -0.3], [0.2, 0.8]], name="W1"), gg.parameter([0.1, 0.2], name="b1"))
    with gg.scope("ReLU1"):
        z = gg.relu(a)
    with gg.scope("Affine2"):
        a = gg.affine(z, gg.parameter([[0.4, 0.6], [-0.7, 0.1]], name="W2"), gg.parameter([0.0, 0.3], name="b2"))
    with gg.scope("SoftmaxWithLoss"):
        loss = gg.cross_entropy(a, gg.constant(np.array([1]), name="t"))
    loss.name = "L"
    return loss


def scalar_network():
    """A 3-2-2 network of single numbers, with Softmax and Cross Entropy Error in boxes of their own."""
    generator = np.random.default_rng(7)

    def affine(inputs, outputs):
        results = []
        for _ in range(outputs):
            total = inputs[0] * gg.parameter(generator.normal(), name="w")
            for x in inputs[1:]:
                total = total + x * gg.parameter(generator.normal(), name="w")
            results.append(total + gg.parameter(0.1, name="b"))
        return results

    x = [gg.tensor(value, name=f"x{i}") for i, value in enumerate([1.0, 0.5, 0.25])]
    with gg.scope("Affine1"):
        h = affine(x, 2)
    with gg.scope("ReLU1"):
        h = [gg.relu(node) for node in h]
    with gg.scope("Affine2"):
        a = affine(h, 2)
    with gg.scope("SoftmaxWithLoss"):
        with gg.scope("Softmax"):
            e = [gg.exp(node) for node in a]
            r = gg.reciprocal(e[0] + e[1])
            y = [node * r for node in e]
        with gg.scope("CrossEntropyError"):
            loss = (gg.log(y[0]) * gg.constant(0.0, name="t0") + gg.log(y[1]) * gg.constant(1.0, name="t1")) * -1
    return loss
