"""Every trap of the code published with the deck (its second list, of 25) that concerns these classes."""

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
)

SCORES = np.array([[2.0, 1.0, 0.0], [0.0, 1.5, 1.0], [1.0, 0.0, 0.5]])
CLASSES = np.array([0, 2, 1])


def loss_and_slope(x, t):
    layer = SoftmaxWithLoss()
    return layer.forward(x, t), layer.backward()


def test_01_no_layer_changes_or_hands_on_what_it_is_given():
    random = np.random.default_rng(0)
    x, dout = random.standard_normal((4, 3)), random.standard_normal((4, 3))
    kept_x, kept_dout = x.copy(), dout.copy()
    W, b = random.standard_normal((3, 3)), random.standard_normal(3)
    for layer in (Relu(), Sigmoid(), Affine(W, b), AddLayer(), MulLayer()):
        pair = isinstance(layer, (AddLayer, MulLayer))
        out = layer.forward(x, x) if pair else layer.forward(x)
        first = layer.backward(dout)
        for result in (out, *(first if pair else (first,))):
            assert not np.shares_memory(result, x)
            assert not np.shares_memory(result, dout)
        results = [r.copy() for r in first] if pair else [first.copy()]
        for result in first if pair else (first,):
            result[...] = 0  # what a caller does with a result
        again = layer.backward(dout)
        for a, b_ in zip(results, again if pair else (again,), strict=True):
            np.testing.assert_array_equal(a, b_)
        np.testing.assert_array_equal(x, kept_x)
        np.testing.assert_array_equal(dout, kept_dout)


def test_01_the_bias_of_a_single_sample_is_not_dout_itself():
    layer, dout = Affine(np.eye(2), np.zeros(2)), np.ones(2)
    layer.forward(np.ones(2))
    layer.backward(dout)
    layer.db *= 0
    np.testing.assert_array_equal(dout, [1, 1])


def test_02_one_convention_for_relu_at_0():
    layer = Relu()
    layer.forward(np.zeros(1))
    x = gg.tensor([0.0])
    gg.sum(gg.relu(x)).backward()
    assert layer.backward(np.ones(1)) == x.grad == [0.0]


def test_03_dout_counts_in_softmax_with_loss():
    layer = SoftmaxWithLoss()
    layer.forward(SCORES, CLASSES)
    dout = np.random.default_rng(1).standard_normal()
    numeric = numerical_gradient(lambda x: dout * SoftmaxWithLoss().forward(x, CLASSES), SCORES.copy())
    layer.forward(SCORES, CLASSES)
    np.testing.assert_allclose(layer.backward(dout), numeric, atol=1e-8)


def test_04_a_single_sample_is_not_divided_by_the_number_of_classes():
    _, slope = loss_and_slope(SCORES[0], 0)
    _, batch = loss_and_slope(SCORES[:1], [0])
    np.testing.assert_array_equal(slope, batch[0])


def test_05_a_column_of_class_numbers_counts_as_a_row():
    assert loss_and_slope(SCORES, CLASSES[:, None])[0] == loss_and_slope(SCORES, CLASSES)[0]
    np.testing.assert_array_equal(loss_and_slope(SCORES, CLASSES[:, None])[1], loss_and_slope(SCORES, CLASSES)[1])
    y = np.full((3, 3), 1 / 3)
    assert cross_entropy_error(y, CLASSES[:, None]) == pytest.approx(np.log(3))


@pytest.mark.parametrize("kind", [int, float, np.float32, bool, np.uint8])
def test_06_one_hot_labels_of_any_kind(kind):
    one_hot = np.eye(3)[CLASSES].astype(kind)
    assert loss_and_slope(SCORES, one_hot)[0] == pytest.approx(loss_and_slope(SCORES, CLASSES)[0], rel=1e-15)
    np.testing.assert_allclose(loss_and_slope(SCORES, one_hot)[1], loss_and_slope(SCORES, CLASSES)[1], rtol=1e-15)


def test_06_soft_labels_are_used_as_they_are_in_both_directions():
    soft = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]])
    loss, slope = loss_and_slope(SCORES, soft)
    y = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
    assert loss == pytest.approx(-np.mean(np.sum(soft * np.log(y), axis=1)))
    np.testing.assert_allclose(slope, (y - soft) / 3, atol=1e-15)
    np.testing.assert_allclose(
        slope, numerical_gradient(lambda x: SoftmaxWithLoss().forward(x, soft), SCORES.copy()), atol=1e-8
    )


def test_06_a_single_class_and_scores_of_three_axes():
    for t in (np.zeros(4, int), np.zeros((4, 1), int), np.ones((4, 1))):
        loss, slope = loss_and_slope(np.arange(4.0)[:, None], t)
        assert loss == 0
        np.testing.assert_array_equal(slope, np.zeros((4, 1)))
    loss, slope = loss_and_slope(np.stack([SCORES, SCORES]), np.stack([CLASSES, CLASSES]))
    assert loss == pytest.approx(loss_and_slope(SCORES, CLASSES)[0])
    assert slope.shape == (2, 3, 3)


def test_07_the_loss_does_not_saturate():
    loss, slope = loss_and_slope(np.array([[60.0, 0.0]]), [1])
    assert loss == pytest.approx(60)  # log(y + 1e-7) stops at 16.118
    np.testing.assert_allclose(slope, [[1, -1]])
    assert cross_entropy_error(np.array([[1.0, 0.0]]), [0]) == 0  # not -1e-7
    assert cross_entropy_error(np.array([[1.0, 0.0]]), [1]) == np.inf


