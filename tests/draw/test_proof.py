"""Closed and opened, the derivatives are the same; where they are not, the picture says so."""

import numpy as np
import pytest
from drawn_graphs import apples, two_layers

import glassgrad as gg
from glassgrad.draw.proof import largest_difference, sentence


@pytest.mark.parametrize("make", [
    two_layers, lambda: gg.sum(gg.sigmoid(gg.tensor(np.linspace(-30, 30, 61)))),
    lambda: gg.sum(gg.tanh(gg.tensor(np.linspace(-0.5, 0.5, 11))) ** 2),
])
def test_they_agree(make):
    assert largest_difference(make()) < 1e-14
    assert "the same derivatives" in sentence(make())


def test_nothing_to_open():
    assert largest_difference(apples()) is None
    assert sentence(apples()) == ""


def test_a_wrong_rule_is_seen():
    from glassgrad.graph import Op, nodes

    square = Op("wrong_square", lambda xp, x: x * x, lambda xp, g, y, x: (g * x,), None, lambda xp, x: x * x)
    y = square(nodes, gg.tensor(3.0))
    assert largest_difference(y) == 1.0


def test_the_opened_form_may_overflow():
    loss = gg.cross_entropy(gg.tensor([[1e4, 0.0]]), gg.constant(np.array([1])))
    assert "leave the range" in sentence(loss)
