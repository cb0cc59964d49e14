"""Every error of the deck's slides that concerns computing (its list of 30): each is right in glassgrad.deck."""

import copy

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.deck import (
    AddLayer,
    Affine,
    MulLayer,
    Relu,
    Sigmoid,
    SoftmaxWithLoss,
    TwoLayerNet,
    cross_entropy_error,
    numerical_gradient,
    sigmoid,
    softmax,
)


@pytest.fixture
def problem():
    """A small network, inputs, class numbers: learnable, so that the sign of an update shows."""
    random = np.random.default_rng(3)
    x = random.random((60, 12))
    return TwoLayerNet(12, 8, 3, seed=3), x, np.argmax(x[:, :3], axis=1)


def mean_difference(a, b):
    return np.mean(np.abs(a - b))


def test_01_the_update_follows_the_slope_not_the_quotient():
    w = np.array([3.0])
    assert numerical_gradient(lambda w: w[0] ** 2, w) == pytest.approx(6)  # E / w would be 3


def test_02_computing_gradients_updates_nothing(problem):
    net, x, t = problem
    before = copy.deepcopy(net.params)
    net.gradient(x, t)
    net.numerical_gradient(x[:2], t[:2])
    assert all(np.array_equal(before[name], net.params[name]) for name in before)


def test_04_an_addition_hands_its_derivative_on_to_both():
    layer = AddLayer()
    assert layer.forward(2.0, 3.0) == 5
    assert layer.backward(10.0) == (10, 10)  # inside (x + y)**2 at 2, 3, both get 2 (x + y)


def test_05_a_multiplication_hands_back_the_other_operand():
    layer = MulLayer()
    assert layer.forward(10, 5) == 50
    assert layer.backward(1.3) == (6.5, 13)
    assert (layer.x, layer.y) == (10, 5)


def test_06_two_paths_add_up():
    square, triple, product = MulLayer(), MulLayer(), MulLayer()
    s = 2.0
    assert product.forward(square.forward(s, s), triple.forward(3.0, s)) == 24
    dx, dy = product.backward(1.0)
    along_x, along_y = sum(square.backward(dx)), triple.backward(dy)[1]
    assert (along_x, along_y, along_x + along_y) == (24, 12, 36)


def test_08_relu_does_not_write_into_dout():
    x, dout = np.array([1.0, -1.0]), np.ones(2)
    layer = Relu()
    layer.forward(x)
    total = layer.backward(dout) + dout  # y = relu(x) + x
    np.testing.assert_array_equal(total, [2, 1])
    np.testing.assert_array_equal(dout, [1, 1])


def test_09_the_derivative_of_relu_at_0_is_0():
    layer = Relu()
    layer.forward(np.array([0.0, -0.0]))
    np.testing.assert_array_equal(layer.mask, [True, True])
    np.testing.assert_array_equal(layer.backward(np.ones(2)), [0, 0])


def test_12_the_derivative_of_the_sigmoid_is_positive():
    x = np.array([-2.0, 0.0, 1.0])
    layer = Sigmoid()
    y = layer.forward(x)
    np.testing.assert_allclose(layer.backward(np.full(3, 7.0)), 7 * y * (1 - y), rtol=1e-14)


def test_14_affine_takes_a_single_sample():
    layer = Affine(np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([0.1, 0.2, 0.3]))
    np.testing.assert_allclose(layer.forward(np.array([1.0, 2.0])), [9.1, 12.2, 15.3])
    np.testing.assert_allclose(layer.backward(np.array([1.0, -1.0, 2.0])), [5, 11])
    np.testing.assert_allclose(layer.dW, [[1, -1, 2], [2, -2, 4]])
    np.testing.assert_allclose(layer.db, [1, -1, 2])


def test_15_affine_gives_the_shape_of_its_input_back():
    random = np.random.default_rng(0)
    layer = Affine(random.random((12, 4)), np.zeros(4))
    x = random.random((2, 3, 2, 2))
    assert layer.forward(x).shape == (2, 4)
    assert layer.x.shape == (2, 12)
    assert layer.original_x_shape == (2, 3, 2, 2)
    dout = random.random((2, 4))
    dx = layer.backward(dout)
    assert dx.shape == x.shape
    np.testing.assert_allclose(dx.reshape(2, 12), dout @ layer.W.T)
    assert layer.forward(np.zeros((0, 3, 2, 2))).shape == (0, 4)
    assert layer.backward(np.zeros((0, 4))).shape == (0, 3, 2, 2)


def test_16_the_bias_gets_the_sum_over_the_batch():
    layer = Affine(np.eye(3), np.zeros(3))
    layer.forward(np.ones((2, 3)))
    layer.backward(np.array([[1.0, 2, 3], [4, 5, 6]]))
    np.testing.assert_array_equal(layer.db, [5, 7, 9])


def test_17_the_loss_is_positive_and_sums_over_classes():
    y = np.array([[0.3, 0.2, 0.5], [0.1, 0.8, 0.1]])
    t = np.array([[0, 1, 0], [0, 1, 0]])
    assert cross_entropy_error(y, t) == pytest.approx(-(np.log(0.2) + np.log(0.8)) / 2)
    layer = SoftmaxWithLoss()
    x = np.array([[0.3, 2.9, 4.0]])
    numeric = numerical_gradient(lambda x: layer.forward(x, [2]), x)
    layer.forward(x, [2])
    np.testing.assert_allclose(numeric / layer.backward(), 1, rtol=1e-6)  # not -1


