"""What `fit` is given in another kind than it needs: one sentence that names it, before anything changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.train import fit

RNG = np.random.default_rng(0)
X, T = RNG.standard_normal((30, 2)), RNG.integers(0, 3, 30)


def net() -> gg.nn.Sequential:
    return gg.nn.perceptron(2, 4, 3, seed=0)


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"model": None}, gg.DtypeError, "model: None was given"),
    ({"model": gg.nn.Affine(2, 3)}, gg.DtypeError, "an Affine; a model of layers is needed"),
    ({"optimizer": "adam"}, gg.DtypeError, r"optimizer: 'adam' was given, a str; .* gg\.optim\.Adam\(\)"),
    ({"optimizer": gg.optim.Adam}, gg.DtypeError, "optimizer: <class"),
    ({"loss": "mse"}, gg.DtypeError, "loss: a function is needed"),
    ({"progress": 3}, gg.DtypeError, "progress: a function is needed"),
    ({"callbacks": print}, gg.DtypeError, "callbacks: .* a list of functions is needed"),
    ({"callbacks": [3]}, gg.DtypeError, "callbacks: a function is needed, to be called later; got 3"),
    ({"checkpoint": 3}, gg.DtypeError, "checkpoint: 3 was given"),
    ({"resume": 3}, gg.DtypeError, "resume: 3 was given"),
    ({"data": X}, gg.DtypeError, "training data: .* a pair of samples and labels is needed"),
    ({"data": (X, T, T)}, gg.DtypeError, "training data: "),
    ({"data": "digits"}, gg.DtypeError, "training data: 'digits'"),
    ({"test": X}, gg.DtypeError, "test data: "),
    ({"validation": (X,)}, gg.DtypeError, "validation data: "),
    ({"validation": float("nan")}, gg.SettingError, "validation=nan"),
    ({"sampling": []}, gg.SettingError, r"sampling \[\] is not known"),
    ({"loss": lambda s, t: gg.mean((s - 1.0) ** 2, keepdims=True)}, gg.ShapeError, r"the loss has shape \(1, 1\)"),
    ({"loss": lambda s, t: s}, gg.ShapeError, r"the loss has shape \(10, 3\)"),
    ({"optimizer": gg.optim.SGD(lambda step: "fast")}, gg.SettingError, "schedule gives for step 1 .* got 'fast'"),
    ({"optimizer": gg.optim.SGD(lambda step: float("nan"))}, gg.SettingError, "step 1 must be a number of at least 0"),
    ({"optimizer": gg.optim.SGD(lambda step: -0.1)}, gg.SettingError, "got -0.1"),
])
@pytest.mark.parametrize("engine", ["native", "interpret"])
def test_another_kind_is_refused_in_one_sentence(change: dict[str, Any], error: Any, message: str, engine: str) -> None:
    given = {"model": net(), "data": (X, T), "batch": 10, "epochs": 1, "engine": engine, **change}
    with pytest.raises(error, match=message) as caught:
        fit(given.pop("model"), given.pop("data"), **given)
    assert "\n" not in str(caught.value)


def test_a_share_may_be_a_number_of_numpy() -> None:
    result = fit(net(), (X, T), batch=10, epochs=1, validation=np.float32(0.2))
    assert "validation_loss" in result.history[0]


def test_data_may_be_a_list_of_two() -> None:
    assert fit(net(), [X, T], batch=10, epochs=2).history == [
        {**row, "seconds": pytest.approx(row["seconds"], abs=60)}
        for row in fit(net(), (X, T), batch=10, epochs=2).history
    ]


def test_callbacks_of_a_generator_are_called_after_every_epoch() -> None:
    seen: list[int] = []
    fit(net(), (X, T), batch=10, epochs=3, callbacks=(call for call in [lambda p: seen.append(p.epoch)]))
    assert seen == [1, 2, 3]


def test_a_callback_may_answer_with_numpys_true() -> None:
    result = fit(net(), (X, T), batch=10, epochs=9, callbacks=[lambda p: np.float64(p.epoch) >= 2])
    assert (result.stopped, len(result.history)) == ("callback", 2)
