# ruff: noqa: NPY002 - the deck seeds NumPy's global state
"""Using the deck's classes: their attributes, misuse and its messages, numerical differentiation in detail."""

from collections import OrderedDict

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import deck
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
from glassgrad.deck.step import apply


def test_every_name_of_the_deck_is_there():
    classes = ["AddLayer", "Affine", "MulLayer", "Relu", "Sigmoid", "SoftmaxWithLoss", "TwoLayerNet"]
    assert deck.__all__ == [*classes, "cross_entropy_error", "numerical_gradient", "sigmoid", "softmax"]
    assert gg.deck is deck


def test_attributes_before_the_first_forward():
    W, b = np.eye(2), np.zeros(2)
    assert vars(Relu()) == {"mask": None}
    assert vars(Sigmoid()) == {"out": None}
    assert (MulLayer().x, MulLayer().y) == (None, None)
    loss = SoftmaxWithLoss()
    assert (loss.loss, loss.y, loss.t) == (None, None, None)
    layer = Affine(W, b)
    assert layer.W is W
    assert layer.b is b
    assert (layer.x, layer.original_x_shape, layer.dW, layer.db) == (None, None, None, None)


def test_the_network_has_the_deck_s_parts():
    net = TwoLayerNet(4, 3, 2)
    assert {name: value.shape for name, value in net.params.items()} == {
        "W1": (4, 3), "b1": (3,), "W2": (3, 2), "b2": (2,)
    }
    assert isinstance(net.layers, OrderedDict)
    assert {name: type(layer) for name, layer in net.layers.items()} == {
        "Affine1": Affine, "Relu1": Relu, "Affine2": Affine
    }
    assert isinstance(net.lastLayer, SoftmaxWithLoss)
    assert not net.params["b1"].any()


def test_initial_weights_are_repeatable_and_of_the_given_size():
    one, two = TwoLayerNet(50, 40, 30, seed=7), TwoLayerNet(50, 40, 30, seed=7)
    np.testing.assert_array_equal(one.params["W1"], two.params["W1"])
    wide = TwoLayerNet(50, 40, 30, weight_init_std=2.0, seed=np.random.default_rng(7))
    np.testing.assert_allclose(wide.params["W1"], one.params["W1"] * 200)
    assert np.std(one.params["W1"]) == pytest.approx(0.01, rel=0.1)


def test_without_a_seed_the_weights_follow_numpy_s_global_state():
    state = np.random.get_state()
    try:
        np.random.seed(0)
        W1, W2 = 0.01 * np.random.randn(4, 3), 0.01 * np.random.randn(3, 2)
        np.random.seed(0)
        net = TwoLayerNet(4, 3, 2)
    finally:
        np.random.set_state(state)
    np.testing.assert_array_equal(net.params["W1"], W1)
    np.testing.assert_array_equal(net.params["W2"], W2)


def test_gradient_is_that_of_the_same_graph():
    random = np.random.default_rng(5)
    net = TwoLayerNet(6, 5, 4, weight_init_std=1.0, seed=random)
    x, t = random.standard_normal((7, 6)), random.integers(0, 4, 7)

    def loss(params):
        hidden = gg.relu(gg.affine(x, params["W1"], params["b1"]))
        return gg.cross_entropy(gg.affine(hidden, params["W2"], params["b2"]), t)

    value, slopes = gg.value_and_grad(loss)(net.params)
    assert net.loss(x, t) == value
    for name, slope in net.gradient(x, t).items():
        np.testing.assert_allclose(slope, slopes[name], rtol=1e-13, atol=1e-16)


def test_a_layer_put_into_the_network_is_used():
    class Counting(Affine):
        calls = 0

        def backward(self, dout):
            self.calls += 1
            return super().backward(dout)

    net = TwoLayerNet(4, 3, 2, seed=0)
    expected = net.gradient(np.ones((2, 4)), [0, 1])
    net.layers["Affine1"] = Counting.of(net, "W1", "b1")
    found = net.gradient(np.ones((2, 4)), [0, 1])
    assert net.layers["Affine1"].calls == 1
    np.testing.assert_array_equal(found["W1"], expected["W1"])


def test_backward_with_and_without_the_derivative_of_the_input_agree():
    random = np.random.default_rng(0)
    for x in (random.standard_normal((5, 4)), random.standard_normal(4), np.arange(4)):
        layer = Affine(random.standard_normal((4, 3)), np.zeros(3))
        dout = random.standard_normal(layer.forward(x).shape)
        layer.backward(dout)
        dW, db = layer.dW, layer.db
        layer.backward_to_parameters(dout)
        np.testing.assert_array_equal(layer.dW, dW)
        np.testing.assert_array_equal(layer.db, db)
    assert not np.shares_memory(layer.db, dout)


