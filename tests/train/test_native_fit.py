"""Native epochs: step by step what the interpreter does, repeatable, and stopped by the same things."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tracemalloc
import warnings
from collections import deque
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.train import Stepper, fit
from glassgrad.train.batches import batches
from glassgrad.train.choice import batch_sizes
from glassgrad.train.native import NativeStepper

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 47)
IMAGES = RNG.integers(0, 256, (47, 6)).astype(np.uint8)
FLOATS = RNG.standard_normal((47, 6))
SOFT = RNG.dirichlet(np.ones(3), 47)


def model(dropout: float = 0.0, divisor: float = 1.0) -> gg.nn.Sequential:
    layers = [gg.nn.Affine(6, 7, seed=1, dtype="float64"), gg.nn.ReLU(), gg.nn.Affine(7, 3, seed=2, dtype="float64")]
    if dropout:
        layers.insert(2, gg.nn.Dropout(dropout))
    return gg.nn.Sequential(*layers, divisor=divisor)


def losses_and_weights(stepper: Stepper, x: Any, t: Any, plan: Any, steps: int) -> tuple[Any, dict[str, Any]]:
    losses: list[Any] = []
    for epoch in range(-(-steps // plan.steps)):
        order = plan.order(epoch)[: (steps - stepper.count) * plan.batch]
        losses += list(stepper.epoch(x, t, order, plan.batch))
    return np.concatenate(losses), dict(stepper.weights)


def compare(net: Any, x: Any, t: Any, optimizer: Any = None, loss: Any = gg.cross_entropy, sampling: str = "shuffle",
            steps: int = 55) -> None:
    optimizer = optimizer or gg.optim.SGD(0.1)
    plan = batches(sampling, len(x), 10, 5)
    native = NativeStepper(net, loss, optimizer, 5, x, t, batch_sizes(plan, steps))
    found = losses_and_weights(native, x, t, plan, steps)
    wanted = losses_and_weights(Stepper(net, loss, optimizer, 5), x, t, plan, steps)
    assert native.count == steps == len(found[0])
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-10)
    for name, array in wanted[1].items():
        assert found[1][name].dtype == array.dtype
        np.testing.assert_allclose(found[1][name], array, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", gg.optim.NAMED)
def test_every_optimizer_with_weight_decay_and_clipping(name: str) -> None:
    compare(model(), FLOATS, LABELS, gg.optim.named(name, weight_decay=0.01, clip=0.5))


@pytest.mark.parametrize("lr", [gg.optim.cosine(0.2, 50), gg.optim.warm_up(0.1, 10), gg.optim.step_decay(0.1, 7)],
                         ids=["cosine", "warm up", "step decay"])
def test_schedules(lr: Any) -> None:
    compare(model(), FLOATS, LABELS, gg.optim.Momentum(lr))


def test_dropout_drops_the_same_units() -> None:
    compare(model(dropout=0.4), FLOATS, LABELS)


@pytest.mark.parametrize("samples", [41, 43])
def test_a_last_batch_so_small_that_it_has_other_loops(samples: int) -> None:
    """Its step is the interpreter's, between two native stretches."""
    compare(model(), FLOATS[:samples], LABELS[:samples])
    plan = batches("shuffle", samples, 10, 5)
    native = NativeStepper(model(), gg.cross_entropy, gg.optim.SGD(0.1), 5, FLOATS[:samples], LABELS[:samples],
                           batch_sizes(plan, 55))
    assert native._serves(10)
    assert native._serves(samples % 10) is (samples == 43)


def test_batches_drawn_with_replacement() -> None:
    compare(model(), FLOATS, LABELS, sampling="replace")


@pytest.mark.parametrize("t", [LABELS.astype(np.uint8), LABELS.astype(np.int32), np.eye(3)[LABELS], SOFT],
                         ids=["uint8", "int32", "one-hot", "soft"])
def test_images_in_bytes_and_labels_of_all_kinds(t: Any) -> None:
    compare(model(divisor=255.0), IMAGES, t)


def test_other_losses() -> None:
    targets = RNG.standard_normal((47, 3))
    compare(model(), FLOATS, targets, loss=gg.mean_squared_error)
    compare(model(), FLOATS, targets, loss=lambda scores, t: gg.mean(gg.log(gg.cosh(scores - t))))


def weights(net: Any) -> list[Any]:
    return [tensor.value for tensor in net.parameters().values()]


def trained(**settings: Any) -> tuple[list[Any], Any]:
    net = gg.nn.Sequential(*model(dropout=0.2).layers)
    result = fit(net, (FLOATS, LABELS), batch=10, engine="native", **{"epochs": 8, "seed": 3, **settings})
    return weights(net), result


