"""Optimisers against their formulas, written out here a second time in plain NumPy and float64."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import optim


def sgd(w, grads, lr):
    for g in grads:
        w = w - lr * g
    return w


def momentum(w, grads, lr, m=0.9):
    v = 0 * w
    for g in grads:
        v = m * v - lr * g
        w = w + v
    return w


def nesterov(w, grads, lr, m=0.9):
    """In terms of the velocity before the step (Bengio et al. 2013): w + m*m*v - (1 + m) lr g."""
    v = 0 * w
    for g in grads:
        w = w + m * m * v - (1 + m) * lr * g
        v = m * v - lr * g
    return w


def adagrad(w, grads, lr, eps=1e-7):
    for t in range(len(grads)):
        h = sum(g**2 for g in grads[: t + 1])
        w = w - lr * grads[t] / (np.sqrt(h) + eps)
    return w


def rmsprop(w, grads, lr, rho=0.99, eps=1e-7):
    for t in range(len(grads)):
        h = sum((1 - rho) * rho ** (t - k) * grads[k] ** 2 for k in range(t + 1))
        w = w - lr * grads[t] / (np.sqrt(h) + eps)
    return w


def adam(w, grads, lr, b1=0.9, b2=0.999, eps=1e-8, decay=0.0):
    for t in range(1, len(grads) + 1):
        m = sum((1 - b1) * b1 ** (t - k) * grads[k - 1] for k in range(1, t + 1)) / (1 - b1**t)
        v = sum((1 - b2) * b2 ** (t - k) * grads[k - 1] ** 2 for k in range(1, t + 1)) / (1 - b2**t)
        w = w - lr * decay * w
        w = w - lr * m / (np.sqrt(v) + eps)
    return w


CASES = [
    (optim.SGD(0.1), lambda w, g: sgd(w, g, 0.1)),
    (optim.Momentum(0.1), lambda w, g: momentum(w, g, 0.1)),
    (optim.Nesterov(0.1), lambda w, g: nesterov(w, g, 0.1)),
    (optim.AdaGrad(0.1), lambda w, g: adagrad(w, g, 0.1)),
    (optim.RMSProp(0.1), lambda w, g: rmsprop(w, g, 0.1)),
    (optim.Adam(0.1), lambda w, g: adam(w, g, 0.1)),
    (optim.AdamW(0.1), lambda w, g: adam(w, g, 0.1, decay=0.01)),
]


def run(optimizer, w, grads):
    """Apply the updates through the graph, as training does."""
    parameters, state = {"w": gg.tensor(w)}, optimizer.start({"w": w})
    for step, g in enumerate(grads, 1):
        lr = w.dtype.type(optimizer.rate(step))
        parameters, state = optimizer.update(parameters, {"w": gg.tensor(g)}, state, lr, w.dtype.type(step))
    return parameters["w"].value


@pytest.mark.parametrize(("optimizer", "formula"), CASES, ids=lambda case: type(case).__name__)
def test_five_steps_follow_the_formula(optimizer, formula):
    rng = np.random.default_rng(0)
    w, grads = rng.standard_normal((2, 3)), rng.standard_normal((5, 2, 3))
    np.testing.assert_allclose(run(optimizer, w, grads), formula(w, grads), rtol=1e-12)


@pytest.mark.parametrize(("optimizer", "formula"), CASES, ids=lambda case: type(case).__name__)
def test_float32_stays_float32_and_close(optimizer, formula):
    rng = np.random.default_rng(1)
    w, grads = rng.standard_normal((2, 3)).astype("f4"), rng.standard_normal((5, 2, 3)).astype("f4")
    found = run(optimizer, w, grads)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, formula(w.astype(float), grads.astype(float)), rtol=2e-5)


@pytest.mark.parametrize("name", optim.NAMED)
def test_every_optimiser_goes_downhill(name):
    optimizer = optim.named(name)
    w = np.array([1.0, -2.0])
    start = (w**2).sum()
    parameters, state = {"w": gg.tensor(w)}, optimizer.start({"w": w})
    for step in range(1, 6):
        gradients = {"w": 2 * parameters["w"]}
        parameters, state = optimizer.update(parameters, gradients, state, optimizer.rate(step), float(step))
    assert (parameters["w"].value ** 2).sum() < start


def test_weight_decay_adds_to_the_gradient():
    w, g = np.array([2.0]), np.array([[1.0]])
    np.testing.assert_allclose(run(optim.SGD(0.1, weight_decay=0.5), w, g), 2 - 0.1 * (1 + 0.5 * 2))


def test_clipping_scales_all_gradients_by_their_common_norm():
    optimizer = optim.SGD(1.0, clip=1.0)
    parameters = {"a": gg.tensor([0.0, 0.0]), "b": gg.tensor(0.0)}
    gradients = {"a": gg.tensor([3.0, 0.0]), "b": gg.tensor(4.0)}
    moved, _ = optimizer.update(parameters, gradients, optimizer.start(parameters), 1.0, 1.0)
    np.testing.assert_allclose(moved["a"].value, [-0.6, 0])
    np.testing.assert_allclose(moved["b"].value, -0.8)
    small = {"a": gg.tensor([0.3, 0.0]), "b": gg.tensor(0.4)}
    moved, _ = optimizer.update(parameters, small, optimizer.start(parameters), 1.0, 1.0)
    np.testing.assert_allclose(moved["b"].value, -0.4)
    zero = {"a": gg.tensor([0.0, 0.0]), "b": gg.tensor(0.0)}
    moved, _ = optimizer.update(parameters, zero, optimizer.start(parameters), 1.0, 1.0)
    assert moved["b"].value == 0


def test_adam_starts_with_a_step_of_lr_in_float32():
    """Bias correction must survive float32: the first step is lr whatever the size of the gradient."""
    for size in (1e-3, 1.0, 1e3):
        found = run(optim.Adam(0.1), np.zeros(1, np.float32), np.full((1, 1), size, np.float32))
        np.testing.assert_allclose(found, -0.1, rtol=3e-5)


def test_schedules():
    assert [optim.step_decay(1.0, 2, 0.5)(s) for s in (1, 2, 3, 4, 5)] == [1, 1, 0.5, 0.5, 0.25]
    np.testing.assert_allclose([optim.exponential(1.0, 0.5)(s) for s in (1, 2, 3)], [1, 0.5, 0.25])
    np.testing.assert_allclose([optim.cosine(1.0, 4, 0.2)(s) for s in (1, 3, 5, 99)], [1, 0.6, 0.2, 0.2])
    np.testing.assert_allclose([optim.warm_up(0.4, 4)(s) for s in (1, 2, 4, 9)], [0.1, 0.2, 0.4, 0.4])
    assert optim.SGD(optim.exponential(1.0, 0.5)).rate(2) == 0.5


@pytest.mark.parametrize(("make", "message"), [
    (lambda: optim.SGD(0), "lr must be a positive number; got 0"),
    (lambda: optim.SGD(float("nan")), "lr must be a positive number"),
    (lambda: optim.SGD(0.1, weight_decay=-1), "weight_decay"),
    (lambda: optim.SGD(0.1, clip=0), "clip must be a positive number"),
    (lambda: optim.Momentum(0.1, momentum=1.0), "momentum must be at least 0 and less than 1"),
    (lambda: optim.Adam(beta2=1.5), "beta2"),
    (lambda: optim.named("adm"), "Did you mean 'adam'"),
    (lambda: optim.named("sgd", momentum=0.9), "setting of sgd 'momentum' is not known"),
])
def test_wrong_settings_are_one_clear_sentence(make, message):
    with pytest.raises(gg.SettingError, match=message):
        make()
