"""Nothing in a picture lies on anything else: every text, as wide as it is drawn, beside every text and every node."""

import itertools
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from drawn_graphs import apples, scalar_network, two_layers

import glassgrad as gg
from glassgrad.draw import draw, scene_of, svg
from glassgrad.draw.metrics import width

SVG = "{http://www.w3.org/2000/svg}"
GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
sys.path.insert(0, str(GALLERY))

import make  # noqa: E402

SIZES = {"title": 13, "sign": 14, "value": 12, "derivative": 12}
ABOVE, BELOW = 0.76, 0.2  # of the size of letters: how far capitals and descenders reach from the line they stand on


def parts(drawn):
    """Return the texts and the nodes' shapes of an SVG as (left, top, right, bottom, what), with its whole size."""
    tree = ET.fromstring(drawn)  # noqa: S314 - our own
    texts, shapes = [], []
    waiting = [(tree, 0.0, 0.0)]
    while waiting:
        element, x, y = waiting.pop()
        shift = re.match(r"translate\((\S+) (\S+)\)", element.get("transform") or "")
        x, y = (x + float(shift[1]), y + float(shift[2])) if shift else (x, y)
        waiting += [(child, x, y) for child in element]
        kind = (element.get("class") or "").split()
        if element.tag == f"{SVG}text":
            size = SIZES[kind[0]]
            across = width(element.text, size) * (1.12 if {"title", "alarm"} & set(kind) else 1)
            left = x + float(element.get("x")) - (0 if kind[0] == "title" else across / 2)
            base = y + float(element.get("y"))
            texts.append((left, base - ABOVE * size, left + across, base + BELOW * size, element.text))
        elif "shape" in kind:
            left, top = x + float(element.get("x")), y + float(element.get("y"))
            shapes.append((left, top, left + float(element.get("width")), top + float(element.get("height")), "node"))
    return texts, shapes, tuple(map(float, tree.get("viewBox").split()))


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def within(a, b):
    return b[0] <= a[0] + 1 and a[2] <= b[2] + 1 and b[1] <= a[1] and a[3] <= b[3]


def collisions(drawn):
    """Return what lies on what in an SVG, and what reaches beyond its paper."""
    texts, shapes, (left, top, wide, high) = parts(drawn)
    found = [(a[4], b[4]) for a, b in itertools.combinations(texts, 2) if not apart(a, b)]
    found += [(a[4], "a node") for a in texts for b in shapes if not apart(a, b) and not within(a, b)]
    found += [("a node", "a node") for a, b in itertools.combinations(shapes, 2) if not apart(a, b)]
    paper = (left, top, left + wide, top + high)
    return found + [(a[4], "the edge of the paper") for a in (*texts, *shapes) if not within(a, paper)]


@pytest.mark.parametrize("entry", make.FIGURES, ids=lambda entry: entry.name)
def test_nothing_overlaps_in_the_gallery(entry):
    assert collisions((GALLERY / f"{entry.name}.svg").read_text(encoding="utf-8")) == []


def huge_logits():
    loss = gg.cross_entropy(gg.tensor([[1e4, 0.0, 5.0], [-3e5, 2e5, 1.0]], name="logits"),
                            gg.constant(np.array([1, 2]), name="t"))
    loss.name = "loss"
    return loss


def fork_with_a_long_sum():
    x = gg.tensor(-1.234e-250, name="x")
    with gg.scope("a box with a long name, 很長的名字"):
        y = gg.exp(x) * x + gg.sin(x) * -1.2345e-100
    return y + x


GRAPHS = {"apples": apples, "layers": two_layers, "network": scalar_network, "logits": huge_logits,
          "fork": fork_with_a_long_sum}


@pytest.mark.parametrize("arrays", ["auto", "heat"])
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "opened"])
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_overlaps_in_other_pictures(name, opened, arrays):
    assert collisions(draw(GRAPHS[name](), format="svg", open=opened, arrays=arrays, depth=50)) == []


def test_nothing_overlaps_without_the_layout_engine(monkeypatch):
    monkeypatch.setattr("glassgrad.draw.places.find_spec", lambda name: None)
    for name, graph in GRAPHS.items():
        assert collisions(svg(scene_of(graph()))) == [], name


def test_a_collision_is_found():
    drawn = draw(apples(), format="svg")
    moved = re.sub(r'(<text class="value"[^>]*y=")[^"]*', r"\g<1>11", drawn, count=1)  # down onto its derivative
    assert collisions(drawn) == []
    assert [set(pair) for pair in collisions(moved)] == [{"100", "∂ 2.2"}]
    assert collisions(drawn.replace('viewBox="-8', 'viewBox="30')) != []
