"""Scores of many rows are the same by native code and by the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engine import blas
from glassgrad.evaluate import evaluate, probabilities
from glassgrad.train import scores


@pytest.fixture
def network():
    return gg.nn.TwoLayerNet(20, 8, 3, seed=1, divisor=255)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (1_234, 20), dtype=np.uint8)


def test_predictions_of_very_many_rows_are_native(network, images, monkeypatch):
    expected = probabilities(network, images)
    made = []
    native = scores.NativeScores
    monkeypatch.setattr(scores, "NativeScores", lambda *given: made.append(native(*given)) or made[-1])
    assert np.array_equal(probabilities(network, images), expected)
    assert not made
    monkeypatch.setattr(scores, "WORTH", len(images) * network.parameter_count - 1)
    assert np.allclose(probabilities(network, images), expected, rtol=1e-5, atol=1e-7)
    assert len(made) == 1
    wanted = expected.argmax(axis=1)
    assert evaluate(network, images, wanted).accuracy == 1


def test_where_nothing_can_be_compiled_the_interpreter_predicts(network, images, monkeypatch):
    def refuse(*_):
        raise scores.CannotCompileError("no compiler here")

    expected = probabilities(network, images)
    monkeypatch.setattr(scores, "WORTH", 0)
    monkeypatch.setattr(scores, "NativeScores", refuse)
    with pytest.warns(RuntimeWarning, match="no compiler here"):
        assert np.array_equal(probabilities(network, images), expected)


def test_between_native_steps_numpy_keeps_to_one_core(network, images, monkeypatch):
    """Its threads would go on looking for work on the cores that the next steps use."""
    library = blas.load(blas.candidates()[0])
    seen = []
    planned = scores.PlannedScores

    def watched(*given):
        found = planned(*given)
        return lambda *rows: seen.append(library.threads_now()) or found(*rows)

    monkeypatch.setattr(scores, "PlannedScores", watched)
    with library.threads(2):
        gg.train.fit(network, (images, images[:, 0] % 3), epochs=2, batch=100, engine="native")
    assert seen == [1, 1]


def test_figures_become_native_once_numpy_has_taken_as_long_as_compiling_would(network, images, monkeypatch):
    native, planned = scores.native_if_possible, scores.PlannedScores
    seen = []
    monkeypatch.setattr(scores, "native_if_possible", lambda *given: seen.append("compiled") or native(*given))

    def by_numpy(*given):
        found = planned(*given)
        return lambda *rows: seen.append("numpy") or found(*rows)

    monkeypatch.setattr(scores, "PlannedScores", by_numpy)
    monkeypatch.setattr(scores, "WORTH", 2.5 * len(images) * network.parameter_count)

    def train(epochs, **settings):
        net = network.clone()
        seen.clear()
        return gg.train.fit(net, (images, images[:, 0] % 3), epochs=epochs, batch=100, engine="native", **settings)

    train(5)
    assert seen == ["numpy"] * 5  # two and a half epochs of native figures would not pay
    whole = train(7)
    assert seen == ["numpy"] * 2 + ["compiled"]
    figures = [row["train_accuracy"] for row in whole.history]
    assert figures == [row["train_accuracy"] for row in train(7).history]
    train(7, callbacks=[lambda now: now.epoch == 2])
    assert seen == ["numpy"] * 2


@pytest.mark.parametrize("rows", [1, 479, 480, 961, 1024, 1025, 1234])
def test_sets_of_any_size_have_the_same_figures(network, images, rows):
    """Native code takes 480 rows at a time, NumPy's plan 1024, and there may be fewer."""
    weights = {name: tensor.value for name, tensor in network.parameters().items()}
    for kind in (scores.NativeScores, scores.PlannedScores):
        found = kind(network, images)(weights, images[:rows])
        np.testing.assert_allclose(found, network.scores(images[:rows]), rtol=1e-5, atol=1e-7)


def test_a_test_set_may_be_of_another_dtype_than_the_images(network, images, monkeypatch):
    monkeypatch.setattr(scores, "WORTH", 1)
    native = scores.EpochScores(network, images, 2 * len(images), 9)
    weights = {name: tensor.value for name, tensor in network.parameters().items()}
    halves = images[:500] + 0.5
    for x in (images, halves):
        np.testing.assert_allclose(native(9, weights, x), network.scores(x), rtol=1e-5, atol=1e-7)
