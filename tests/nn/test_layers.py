"""Layers and models: what they compute, how their parameters are named, replaced and copied."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn


def small(dtype="float64"):
    return nn.TwoLayerNet(4, 3, 2, weight_init_std=0.5, seed=0, dtype=dtype)


def test_affine_is_a_product_and_a_bias():
    layer = nn.Affine(2, 3, dtype="float64")
    layer.update({"W1": [[1.0, 2, 3], [4, 5, 6]], "b1": [0.1, 0.2, 0.3]})
    np.testing.assert_allclose(layer([1.0, 2.0]).value, [9.1, 12.2, 15.3])
    np.testing.assert_allclose(layer([[1.0, 2.0]]).value, [[9.1, 12.2, 15.3]])


def test_affine_flattens_images_as_the_deck_does():
    layer = nn.Affine(12, 2, seed=0, dtype="float64")
    x = np.arange(24.0).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(layer(x).value, layer(x.reshape(2, 12)).value)


def test_parameters_are_named_as_in_the_deck_also_in_nested_models():
    inner = nn.Sequential(nn.Affine(3, 3), nn.Dropout(), nn.Affine(3, 2))
    net = nn.Sequential(nn.Affine(2, 3), nn.ReLU(), inner)
    assert list(net.parameters()) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert net.names == ("Affine1", "ReLU1", "Sequential1")


def test_nodes_stand_in_the_scope_of_their_layer():
    net = small()
    y = net(np.ones((1, 4)))
    assert y.path == "Affine2"
    assert {node.path for node in gg.trace(net)(np.ones((1, 4))).operations} == {"Affine1", "ReLU1", "Affine2"}


def test_with_parameters_leaves_the_model_alone():
    net = small()
    before = {name: tensor.value.copy() for name, tensor in net.parameters().items()}
    twin = net.with_parameters({"W1": np.zeros((4, 3))})
    assert not twin.parameters()["W1"].value.any()
    for name, array in before.items():
        np.testing.assert_array_equal(net.parameters()[name].value, array)


def test_an_update_changes_all_or_nothing():
    net = small()
    before = net.parameters()
    with pytest.raises(gg.ShapeError, match=r"parameter W2 has shape \(3, 2\)"):
        net.update({"W1": np.zeros((4, 3)), "W2": np.zeros((2, 3))})
    with pytest.raises(gg.SettingError, match="no parameter 'W9'"):
        net.update({"W1": np.zeros((4, 3)), "W9": 1.0})
    assert net.parameters() == before


def test_a_gradient_reaches_every_parameter():
    net = small()
    gg.cross_entropy(net(np.random.default_rng(0).random((5, 4))), [0, 1, 0, 1, 1]).backward()
    assert all(np.any(tensor.grad != 0) for tensor in net.parameters().values())


def test_dtype_is_that_of_the_parameters():
    for dtype in ("float32", "float64"):
        net = small(dtype)
        for x in (np.ones((2, 4)), np.ones((2, 4), np.float32), np.ones((2, 4), np.uint8), np.ones((2, 4), np.int64)):
            assert net(x).dtype == dtype


def test_divisor_scales_bytes():
    raw = np.arange(8, dtype=np.uint8).reshape(2, 4) * 30
    plain = nn.TwoLayerNet(4, 3, 2, 0.5, seed=0, dtype="float64")
    scaled = nn.TwoLayerNet(4, 3, 2, 0.5, seed=0, dtype="float64", divisor=255)
    np.testing.assert_allclose(scaled(raw).value, plain(raw / 255).value, rtol=1e-14)


def test_dropout_keeps_the_mean_and_is_a_function_of_the_key():
    layer = nn.Dropout(0.25)
    x = np.ones((200, 200))
    y = layer(x, key=[3, 1]).value
    assert set(np.unique(y)) == {0.0, 1 / 0.75}
    assert abs(y.mean() - 1) < 0.02
    np.testing.assert_array_equal(y, layer(x, key=[3, 1]).value)
    assert (y != layer(x, key=[3, 2]).value).any()
    assert (y != layer(x, key=[4, 1]).value).any()
    np.testing.assert_array_equal(layer(x).value, x)


def test_two_dropout_layers_draw_different_numbers():
    net = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)))
    assert [part.stream for part in net.parts()] == [0, 1]


def test_dropout_gradient_goes_through_the_kept_entries():
    layer = nn.Dropout(0.5)
    x = gg.tensor(np.ones((4, 5)))
    y = layer(x, key=[0, 0])
    gg.sum(y).backward()
    np.testing.assert_array_equal(x.grad, y.value)


def test_first_values():
    rng = np.random.default_rng(0)
    for initial, spread in ((0.01, 0.01), ("he", np.sqrt(2 / 400)), ("xavier", np.sqrt(1 / 400)), (nn.std(0.3), 0.3)):
        layer = nn.Affine(400, 300, initial=initial, seed=rng)
        assert abs(layer.W.value.std() / spread - 1) < 0.02
        assert not layer.b.value.any()
    same = [nn.TwoLayerNet(4, 3, 2, seed=5).parameters()["W1"].value for _ in range(2)]
    np.testing.assert_array_equal(*same)


def test_settings_build_the_same_kind_of_model():
    net = nn.perceptron(4, 5, 3, activation="tanh", dropout=0.1, divisor=16)
    twin = nn.build(net.settings(), "float64")
    assert twin.settings() == net.settings()
    assert twin.parameters()["W1"].dtype == "float64"


def test_predict_in_pieces_equals_predict_at_once(monkeypatch):
    net = small()
    x = np.random.default_rng(0).random((50, 4))
    whole = net.scores(x)
    monkeypatch.setattr("glassgrad.nn.model.ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(net.scores(x), whole, rtol=1e-12)
    np.testing.assert_array_equal(net.predict(x), whole.argmax(1))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: nn.Affine(0, 3), "inputs must be a whole number of at least 1; got 0"),
    (lambda: nn.Affine(2.5, 3), "inputs must be a whole number"),
    (lambda: nn.Affine(2, 3, initial="hee"), "Did you mean 'he'"),
    (lambda: nn.Affine(2, 3, initial=-1.0), "standard deviation"),
    (lambda: nn.Affine(2, 3, dtype="int32"), "computes in float32 or float64"),
    (lambda: nn.Affine(2, 3, dtype="no dtype"), "computes in float32 or float64"),
    (lambda: nn.Dropout(1.0), "dropout rate"),
    (lambda: nn.Sequential(), "Sequential needs layers"),
    (lambda: nn.Sequential("Affine"), "Sequential needs layers"),
    (lambda: nn.Sequential(nn.ReLU(), divisor=0), "divisor must be a positive number"),
    (lambda: nn.TwoLayerNet(2, 3, 2, activation="rely"), "Did you mean 'relu'"),
    (lambda: nn.perceptron(3), "at least two sizes"),
    (lambda: nn.build({"kind": "Afine"}), "Did you mean 'Affine'"),
    (lambda: nn.build({"kind": "Affine", "input": 3}), "settings of a layer Affine"),
    (lambda: nn.std(float("nan")), "standard deviation"),
])
def test_wrong_settings_are_one_clear_sentence(make, message):
    with pytest.raises(gg.SettingError, match=message):
        make()


def test_nothing_to_predict_is_an_error():
    with pytest.raises(gg.DataError, match="nothing to predict"):
        small().scores(np.ones((0, 4)))
    with pytest.raises(gg.ShapeError, match="inner sizes differ"):
        small()(np.ones((2, 5)))
