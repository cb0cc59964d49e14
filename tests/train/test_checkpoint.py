"""Checkpoints: a run that was cut off anywhere goes on to the very bits of one that was not."""

import json
import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.io import load_weights, save_weights
from glassgrad.train import Checkpoint, checkpoint, fit, native
from glassgrad.train.checkpoint import Keeper, notes_of

RNG = np.random.default_rng(0)
X, T = RNG.standard_normal((47, 6)).astype("float32"), RNG.integers(0, 3, 47)


def net():
    return gg.nn.perceptron(6, 7, 3, dropout=0.3, seed=1)


def weights(model):
    return {name: tensor.value for name, tensor in model.parameters().items()}


def figures(result):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in result.history]


class Cut(BaseException):
    """As final as a kill."""


@pytest.fixture
def cut(monkeypatch):
    """Save after every stretch of steps, of one step each; cut the run off after so many savings."""
    def after(savings):
        kept = Keeper.keep
        left = [savings]

        def keep(self, standing):
            self._due = 0.0
            kept(self, standing)
            left[0] -= 1
            if left[0] == 0:
                raise Cut

        monkeypatch.setattr(Keeper, "keep", keep)

    monkeypatch.setattr(native, "ENTER_EVERY", 0.0)
    monkeypatch.setattr(native, "AT_FIRST", 1)
    return after


def whole_and_resumed(path, cut, savings, **settings):
    """Return models and results of a run, and of the same run cut off and gone on with."""
    settings = {"batch": 10, "iterations": 23, "seed": 5, "validation": 0.2} | settings
    whole, first, second = net(), net(), net()
    wanted = fit(whole, (X, T), **settings)
    cut(savings)
    with pytest.raises(Cut):
        fit(first, (X, T), checkpoint=path, **settings)
    found = fit(second, (X, T), resume=path, **settings)
    return whole, wanted, second, found


@pytest.mark.parametrize("savings", [1, 4, 7, 19])  # within the first epoch, at its end, later, near the end
@pytest.mark.parametrize("engine", ["interpret", "numpy", "native"])
def test_a_resumed_run_has_the_same_bits(tmp_path, cut, engine, savings):
    whole, wanted, second, found = whole_and_resumed(tmp_path / "c", cut, savings, engine=engine)
    assert figures(found) == figures(wanted)
    assert (found.samples, found.stopped, found.best["epoch"]) == (wanted.samples, "finished", wanted.best["epoch"])
    assert all(np.array_equal(weights(whole)[name], array) for name, array in weights(second).items())


@pytest.mark.parametrize("engine", ["interpret", "native"])
@pytest.mark.parametrize("name", gg.optim.NAMED)
def test_every_optimizer_goes_on(tmp_path, cut, name, engine):
    optimizer = gg.optim.NAMED[name](gg.optim.cosine(0.02, 23))
    whole, _, second, _ = whole_and_resumed(
        tmp_path / "c", cut, 6, optimizer=optimizer, engine=engine, keep="last", sampling="replace")
    assert all(np.array_equal(weights(whole)[name], array) for name, array in weights(second).items())


def test_the_cut_run_was_not_yet_where_the_resumed_one_ends(tmp_path, cut):
    cut(6)
    with pytest.raises(Cut):
        fit(net(), (X, T), batch=10, iterations=23, checkpoint=tmp_path / "c")
    told = json.loads(load_weights(tmp_path / "c")[1]["checkpoint"])
    assert (told["count"], len(told["history"])) == (6, 1)


def test_a_run_may_be_cut_off_twice_and_leaves_no_file_at_its_end(tmp_path, cut, monkeypatch):
    settings = {"batch": 10, "iterations": 23, "checkpoint": tmp_path / "c", "engine": "interpret"}
    whole, second = net(), net()
    fit(whole, (X, T), batch=10, iterations=23, engine="interpret")
    cut(3)
    with pytest.raises(Cut):
        fit(net(), (X, T), **settings)
    monkeypatch.undo()
    cut(5)
    with pytest.raises(Cut):
        fit(net(), (X, T), resume=tmp_path / "c", **settings)
    monkeypatch.undo()
    fit(second, (X, T), resume=tmp_path / "c", **settings)
    assert all(np.array_equal(weights(whole)[name], array) for name, array in weights(second).items())
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, sys, signal, numpy as np, glassgrad as gg
from glassgrad.train import checkpoint
checkpoint.EVERY = checkpoint.SHARE = 0.01
x, t = np.eye(6, dtype="float32"), np.array([0, 1, 2, 0, 1, 2])
model = gg.nn.perceptron(6, 7, 3, dropout=0.3, seed=1)
def killed(where):
    if sys.argv[2] == "kill" and where.iteration >= 2000 and os.path.exists(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
resume = sys.argv[1] if sys.argv[2] == "resume" else None
result = gg.train.fit(model, (x, t), batch=3, iterations=4000, callbacks=[killed], engine="interpret",
                      checkpoint=sys.argv[1], resume=resume)
print(len(result.history), [tensor.value.tobytes().hex() for tensor in model.parameters().values()])
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_killed_process_is_gone_on_with_in_another(tmp_path):
    def run(how, name):
        return subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / name), how], capture_output=True, text=True,
                              check=False)

    assert run("kill", "c").returncode == -signal.SIGKILL
    assert 0 < json.loads(load_weights(tmp_path / "c")[1]["checkpoint"])["count"] <= 4000
    resumed, whole = run("resume", "c"), run("whole", "d")
    assert resumed.stdout == whole.stdout != ""