def test_08_sigmoid_at_minus_1000_is_silent():
    assert sigmoid(-1000.0) == 0
    layer = Sigmoid()
    layer.forward(np.array([-700.0, 40.0]))
    assert (layer.backward(np.ones(2)) > 0).all()  # y (1 - y) would be 0 at 40


def test_09_numerical_gradient_of_integers_float32_and_large_numbers():
    def squares(x):
        return np.sum(x**2)

    np.testing.assert_allclose(numerical_gradient(squares, np.array([3, 4])), [6, 8], rtol=1e-9)
    np.testing.assert_allclose(numerical_gradient(squares, np.array([3.0], np.float32)), [6], rtol=1e-6)
    np.testing.assert_allclose(numerical_gradient(squares, np.array([1000, 1], np.float32)), [2000, 2], rtol=1e-6)
    np.testing.assert_allclose(numerical_gradient(squares, np.array([1e13])), [2e13], rtol=1e-6)


def test_10_numerical_gradient_restores_its_input_also_on_error():
    x = np.array([0.1, 0.2, 0.3])
    before = x.copy()
    calls = []

    def fails_in_the_middle(x):
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("in the middle")
        return x.sum()

    with pytest.raises(RuntimeError, match="in the middle"):
        numerical_gradient(fails_in_the_middle, x)
    np.testing.assert_array_equal(x, before)
    numerical_gradient(np.sum, x)
    np.testing.assert_array_equal(x, before)


def test_10_a_function_that_reads_another_array_is_noticed():
    net = TwoLayerNet(4, 3, 2, seed=0)
    x, t = np.ones((2, 4)), [0, 1]
    with pytest.raises(gg.GradientError, match="does not depend on the array that was given"):
        numerical_gradient(lambda W: net.loss(x, t), net.params["W1"].copy())
    frozen = net.params["W1"].copy()
    frozen.flags.writeable = False
    net.params["W1"] = frozen
    with pytest.raises(gg.GradientError, match="not a writable array of floats"):
        net.numerical_gradient(x, t)


def test_11_zeros_for_a_gradient_are_far_from_it_in_relative_terms():
    net = TwoLayerNet(6, 5, 3, seed=1, weight_init_std=0.5)
    random = np.random.default_rng(1)
    x, t = random.random((3, 6)), [0, 1, 2]
    numeric, found = net.numerical_gradient(x, t), net.gradient(x, t)
    for name, slope in found.items():
        assert np.max(np.abs(numeric[name] - slope)) < 1e-6 * np.max(np.abs(slope))


def test_17_a_weight_used_twice_gets_both_parts():
    random = np.random.default_rng(2)
    W, b, x = random.standard_normal((3, 3)), random.standard_normal(3), random.standard_normal((2, 3))
    first, second = Affine(W, b), Affine(W, b)  # two layers on one array
    out = second.forward(first.forward(x))
    first.backward(second.backward(np.ones_like(out)))
    total = first.dW + second.dW
    np.testing.assert_allclose(total, numerical_gradient(lambda W: np.sum((x @ W + b) @ W + b), W), rtol=1e-7)
    node = gg.tensor(W)
    gg.sum(gg.affine(gg.affine(x, node, b), node, b)).backward()
    np.testing.assert_allclose(total, node.grad)


def test_18_derivatives_have_the_shape_of_their_operands():
    x, y = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    multiply, add = MulLayer(), AddLayer()
    multiply.forward(x, y)
    dx, dy = multiply.backward(np.ones((2, 3)))
    np.testing.assert_array_equal(dx, [y, y])
    np.testing.assert_array_equal(dy, x.sum(axis=0))
    for dout in (np.ones((2, 3)), 1.0):  # a single number counts for every entry
        add.forward(x, y)
        np.testing.assert_array_equal(add.backward(dout)[1], [2, 2, 2])
        multiply.forward(x, 2.0)
        assert multiply.backward(dout)[1] == x.sum()


def test_19_one_owner_of_the_parameters():
    net = TwoLayerNet(4, 3, 2, seed=0)
    for name, layer, attribute in [("W1", "Affine1", "W"), ("b1", "Affine1", "b"), ("W2", "Affine2", "W")]:
        net.params[name] = net.params[name] + 1  # as load_params does
        assert getattr(net.layers[layer], attribute) is net.params[name]


@pytest.mark.parametrize("samples", [1, 60, 150])
def test_21_accuracy_counts_every_sample(samples):
    net = TwoLayerNet(3, 3, 3)
    net.params.update(W1=np.eye(3), W2=np.eye(3))
    t = np.arange(samples) % 3
    assert net.accuracy(np.eye(3)[t], t) == 1.0
    assert net.accuracy(np.eye(3)[t], np.eye(3)[t]) == 1.0
    assert net.accuracy(np.eye(3)[t], t[:, None]) == 1.0
    assert net.accuracy(np.eye(3)[t], (t + 1) % 3) == 0.0


def test_22_float32_stays_float32():
    net = TwoLayerNet(5, 4, 3, seed=0, dtype=np.float32)
    x = np.random.default_rng(0).random((2, 5)).astype(np.float32)
    for t in ([0, 2], np.eye(3)[[0, 2]]):
        assert net.predict(x).dtype == np.float32
        assert net.loss(x, t).dtype == np.float32
        assert {slope.dtype for slope in net.gradient(x, t).values()} == {np.dtype(np.float32)}
        assert net.lastLayer.backward(np.float64(2)).dtype == np.float32
    pixels = np.arange(10, dtype=np.uint8).reshape(2, 5)
    assert net.predict(pixels).dtype == np.float32
    numeric = net.numerical_gradient(x, [0, 2])
    for name, slope in net.gradient(x, [0, 2]).items():
        np.testing.assert_allclose(numeric[name], slope, atol=1e-4)