def test_integers_are_taken_as_floats():
    layer = Affine(np.array([[1, 2], [3, 4]]), np.array([0, 1]))
    np.testing.assert_array_equal(layer.forward(np.array([[1, 1]])), [[4, 7]])
    np.testing.assert_array_equal(layer.backward(np.array([[0.5, 0.25]])), [[1, 2.5]])
    np.testing.assert_array_equal(layer.dW, [[0.5, 0.25], [0.5, 0.25]])
    assert sigmoid(np.array([200], np.uint8))[0] == 1
    assert softmax([0, 0]).tolist() == [0.5, 0.5]
    relu = Relu()
    np.testing.assert_array_equal(relu.forward(np.array([-1, 2])), [0, 2])
    np.testing.assert_array_equal(relu.backward(0.5), [0, 0.5])
    relu.forward(-3)
    assert relu.backward(1) == 0


def test_a_layer_remembers_the_input_as_it_was():
    x = np.array([1.0, -1.0])
    relu, curve, loss = Relu(), Sigmoid(), SoftmaxWithLoss()
    relu.forward(x)
    curve.forward(x)
    loss.forward(x, 0)
    before = curve.backward(np.ones(2)), loss.backward()
    x *= -3
    np.testing.assert_array_equal(relu.backward(np.ones(2)), [1, 0])
    np.testing.assert_array_equal(curve.backward(np.ones(2)), before[0])
    np.testing.assert_array_equal(loss.backward(), before[1])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Relu().backward(1), gg.GradientError, "Relu.backward was called before Relu.forward"),
        (lambda: Affine(np.eye(2), np.zeros(2)).forward(np.ones((1, 3))), gg.ShapeError,
         r"inner sizes differ: x \(1, 3\) @ y \(2, 2\).*test_deck_use.py"),
        (lambda: Affine(np.eye(2), np.zeros(3)).forward(np.ones((1, 2))), gg.ShapeError, "do not broadcast"),
        (lambda: Affine(np.eye(2), np.zeros(2)).forward(1.0), gg.ShapeError, "both sides need an axis"),
        (lambda: MulLayer().forward(np.ones(2), np.ones(3)), gg.ShapeError, r"\(2,\) and \(3,\) do not broadcast"),
        (lambda: Relu().forward("text"), gg.DtypeError, "numbers"),
        (lambda: Relu().forward(gg.tensor(1.0)), gg.DtypeError, "tensor.value"),
        (lambda: SoftmaxWithLoss().forward(np.ones((2, 3)), [0, 3]), gg.ShapeError, "label 3 at index"),
        (lambda: SoftmaxWithLoss().forward(np.ones((2, 3)), [0, -1]), gg.ShapeError, "label -1 at index"),
        (lambda: SoftmaxWithLoss().forward(np.ones((2, 3)), [0, 1, 2]), gg.ShapeError, r"labels \(3,\) do not fit"),
        (lambda: SoftmaxWithLoss().forward(np.ones((2, 3)), [0.0, 1.0]), gg.DtypeError, "must be integers"),
        (lambda: SoftmaxWithLoss().forward(np.ones((0, 3)), []), gg.DataError, "no samples"),
        (lambda: cross_entropy_error(np.ones((2, 3)), [[0, 1]]), gg.ShapeError, "do not fit"),
        (lambda: softmax(1.0), gg.ShapeError, "no scores"),
        (lambda: TwoLayerNet(4, 0, 2), gg.SettingError, "hidden_size is 0"),
        (lambda: TwoLayerNet(4, 2.5, 2), gg.SettingError, "hidden_size is 2.5"),
        (lambda: TwoLayerNet(4, 3, 2, dtype=int), gg.DtypeError, "float64 or float32"),
        (lambda: TwoLayerNet(4, 3, 2).loss(np.ones((2, 5)), [0, 1]), gg.ShapeError, "inner sizes differ"),
        (lambda: TwoLayerNet(4, 3, 2).accuracy(np.ones((2, 4)), [0, 2]), gg.ShapeError, "label 2 at index"),
        (lambda: TwoLayerNet(4, 3, 2).accuracy(np.ones((0, 4)), []), gg.DataError, "no samples"),
        (lambda: numerical_gradient(lambda x: x, np.ones(2)), gg.ShapeError, "single number is needed"),
        (lambda: numerical_gradient(np.sum, np.ones(2), h=0), gg.SettingError, "greater than 0"),
        (lambda: numerical_gradient(np.sum, np.ones(2), h=1e-20), gg.SettingError, "changes no float64"),
        (lambda: numerical_gradient(np.sum, ["a"]), gg.DtypeError, "numbers"),
    ],
)
def test_misuse_is_said_in_one_line(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layer", [Relu(), Sigmoid(), Affine(np.eye(3), np.zeros(3))])
def test_a_dout_of_another_shape_is_refused(layer):
    layer.forward(np.ones((2, 3)))
    with pytest.raises(gg.ShapeError, match=r"dout has shape \(3, 2\), but forward gave \(2, 3\)"):
        layer.backward(np.ones((3, 2)))
    layer = AddLayer()
    layer.forward(np.ones((2, 3)), np.ones(3))
    with pytest.raises(gg.ShapeError, match="dout has shape"):
        layer.backward(np.ones(3))


# numerical_gradient --------------------------------------------------------------------------------------------------


def cubes(x):
    return np.sum(x**3)


@pytest.mark.parametrize(
    "x",
    [np.array([1.0, -2.0]), np.array([1, -2]), [1.0, -2.0], (1, -2), np.array([1.0, -2.0])[::-1][::-1],
     np.broadcast_to(np.array([1.0, -2.0]), (1, 2))[0], np.array([1.0, -2.0], np.longdouble)],
)
def test_numerical_gradient_of_many_kinds_of_array(x):
    found = numerical_gradient(cubes, x)
    np.testing.assert_allclose(found, [3, 12], rtol=1e-6)
    assert found.dtype == np.float64


def test_numerical_gradient_of_single_numbers_views_and_nothing():
    assert numerical_gradient(lambda x: x * x, 3.0) == pytest.approx(6)
    assert numerical_gradient(lambda x: x * x, np.array(3.0)) == pytest.approx(6)
    base = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(numerical_gradient(cubes, base.T), 3 * base.T**2, atol=1e-6)
    np.testing.assert_array_equal(base, np.arange(6.0).reshape(2, 3))
    assert numerical_gradient(cubes, np.zeros((0, 3))).shape == (0, 3)


def test_numerical_gradient_in_float32_through_the_argument_and_in_place():
    x = np.array([0.5, -2.0], np.float32)
    before = x.copy()
    np.testing.assert_allclose(numerical_gradient(cubes, x), [0.75, 12], rtol=1e-4)
    np.testing.assert_allclose(numerical_gradient(lambda _: np.sum(x**2), x), [1, -4], rtol=1e-4)
    np.testing.assert_array_equal(x, before)
    half = np.array([0.5], np.float16)
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), half), [1], rtol=1e-6)