def kept(tmp_path, cut, **settings):
    cut(2)
    with pytest.raises(Cut):
        fit(net(), (X, T), **{"batch": 10, "iterations": 23, "checkpoint": tmp_path / "c"} | settings)
    return tmp_path / "c"


@pytest.mark.parametrize(("change", "says"), [
    ({"batch": 9}, "batch was 10, and is 9"),
    ({"seed": 3}, "seed was 0, and is 3"),
    ({"iterations": 24}, "iterations was 23, and is 24"),
    ({"sampling": "replace"}, "sampling was 'shuffle', and is 'replace'"),
    ({"optimizer": gg.optim.Adam(0.1)}, "optimizer was 'SGD.*', and is 'Adam"),
    ({"optimizer": gg.optim.SGD(gg.optim.exponential(0.2, 0.9))}, "optimizer was"),
    ({"loss": lambda scores, t: gg.cross_entropy(scores, t) * 2}, "loss was"),
    ({"validation": 0.1}, "training data was"),
])
def test_the_checkpoint_of_another_run_is_refused(tmp_path, cut, monkeypatch, change, says):
    path = kept(tmp_path, cut)
    monkeypatch.undo()
    model = net()
    before = weights(model)
    with pytest.raises(gg.DataError, match=f"is the checkpoint of another run: {says}"):
        fit(model, (X, T), **{"batch": 10, "iterations": 23, "resume": path} | change)
    assert all(weights(model)[name] is array for name, array in before.items())


def test_other_data_and_another_model_are_refused(tmp_path, cut, monkeypatch):
    path = kept(tmp_path, cut)
    monkeypatch.undo()
    settings = {"batch": 10, "iterations": 23, "resume": path}
    with pytest.raises(gg.DataError, match="training data was"):
        fit(net(), (X + np.float32(1e-3), T), **settings)
    with pytest.raises(gg.DataError, match="model was"):
        fit(gg.nn.perceptron(6, 8, 3, dropout=0.3), (X, T), **settings)


def test_damaged_and_foreign_files_are_refused(tmp_path, cut, monkeypatch):
    path = kept(tmp_path, cut)
    monkeypatch.undo()
    whole = bytearray(path.read_bytes())
    for name, content in (("flipped", whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:]), ("short", whole[:200])):
        (tmp_path / name).write_bytes(content)
    save_weights(tmp_path / "foreign", {"W": X}, {"made by": "someone"})
    for name, says in (("flipped", "is damaged"), ("short", "is not a whole safetensors file"),
                       ("foreign", "is no checkpoint of a training"), ("missing", "cannot read")):
        with pytest.raises(gg.DataError, match=says):
            fit(net(), (X, T), batch=10, iterations=23, resume=tmp_path / name)


def test_a_place_that_cannot_be_is_refused_before_the_run(tmp_path):
    for place in (tmp_path, tmp_path / "no" / "c"):
        with pytest.raises(gg.DataError, match="a file in a folder that exists is needed"):
            fit(net(), (X, T), batch=10, iterations=5, checkpoint=place)


def test_a_disk_that_fills_does_not_end_the_run(tmp_path, monkeypatch):
    def full(*_):
        raise gg.DataError("the disk is full.")

    monkeypatch.setattr(checkpoint, "save_weights", full)
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    with pytest.warns(RuntimeWarning, match="goes on without checkpoints: the disk is full"):
        assert fit(net(), (X, T), batch=10, iterations=23, checkpoint=tmp_path / "c").stopped == "finished"


def test_an_interrupted_run_keeps_its_checkpoint_and_notes(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)

    def stop(where):
        if where.epoch == 3:
            raise KeyboardInterrupt

    place = Checkpoint(tmp_path / "c", {"mine": [1, 2]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = fit(net(), (X, T), batch=10, iterations=23, checkpoint=place, callbacks=[stop])
    assert result.stopped == "interrupted"
    assert notes_of(tmp_path / "c") == {"mine": [1, 2]}
