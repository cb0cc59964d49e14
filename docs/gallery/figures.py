"""The figures of the lecture, each made from a graph, with the numbers that must stand in it.

A figure is a function that returns what to draw; `expect` notes the reference numbers of its values and derivatives,
which `make` compares with those that the picture's graph has. Formulas in place of numbers are `sketch`es.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import glassgrad as gg
from glassgrad.draw.numbers import Figure
from glassgrad.draw.scene import Edge, Node, Scene

REFERENCE = json.loads((Path(__file__).parents[2] / "tests" / "reference.json").read_text(encoding="utf-8"))


@dataclass
class Drawing:
    """What to draw, how, and the numbers that it must have."""

    what: Any
    options: dict[str, Any] = field(default_factory=dict)
    expected: list[tuple[gg.Tensor, Any, Any]] = field(default_factory=list)

    def expect(self, node: gg.Tensor, value: Any = None, derivative: Any = None) -> Drawing:
        """Note what a node's value and derivative must be; None is not compared."""
        self.expected.append((node, value, derivative))
        return self


@dataclass(frozen=True)
class Entry:
    """One figure of the gallery."""

    name: str
    slide: int
    caption: str
    make: Callable[[], Drawing]


FIGURES: list[Entry] = []


def figure(slide: int) -> Callable[[Callable[[], Drawing]], Callable[[], Drawing]]:
    """Add a function to the gallery; its docstring is the caption."""

    def add(function: Callable[[], Drawing]) -> Callable[[], Drawing]:
        name = f"{slide:02}-{function.__name__.replace('_', '-')}"
        FIGURES.append(Entry(name, slide, (function.__doc__ or "").removesuffix("."), function))
        return function

    return add


def sketch(title: str, nodes: dict[str, str], edges: list[tuple[str, str, str, str]]) -> Drawing:
    """Return a drawing with formulas: nodes by kind, edges as (from, to, value, derivative)."""
    drawn = []
    for name, text in nodes.items():
        kind, _, label = text.partition(" ")
        drawn.append(Node(name, kind, label, None))
    lines = [
        Edge(f"{source}-{target}-{i}", source, target, "", Figure((value,) if value else ()),
             Figure((back,), symbolic=True) if back else None)
        for i, (source, target, value, back) in enumerate(edges)
    ]
    return Drawing(Scene(title, tuple(drawn), tuple(lines)))


def named(name: str, value: Any) -> gg.Tensor:
    """Return a leaf."""
    return gg.tensor(np.asarray(value, dtype=np.float64), name=name)


# Computational graphs and the chain rule ----------------------------------------------------------------------------


@figure(4)
def two_apples() -> Drawing:
    """Problem 1: two apples at 100, 10 % tax; the numbers are part of the nodes."""
    apple = named("apple", 100)
    price = apple * 2 * 1.1
    given = REFERENCE["apple"]["fwd"]
    return Drawing(price, {"backward": False}).expect(price.inputs[0], given[0]).expect(price, given[1])


@figure(4)
def apples_as_inputs() -> Drawing:
    """Problem 1 with the number and the tax as inputs of their own (圖：蘋果、個數、消費稅)."""
    apple, count, tax = named("蘋果", 100), named("個數", 2), named("消費稅", 1.1)
    price = apple * count * tax
    price.name = "付款金額"
    return Drawing(price, {"backward": False}).expect(price, REFERENCE["apple"]["fwd"][1])


def fruit() -> tuple[gg.Tensor, dict[str, gg.Tensor]]:
    """Return the price of two apples and three oranges, and its parts."""
    leaf = {"apple": named("apple", 100), "apple_num": named("number of apples", 2), "orange": named("orange", 150),
            "orange_num": named("number of oranges", 3), "tax": named("tax", 1.1)}
    part = {"apple_price": leaf["apple"] * leaf["apple_num"], "orange_price": leaf["orange"] * leaf["orange_num"]}
    part["all"] = part["apple_price"] + part["orange_price"]
    part["price"] = part["all"] * leaf["tax"]
    return part["price"], {**leaf, **part}


@figure(5)
def apples_and_oranges() -> Drawing:
    """Problem 2, forward: two apples at 100 and three oranges at 150, 10 % tax."""
    price, parts = fruit()
    drawing = Drawing(price, {"backward": False})
    for name, value in REFERENCE["apple_orange"]["fwd"].items():
        drawing.expect(parts[name], value)
    return drawing


@figure(6)
def local_derivative() -> Drawing:
    """A node backward: what arrives is multiplied by the local derivative."""
    return sketch("E", {"x": "leaf x", "f": "op f", "y": "output y"},
                  [("x", "f", "x", "E · ∂y/∂x"), ("f", "y", "y = f(x)", "E")])


