"""Scenes: what is shown, where values and derivatives come from, which boxes are open."""

import numpy as np
import pytest
from drawn_graphs import apples, scalar_network, two_layers

import glassgrad as gg
from glassgrad.draw.flow import flow_of
from glassgrad.draw.outline import MOST_CHILDREN, MOST_VISIBLE
from glassgrad.draw.scene import scene_at, scene_of, story_of


def edges_of(scene):
    labels = {node.id: node.label for node in scene.nodes}
    return [(labels[edge.source], labels[edge.target], edge.value.text, edge.gradient and edge.gradient.text)
            for edge in scene.edges]


def test_values_and_derivatives_of_the_apples():
    assert edges_of(scene_of(apples())) == [
        ("apple", "×", "100", "2.2"), ("count", "×", "2", "110"), ("×", "×", "200", "1.1"), ("tax", "×", "1.1", "200"),
        ("×", "price", "220", "1"),
    ]


def test_both_edges_of_a_square_are_kept_and_the_fork_shows_the_sum():
    x = gg.tensor(3.0, name="x")
    scene = scene_of(x * x)
    assert edges_of(scene)[:2] == [("x", "×", "3", "3")] * 2
    assert scene.nodes[0].total.text == "6"


def test_constants_stand_in_the_node():
    x = gg.tensor(2.0, name="x")
    assert [node.label for node in scene_of(1 - x * -1 / 4 + gg.maximum(x, 0)).nodes] == [
        "x", "×(−1)", "÷4", "1−", "max 0", "+", ""]


def test_a_named_constant_is_a_leaf():
    x = gg.tensor(2.0, name="x")
    scene = scene_of(x * gg.constant(3.0, name="c"))
    assert [node.label for node in scene.nodes] == ["x", "c", "×", ""]
    assert scene.edges[1].gradient is None


def test_opened_composite_has_the_deck_s_four_nodes():
    scene = scene_of(gg.sigmoid(gg.tensor(1.0, name="x")), opens=("sigmoid",))
    assert edges_of(scene) == [
        ("x", "×(−1)", "1", "0.1966"), ("×(−1)", "exp", "−1", "−0.1966"), ("exp", "+1", "0.3679", "−0.5344"),
        ("+1", "/", "1.368", "−0.5344"), ("/", "", "0.7311", "1"),
    ]
    assert [box.title for box in scene.boxes] == ["sigmoid"]


def test_layers_collapse_and_their_derivatives_are_those_of_the_nodes_inside():
    loss = two_layers()
    scene = scene_of(loss, depth=0)
    assert [node.label for node in scene.nodes] == ["x", "Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss", "L"]
    flow = flow_of(loss)
    x = next(node for node in flow.order if node.name == "x")
    row = "[" + " ".join(np.format_float_positional(value, 4, fractional=False, trim="-") for value in
                         flow.cotangents[x][0]) + "]"
    assert scene.edges[0].gradient.lines[1] == row.replace("-", "−")


@pytest.mark.parametrize("names", [("sigmoid",), ("softmax", "cross_entropy"), True])
def test_a_closed_box_hands_back_what_the_opened_graph_does(names):
    """Open, then close again by depth: the sums over the edges into the box equal the op's own derivative."""
    x = gg.tensor([0.3, 2.9, 4.0], name="x")
    loss = gg.cross_entropy(gg.sigmoid(x) * x, gg.constant(np.array([0.0, 0.0, 1.0]), name="t"))
    own = flow_of(loss).cotangents[x]
    story = story_of(loss, opens=names)
    assert np.allclose(story.flow.cotangents[x], own, rtol=1e-12, atol=1e-15)
    for depth in range(4):
        parts = [edge for edge in scene_at(story, story.outline.to_depth(depth)).edges if edge.source == "n0"]
        assert len(parts) >= 2


def test_a_closed_box_shows_the_same_derivative_as_the_op_itself():
    def loss(x):
        return gg.cross_entropy(x, gg.constant(np.array([0.0, 0.0, 1.0]), name="t"))

    whole = scene_of(loss(gg.tensor([0.3, 2.9, 4.0], name="x")))
    opened = story_of(loss(gg.tensor([0.3, 2.9, 4.0], name="x")), opens=True)
    closed = scene_at(opened, set())
    assert edges_of(closed)[0] == edges_of(whole)[0] == (
        "x", "Softmax-with-Loss", "[0.3 2.9 4]", "[0.01821 0.2452 −0.2634]")
    assert len(closed.nodes) == len(whole.nodes)


def test_one_edge_into_a_closed_box_for_all_uses_of_a_value():
    x = gg.tensor(2.0, name="x")
    with gg.scope("block"):
        y = x * x + x
    scene = scene_of(y, depth=0)
    assert edges_of(scene) == [("x", "block", "2", "5"), ("block", "", "6", "1")]