def test_numerical_gradient_takes_tensors_as_answers():
    np.testing.assert_allclose(numerical_gradient(lambda x: gg.sum(gg.tensor(x) ** 2), np.ones(3)), [2, 2, 2])


def test_a_smaller_h_is_used_as_given():
    seen = []

    def f(x):
        seen.append(x[0])
        return x[0]

    numerical_gradient(f, np.array([0.25]), h=2.0**-20)
    assert seen[:2] == [0.25 + 2.0**-20, 0.25 - 2.0**-20]


def test_a_slope_of_0_is_no_error_where_the_function_depends_on_x():
    dead = numerical_gradient(lambda x: np.sum(np.maximum(x, 0)), np.array([-1.0, -2.0]))
    np.testing.assert_array_equal(dead, [0, 0])
    np.testing.assert_array_equal(numerical_gradient(lambda x: np.sum(np.floor(x)), np.array([0.5])), [0])

    def narrow(x):
        if abs(x[0] - 1) > 0.1:
            raise ValueError("outside of the domain")
        return 1.0

    assert numerical_gradient(narrow, np.array([1.0])) == [0]


def test_non_finite_numbers_give_nan_without_a_warning():
    assert np.isnan(numerical_gradient(lambda x: np.sum(x), np.array([np.inf]))).all()
    found = numerical_gradient(lambda x: np.inf if x[0] > 1 else 0.0, np.array([1.0]))
    assert np.isposinf(found).all()


# The rest ------------------------------------------------------------------------------------------------------------


def test_each_derivative_keeps_the_dtype_of_its_operand():
    layer = Affine(np.eye(2), np.zeros(2, np.float32))
    assert layer.forward(np.ones((3, 2), np.float32)).dtype == np.float64
    assert layer.backward(np.ones((3, 2))).dtype == np.float32
    assert (layer.dW.dtype, layer.db.dtype) == (np.float64, np.float32)


def test_an_affine_layer_takes_new_parameters():
    layer = Affine(np.eye(2), np.zeros(2))
    layer.W, layer.b = 2 * np.eye(2), np.ones(2)
    np.testing.assert_array_equal(layer.forward(np.array([1.0, 2.0])), [3, 5])
    weights = np.eye(2)
    layer.W = weights
    weights -= 1  # kept, not copied
    np.testing.assert_array_equal(layer.forward(np.array([1.0, 2.0])), [-1, 0])


def test_accuracy_for_soft_labels_goes_by_the_largest():
    net = TwoLayerNet(2, 2, 2)
    net.params.update(W1=np.eye(2), W2=np.eye(2))
    assert net.accuracy(np.eye(2), [[0.9, 0.1], [0.6, 0.4]]) == 0.5
    assert net.accuracy(np.array([0.0, 1.0]), 1) == 1.0


def test_a_failure_that_the_graph_does_not_share_is_handed_on():
    failures = [ValueError("once")]

    def forward(xp, x):
        if failures:
            raise failures.pop()
        return x

    with pytest.raises(ValueError, match="once"):
        apply(gg.Op("flaky", forward), np.ones(2))
