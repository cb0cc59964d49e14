"""The numbers of every figure, forward and backward: through `gg.tensor`, and through `glassgrad.deck`.

They stand in reference.json, each with its source: S the slides, B the book they follow, I inputs of our own.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import glassgrad as gg
from glassgrad.build import ancestors
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
from glassgrad.gradient import pull

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))
PRINTED = {"rtol": 0, "atol": 6e-7}  # numbers given to six places


def tensors(*values):
    return [gg.tensor(float(value)) for value in values]


def edges(node):
    """Derivatives that leave a node backwards, one for each input, as a picture shows them on its edges."""
    return pull(node, node.grad, np, lambda source: source.value)


def only(output, op):
    """Return the one node of this op below `output`."""
    (found,) = [node for node in ancestors([output]) if node.op.name == op]
    return found


# Figures 5-1 to 5-6, 5-14, 5-15: shopping ----------------------------------------------------------------------------


def test_apples_as_tensors():
    expected = REFERENCE["apple"]
    apple, num, tax = tensors(*expected["in"].values())
    apple_price = apple * num
    price = apple_price * tax
    price.backward()
    assert_allclose([apple_price.value, price.value], expected["fwd"])
    nodes = {"price": price, "apple_price": apple_price, "tax": tax, "apple": apple, "num": num}
    for name, slope in expected["bwd"].items():
        assert nodes[name].grad == pytest.approx(slope), name


def test_apples_as_layers():
    expected = REFERENCE["apple"]
    apple_layer, tax_layer = MulLayer(), MulLayer()
    apple_price = apple_layer.forward(expected["in"]["apple"], expected["in"]["num"])
    price = tax_layer.forward(apple_price, expected["in"]["tax"])
    assert_allclose([apple_price, price], expected["fwd"])
    d_apple_price, d_tax = tax_layer.backward(1)
    d_apple, d_num = apple_layer.backward(d_apple_price)
    slopes = expected["bwd"]
    assert_allclose([d_apple_price, d_tax, d_apple, d_num],
                    [slopes["apple_price"], slopes["tax"], slopes["apple"], slopes["num"]])


def test_apples_and_oranges_as_tensors():
    expected = REFERENCE["apple_orange"]
    apple, apple_num, orange, orange_num, tax = tensors(100, 2, 150, 3, 1.1)
    nodes = {"apple": apple, "apple_num": apple_num, "orange": orange, "orange_num": orange_num, "tax": tax}
    nodes["apple_price"], nodes["orange_price"] = apple * apple_num, orange * orange_num
    nodes["all"] = nodes["apple_price"] + nodes["orange_price"]
    nodes["price"] = nodes["all"] * tax
    nodes["price"].backward()
    for name, value in expected["fwd"].items():
        assert nodes[name].item() == pytest.approx(value), name
    for name, slope in expected["bwd"].items():
        assert nodes[name].grad == pytest.approx(slope), name


def test_apples_and_oranges_as_layers():
    expected = REFERENCE["apple_orange"]
    apples, oranges, total, taxed = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    values = {"apple_price": apples.forward(100, 2), "orange_price": oranges.forward(150, 3)}
    values["all"] = total.forward(values["apple_price"], values["orange_price"])
    values["price"] = taxed.forward(values["all"], 1.1)
    assert values == pytest.approx(expected["fwd"])
    found = {"price": 1}
    found["all"], found["tax"] = taxed.backward(1)
    found["apple_price"], found["orange_price"] = total.backward(found["all"])
    found["orange"], found["orange_num"] = oranges.backward(found["orange_price"])
    found["apple"], found["apple_num"] = apples.backward(found["apple_price"])
    assert found == pytest.approx(expected["bwd"])


# Chain rule, add and multiply nodes ----------------------------------------------------------------------------------


def test_chain_rule_case_1():
    expected = REFERENCE["case1"]
    (x,) = tensors(2)
    y = x**2
    z = 3 * y
    z.backward()
    assert (y.value, z.value, y.grad, x.grad) == tuple(expected[name] for name in ("y", "z", "dz_dy", "dz_dx"))
    y.backward()
    assert x.grad == expected["dy_dx"]


def test_chain_rule_case_2():
    expected = REFERENCE["case2"]
    (s,) = tensors(2)
    x, y = s**2, 3 * s
    z = x * y
    z.backward()
    assert (x.value, y.value, z.value) == (expected["x"], expected["y"], expected["z"])
    assert edges(x)[0] == expected["path_x"]
    assert edges(y)[1] == expected["path_y"]
    assert s.grad == expected["dz_ds"]
    assert s.grad not in expected["wrong"].values()


def test_square_of_a_sum():
    expected = REFERENCE["square_sum"]
    x, y = tensors(2, 3)
    t = x + y
    z = t**2
    z.backward()
    found = (t.value, z.value, t.grad, x.grad, y.grad)
    assert found == tuple(expected[name] for name in ("t", "z", "dz_dt", "dx", "dy"))


@pytest.mark.parametrize(("name", "layer", "op"), [("add_node", AddLayer, gg.add), ("mul_node", MulLayer, gg.multiply)])
def test_add_and_multiply_nodes(name, layer, op):
    expected = REFERENCE[name]
    x, y = tensors(*expected["in"])
    z = op(x, y)
    z.backward(expected["up"])
    assert z.value == expected["out"]
    assert_allclose([x.grad, y.grad], expected["down"])
    node = layer()
    assert node.forward(*expected["in"]) == expected["out"]
    assert_allclose(node.backward(expected["up"]), expected["down"])


# ReLU and sigmoid ----------------------------------------------------------------------------------------------------


def test_relu():
    expected = REFERENCE["relu"]
    x = gg.tensor(expected["x"])
    y = gg.relu(x)
    y.backward(np.ones((2, 2)))
    assert_array_equal(y.value, expected["out"])
    assert_array_equal(x.grad, expected["dout_ones"])
    layer = Relu()
    assert_array_equal(layer.forward(np.array(expected["x"])), expected["out"])
    assert_array_equal(layer.mask, expected["mask"])
    assert_array_equal(layer.backward(np.ones((2, 2))), expected["dout_ones"])
    assert gg.grad(gg.relu)(0.0) == expected["at0"]


def test_sigmoid_in_four_steps():
    expected = REFERENCE["sigmoid_x1"]
    (x,) = tensors(1)
    y = gg.open(gg.sigmoid(x))
    y.backward()
    turned, exponential, plus = (only(y, op) for op in ("multiply", "exp", "add"))
    assert_allclose([turned.value, exponential.value, plus.value, y.value],
                    [expected[name] for name in ("neg", "exp", "plus", "y")], rtol=1e-15)
    assert_allclose([plus.grad, exponential.grad, turned.grad, x.grad],
                    [expected[name] for name in ("after_div", "after_plus", "after_exp", "dx")], rtol=1e-14)


def test_sigmoid_as_one_node():
    expected = REFERENCE["sigmoid_x1"]
    layer = Sigmoid()
    assert layer.forward(np.array([1.0])) == sigmoid(1.0) == pytest.approx(expected["y"], rel=1e-15)
    assert layer.out == pytest.approx(expected["y"], rel=1e-15)
    assert layer.backward(np.array([1.0])) == pytest.approx(expected["dx"], rel=1e-14)
    assert gg.grad(gg.sigmoid)(1.0) == pytest.approx(expected["dx"], rel=1e-14)


# Affine --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["affine_single", "affine_batch"])
def test_affine(name):
    expected = REFERENCE[name]
    W, B = np.array(REFERENCE["affine_single"]["W"], float), np.array(REFERENCE["affine_single"]["B"])
    X, dY = np.array(expected["X"], float), np.array(expected["dY"], float)
    x, w, b = gg.tensor(X), gg.tensor(W), gg.tensor(B)
    for y in (gg.affine(x, w, b), np.dot(x, w) + b):
        y.backward(dY)
        assert_allclose(y.value, expected["Y"])
        for node, slope in ((x, "dX"), (w, "dW"), (b, "dB")):
            assert_allclose(node.grad, expected[slope])
    layer = Affine(W, B)
    assert_allclose(layer.forward(X), expected["Y"])
    assert_allclose(layer.backward(dY), expected["dX"])
    assert_allclose(layer.dW, expected["dW"])
    assert_allclose(layer.db, expected["dB"])


def test_bias_is_added_to_every_row():
    expected = REFERENCE["affine_batch"]["book_bias_fwd"]
    layer = Affine(np.eye(3), np.array(expected["B"]))
    assert_array_equal(layer.forward(np.array(expected["XW"])), expected["Y"])
    assert_array_equal((gg.tensor(expected["XW"], dtype=float) + expected["B"]).value, expected["Y"])


# Softmax with loss ---------------------------------------------------------------------------------------------------


def test_softmax_with_loss_edge_by_edge():
    expected = REFERENCE["softmax_loss"]
    a = gg.tensor(expected["a"])
    loss = gg.open(gg.cross_entropy(a, np.array(expected["t"], float)))
    loss.backward()
    exponential, inverse = only(loss, "exp"), only(loss, "reciprocal")
    (total,) = inverse.inputs
    (y,) = [n for n in ancestors([loss]) if n.op.name == "multiply" and inverse in n.inputs]
    assert_allclose(exponential.value, expected["exp"], rtol=0, atol=6e-7)
    assert_allclose(total.value, [expected["S"]])
    assert_allclose(y.value, expected["y"], rtol=0, atol=6e-9)
    assert loss.value == pytest.approx(expected["L"], rel=1e-14)

    to_exponential, to_inverse = edges(y)
    assert_allclose(y.grad, expected["cee_back"], **PRINTED)  # step 1
    assert_allclose(to_inverse, expected["step2"], **PRINTED)
    assert_allclose(inverse.grad, [-expected["S"]])  # step 3: the fork adds up, then 1/S
    assert_allclose(total.grad, [expected["step3"]], rtol=1e-13)
    assert_allclose(edges(total)[0], [expected["step4"]] * 3, rtol=1e-13)
    assert_allclose(to_exponential, expected["step5"], **PRINTED)
    assert_allclose(a.grad, expected["step6"], **PRINTED)


@pytest.mark.parametrize("labels", [[0, 0, 1], [0.0, 0.0, 1.0], 2])
def test_softmax_with_loss_as_one_node(labels):
    expected = REFERENCE["softmax_loss"]
    a = gg.tensor(expected["a"])
    loss = gg.cross_entropy(a, labels)
    loss.backward()
    assert loss.value == pytest.approx(expected["L"], rel=1e-14)
    assert_allclose(a.grad, expected["step6"], **PRINTED)
    layer = SoftmaxWithLoss()
    assert layer.forward(np.array(expected["a"]), labels) == pytest.approx(expected["L"], rel=1e-14)
    assert_allclose(layer.y, expected["y"], rtol=0, atol=6e-9)
    assert_allclose(layer.backward(), expected["step6"], **PRINTED)
    assert cross_entropy_error(layer.y, labels) == pytest.approx(expected["L"], rel=1e-14)


@pytest.mark.parametrize("example", REFERENCE["softmax_book"][:2])
def test_difference_of_probabilities_and_labels(example):
    y = np.array(example["y"])
    scores = np.where(y > 0, np.log(np.where(y > 0, y, 1)), -1000)
    layer = SoftmaxWithLoss()
    layer.forward(scores, example["t"])
    assert_allclose(layer.backward(), example["dx"], atol=1e-15)
    assert_allclose(gg.grad(lambda a: gg.cross_entropy(a, example["t"]))(scores), example["dx"], atol=1e-15)


def test_softmax_of_the_figure():
    expected = REFERENCE["softmax_book"][2]  # three of the ten scores, so the rest is missing in the sum
    for y in (softmax(np.array(expected["scores"])), gg.softmax(expected["scores"]).value):
        assert_allclose(y, expected["probs"], rtol=0, atol=1e-3)


# The gradient check --------------------------------------------------------------------------------------------------


def difference(a, b):
    return np.mean(np.abs(a - b))


@pytest.fixture(scope="module")
def sparse():
    """784-50-10 on three sparse random images, no ReLU unit within 2 h of its kink."""
    for seed in range(100):
        random = np.random.default_rng(seed)
        net = TwoLayerNet(784, 50, 10, seed=random)
        x = random.random((3, 784)) * (random.random((3, 784)) < 0.2)
        t = random.integers(0, 10, 3)
        if np.abs(net.layers["Affine1"].forward(x)).min() > 2e-4:
            return net, x, t
    raise AssertionError("no seed below 100 is away from kinks")


@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2"])
def test_gradient_check_has_the_printed_magnitudes(sparse, name):
    net, x, t = sparse
    found = net.gradient(x, t)[name]
    if name == "W1":  # 20 pixels stand for all 784, which take 4 s: examples/gradient_check.py
        rows = np.random.default_rng(0).choice(784, 20, replace=False)
        part = net.params["W1"][rows]

        def loss(rows_of_W1):
            net.params["W1"][rows] = rows_of_W1
            return net.loss(x, t)

        numeric, found = numerical_gradient(loss, part.copy()), found[rows]
        net.params["W1"][rows] = part
    else:
        numeric = numerical_gradient(lambda _: net.loss(x, t), net.params[name])
    expected = REFERENCE["gradient_check"]["away_from_kinks"][name]
    assert expected / 4 < difference(numeric, found) < expected * 4


def test_difference_at_b2_is_the_truncation_of_the_central_difference(sparse):
    net, x, t = sparse
    found = net.gradient(x, t)["b2"]
    by_h = [difference(numerical_gradient(lambda _: net.loss(x, t), net.params["b2"], h), found)
            for h in (1e-2, 1e-3, 1e-4, 1e-8)]
    expected = REFERENCE["gradient_check"]["b2_by_h"]
    assert_allclose(by_h[:3], [expected["1e-2"], expected["1e-3"], expected["1e-4"]], rtol=0.5)
    assert by_h[0] / by_h[1] == pytest.approx(100, rel=0.05)
    assert by_h[1] / by_h[2] == pytest.approx(100, rel=0.05)
    assert by_h[3] > 10 * by_h[2]  # rounding


# Mutants: which parameters fail locates the layer --------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    data = gg.data.load("digits")
    net = TwoLayerNet(64, 50, 10, seed=0)
    x, t = data.scaled(data.x_train[:3], np.float64), data.y_train[:3]
    return net, x, t, net.numerical_gradient(x, t)


class ForgottenBatchDivision(SoftmaxWithLoss):
    def backward(self, dout=1):
        return super().backward(dout) * 3


class ReluWithoutMask(Relu):
    def backward(self, dout):
        return dout


class ProbabilitiesAlone(SoftmaxWithLoss):
    def backward(self, dout=1):
        return self.y / 3


class MeanForSum(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = self.db / 3
        return dx


MUTANTS = {  # name: (replacements, parameters that must fail)
    "no_batch_division": (lambda net: {"last": ForgottenBatchDivision()}, {"W1", "b1", "W2", "b2"}),
    "relu_no_mask": (lambda net: {"Relu1": ReluWithoutMask()}, {"W1", "b1"}),
    "db_mean_instead_of_sum": (lambda net: {"Affine2": MeanForSum.of(net, "W2", "b2")}, {"b2"}),
    "y_instead_of_y_minus_t": (lambda net: {"last": ProbabilitiesAlone()}, {"W1", "b1", "W2", "b2"}),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found_where_it_is(digits, name):
    net, x, t, numeric = digits
    replace, failing = MUTANTS[name]
    mutant = TwoLayerNet(64, 50, 10)
    mutant.params = net.params
    for place, layer in replace(mutant).items():
        if place == "last":
            mutant.lastLayer = layer
        else:
            mutant.layers[place] = layer
    found = mutant.gradient(x, t)
    differences = {parameter: difference(numeric[parameter], found[parameter]) for parameter in found}
    assert {parameter for parameter, value in differences.items() if value > 1e-5} == failing
    for parameter, expected in REFERENCE["mutants"][name].items():
        if parameter in failing:
            assert expected / 4 < differences[parameter] < expected * 4, parameter


def test_the_correct_network_passes(digits):
    net, x, t, numeric = digits
    for parameter, found in net.gradient(x, t).items():
        assert difference(numeric[parameter], found) < 1e-8, parameter


def test_a_missing_minus_shows_as_a_ratio_of_minus_one(digits):
    net, x, t, _ = digits
    numeric = numerical_gradient(lambda _: -net.loss(x, t), net.params["b2"])
    ratio = numeric / net.gradient(x, t)["b2"]
    assert_allclose(ratio, REFERENCE["mutants"]["missing_minus_in_L"], rtol=1e-5)
