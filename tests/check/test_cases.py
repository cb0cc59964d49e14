"""The prover on the tables of wrong and of tricky correct rules, and on random compositions."""

import numpy as np
import pytest
from all_cases import RIGHT, WRONG
from compositions import CORRUPTIONS, can_be_seen, composition, corrupted

from glassgrad.check import Verdict, check_gradient

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


KINK_TAKEN_FOR_NOISE = 2331, 6862
TREND_TAKEN_FOR_SLOPE = 6836, 8039, 2696, 6567
SQUARES_UNDERFLOW = 7094, 7803
CLAIM_OF_FEW_DIGITS = (4144,)
FOURTH_POWER_FAR_OUT = 3103, 5998, 6023, 8788
ONCE_MISJUDGED = (*KINK_TAKEN_FOR_NOISE, *TREND_TAKEN_FOR_SLOPE, *SQUARES_UNDERFLOW, *CLAIM_OF_FEW_DIGITS,
                  *FOURTH_POWER_FAR_OUT)


@pytest.mark.parametrize("seed", [*range(12), *ONCE_MISJUDGED])
def test_a_random_composition_passes_and_its_corruption_fails(seed):
    _, forward, rule, x = composition(seed)
    report = check_gradient(forward, x, vjp=rule)
    assert report.verdict in FINE, str(report)
    if report.verdict is not Verdict.NOT_EXERCISED:
        broken = corrupted(rule, list(CORRUPTIONS)[seed % len(CORRUPTIONS)], forward, x)
        assert check_gradient(forward, x, vjp=broken).verdict is Verdict.WRONG


def test_a_kink_one_part_in_ten_thousand_away_is_no_kink_here():
    def forward(x):
        return np.stack([np.maximum(x - 1.0001, 0), x])

    report = check_gradient(forward, np.array(1.0), vjp=lambda g, y, x: g[0] * (x > 1.0001) + g[1])
    assert report.verdict is Verdict.CORRECT, str(report)


def test_what_the_rounding_of_the_function_hides_is_no_corruption():
    x = np.array([[1.0, -2.0]])

    def differ(forward, slope, change):
        return can_be_seen(lambda g, y, x: (slope * g,), lambda g, y, x: (slope * (1 + change) * g,), forward, x)

    assert differ(lambda x: 3 * x, 3.0, 1e-15)
    assert not differ(lambda x: 3 * x, 3.0, 1e-16)
    assert differ(lambda x: 1 + 1e-15 * x, 1e-15, 1.0)
    assert not differ(lambda x: 1 + 1e-17 * x, 1e-17, 1.0)
    assert not differ(lambda x: 0 * x, 0.0, 1.0)


def test_nearly_every_cause_is_named():
    """Of the wrong rules that have one of the listed causes, 9 in 10 at least must be named rightly."""
    listed = [row for row in WRONG if row[1]]
    named = [check_gradient(f, *arrays, vjp=rule).cause == cause for _, cause, f, rule, arrays in listed]
    assert len(listed) >= 100
    assert sum(named) >= 0.9 * len(listed), [row[0] for row, it in zip(listed, named, strict=True) if not it]
