"""The deck's figure over its step."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.check import step_sweep
from glassgrad.cli import main
from glassgrad.cli.network import epsilon_figures, network


def test_the_error_over_the_step_is_u_shaped_and_falls_by_100_per_decade_first():
    sweep = step_sweep(lambda p: gg.sum(gg.exp(p["x"])), {"x": np.array([0.5, 1.0])})
    figures = sweep.figures["x"]
    assert 90 < figures[0] / figures[1] < 110
    assert 90 < figures[1] / figures[2] < 110
    assert figures[-1] > 10 * min(figures)
    assert 1e-7 < sweep.best("x") < 1e-3
    lines = str(sweep).splitlines()
    assert len(lines) == 1 + 9 + 2
    assert lines[1].count("#") > lines[4].count("#")


def test_a_wrong_gradient_has_no_valley():
    sweep = step_sweep(lambda p: gg.sum(p["x"] ** 2), {"x": np.array([1.0, 2.0])}, {"x": np.array([2.0, 4.5])},
                       steps=[1e-2, 1e-4, 1e-6])
    np.testing.assert_allclose(sweep.figures["x"], 0.25, rtol=1e-6)


def test_the_command_prints_the_curves(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["check", "--hidden", "4", "--sweep"])
    assert not stop.value.code
    out = capsys.readouterr().out
    assert all(f"{name}: smallest at h = " in out for name in ("W1", "b1", "W2", "b2"))
    assert out.count("  h = 1e-04 ") == 4


def test_the_command_says_what_the_figures_consist_of(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["check", "--hidden", "4"])
    assert not stop.value.code
    out = " ".join(capsys.readouterr().out.split())
    for words in ("truncation", "rounding, at", "kinks within h", "log(y + 1e-7)"):
        assert words in out


def test_the_epsilon_of_the_book_moves_the_last_bias_as_its_formula_says():
    data = gg.data.load("digits")
    model = network(data, (4,), {"activation": "relu", "dropout": 0.0, "seed": 0, "dtype": "float64"})
    y = gg.softmax(model(data.x_train[:3])).value
    rows = np.arange(3), data.y_train[:3]
    one_hot = np.zeros_like(y)
    one_hot[rows] = 1
    share = 1e-7 / (y[rows] + 1e-7)  # of (y - t) / N, by which the derivative of log(p + e) is smaller
    expected = np.abs(((y - one_hot) * share[:, None]).mean(axis=0)).mean()
    assert epsilon_figures(model, data.x_train, data.y_train)["b2"] == pytest.approx(expected, rel=1e-5)


def test_the_command_has_no_curves_for_a_file(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["check", "layers.py", "--sweep"])
    assert stop.value.code
    assert "--sweep" in capsys.readouterr().err
