"""What carries a gradient and what stops it, marked in every kind of picture."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from drawn_graphs import two_layers

import glassgrad as gg
from glassgrad.draw import draw
from glassgrad.draw.marks import scene_of_why


def two_ways():
    """A sum over a dead ReLU and a living path."""
    x = gg.tensor(-2.0, name="x")
    dead, living = gg.relu(x), x * 3
    dead.name, living.name = "dead", "living"
    total = dead + living
    total.name = "z"
    return total, x


def marks(scene):
    nodes = {node.label: node.mark for node in scene.nodes if node.mark}
    names = {node.id: node.label for node in scene.nodes}
    return nodes, [(names[edge.source], names[edge.target]) for edge in scene.edges if edge.mark]


def test_the_living_path_carries_and_the_dead_node_blocks():
    z, x = two_ways()
    nodes, lines = marks(scene_of_why(z, gg.why(z, x)))
    assert nodes["✕ ReLU"] == "blocked"
    assert {label for label, mark in nodes.items() if mark == "carries"} >= {"x", "×3", "+"}
    assert set(lines) == {("x", "×3"), ("×3", "+"), ("+", "z")}


def test_a_closed_layer_stands_for_what_is_in_it():
    loss = two_layers()
    w = next(node for node in gg.explain.run_of(loss).order if node.name == "W1")
    nodes, lines = marks(scene_of_why(loss, gg.why(loss, w), depth=0))
    assert nodes["Affine1"] == "carries"
    assert nodes["✕ ReLU1"] == "blocked"
    assert ("Affine1", "✕ ReLU1") in lines
    assert not [line for line in lines if line[0] == "x"]


def test_a_diagnosis_draws_what_it_is_about():
    z, x = two_ways()
    why = gg.why(z, x)
    assert draw(why, format="svg") == draw(z, why=why, format="svg")
    assert draw(why, format="text") != draw(z, format="text")


@pytest.mark.parametrize(("kind", "line", "node"), [
    ("svg", '<g class="carries"><path', r'class="node box-node blocked"'),
    ("tikz", "line width=1.8pt", r"\\node\[layer,dashed"),
    ("dot", "penwidth=3", "✕ ReLU.*penwidth=2"), ("text", "∂ ● ", r"\[✕ ReLU\]"),
])
def test_every_writer_shows_the_marks(kind, line, node):
    z, x = two_ways()
    drawn, plain = draw(gg.why(z, x), format=kind, width=120), draw(z, format=kind, width=120)
    assert line in drawn
    assert re.search(node, drawn)
    assert line not in plain
    assert not re.search(node, plain)


def test_the_marks_are_more_than_colour():
    z, x = two_ways()
    rules = re.search("<style>(.*?)</style>", draw(gg.why(z, x), format="svg"), re.S).group(1)
    assert "stroke-dasharray" in rules
    assert ".carries .line{stroke:#06c;stroke-width:3.4}" in rules
    assert ".carries" not in draw(z, format="svg")


def test_an_array_and_a_record_can_be_asked():
    x = gg.tensor([[1.0, -2.0], [3.0, -1.0]], name="x")
    loss = gg.sum(gg.relu(x))
    assert "✕ ReLU" in draw(gg.why(loss, x), format="text")
    record = gg.trace(lambda x: gg.sum(gg.relu(x)))(gg.ArrayType((3,))).run(np.array([1.0, -1.0, 2.0]))
    why = gg.why(record, record.graph.inputs[0])
    assert "✕ ReLU" in draw(record, why=why, format="text")


@pytest.mark.parametrize("settings", [{"format": "html"}, {"open": True}, {"open": ("relu",)}])
def test_what_cannot_be_combined_says_so(settings):
    z, x = two_ways()
    with pytest.raises(gg.SettingError, match="leave `open` out, and choose svg"):
        draw(gg.why(z, x), **settings)


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_graphviz_reads_the_marks():
    z, x = two_ways()
    subprocess.run(["dot", "-Tsvg"], input=draw(gg.why(z, x), format="dot").encode(),  # noqa: S607
                   check=True, capture_output=True)
