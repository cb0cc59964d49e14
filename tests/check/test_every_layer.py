"""Every layer that is shipped, and a network of them with every loss, proved in both precisions."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import deck, nn
from glassgrad.check import Verdict, check_gradient, prove_graph

RNG = np.random.default_rng(4)
X, LABELS = RNG.standard_normal((3, 4)), np.array([1, 0, 1])
FINE = {Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE}
LAYERS = {
    "Affine": lambda dtype: nn.Affine(4, 2, seed=0, dtype=dtype),
    "ReLU": lambda dtype: nn.ReLU(),
    "Sigmoid": lambda dtype: nn.Sigmoid(),
    "Tanh": lambda dtype: nn.Tanh(),
    "Dropout": lambda dtype: nn.Dropout(0.5),
    "Sequential": lambda dtype: nn.Sequential(nn.Affine(4, 3, seed=1, dtype=dtype), nn.Tanh(),
                                              nn.Affine(3, 2, seed=2, dtype=dtype)),
    "TwoLayerNet": lambda dtype: nn.TwoLayerNet(4, 3, 2, seed=0, dtype=dtype),
}
DECK = {
    "MulLayer": (deck.MulLayer, (X, X + 2)),
    "AddLayer": (deck.AddLayer, (X, X + 2)),
    "Relu": (deck.Relu, (X,)),
    "Sigmoid": (deck.Sigmoid, (X,)),
    "Affine": (lambda: deck.Affine(RNG.standard_normal((4, 2)), RNG.standard_normal(2)), (X,)),
    "SoftmaxWithLoss": (deck.SoftmaxWithLoss, (X, np.array([1, 0, 3]))),
}
LOSSES = {
    "cross_entropy": lambda y: gg.cross_entropy(y, LABELS),
    "cross_entropy, weighted": lambda y: gg.cross_entropy(y, LABELS, np.array([1.0, 3.0])),
    "cross_entropy, soft labels": lambda y: gg.cross_entropy(y, np.array([[0.3, 0.7], [1.0, 0.0], [0.5, 0.5]])),
    "cross_entropy_error": lambda y: gg.cross_entropy_error(gg.softmax(y), LABELS),
    "mean_squared_error": lambda y: gg.mean_squared_error(y, np.ones((3, 2))),
    "binary_cross_entropy": lambda y: gg.binary_cross_entropy(y, np.array([[1.0, 0], [0, 1], [0, 0]])),
    "huber": lambda y: gg.huber(y, np.zeros((3, 2))),
}


def test_no_layer_and_no_loss_is_left_out():
    shipped = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)
               and issubclass(getattr(nn, name), nn.Layer)}
    assert shipped - {"Layer"} == set(LAYERS)
    own = {name for name in deck.__all__ if hasattr(getattr(deck, name), "backward")}
    assert own == set(DECK)
    module = gg.ops.loss
    losses = {name for name, value in vars(module).items() if not name.startswith("_") and name in gg.__all__
              and getattr(value, "__module__", "") == module.__name__}
    assert losses <= {name.split(",")[0] for name in LOSSES}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_proved_with_its_parameters(name, dtype):
    layer = LAYERS[name](dtype)
    x = gg.tensor(X.astype(dtype), name="x")
    y = layer(x, key=[0, 1])
    report = prove_graph(gg.sum(y * y))
    assert report.verdict in FINE, str(report)


@pytest.mark.parametrize("name", LAYERS)
def test_the_derivative_of_a_layer_is_proved(name):
    layer = LAYERS[name]("float64")

    def first(x):
        return gg.grad(lambda z: gg.sum(gg.sin(layer(z, key=[0, 1]))))(x) * 1.0

    report = check_gradient(first, X)
    assert report.verdict in FINE | {Verdict.NOT_EXERCISED}, str(report)


@pytest.mark.parametrize("name", DECK)
def test_a_layer_of_the_deck_is_proved(name):
    make, inputs = DECK[name]
    report = check_gradient(make(), *inputs)
    assert report.verdict in FINE, str(report)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_network_with_a_loss_is_proved(name, dtype):
    result = LOSSES[name](LAYERS["Sequential"](dtype)(gg.tensor(X.astype(dtype), name="x")))
    report = prove_graph(result)
    assert report.verdict in FINE, str(report)


@pytest.mark.parametrize("name", LOSSES)
def test_the_derivative_of_a_loss_is_proved(name):
    report = check_gradient(lambda y: gg.grad(LOSSES[name])(y) * 1.0, RNG.standard_normal((3, 2)))
    assert report.verdict in FINE, str(report)
