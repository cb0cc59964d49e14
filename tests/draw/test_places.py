"""Layouts: nothing overlaps, everything has a place, boxes hold what stands in them; with and without the engine."""

import itertools

import pytest
from drawn_graphs import apples, scalar_network, two_layers
from hypothesis import given
from hypothesis import strategies as st

import glassgrad as gg
from glassgrad.draw import elk, grid
from glassgrad.draw.columns import spread
from glassgrad.draw.scene import scene_of

SCENES = {
    "apples": lambda: scene_of(apples()),
    "square": lambda: scene_of(gg.multiply(*[gg.tensor(2.0, name="x")] * 2)),
    "sigmoid": lambda: scene_of(gg.sigmoid(gg.tensor(1.0, name="x")), opens=True),
    "arrays": lambda: scene_of(two_layers(), opens=True),
    "network": lambda: scene_of(scalar_network()),
    "leaf": lambda: scene_of(gg.tensor(2.0, name="x")),
}


def overlap(a, b):
    return (a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height)


def inside(inner, outer):
    return (outer.x <= inner.x and outer.y <= inner.y and inner.x + inner.width <= outer.x + outer.width
            and inner.y + inner.height <= outer.y + outer.height)


@pytest.mark.parametrize("engine", [elk.layout, grid.layout], ids=["elk", "grid"])
@pytest.mark.parametrize("name", SCENES)
def test_places(name, engine):
    scene = SCENES[name]()
    placed = engine(scene)
    assert set(placed.nodes) == {node.id for node in scene.nodes}
    assert set(placed.lines) == set(placed.labels) == {edge.id for edge in scene.edges}
    for a, b in itertools.combinations(placed.nodes.values(), 2):
        assert not overlap(a, b)
    for label in placed.labels.values():
        assert not any(overlap(label, node) for node in placed.nodes.values())
    for a, b in itertools.combinations(placed.labels.values(), 2):
        assert not overlap(a, b)
    for node in scene.nodes:
        for box, place in placed.boxes.items():
            if box == node.parent:
                assert inside(placed.nodes[node.id], place)
            elif not any(other.parent == box for other in scene.boxes):
                assert not overlap(placed.nodes[node.id], place)


def height_at(a, b, x):
    return a[1] + (b[1] - a[1]) * (x - a[0]) / ((b[0] - a[0]) or 1)


@pytest.mark.parametrize("engine", [elk.layout, grid.layout], ids=["elk", "grid"])
def test_lines_run_from_source_to_target_through_their_labels(engine):
    scene = SCENES["network"]()
    placed = engine(scene)
    for edge in scene.edges:
        (x0, _), *_, (x1, _) = placed.lines[edge.id]
        source, target = placed.nodes[edge.source], placed.nodes[edge.target]
        assert x0 == pytest.approx(source.x + source.width, abs=0.2)
        assert x1 == pytest.approx(target.x, abs=0.2)
        assert source.centre[0] < target.centre[0], "values flow from left to right"
        label = placed.labels[edge.id]
        assert any(
            a[0] - 0.5 <= label.centre[0] <= b[0] + 0.5 and height_at(a, b, label.centre[0]) == pytest.approx(
                label.centre[1], abs=1.1)
            for a, b in itertools.pairwise(placed.lines[edge.id])
        )


def test_the_network_is_drawn_from_left_to_right():
    scene = SCENES["network"]()
    placed = elk.layout(scene)
    titles = [box.title for box in sorted(scene.boxes, key=lambda box: placed.boxes[box.id].x) if not box.level]
    assert titles == ["Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss"]


def test_a_layout_is_remembered(monkeypatch):
    first = elk.layout(scene_of(apples()))
    monkeypatch.setattr(elk, "_engine", None)  # the engine is not asked again
    assert elk.layout(scene_of(apples())) == first


def test_boxes_that_depend_on_each_other_have_places_without_the_engine():
    x = gg.tensor(1.0, name="x")
    with gg.scope("A") as a:
        y = gg.exp(x)
    with gg.scope("B"):
        z = gg.exp(y)
    from glassgrad.place import inside as standing

    with standing((a,)):
        w = z * y
    assert len(grid.layout(scene_of(w)).boxes) == 2


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.5, 20)), min_size=1, max_size=12))
def test_spread_keeps_order_and_room(wishes):
    wanted, rooms = zip(*wishes, strict=True)
    places = spread(wanted, rooms)
    for (left, room), right in zip(zip(places, rooms, strict=True), places[1:], strict=False):
        assert right - left >= room - 1e-9
    if all(b - a >= room for (a, room), b in zip(wishes, wanted[1:], strict=False)):
        assert places == pytest.approx(wanted)
