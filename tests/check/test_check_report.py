"""Reports as text, JSON and HTML."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from glassgrad.check import Verdict, check_gradient
from glassgrad.errors import GradientError

X = np.array([[0.5, -1.2], [2.0, 0.1]])
RIGHT = check_gradient(np.sin, X, vjp=lambda g, y, x: g * np.cos(x))
WRONG = check_gradient(np.sin, X, vjp=lambda g, y, x: g * np.cos(x) + 1e-3 * g)


def test_a_report_is_true_only_if_nothing_speaks_against_it():
    assert RIGHT
    assert not WRONG
    RIGHT.assert_correct()
    with pytest.raises(GradientError, match="WRONG"):
        WRONG.assert_correct()


def test_text_names_argument_index_numbers_and_cause():
    text = str(WRONG)
    assert text.startswith("sin: WRONG")
    assert "x[0, 0]" in text or "x[" in text
    assert "±" in text
    assert "Probable cause: constant added" in text
    assert "more" in text or len(WRONG.findings) <= 5
    assert "resolution" in str(RIGHT)


def test_numbers_of_a_finding_are_the_claim_and_the_truth():
    finding = WRONG.findings[0]
    truth = np.cos(X[finding.index])
    assert finding.claimed == pytest.approx(truth + 1e-3)
    assert abs(finding.measured - truth) <= finding.bar
    assert finding.verdict is Verdict.WRONG


def test_json_holds_the_findings_and_maps():
    data = json.loads(WRONG.to_json())
    assert data["verdict"] == "WRONG"
    assert data["findings"][0]["argument"] == "x"
    data = json.loads(RIGHT.to_json())
    assert data["maps"][0]["shape"] == [2, 2]
    assert all(error <= bar for error, bar in zip(data["maps"][0]["error"], data["maps"][0]["bar"], strict=True))


def test_the_map_of_a_wrong_rule_shows_where_the_error_is():
    data = json.loads(WRONG.to_json())["maps"][0]
    assert all(error > bar for error, bar in zip(data["error"], data["bar"], strict=True))


def test_html_is_well_formed_with_a_square_for_every_entry_and_escapes_names():
    tree = ElementTree.fromstring(RIGHT.to_html())  # noqa: S314 - our own text
    assert len(tree.findall(".//g")) == 4
    odd = check_gradient(lambda x: np.sin(x), X, vjp=lambda g, y, x: g * np.cos(x)).to_html()
    assert "&lt;lambda&gt;" in odd
    assert len(ElementTree.fromstring(odd).findall(".//g")) == 4  # noqa: S314 - our own text
