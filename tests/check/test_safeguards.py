"""The prover turned on itself: with each of its safeguards left out, a case is judged wrongly."""

import numpy as np
import pytest
from all_cases import RIGHT, WRONG

import glassgrad as gg
from glassgrad.check import Verdict, check_gradient
from glassgrad.check.safeguards import SAFEGUARDS
from glassgrad.errors import SettingError

FINE = {Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE}
CALLED_WRONG = {
    "forward": "forward overwrites its input",
    "inputs kept": "input overwritten",
    "own memory": "two gradients share a buffer",
    "dtype": "float32 gradient",
    "repeatable": "mask of the last forward",
    "finite": "NaN",
    "linear": "clipped g",
    "signed": "|g|",
    "consistent": "g divided by its norm",
    "layouts": "contiguous g only",
    "float32": "float32 only",
    "sizes": "tail of a block",
    "points": "wrong for |x| > 5",
    "hull": "every tie gets the full gradient",
}
PASSED = {
    "finer agrees": "floor times x at (2.5, -3.25)",
    "noise": "computed in float32 at (0.7, 2.0)",
    "conditioning": "variance with mean 1e6",
    "reach": "gelu at (0.3, -2, 1)",
    "escalation": "two scales in one sum",
    "long double": "two scales in one sum",
}


def log_periodic(x):
    """x with a ripple that has the same phase at all halvings of a step, and so no slope at 0."""
    with np.errstate(all="ignore"):
        return np.where(x == 0, 0.0, x * (1 + 0.1 * np.sin(2 * np.pi * np.log2(np.abs(x)))))


def on_an_offset(x):
    """A determinant, for which there is no long double, beside a number that drowns its digits."""
    return 5e11 + np.linalg.det(x)


OF_THEIR_OWN = {
    "second ladder": (log_periodic, lambda g, y, x: 1.0 * g, np.zeros(1), {Verdict.NOISE}),
    "exercised": (lambda x: np.maximum(x, 0), lambda g, y, x: 5 * g * (x > 0), np.array([-1.0, -2.0]),
                  {Verdict.NOT_EXERCISED}),
    "complex step": (on_an_offset, lambda g, y, x: g * np.linalg.det(x) * np.linalg.inv(x).T,
                     np.array([[2.0, 1.0], [0.5, 3.0]]), FINE),
}


def cases():
    """Yield safeguard, forward, rule, arrays, and the verdicts that are right."""
    for name, case in CALLED_WRONG.items():
        _, _, forward, rule, arrays = next(row for row in WRONG if row[0] == case)
        yield name, forward, rule, arrays, {Verdict.WRONG}
    for name, case in PASSED.items():
        _, forward, rule, arrays = next(row for row in RIGHT if row[0] == case)
        yield name, forward, rule, arrays, FINE
    for name, (forward, rule, x, right) in OF_THEIR_OWN.items():
        yield name, forward, rule, (x,), right


@pytest.mark.parametrize(("name", "forward", "rule", "arrays", "right"), list(cases()), ids=[it[0] for it in cases()])
def test_without_a_safeguard_a_case_is_judged_wrongly(name, forward, rule, arrays, right):
    assert check_gradient(forward, *arrays, vjp=rule).verdict in right
    assert check_gradient(forward, *arrays, vjp=rule, without=[name]).verdict not in right


def test_without_the_twin_a_slope_beside_a_large_one_is_known_to_few_digits():
    def f(a, b):
        return gg.sin(a) * 1e6 + gg.erf(b) * 1e-7

    point = np.array(1.5), np.array(0.3)
    assert check_gradient(f, *point).resolution < 1e-9
    assert check_gradient(f, *point, without=["twin"]).resolution > 1e-6


def test_every_safeguard_has_its_case():
    assert {name for name, *_ in cases()} | {"twin"} == set(SAFEGUARDS)


def test_an_unknown_safeguard_is_an_error():
    with pytest.raises(SettingError, match="Did you mean 'linear'"):
        check_gradient(np.sin, np.ones(2), vjp=lambda g, y, x: g * np.cos(x), without=["linar"])
