"""The prover on the tables of wrong and of tricky correct rules, and on random compositions."""

import numpy as np
import pytest
from cases_held_out import RIGHT as HELD_OUT_RIGHT
from cases_held_out import WRONG as HELD_OUT_WRONG
from cases_right import CASES as DEVELOPED_RIGHT
from cases_wrong import CASES as DEVELOPED_WRONG
from compositions import CORRUPTIONS, composition, corrupted

from glassgrad.check import Verdict, check_gradient

WRONG = [*DEVELOPED_WRONG, *((n, cause, f, rule, tuple(arrays)) for n, cause, f, rule, *arrays in HELD_OUT_WRONG)]
RIGHT = [*DEVELOPED_RIGHT, *HELD_OUT_RIGHT]
FINE = {Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE, Verdict.NOT_EXERCISED}


def test_the_tables_are_as_large_as_promised_and_name_each_case_once():
    assert len(WRONG) >= 200
    assert len(RIGHT) >= 150
    assert len({row[0] for row in WRONG}) == len(WRONG)
    assert len({row[0] for row in RIGHT}) == len(RIGHT)


@pytest.mark.parametrize("row", WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_rule_is_called_wrong_and_its_cause_named(row):
    _, cause, forward, rule, arrays = row
    report = check_gradient(forward, *arrays, vjp=rule)
    assert report.verdict is Verdict.WRONG, str(report)
    assert not report
    if cause:
        assert report.cause == cause


@pytest.mark.parametrize("row", RIGHT, ids=[row[0] for row in RIGHT])
def test_a_right_rule_is_not_called_wrong(row):
    _, forward, rule, arrays = row
    before = [a.copy() for a in arrays]
    report = check_gradient(forward, *arrays, vjp=rule)
    assert report.verdict in FINE, str(report)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("seed", range(12))
def test_a_random_composition_passes_and_its_corruption_fails(seed):
    _, forward, rule, x = composition(seed)
    report = check_gradient(forward, x, vjp=rule)
    assert report.verdict in FINE | {Verdict.NOISE}, str(report)
    if report.verdict is not Verdict.NOT_EXERCISED:
        broken = corrupted(rule, list(CORRUPTIONS)[seed % len(CORRUPTIONS)], forward, x)
        assert check_gradient(forward, x, vjp=broken).verdict is Verdict.WRONG


NEEDED = {
    "forward": "forward overwrites its input",
    "inputs kept": "input overwritten",
    "own memory": "two gradients share a buffer",
    "dtype": "float32 gradient",
    "repeatable": "mask of the last forward",
    "finite": "NaN",
    "linear": "clipped g",
    "consistent": "g divided by its norm",
    "layouts": "contiguous g only",
    "float32": "float32 only",
    "sizes": "tail of a block",
    "points": "wrong for |x| > 5",
    "hull": "every tie gets the full gradient",
}
SPARED = {
    "finer agrees": "floor off a jump at (0.5, 2.25)",
    "escalation": "two scales in one sum",
    "reach": "gelu at (0.3, -2, 1)",
    "noise": "computed in float32 at (0.7, 2.0)",
    "conditioning": "variance with mean 1e6",
}


@pytest.mark.parametrize(("safeguard", "case"), NEEDED.items())
def test_without_a_safeguard_a_wrong_rule_slips_through(safeguard, case):
    _, _, forward, rule, arrays = next(row for row in WRONG if row[0] == case)
    assert check_gradient(forward, *arrays, vjp=rule, without=[safeguard]).verdict is not Verdict.WRONG


@pytest.mark.parametrize(("safeguard", "case"), SPARED.items())
def test_without_a_safeguard_a_right_rule_is_rejected(safeguard, case):
    _, forward, rule, arrays = next(row for row in RIGHT if row[0] == case)
    assert check_gradient(forward, *arrays, vjp=rule, without=[safeguard]).verdict not in FINE
