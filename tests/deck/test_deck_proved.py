"""The prover's word on every layer of the deck: contract and numbers."""

import numpy as np
import pytest

from glassgrad import GradientError
from glassgrad.check import check_gradient
from glassgrad.deck import AddLayer, Affine, MulLayer, Relu, Sigmoid, SoftmaxWithLoss

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((3, 4))
LAYERS = {
    "MulLayer": (MulLayer(), X, RANDOM.standard_normal(4)),
    "AddLayer": (AddLayer(), X, RANDOM.standard_normal(4)),
    "Relu": (Relu(), X),
    "Sigmoid": (Sigmoid(), X),
    "Affine": (Affine(RANDOM.standard_normal((4, 2)), RANDOM.standard_normal(2)), X),
    "Affine, one sample": (Affine(RANDOM.standard_normal((4, 2)), RANDOM.standard_normal(2)), X[0]),
    "SoftmaxWithLoss": (SoftmaxWithLoss(), X, np.array([0, 1, 3])),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_layer_is_proved_correct(name):
    layer, *inputs = LAYERS[name]
    check_gradient(layer, *inputs).assert_correct()


class Doubled(Sigmoid):
    def backward(self, dout):
        return 2 * super().backward(dout)


def test_a_wrong_layer_is_not():
    with pytest.raises(GradientError, match="factor 2"):
        check_gradient(Doubled(), X).assert_correct()