def test_same_seed_same_bits() -> None:
    first, second, other = trained(), trained(), trained(seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(first[0], second[0], strict=True))
    assert [row["loss"] for row in first[1].history] == [row["loss"] for row in second[1].history]
    assert not np.array_equal(first[0][0], other[0][0])


SCRIPT = """
import hashlib, sys
import numpy as np, glassgrad as gg
rng = np.random.default_rng(0)
x, t = rng.standard_normal((200, 20)).astype("float32"), rng.integers(0, 5, 200)
net = gg.nn.perceptron(20, 30, 5, seed=0)
{before}
result = gg.train.fit(net, (x, t), batch=16, engine="native", seed=1, {settings})
print(hashlib.sha256(b"".join(p.value.tobytes() for p in net.parameters().values())).hexdigest(), result.stopped)
"""


def child(before: str = "", settings: str = "epochs=5") -> list[str]:
    return [sys.executable, "-c", SCRIPT.format(before=before, settings=settings)]


def test_same_seed_same_bits_in_another_process() -> None:
    found = {subprocess.run(child(), capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(found) == 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_stops_a_native_epoch_cleanly() -> None:
    """One epoch of a million steps, drawn from 200 samples: only a stretch within it can end early."""
    before = "print('ready', flush=True)\nx, t = np.tile(x, (40_000, 1)), np.tile(t, 40_000)"
    settings = "epochs=1, progress=lambda p: p.iteration > 100 and print('running', flush=True)"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(child(before, settings), **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert out.split()[-1] == "interrupted", errors
    assert process.returncode == 0


@pytest.mark.parametrize(("first", "enter", "saving"), [  # few or many steps a stretch, few or many copies
    (16, 0.05, 0.01), (1, 0.0, 1e-9), (1, 0.0, 1e9), (5, 0.0, 1e-9),
])
def test_nan_names_step_op_layer_and_line_and_the_best_weights_are_kept(
    monkeypatch: pytest.MonkeyPatch, first: int, enter: float, saving: float
) -> None:
    for name, value in (("AT_FIRST", first), ("ENTER_EVERY", enter), ("SAVING", saving)):
        monkeypatch.setattr(f"glassgrad.train.native.{name}", value)
    net = gg.nn.perceptron(6, 7, 3, seed=0)
    rates = gg.optim.SGD(lambda step: 0.01 if step < 13 else 1e30)
    with pytest.raises(gg.NonFiniteError, match=r"step 1\d: .* first appears .*(Affine|ReLU|cross_entropy)") as caught:
        fit(net, (FLOATS.astype("float32") * 10, LABELS), batch=10, epochs=50, optimizer=rates, engine="native")
    assert "Lower the learning rate" in str(caught.value)
    twin = gg.nn.perceptron(6, 7, 3, seed=0)
    slow = gg.optim.SGD(0.01)
    fit(twin, (FLOATS.astype("float32") * 10, LABELS), batch=10, epochs=2, optimizer=slow, engine="native")
    assert all(np.array_equal(a, b) for a, b in zip(weights(net), weights(twin), strict=True))


@pytest.mark.parametrize("engine", ["native", "numpy", "interpret"])
@pytest.mark.parametrize("last", [5, 10])  # the last step of the first epoch, and of the run
def test_weights_that_the_last_step_made_infinite_are_no_result(engine: str, last: int) -> None:
    """The loss of a step is taken before the weights move, so it does not tell."""
    net, twin = (gg.nn.perceptron(6, 7, 3, seed=0) for _ in range(2))
    rates = gg.optim.Momentum(lambda step: 1e-6 if step < last else 3e38, momentum=0.5)
    data = FLOATS.astype("float32") * 1000, LABELS
    with pytest.raises(gg.NonFiniteError, match=rf"step {last}: "):
        fit(net, data, batch=10, epochs=2, optimizer=rates, engine=engine)
    if last > 5:
        fit(twin, data, batch=10, epochs=1, optimizer=gg.optim.Momentum(1e-6, momentum=0.5), engine=engine)
    assert all(np.array_equal(a, b) for a, b in zip(weights(net), weights(twin), strict=True))


def test_data_that_are_changed_meanwhile_are_called_that() -> None:
    x = FLOATS.copy()
    with pytest.raises(gg.DataError, match="the data were changed while the training went on"):
        fit(model(), (x, LABELS), batch=10, epochs=3, engine="native", callbacks=[lambda p: x.fill(np.nan)])


def test_a_validation_loss_of_nan_gives_way_to_any_number() -> None:
    asked = iter([np.nan, 2.0, 3.0])

    def loss(scores: Any, t: Any) -> Any:  # traced for the steps, called with arrays after each epoch
        return gg.tensor(next(asked)) if isinstance(scores, np.ndarray) else gg.mean(scores**2)

    result = fit(model(), (FLOATS, LABELS), batch=10, epochs=3, loss=loss, validation=0.2)
    assert result.best["epoch"] == 2


def test_the_line_of_a_users_own_loss_is_named() -> None:
    def loss(scores: Any, t: Any) -> Any:
        return gg.mean(gg.log(scores - 1e9))

    with pytest.raises(gg.NonFiniteError, match=r"step 1: nan .*the result of log.*test_native_fit\.py:\d+"):
        fit(model(), (FLOATS, LABELS), batch=10, epochs=1, loss=loss, engine="native")


def test_callbacks_early_stopping_and_the_last_weights() -> None:
    seen: list[int] = []
    _, result = trained(epochs=50, callbacks=[lambda p: seen.append(p.iteration), lambda p: p.epoch == 3])
    assert (result.stopped, seen) == ("callback", [5, 10, 15])
    _, result = trained(epochs=200, patience=2, optimizer=gg.optim.SGD(2.0), validation=0.3)
    assert result.stopped == "early"
    assert len(result.history) == result.best["epoch"] + 2
    last, result = trained(epochs=30, keep="last", optimizer=gg.optim.SGD(2.0))
    best, same = trained(epochs=30, optimizer=gg.optim.SGD(2.0))
    assert [row["loss"] for row in result.history] == [row["loss"] for row in same.history]
    assert result.best["epoch"] < 30
    assert not np.array_equal(last[0], best[0])


@pytest.mark.parametrize("engine", ["numpy", "interpret"])
def test_the_other_engines_learn_the_same(engine: str) -> None:
    found, wanted = _with(engine), trained()
    for one, other in zip(found[0], wanted[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)


def _with(engine: str) -> tuple[list[Any], Any]:
    net = gg.nn.Sequential(*model(dropout=0.2).layers)
    result = fit(net, (FLOATS, LABELS), batch=10, engine=engine, epochs=8, seed=3)
    return weights(net), result


def test_a_layer_that_needs_numpy_falls_back_with_a_word() -> None:
    def loss(scores: Any, t: Any) -> Any:
        return gg.cross_entropy(gg.sort(scores, axis=1), t)

    from glassgrad.engine import compiled

    compiled._warned.clear()
    net, twin = model(), model()
    with pytest.warns(RuntimeWarning, match="(arg)?sort is not compiled, so every step runs on its own"):
        fit(net, (FLOATS, LABELS), batch=10, epochs=2, loss=loss, engine="native")
    fit(twin, (FLOATS, LABELS), batch=10, epochs=2, loss=loss, engine="interpret")
    for one, other in zip(weights(net), weights(twin), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


def test_steps_allocate_nothing_that_stays() -> None:
    plan = batches("replace", 47, 10, 0)
    stepper = NativeStepper(model(), gg.cross_entropy, gg.optim.Adam(), 0, FLOATS, LABELS, (10,))

    def steps(count: int) -> int:
        order = np.tile(plan.order(0), count // plan.steps)
        tracemalloc.start()
        deque(stepper.epoch(FLOATS, LABELS, order, 10), maxlen=0)
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return kept

    steps(4000)
    assert steps(8000) < 20_000
    assert steps(400) < 20_000


def test_an_unknown_engine() -> None:
    with pytest.raises(gg.SettingError, match="engine 'gpu' is not known"):
        fit(model(), (FLOATS, LABELS), batch=10, epochs=1, engine="gpu")


def test_without_llvm_numpy_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    from glassgrad.engine import compiled
    from glassgrad.engine.llvm import native

    compiled._warned.clear()
    native.native.cache_clear()
    monkeypatch.setattr(native.importlib.util, "find_spec", lambda name: None)
    with pytest.warns(RuntimeWarning, match="llvmlite is not installed"):
        found, _ = trained()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wanted, _ = _with("numpy")
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def smooth(scores: Any, t: Any) -> Any:
    """Cross entropy, and how much neighbours among the scores differ: a loss with slices in it."""
    return gg.cross_entropy(scores, t) + 0.1 * gg.mean(gg.square(scores[:, 1:] - scores[:, :-1]))


def test_a_loss_with_slices_trains_natively() -> None:
    compare(model(), FLOATS, LABELS, loss=smooth)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model(), (FLOATS, LABELS), batch=10, epochs=2, loss=smooth, engine="native")
