"""Whole graphs: every node's rule by itself, and the composition."""

import numpy as np
import pytest
from compositions import random_network

import glassgrad as gg
from glassgrad.build import record
from glassgrad.check import Verdict, check_gradient, prove_graph
from glassgrad.graph import Op

LEAKY = Op("leaky", lambda xp, x: xp.where(x > 0, x, 0.1 * x), lambda xp, g, y, x: (xp.where(x > 0, g, 0),),
           infer=lambda x, **_: x)
SLOPPY = Op("sloppy", lambda xp, x: xp.sin(x), lambda xp, g, y, x: (g * xp.cos(x) * 1.0001,), infer=lambda x, **_: x)


def network(activation, sizes=(5, 4, 3), seed=0):
    rng = np.random.default_rng(seed)
    W1 = gg.parameter(rng.standard_normal(sizes[:2]), "W1")
    W2 = gg.parameter(rng.standard_normal(sizes[1:]), "W2")
    x = rng.standard_normal((3, sizes[0]))
    with gg.scope("layer 1"):
        h = activation(gg.matmul(x, W1))
    return gg.cross_entropy(gg.matmul(h, W2), np.array([0, 2, 1]))


@pytest.mark.parametrize("activation", [gg.relu, gg.sigmoid, gg.tanh, gg.softmax])
def test_a_right_network_is_correct(activation):
    report = check_gradient(network(activation))
    assert report.verdict is Verdict.CORRECT, str(report)
    assert report.resolution < 1e-4


@pytest.mark.parametrize("op", [LEAKY, SLOPPY])
def test_a_wrong_rule_is_named_by_op_layer_and_line(op):
    report = check_gradient(network(lambda x: record(op, (x,))))
    assert report.verdict is Verdict.WRONG
    first = report.findings[0]
    assert op.name in first.where
    assert "layer 1" in first.where
    assert "test_graph_proof.py" in first.where
    assert not any(name in finding.where for finding in report.findings for name in ("matmul", "cross_entropy"))


def test_a_traced_graph_at_given_arrays():
    graph = gg.trace(lambda x, w: gg.sum(gg.tanh(gg.matmul(x, w)) ** 2))(np.ones((2, 3)), np.ones((3, 2)))
    rng = np.random.default_rng(1)
    report = prove_graph(graph, rng.standard_normal((2, 3)), rng.standard_normal((3, 2)))
    assert report.verdict is Verdict.CORRECT, str(report)
    assert report.name == "<lambda>"


def test_an_input_used_twice_by_one_node():
    x = gg.tensor(np.array([1.5, -2.0]), name="x")
    assert check_gradient(gg.sum(x * x)).verdict is Verdict.CORRECT


def test_a_large_network_is_proved_along_directions():
    report = check_gradient(network(gg.relu, (100, 40, 3)))
    assert report.verdict is Verdict.CORRECT, str(report)
    assert report.entries < 400


def test_nothing_exercised_is_said():
    x = gg.tensor(np.array([-1.0, -2.0]), name="x")
    assert check_gradient(gg.sum(gg.relu(x))).verdict is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("seed", range(4))
def test_no_false_alarm_at_kinks_in_float32_or_where_softmax_saturates(seed):
    report = prove_graph(random_network(seed), seed=seed)
    assert report.verdict in {Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE}, str(report)


def test_a_wrong_rule_at_a_kink_is_still_wrong():
    two = Op("two", lambda xp, x: xp.maximum(x, 0),
             lambda xp, g, y, x: (xp.where(x > 0, g, xp.where(x < 0, 0, 2 * g)),), infer=lambda x, **_: x)
    x = gg.tensor(np.array([0.0, 1.0]), name="x")
    assert prove_graph(gg.sum(record(two, (x,)))).verdict is Verdict.WRONG