def test_a_parameter_made_elsewhere_stands_in_the_layer_that_uses_it():
    scene = scene_of(two_layers())
    titles = {box.id: box.title for box in scene.boxes}
    homes = {node.label: titles.get(node.parent) for node in scene.nodes}
    assert homes["W1"] == "Affine1"
    assert homes["b2"] == "Affine2"
    assert homes["x"] is None


def test_a_graph_without_values_shows_shapes():
    graph = gg.trace(lambda x, W: gg.tanh(x @ W))(gg.ArrayType((5, 3)), gg.ArrayType((3, 2)))
    scene = scene_of(graph)
    assert [edge.value.text for edge in scene.edges] == ["(5, 3)", "(3, 2)", "(5, 2)", "(5, 2)"]
    assert all(edge.gradient is None for edge in scene.edges)


def test_a_model_is_traced_on_one_row():
    from glassgrad.nn import ReLU, TwoLayerNet

    scene = scene_of(TwoLayerNet(784, 50, 10, seed=0))
    assert [box.title for box in scene.boxes] == ["Affine1", "ReLU1", "Affine2"]
    assert {"W", "b", "x"} <= {node.label for node in scene.nodes}
    closed = scene_of(TwoLayerNet(784, 50, 10, seed=0), depth=0)
    assert [edge.value.text for edge in closed.edges] == ["(1, 784)", "(1, 50)", "(1, 50)", "(1, 10)"]
    with pytest.raises(gg.SettingError, match="ReLU has no matrix"):
        scene_of(ReLU())


def test_a_record_shows_the_values_of_its_run():
    graph = gg.trace(lambda x: gg.sigmoid(x) * 2)(0.0)
    for opens in ((), True):
        scene = scene_of(graph.run(1.0), opens=opens)
        assert (scene.edges[0].value.text, scene.edges[-1].value.text) == ("1", "1.462")
        assert scene.edges[0].gradient.text == "0.3932"


def test_a_vector_needs_a_cotangent():
    y = gg.tensor([1.0, 2.0], name="x") * 3
    assert scene_of(y).edges[0].gradient is None
    assert scene_of(y, g=[1.0, 10.0]).edges[0].gradient.text == "[3 30]"
    assert scene_of(gg.sum(y), backward=False).edges[0].gradient is None


def test_integers_and_stopped_gradients_hand_nothing_back():
    x = gg.tensor(2.0, name="x")
    scene = scene_of(gg.stop_gradient(x) * x)
    gradients = {edge.target: edge.gradient and edge.gradient.text for edge in scene.edges if edge.source == "n0"}
    assert list(gradients.values()) == [None, "2"]
    assert scene_of(gg.tensor(3) + 1).edges[0].gradient is None


def test_several_outputs():
    x = gg.tensor(2.0, name="x")
    scene = scene_of([x * 2, x * 3])
    assert [node.kind for node in scene.nodes].count("output") == 2


def test_nothing_is_shown_twice_and_every_edge_ends_somewhere():
    story = story_of(scalar_network(), opens=True)
    for depth in range(5):
        scene = scene_at(story, story.outline.to_depth(depth))
        names = [node.id for node in scene.nodes]
        assert len(set(names)) == len(names)
        assert {edge.source for edge in scene.edges} | {edge.target for edge in scene.edges} <= set(names)
        assert len({edge.id for edge in scene.edges}) == len(scene.edges)


def test_many_nodes_in_one_box_are_divided_into_parts():
    y = gg.tensor(0.5)
    for _ in range(3000):
        y = y * 0.999 + 0.001
    scene = scene_of(y)
    assert 2 <= len(scene.nodes) <= MOST_CHILDREN
    assert scene.nodes[0].label == "part 1"
    story = story_of(y)
    opened = scene_at(story, {scene.nodes[0].id})
    assert len(scene.nodes) < len(opened.nodes) <= len(scene.nodes) + MOST_VISIBLE


def test_deep_nesting_is_no_recursion():
    from contextlib import ExitStack

    with ExitStack() as stack:
        for level in range(1000):
            stack.enter_context(gg.scope(f"level {level}"))
        y = gg.exp(gg.tensor(0.0)) * 2
    assert len(scene_of(y).boxes) == 10
    assert len(scene_of(y, depth=1000).boxes) == 50


def test_unknown_things_are_refused():
    with pytest.raises(gg.SettingError, match="ndarray cannot be drawn"):
        scene_of(np.zeros(3))
    with pytest.raises(gg.SettingError, match="Did you mean 'sigmoid'"):
        scene_of(apples(), opens=("sigmiod",))
