"""Training: coverage of the data, repeatability, what stops it, what it keeps, what it refuses."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.train import Drawn, Shuffled, Stepper, fit, training_step


def blobs(n=120, seed=0):
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 3, n)
    return (rng.standard_normal((n, 2)) * 0.4 + np.array([[0, 2], [2, 0], [-2, -2]])[t]).astype("float32"), t


def net(seed=0, dtype="float32"):
    return gg.nn.TwoLayerNet(2, 8, 3, "he", seed=seed, dtype=dtype)


def weights(model):
    return {name: tensor.value for name, tensor in model.parameters().items()}


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(("samples", "batch"), [(10, 3), (9, 3), (1, 1), (7, 7), (100, 1)])
def test_shuffled_batches_cover_every_sample_once_an_epoch(samples, batch):
    plan = Shuffled(samples, batch, seed=4)
    for epoch in range(3):
        parts = list(plan.epoch(epoch))
        assert len(parts) == plan.steps
        assert sorted(np.concatenate(parts)) == list(range(samples))
    assert samples < 10 or not np.array_equal(np.concatenate(list(plan.epoch(0))), np.concatenate(list(plan.epoch(1))))


def test_drawn_batches_are_the_decks_sampling_with_replacement():
    plan = Drawn(1000, 100, seed=0)
    drawn = np.concatenate(list(plan.epoch(0)))
    assert plan.steps == 10
    assert 0.60 < len(set(drawn)) / 1000 < 0.66  # 1 - 1/e


def test_it_learns():
    x, t = blobs()
    result = fit(net(), (x[:90], t[:90]), test=(x[90:], t[90:]), batch=10, epochs=20)
    assert result.history[-1]["train_accuracy"] > 0.95
    assert result.history[-1]["test_accuracy"] > 0.9
    assert result.history[-1]["loss"] < result.history[0]["loss"] / 3
    assert [row["epoch"] for row in result.history] == list(range(1, 21))
    assert result.samples == 20 * 90
    assert result.stopped == "finished"


def test_a_step_is_the_gradient_step_written_by_hand():
    x, t = blobs(20)
    model = net(dtype="float64")
    stepper = Stepper(model, gg.cross_entropy, gg.optim.SGD(0.1), seed=0)
    before = stepper.weights
    loss = stepper.step(x.astype(float), t)

    def by_hand(parameters):
        hidden = np.maximum(x @ parameters["W1"] + parameters["b1"], 0)
        scores = hidden @ parameters["W2"] + parameters["b2"]
        return -np.mean((scores - np.log(np.exp(scores).sum(1, keepdims=True)))[np.arange(20), t])

    assert np.isclose(loss, by_hand(before), rtol=1e-13)
    h = 1e-6
    for name, array in before.items():
        index = tuple(0 for _ in array.shape)
        up, down = ({k: v.copy() for k, v in before.items()} for _ in range(2))
        up[name][index] += h
        down[name][index] -= h
        slope = (by_hand(up) - by_hand(down)) / (2 * h)
        assert np.isclose(stepper.weights[name][index], array[index] - 0.1 * slope, atol=1e-10)


def test_the_step_is_one_graph_that_can_be_looked_at():
    model = net()
    step = training_step(model, gg.cross_entropy, gg.optim.SGD(0.1))
    state = gg.optim.SGD(0.1).start(weights(model))
    graph = gg.trace(step)(weights(model), state, gg.ArrayType((5, 2), "float32"), gg.ArrayType((5,), "int64"),
                           np.float32(0.1), np.float32(1), np.array([0, 1]))
    assert {"affine", "cross_entropy", "matmul"} <= {node.op.name for node in graph.operations}
    assert {"Affine1", "ReLU1", "Affine2"} <= {node.path for node in graph.operations}


@pytest.mark.parametrize("optimizer", [gg.optim.SGD(0.1), gg.optim.Adam(0.01)])
def test_same_seed_same_bits(optimizer):
    x, t = blobs()
    runs = []
    for _ in range(2):
        model = gg.nn.perceptron(2, 8, 3, dropout=0.3, seed=1)
        runs.append((fit(model, (x, t), batch=16, epochs=3, seed=5, optimizer=optimizer), weights(model)))
    assert [row["loss"] for row in runs[0][0].history] == [row["loss"] for row in runs[1][0].history]
    assert same(runs[0][1], runs[1][1])
    other = gg.nn.perceptron(2, 8, 3, dropout=0.3, seed=1)
    fit(other, (x, t), batch=16, epochs=3, seed=6, optimizer=optimizer)
    assert not same(weights(other), runs[0][1])


def test_weights_of_the_best_epoch_are_kept():
    x, t = blobs()
    model = net()
    seen = []
    result = fit(model, (x, t), batch=10, epochs=15, optimizer=gg.optim.SGD(2.0), validation=0.2,
                 callbacks=[lambda progress: seen.append(progress.row)])
    assert seen == result.history
    assert result.best["validation_loss"] == min(row["validation_loss"] for row in result.history)


def test_keep_last_keeps_the_last():
    x, t = blobs()
    kept, twin = net(), net()
    fit(kept, (x, t), batch=120, iterations=3, keep="last")
    stepper = Stepper(twin, gg.cross_entropy, gg.optim.SGD(0.1), 0)
    plan = Shuffled(120, 120, 0)
    for epoch in range(3):
        (chosen,) = plan.epoch(epoch)
        stepper.step(x[chosen], t[chosen])
    assert same(weights(kept), stepper.weights)


def test_early_stopping():
    x, t = blobs()
    result = fit(net(), (x, t), batch=10, epochs=200, optimizer=gg.optim.SGD(3.0), validation=0.3, patience=3)
    assert result.stopped == "early"
    assert len(result.history) == result.best["epoch"] + 3


def test_a_callback_can_stop_and_all_callbacks_are_told():
    told = []
    result = fit(net(), blobs(), batch=10, epochs=50,
                 callbacks=[lambda p: p.epoch == 2, lambda p: told.append(p.epoch)])
    assert result.stopped == "callback"
    assert told == [1, 2]


def test_interruption_keeps_the_best_weights():
    x, t = blobs()
    model = net()
    calls = []

    def interrupt(progress):
        calls.append(progress)
        if progress.epoch == 3:
            raise KeyboardInterrupt

    result = fit(model, (x, t), batch=10, epochs=50, callbacks=[interrupt])
    assert result.stopped == "interrupted"
    assert len(result.history) == 3
    twin = net()
    fit(twin, (x, t), batch=10, epochs=int(result.best["epoch"]))
    assert same(weights(model), weights(twin))


def test_interruption_within_the_first_epoch_keeps_what_there_is(monkeypatch):
    model = net()
    step = Stepper.step

    def interrupt(self, x, t):
        if self.count == 3:
            raise KeyboardInterrupt
        return step(self, x, t)

    before = weights(model)
    monkeypatch.setattr(Stepper, "step", interrupt)
    result = fit(model, blobs(), batch=10, epochs=50)
    assert (result.stopped, result.history) == ("interrupted", [])
    assert not same(before, weights(model))


def test_an_exploding_run_names_op_and_line_and_keeps_the_best_weights():
    x, t = blobs()
    model = net()
    with pytest.raises(gg.NonFiniteError, match=r"first appears in .* in (Affine|ReLU)\d") as caught:
        fit(model, (x * 1e3, t), batch=10, epochs=50, optimizer=gg.optim.SGD(1e18))
    assert "step " in str(caught.value)
    assert "Lower the learning rate" in str(caught.value)
    assert all(np.isfinite(array).all() for array in weights(model).values())


def test_a_users_own_loss_is_named_with_its_line():
    def loss(scores, t):
        return gg.mean(gg.log(scores[:, 0] - 1e9))

    with pytest.raises(gg.NonFiniteError, match=r"the result of log.*test_fit\.py:\d+"), np.errstate(invalid="ignore"):
        fit(net(), blobs(), batch=10, epochs=1, loss=loss)


def test_regression_with_another_loss():
    x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
    model = gg.nn.perceptron(1, 16, 1, activation="tanh", seed=0)
    result = fit(model, (x, x**2), loss=gg.mean_squared_error, batch=16, epochs=200, optimizer=gg.optim.Adam(0.01))
    assert result.history[-1]["loss"] < 1e-3
    assert "train_accuracy" not in result.history[0]


def test_one_hot_labels_learn_the_same_as_class_numbers():
    x, t = blobs()
    by_number, by_row = net(dtype="float64"), net(dtype="float64")
    fit(by_number, (x, t), batch=10, epochs=2)
    fit(by_row, (x, np.eye(3)[t]), batch=10, epochs=2)
    for name, array in weights(by_number).items():
        np.testing.assert_allclose(weights(by_row)[name], array, rtol=1e-9)


def test_progress_reports_the_last_row():
    shown = []
    fit(net(), blobs(), batch=10, epochs=2, progress=shown.append)
    assert shown[-1].epoch == 2
    assert shown[-1].iteration == shown[-1].iterations == 24
    assert shown[-1].samples_per_second > 0


def good():
    return blobs(30)


X, T = blobs(30)


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"batch": 31}, gg.SettingError, "batch of 31 was asked for, and there are 30 samples"),
    ({"batch": 0}, gg.SettingError, "batch must be a whole number of at least 1; got 0"),
    ({"epochs": 0}, gg.SettingError, "epochs must be"),
    ({"epochs": 1, "iterations": 1}, gg.SettingError, "not both"),
    ({"sampling": "bootstrap"}, gg.SettingError, "sampling 'bootstrap' is not known"),
    ({"keep": "worst"}, gg.SettingError, "keep 'worst' is not known"),
    ({"patience": 0}, gg.SettingError, "patience must be"),
    ({"seed": -1}, gg.SettingError, "seed must be"),
    ({"validation": 1.5}, gg.SettingError, "validation=1.5"),
    ({"validation": 0.001}, gg.SettingError, "leaves one side empty"),
    ({"data": (X[:0], T[:0])}, gg.DataError, "training data have shape \\(0, 2\\)"),
    ({"data": (X, T[:-1])}, gg.DataError, "30 samples and 29 labels"),
    ({"data": (X[:, 0], T)}, gg.DataError, "rows along the first axis"),
    ({"data": (X, T + 1)}, gg.ShapeError, "label 3 at index .* is not among the 3 classes"),
    ({"data": (X, T - 1)}, gg.ShapeError, "label -1"),
    ({"data": (X, T.astype(float))}, gg.DtypeError, "class numbers must be integers"),
    ({"data": (X, np.eye(4)[T])}, gg.ShapeError, "one-hot rows"),
    ({"data": (np.where(X[5, 1] == X, np.nan, X), T)}, gg.DataError, r"training data hold nan at \(5, 1\)"),
    ({"data": (X.astype(object), T)}, gg.DtypeError, "object"),
    ({"test": (np.ones((3, 5)), [0, 1, 2])}, gg.ShapeError, r"test data have rows of shape \(5,\)"),
    ({"data": (np.ones((30, 5)), T)}, gg.ShapeError, "inner sizes differ"),
    ({"model": gg.nn.Sequential(gg.nn.ReLU())}, gg.SettingError, "no parameters"),
], ids=str)
def test_bad_input_is_refused_in_one_sentence_before_anything_changes(change, error, message):
    given = {"model": net(), "data": good(), "batch": 10, **change}
    model = given.pop("model")
    before = weights(model)
    with pytest.raises(error, match=message) as caught:
        fit(model, given.pop("data"), **given)
    assert "\n" not in str(caught.value)
    assert same(before, weights(model)) if before else True
