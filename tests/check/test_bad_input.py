"""Functions and rules that misbehave: a verdict or a clear error, and the caller's arrays as they were."""

import threading
import time

import numpy as np
import pytest

from glassgrad.check import Verdict, check_gradient, prove_graph
from glassgrad.errors import DtypeError, GradientError, ShapeError

X = np.array([0.5, -1.2, 2.0])
SQUARE = np.square, lambda g, y, x: 2 * g * x


class OwnError(Exception):
    """An error of somebody's own."""


def raises(*_):
    raise OwnError("no such luck")


def forever(*_):
    while True:
        pass


def sleeps(x):
    time.sleep(1000)


def asks_for_terabytes(x):
    return np.zeros((10**7, 10**7)) + x


def changes_it(x):
    x[0] = 7.0
    return x * x


def only_three(x):
    assert x.shape == (3,), "three numbers"
    return x * x


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("forward", "rule", "verdict", "words"), [
    (raises, SQUARE[1], Verdict.WRONG, "OwnError: no such luck"),
    (SQUARE[0], raises, Verdict.WRONG, "OwnError: no such luck"),
    (SQUARE[0], lambda g, y, x: (2 * g * x, g), Verdict.WRONG, "2 gradients for 1 inputs"),
    (SQUARE[0], lambda g, y, x: (), Verdict.WRONG, "0 gradients for 1 inputs"),
    (SQUARE[0], lambda g, y, x: "no", Verdict.WRONG, "real numbers are needed"),
    (SQUARE[0], lambda g, y, x: None, Verdict.WRONG, "claimed 0"),
    (SQUARE[0], lambda g, y, x: 2j * g * x, Verdict.WRONG, "complex128; real numbers"),
    (SQUARE[0], lambda g, y, x: (2 * g * x).astype(object), Verdict.WRONG, "object; real numbers"),
    (SQUARE[0], lambda g, y, x: np.full(3, np.nan), Verdict.WRONG, "nan, though the output is finite"),
    (lambda x: "no", SQUARE[1], Verdict.WRONG, "floating-point output"),
    (lambda x: None, SQUARE[1], Verdict.WRONG, "floating-point output"),
    (lambda x: x * 1j, SQUARE[1], Verdict.WRONG, "floating-point output"),
    (lambda x: x.astype(object), SQUARE[1], Verdict.WRONG, "floating-point output"),
    (lambda x: x * np.inf, SQUARE[1], Verdict.NOISE, "not finite"),
    (lambda x: x * RANDOM.random(), SQUARE[1], Verdict.WRONG, "different results for the same input"),
    (SQUARE[0], lambda g, y, x: g * RANDOM.random(), Verdict.WRONG, "another result the second time"),
    (changes_it, SQUARE[1], Verdict.WRONG, "changes its input x in place"),
    (asks_for_terabytes, SQUARE[1], Verdict.NOISE, "not enough memory"),
    (SQUARE[0], lambda g, y, x: asks_for_terabytes(x), Verdict.NOISE, "not enough memory"),
    (only_three, SQUARE[1], Verdict.CORRECT, ""),
    (forever, SQUARE[1], Verdict.NOISE, "time limit"),
    (SQUARE[0], forever, Verdict.NOISE, "time limit"),
    (sleeps, SQUARE[1], Verdict.NOISE, "time limit"),
])
def test_what_misbehaves_gets_a_verdict(forward, rule, verdict, words):
    x = X.copy()
    report = check_gradient(forward, x, vjp=rule, time_limit=0.3 if forever in (forward, rule) or forward is sleeps
                            else 60)
    assert report.verdict is verdict, str(report)
    assert words in str(report)
    np.testing.assert_array_equal(x, X)


def test_a_function_that_never_returns_is_ended_in_another_thread_too():
    said = []
    thread = threading.Thread(
        target=lambda: said.append(check_gradient(forever, X, vjp=SQUARE[1], time_limit=0.1).verdict))
    thread.start()
    thread.join(30)
    assert said == [Verdict.NOISE]


def test_a_timer_of_the_caller_goes_on():
    signal = pytest.importorskip("signal")
    if not hasattr(signal, "setitimer"):
        pytest.fail("this system has no timers: this test has nothing to look at")
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        assert check_gradient(*SQUARE[:1], X, vjp=SQUARE[1])
        deadline = time.monotonic() + 10
        while not rung and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung


@pytest.mark.parametrize(("point", "error"), [
    (np.array([1j]), DtypeError), (np.array([None]), DtypeError), (np.array(["a"]), DtypeError),
    (np.array([1, 2]), DtypeError), (np.array([np.nan]), GradientError),
    ([[1.0, 2.0], [3.0]], ShapeError),
])
def test_points_that_are_no_real_floats_are_errors(point, error):
    with pytest.raises(error):
        check_gradient(*SQUARE[:1], point, vjp=SQUARE[1])


def test_a_large_point_is_not_made_larger():
    sizes = []

    def f(x):
        sizes.append(x.size)
        return (x * x).sum(-1)

    assert check_gradient(f, np.ones((2, 50_000)) * 1.5, vjp=lambda g, y, x: 2 * g[..., None] * x)
    assert max(sizes) <= 2**20


def test_the_time_limit_of_a_graph():
    import glassgrad as gg

    x = gg.tensor(X, name="x")
    assert prove_graph(gg.sum(gg.tanh(x)), time_limit=0.0).verdict is Verdict.NOISE