def test_18_forward_returns_the_loss_and_backward_the_derivative(problem):
    net, x, t = problem
    loss = net.loss(x, t)
    assert loss == net.lastLayer.loss
    assert np.isfinite(loss)
    assert net.lastLayer.backward().shape == (60, 3)
    assert net.gradient(x[:3], t[:3])["W1"].shape == (12, 8)


def test_19_softmax_with_loss_multiplies_by_dout():
    layer = SoftmaxWithLoss()
    layer.forward(np.array([[1.0, 2.0, 0.0]]), np.array([0]))
    np.testing.assert_allclose(layer.backward(5), 5 * layer.backward())
    np.testing.assert_array_equal(layer.backward(0), np.zeros((1, 3)))


@pytest.mark.parametrize("t", [1, np.array(1), np.array([1]), np.array([0, 1, 0]), np.array([0.0, 1.0, 0.0])])
def test_20_a_single_sample_is_a_batch_of_one(t):
    x = np.array([0.3, 2.9, 4.0])
    single, batch = SoftmaxWithLoss(), SoftmaxWithLoss()
    assert single.forward(x, t) == batch.forward(x[None], np.array([1]))
    slope = single.backward()
    np.testing.assert_array_equal(slope, batch.backward()[0])
    np.testing.assert_allclose(numerical_gradient(lambda x: single.forward(x, t), x), slope, atol=1e-8)


def test_21_forward_and_backward_are_of_the_same_function():
    layer = SoftmaxWithLoss()
    x, t = np.array([[14.0, 0.0]]), np.array([1])  # with 1e-7 inside the logarithm: 11 % apart
    numeric = numerical_gradient(lambda x: layer.forward(x, t), x)
    layer.forward(x, t)
    np.testing.assert_allclose(layer.backward(), numeric, rtol=1e-7)


def test_22_labels_need_not_sum_to_1():
    layer = SoftmaxWithLoss()
    x, t = np.array([[0.3, 2.9, 4.0]]), np.array([[0.5, 0.5, 1.0]])
    layer.forward(x, t)
    np.testing.assert_allclose(layer.backward(), layer.y * 2 - t)
    np.testing.assert_allclose(layer.backward(), numerical_gradient(lambda x: layer.forward(x, t), x), atol=1e-7)


def test_23_the_loss_falls_against_the_gradient_and_rises_along_it(problem):
    net, x, t = problem
    start = net.loss(x, t)
    ended = {}
    for sign in (-1, +1):
        trial = copy.deepcopy(net)
        for _ in range(100):
            for name, slope in trial.gradient(x, t).items():
                trial.params[name] += sign * 0.5 * slope
        ended[sign] = trial.loss(x, t)
    assert ended[-1] < start < ended[+1]


def test_24_large_scores_overflow_nowhere():
    np.testing.assert_array_equal(softmax(np.array([1000.0, 1000.0])), [0.5, 0.5])
    np.testing.assert_array_equal(sigmoid(np.array([-1000.0, 1000.0])), [0, 1])
    layer = SoftmaxWithLoss()
    assert layer.forward(np.array([[1000.0, 0.0]]), np.array([1])) == 1000
    np.testing.assert_array_equal(layer.backward(), [[1, -1]])


def test_28_an_epoch_is_a_whole_number_of_updates():
    source = (gg.data.load("digits").x_train.shape[0], 100)
    assert source[0] % source[1] != 0  # the deck's i % (n / 100) == 0 would hold at i = 0 only
    assert sum(i % (source[0] // source[1]) == 0 for i in range(1, 141)) == 10


@pytest.mark.parametrize("assign", [True, False])
def test_29_parameters_may_be_assigned_anew(problem, assign):
    net, x, t = problem
    start = net.loss(x, t)
    for _ in range(100):
        for name, slope in net.gradient(x, t).items():
            if assign:
                net.params[name] = net.params[name] - 0.5 * slope
            else:
                net.params[name] -= 0.5 * slope
    assert net.layers["Affine1"].W is net.params["W1"]
    assert net.loss(x, t) < 0.8 * start


def test_29_both_ways_of_updating_are_the_same(problem):
    net, x, t = problem
    other = copy.deepcopy(net)
    for _ in range(20):
        for name, slope in net.gradient(x, t).items():
            net.params[name] -= 0.1 * slope
        for name, slope in other.gradient(x, t).items():
            other.params[name] = other.params[name] - 0.1 * slope
    assert all(np.array_equal(net.params[name], other.params[name]) for name in net.params)


def test_29_all_parameters_may_be_replaced_at_once(problem):
    net, x, t = problem
    net.params = {name: np.zeros_like(value) for name, value in net.params.items()}
    assert net.loss(x, t) == pytest.approx(np.log(3))
    net.layers["Affine2"].b = np.array([5.0, 0.0, 0.0])
    np.testing.assert_array_equal(net.predict(x)[0], [5, 0, 0])
    np.testing.assert_array_equal(net.params["b2"], [5, 0, 0])


def test_29_a_copy_of_a_network_has_parameters_of_its_own(problem):
    net, x, _ = problem
    twin = copy.deepcopy(net)
    before = net.predict(x)
    twin.params["W2"][:] = 0
    assert not twin.predict(x).any()
    np.testing.assert_array_equal(net.predict(x), before)


def test_30_a_numerical_gradient_of_integers_is_right():
    x = np.array([3, 4])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x), [6, 8], rtol=1e-9)
    np.testing.assert_array_equal(x, [3, 4])
