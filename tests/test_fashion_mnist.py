"""The deck's training on 60,000 real pictures: 784-50-10, batch 100, learning rate 0.1, 17 epochs."""

import pytest

import glassgrad as gg


def test_the_decks_network_learns_fashion_mnist():
    try:
        data = gg.data.load("fashion-mnist", download=False)
    except gg.DataError as error:
        pytest.skip(f"Fashion-MNIST is not here (Debian's package dataset-fashion-mnist has it): {error}")
    assert data.x_train.dtype == "uint8"
    assert (data.x_train.shape, data.x_test.shape) == ((60_000, 784), (10_000, 784))
    net = gg.nn.TwoLayerNet(784, 50, 10, seed=0, divisor=data.divisor)
    result = gg.train.fit(net, data, epochs=17)
    assert result.history[-1]["test_accuracy"] >= 0.85
    assert result.history[-1]["loss"] < result.history[0]["loss"] / 2
