"""In a notebook small graphs show themselves as pictures, and all else as text."""

import re

import numpy as np
import pytest
from drawn_graphs import apples, two_layers

import glassgrad as gg
from glassgrad import nn
from glassgrad.draw import draw
from glassgrad.draw.notebook import MOST_NODES, MOST_VISIBLE


def without_tips(svg):
    """A model is traced where it is drawn, and its tips name that line."""
    return re.sub("<title>.*?</title>", "", svg)


@pytest.mark.parametrize("make", [
    apples, two_layers, lambda: gg.trace(lambda x, y: gg.exp(x) * y, "f")(1.0, 2.0),
    lambda: gg.trace(lambda x: gg.sigmoid(x) * 2)(1.0).run(3.0), lambda: nn.TwoLayerNet(4, 5, 3),
], ids=["tensor", "layers", "graph", "record", "model"])
def test_a_small_graph_shows_its_picture(make):
    thing = make()
    shown = thing._repr_mimebundle_(include=None, exclude=None)
    assert shown.pop("text/plain") == repr(thing)
    assert [without_tips(text) for text in shown.values()] == [without_tips(draw(thing, format="svg"))]


@pytest.mark.parametrize("make", [
    lambda: gg.tensor([1.0, 2.0]), lambda: gg.trace(lambda x: x)(1.0), lambda: nn.Sequential(nn.ReLU()),
])
def test_what_has_nothing_to_see_is_text(make):
    assert make()._repr_mimebundle_() == {}


def test_a_larger_graph_is_closed_or_is_text():
    x = gg.tensor(1.0, name="x")
    for block in range(3):
        with gg.scope(f"block {block}"):
            for _ in range(30):
                x = gg.sin(x)
    drawn = x._repr_mimebundle_()["image/svg+xml"]
    assert drawn == draw(x, depth=0, format="svg")
    assert "block 2" in drawn
    for _ in range(MOST_VISIBLE + 1):
        x = gg.sin(x)
    assert x._repr_mimebundle_() == {}


def test_a_huge_graph_is_not_looked_through():
    x = gg.tensor(1.0)
    for _ in range(MOST_NODES + 1):
        x = -x
    assert x._repr_mimebundle_() == {}


def test_without_the_extra_there_is_a_picture_too(monkeypatch):
    monkeypatch.setattr("glassgrad.draw.places.find_spec", lambda name: None)
    assert apples()._repr_mimebundle_()["image/svg+xml"].startswith("<svg")


def test_numbers_that_are_no_numbers_do_not_break_it():
    with np.errstate(all="ignore"):
        y = gg.log(gg.tensor([-1.0, 0.0]))
    assert "NaN" in y._repr_mimebundle_()["image/svg+xml"]
