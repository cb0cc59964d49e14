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
    interpreter = scores.by_numpy

    def watched(model):
        return lambda *given: seen.append(library.threads_now()) or interpreter(model)(*given)

    monkeypatch.setattr(scores, "by_numpy", watched)
    with library.threads(2):
        gg.train.fit(network, (images, images[:, 0] % 3), epochs=2, batch=100, engine="native")
    assert seen == [1, 1]
