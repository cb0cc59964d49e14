"""Any order of building, using again, going backward and letting go, beside a naive engine."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from naive import Number, add, multiply, sine, stop

import glassgrad as gg
from glassgrad.gradient import gradients

numbers = st.floats(-1, 1).map(lambda x: round(x, 3))
Pair = tuple[gg.Tensor, Number]


class Engines(RuleBasedStateMachine):
    """Each rule does the same in both engines; what both hold must always be the same."""

    pairs = Bundle("pairs")

    def __init__(self) -> None:
        super().__init__()
        self.leaves: list[Pair] = []
        self.expected: dict[int, float] = {}  # of each leaf, by position: the grad that it must have

    @initialize(target=pairs, value=numbers)
    def begin(self, value: float) -> Pair:
        return self.leaf(value)

    @rule(target=pairs, value=numbers)
    def leaf(self, value: float) -> Pair:
        pair = gg.tensor(value), Number(float(value))
        self.leaves.append(pair)
        return pair

    @rule(target=pairs, x=pairs, y=pairs)
    def add(self, x: Pair, y: Pair) -> Pair:
        return x[0] + y[0], add(x[1], y[1])

    @rule(target=pairs, x=pairs, y=pairs)
    def multiply(self, x: Pair, y: Pair) -> Pair:
        return x[0] * y[0], multiply(x[1], y[1])

    @rule(target=pairs, x=pairs)
    def sine(self, x: Pair) -> Pair:
        return gg.sin(x[0]), sine(x[1])

    @rule(target=pairs, x=pairs)
    def stop(self, x: Pair) -> Pair:
        return gg.stop_gradient(x[0]), stop(x[1])

    @rule(x=pairs, g=numbers, accumulate=st.booleans())
    def backward(self, x: Pair, g: float, accumulate: bool) -> None:
        x[0].backward(g, accumulate=accumulate)
        for position, (_, number) in enumerate(self.leaves):
            if x[1].reaches(number):
                before = self.expected.get(position, 0.0) if accumulate else 0.0
                self.expected[position] = before + g * x[1].slope(number)

    @rule(x=pairs)
    def gradient_as_a_graph(self, x: Pair) -> None:
        leaf, number = self.leaves[0]
        (found,) = gradients(x[0], gg.tensor(1.0), [leaf])
        assert found.item() == pytest.approx(x[1].slope(number), rel=1e-9, abs=1e-9)

    @rule(x=consumes(pairs))
    def let_go(self, x: Pair) -> None:
        node = x[0] * 1.0
        gone = weakref.ref(node)
        del node
        assert gone() is None  # at once: a graph has no cycles for the collector to find

    @invariant()
    def both_hold_the_same(self) -> None:
        for position, (leaf, number) in enumerate(self.leaves):
            assert leaf.value == number.value
            expected = self.expected.get(position)
            if expected is None:
                assert leaf.grad is None
            else:
                assert leaf.grad == pytest.approx(expected, rel=1e-9, abs=1e-9)


def ancestors(node: Any) -> set[Any]:
    found, waiting = {node}, [node]
    while waiting:
        for source in waiting.pop().inputs:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


Engines.TestCase.settings = settings(max_examples=60, stateful_step_count=18, deadline=None, derandomize=True,
                                     database=None)
TestEngines = Engines.TestCase


def test_a_graph_that_is_let_go_leaves_nothing_behind() -> None:
    x = gg.tensor(np.ones(3))
    gc.collect()
    gc.disable()
    try:
        y = gg.sum(gg.sin(x) * x)
        y.backward()
        parts = [weakref.ref(node) for node in ancestors(y) if node is not x]
        del y
        assert all(part() is None for part in parts)
    finally:
        gc.enable()
