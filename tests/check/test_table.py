"""The deck's gradient check with verdicts: figures, words, and what it says about wrong gradients and kinks."""

import json

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.check import Verdict, parameter_table
from glassgrad.errors import GradientError, SettingError, ShapeError


def network(sizes=(8, 6, 4), seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random((3, sizes[0]))
    x[:, 0] = 0.0
    labels = rng.integers(0, sizes[2], 3)
    parameters = {
        "W1": rng.normal(0, 0.1, sizes[:2]), "b1": np.zeros(sizes[1]),
        "W2": rng.normal(0, 0.1, sizes[1:]), "b2": np.zeros(sizes[2]),
    }

    def loss(p):
        return gg.cross_entropy(gg.matmul(gg.relu(gg.matmul(x, p["W1"]) + p["b1"]), p["W2"]) + p["b2"], labels)

    return loss, parameters


def test_the_mean_difference_is_the_decks_figure():
    loss, parameters = network()
    table = parameter_table(loss, parameters)
    gradients = gg.grad(loss)(parameters)
    h = 1e-4
    for row in table.rows:
        x, total = parameters[row.name], 0.0
        for index in np.ndindex(x.shape):
            moved = {name: value.copy() for name, value in parameters.items()}
            moved[row.name][index] = x[index] + h
            plus = float(loss(moved).value)
            moved[row.name][index] = x[index] - h
            minus = float(loss(moved).value)
            total += abs((plus - minus) / (2 * h) - gradients[row.name][index])
        assert row.mean_difference == pytest.approx(total / x.size, rel=0.2, abs=2e-12)
    assert table.correct
    assert bool(table)


def test_the_bias_of_the_last_layer_has_the_largest_figure_and_the_reason_is_given():
    loss, parameters = network((64, 50, 10))
    table = parameter_table(loss, parameters, entries=40)
    assert max(table.rows, key=lambda row: row.mean_difference).name == "b2"
    assert "third derivative" in str(table)
    assert table["b2"].truncation > 10 * table["W2"].truncation
    assert table["W1"].checked == 40
    assert "40 of 3,200 entries measured" in table["W1"].words


def test_pixels_that_are_always_0_are_counted_and_right():
    loss, parameters = network()
    row = parameter_table(loss, parameters)["W1"]
    assert row.verdict is Verdict.CORRECT
    assert row.unmoved >= 6


@pytest.mark.parametrize(("name", "factor"), [("W1", 1.001), ("b1", -1.0), ("W2", 0.0)])
def test_one_wrong_entry_is_named(name, factor):
    loss, parameters = network(seed=2)
    gradients = {key: value.copy() for key, value in gg.grad(loss)(parameters).items()}
    largest = np.unravel_index(np.argmax(np.abs(gradients[name])), gradients[name].shape)
    gradients[name][largest] *= factor
    table = parameter_table(loss, parameters, gradients)
    assert not table.correct
    assert [row.name for row in table.rows if row.verdict is Verdict.WRONG] == [name]
    assert table[name].worst[0] == tuple(int(i) for i in largest)
    assert "WRONG in 1 entry" in str(table)


def test_a_relu_at_its_kink_is_no_error_but_an_impossible_slope_is():
    def loss(p):
        return gg.sum(gg.relu(p["x"]) * np.array([1.0, 2.0]))

    at_zero = {"x": np.array([0.0, 3.0])}
    assert parameter_table(loss, at_zero)["x"].verdict is Verdict.NOT_DIFFERENTIABLE
    assert parameter_table(loss, at_zero).correct
    assert parameter_table(loss, at_zero, {"x": np.array([1.5, 2.0])})["x"].verdict is Verdict.WRONG


def test_a_kink_within_h_spoils_the_figure_and_not_the_verdict():
    table = parameter_table(lambda p: gg.sum(gg.relu(p["x"])), {"x": np.array([3e-5, 1.0])})
    assert table["x"].verdict is Verdict.CORRECT
    assert table["x"].kinks == 1
    assert table["x"].mean_difference > 0.1
    assert "kink" in str(table)


def test_what_nothing_exercises_is_said():
    table = parameter_table(lambda p: gg.sum(p["a"] * p["a"]) + gg.sum(p["b"]) * 0, {"a": np.ones(2), "b": np.ones(2)})
    assert table["b"].verdict is Verdict.NOT_EXERCISED
    assert not table.correct


def test_json_has_every_row_and_no_strange_numbers():
    loss, parameters = network()
    data = json.loads(parameter_table(loss, parameters, entries=3).to_json())
    assert [row["name"] for row in data["rows"]] == ["W1", "b1", "W2", "b2"]
    assert data["rows"][0]["worst"]["index"] is not None
    assert data["correct"] is True


def test_the_arrays_of_the_caller_stay_as_they_are():
    loss, parameters = network()
    before = {name: value.copy() for name, value in parameters.items()}
    parameter_table(loss, parameters, entries=3)
    for name, value in parameters.items():
        np.testing.assert_array_equal(value, before[name])


def test_a_loss_in_plain_numpy_with_its_own_gradients():
    x = np.array([1.0, -2.0])
    assert parameter_table(lambda p: float((p["w"] ** 2) @ x), {"w": np.array([2.0, 3.0])},
                           {"w": np.array([4.0, -12.0])}).correct


@pytest.mark.parametrize(("options", "error", "words"), [
    ({"h": 0.0}, SettingError, "positive"),
    ({"gradients": {}}, GradientError, "no gradient"),
    ({"gradients": {"w": np.ones(3)}}, ShapeError, r"\(3,\)"),
])
def test_misuse_is_explained(options, error, words):
    with pytest.raises(error, match=words):
        parameter_table(lambda p: float(p["w"].sum()), {"w": np.ones(2)}, **{"gradients": {"w": np.ones(2)}, **options})


def test_a_random_or_infinite_loss_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(GradientError, match="random"):
        parameter_table(lambda p: float(rng.random()), {"w": np.ones(2)}, {"w": np.ones(2)})
    with pytest.raises(GradientError, match="inf"):
        parameter_table(lambda p: float("inf"), {"w": np.ones(2)}, {"w": np.ones(2)})
