# ruff: noqa: NPY002 - the deck seeds NumPy's global state
"""The example scripts run and print what they promise."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(monkeypatch, capsys, name, *arguments):
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    state = np.random.get_state()
    try:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    finally:
        np.random.set_state(state)
    return capsys.readouterr().out


def test_two_layer_net_is_the_library_s_own(monkeypatch, capsys):
    printed = run(monkeypatch, capsys, "two_layer_net.py")
    assert "2.30" in printed.splitlines()[0]
    assert printed.count("the same as") == 4
    assert "DIFFERENT" not in printed


def test_the_deck_s_class_learns_with_its_own_update_in_place():
    names = runpy.run_path(str(EXAMPLES / "two_layer_net.py"))
    np.random.seed(0)
    net = names["TwoLayerNet"](8, 6, 3)
    random = np.random.default_rng(0)
    x = random.random((40, 8))
    t = np.eye(3)[np.argmax(x[:, :3], axis=1)]
    for _ in range(300):
        for name, slope in net.gradient(x, t).items():
            net.params[name] -= 0.5 * slope
    assert net.loss(x, t) < 0.9
    numeric, found = net.numerical_gradient(x[:2], t[:2]), net.gradient(x[:2], t[:2])
    for name, slope in found.items():
        np.testing.assert_allclose(numeric[name], slope, atol=1e-6)
    assert net.accuracy(x, t) == net.accuracy(x, np.argmax(t, axis=1)) > 0.5


def test_gradient_check(monkeypatch, capsys):
    """The script's own functions on a 64-50-10 network; the whole network of the deck takes 4 s."""
    names = runpy.run_path(str(EXAMPLES / "gradient_check.py"))
    small = names["away_from_kinks"](pixels=64)
    monkeypatch.setitem(names["main"].__globals__, "away_from_kinks", lambda: small)
    names["main"]()
    printed = capsys.readouterr().out
    found = {name: float(value) for name, value in re.findall(r"^  (W1|b1|W2|b2)  (\S+e-\d+)   largest", printed, re.M)}
    assert set(found) == {"W1", "b1", "W2", "b2"}
    assert max(found.values()) == found["b2"]
    assert found["b2"] == pytest.approx(1.2e-10, rel=0.5)
    by_step = [float(value) for value in re.findall(r"h = \S+   b2 (\S+)", printed)]
    assert by_step[0] / by_step[2] == pytest.approx(1e4, rel=0.3)
    kink = float(re.search(r"b1  (\S+): the numerical side is wrong", printed).group(1))
    assert kink > 1000 * found["b1"]


def test_train_neuralnet(monkeypatch, capsys):
    printed = run(monkeypatch, capsys, "train_neuralnet.py", "--iterations", "700").splitlines()
    accuracies = [[float(x) for x in re.findall(r"0\.\d+|1\.000", line.split("train")[1])] for line in printed]
    assert [line.split()[0] for line in printed] == ["1", "700"]
    assert accuracies[0][0] < 0.3
    assert min(accuracies[-1]) > 0.85


def test_training_may_follow_the_deck_s_schedule():
    """The shuffled digits and the deck's hyper-parameters: the loss after 300 updates is where it was found to be."""
    names = runpy.run_path(str(EXAMPLES / "train_neuralnet.py"))
    data = gg.data.load("digits")
    x = data.scaled(data.x_train, np.float64)
    net = names["TwoLayerNet"](64, 50, 10, seed=0)
    losses = [loss for _, loss in names["train"](net, x, data.y_train, 300)]
    assert losses[0] == pytest.approx(np.log(10), abs=0.01)
    assert net.loss(x, data.y_train) == pytest.approx(0.66, abs=0.12)
    assert net.accuracy(x, data.y_train) == pytest.approx(0.865, abs=0.05)