@figure(6)
def apples_backward() -> Drawing:
    """The apples backward: one yen more for an apple is 2.2 yen more to pay."""
    apple, count, tax = named("apple", 100), named("number", 2), named("tax", 1.1)
    both = apple * count
    price = both * tax
    back = REFERENCE["apple"]["bwd"]
    return (Drawing(price).expect(price, derivative=back["price"]).expect(both, derivative=back["apple_price"])
            .expect(tax, derivative=back["tax"]).expect(apple, derivative=back["apple"])
            .expect(count, derivative=back["num"]))


@figure(7)
def chain_rule_one_path() -> Drawing:
    """Chain rule, case 1: y = x², z = 3y; the derivatives multiply along the path."""
    x = named("x", 2)
    y = x**2
    y.name = "y"
    z = y * 3
    z.name = "z"
    given = REFERENCE["case1"]
    return (Drawing(z).expect(y, given["y"], given["dz_dy"]).expect(z, given["z"], 1)
            .expect(x, 2, given["dz_dx"]))


@figure(7)
def chain_rule_two_paths() -> Drawing:
    """Chain rule, case 2: s takes two paths to z; what comes back is added at the fork."""
    s = named("s", 2)
    x, y = s**2, s * 3
    x.name, y.name = "x", "y"
    z = x * y
    z.name = "z"
    given = REFERENCE["case2"]
    return Drawing(z).expect(x, given["x"]).expect(y, given["y"]).expect(z, given["z"]).expect(s, 2, given["dz_ds"])


@figure(8)
def square_of_a_sum_in_symbols() -> Drawing:
    """Z = (x + y)² in symbols."""
    return sketch("(x + y)²", {"x": "leaf x", "y": "leaf y", "add": "op +", "square": "op **2", "z": "output z"},
                  [("x", "add", "x", "∂z/∂t · ∂t/∂x = 2(x + y)"), ("y", "add", "y", "∂z/∂t · ∂t/∂y = 2(x + y)"),
                   ("add", "square", "t", "∂z/∂t = 2t"), ("square", "z", "z", "∂z/∂z = 1")])


@figure(8)
def square_of_a_sum() -> Drawing:
    """Z = (x + y)² at x = 2, y = 3."""
    x, y = named("x", 2), named("y", 3)
    t = x + y
    t.name = "t"
    z = t**2
    z.name = "z"
    given = REFERENCE["square_sum"]
    return (Drawing(z).expect(t, given["t"], given["dz_dt"]).expect(z, given["z"]).expect(x, 2, given["dx"])
            .expect(y, 3, given["dy"]))


# Add and multiply ---------------------------------------------------------------------------------------------------


@figure(9)
def add_node_in_symbols() -> Drawing:
    """Add node: hands what arrives on to both inputs."""
    return sketch("x + y", {"x": "leaf x", "y": "leaf y", "add": "op +", "z": "output z"},
                  [("x", "add", "x", "∂L/∂z · 1"), ("y", "add", "y", "∂L/∂z · 1"), ("add", "z", "z", "∂L/∂z")])


@figure(9)
def add_node_in_a_graph() -> Drawing:
    """Add node inside a larger graph that ends in L."""
    return sketch("L", {"x": "leaf x", "y": "leaf y", "add": "op +", "rest": "box …", "L": "output L"},
                  [("x", "add", "x", "∂L/∂z · ∂z/∂x"), ("y", "add", "y", "∂L/∂z · ∂z/∂y"),
                   ("add", "rest", "z", "∂L/∂z"), ("rest", "L", "L", "∂L/∂L = 1")])


def two_inputs(op: Callable[[gg.Tensor, gg.Tensor], gg.Tensor], given: dict[str, Any]) -> Drawing:
    """Return one node with two inputs, and what it hands back."""
    x, y = named("x", given["in"][0]), named("y", given["in"][1])
    z = op(x, y)
    z.name = "z"
    drawing = Drawing(z, {"g": given["up"]}).expect(z, given["out"], given["up"])
    return drawing.expect(x, given["in"][0], given["down"][0]).expect(y, given["in"][1], given["down"][1])


@figure(9)
def add_node() -> Drawing:
    """Add node: 10 + 5, and 1.3 arrives."""
    return two_inputs(lambda x, y: x + y, REFERENCE["add_node"])


@figure(10)
def multiply_node_in_symbols() -> Drawing:
    """Multiply node: hands back what arrives times the swapped input."""
    return sketch("x × y", {"x": "leaf x", "y": "leaf y", "times": "op ×", "z": "output z"},
                  [("x", "times", "x", "∂L/∂z · y"), ("y", "times", "y", "∂L/∂z · x"), ("times", "z", "z", "∂L/∂z")])


@figure(10)
def multiply_node() -> Drawing:
    """Multiply node: 10 × 5, and 1.3 arrives."""
    return two_inputs(lambda x, y: x * y, REFERENCE["mul_node"])


@figure(10)
def apples_and_oranges_backward() -> Drawing:
    """Apples and oranges, forward and backward."""
    price, parts = fruit()
    drawing = Drawing(price)
    for name, value in REFERENCE["apple_orange"]["bwd"].items():
        drawing.expect(parts[name], derivative=value)
    return drawing
