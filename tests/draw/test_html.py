"""The interactive page as a file: one file, no request, strict policy, every state in it."""

import base64
import gzip
import hashlib
import json
import re

import pytest
from drawn_graphs import apples, scalar_network, two_layers

import glassgrad as gg
from glassgrad.draw import draw
from glassgrad.draw.html import _GIT, _SIGNS, packed
from glassgrad.draw.outline import Outline
from glassgrad.draw.scene import scene_at, story_of
from glassgrad.draw.states import MOST_NODES, states_of


def unpacked(page, name):
    content = re.search(f'id="{name}">([^<]*)<', page).group(1)
    data = base64.b85decode(content.translate(str.maketrans(_SIGNS, _GIT)))
    return gzip.decompress(data).decode()


def test_one_file_of_at_most_700_kb_that_asks_for_nothing():
    page = draw(two_layers(), format="html")
    assert len(page.encode()) <= 700_000
    assert not re.search(r"(src|href)\s*=", page)
    without_engine = page.replace(re.search(r'id="engine">([^<]*)<', page).group(1), "")
    assert set(re.findall(r"https?://[^\s\"']+", without_engine)) == {"http://www.w3.org/2000/svg"}


def test_the_policy_names_the_very_script_and_style_of_the_page():
    page = draw(apples(), format="html")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    for kind in ("style", "script"):
        content = re.search(f"<{kind}>(.*?)</{kind}>", page, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_the_engine_travels_unmodified():
    from glassgrad.draw.elk import source

    assert unpacked(draw(apples(), format="html"), "engine") == source()


def test_packing_has_no_signs_that_html_knows():
    assert not set(packed("<script>&</script>" * 50)) & set("<>&\"'\\")


def test_without_a_script_there_is_the_text():
    page = draw(apples(), format="html")
    assert "apple ──────" in re.search("<noscript>(.*?)</noscript>", page, re.S).group(1)


def seen(states, opened):
    """Which nodes and edges the page shows, as its script works it out."""
    parents = {item["id"]: item["parent"] for item in [*states["boxes"], *states["nodes"]]}

    def around(name):
        chain = []
        while (name := parents[name]) is not None:
            chain.insert(0, name)
        return chain

    def seen_as(name):
        return next((box for box in around(name) if box not in opened), name)

    boxes = {box["id"] for box in states["boxes"]}
    nodes = {node["id"] for node in states["nodes"] if seen_as(node["id"]) == node["id"]
             and not (node["id"] in boxes and node["id"] in opened)}
    edges = {(edge["id"], seen_as(edge["from"]), edge["to"]) for edge in states["edges"] if edge["to"] in nodes}
    return nodes, {edge for edge in edges if edge[1] != edge[2]}


@pytest.mark.parametrize("make", [two_layers, scalar_network, lambda: gg.sigmoid(gg.tensor([0.5], name="x"))])
def test_every_state_of_the_page_is_the_scene_of_that_state(make):
    story = story_of(make(), opens=True)
    states = json.loads(json.dumps(states_of(story, set())))
    names = list(story.outline.boxes)
    for pattern in range(2 ** min(len(names), 7)):
        opened = {name for i, name in enumerate(names) if pattern >> i & 1}
        scene = scene_at(story, opened)
        nodes, edges = seen(states, opened)
        assert nodes == {node.id for node in scene.nodes}
        assert edges == {(edge.id, edge.source, edge.target) for edge in scene.edges}


def test_steps_tell_upstream_times_local():
    states = states_of(story_of(apples(), opens=True), set())
    told = [(node["forward"], node["backward"]) for node in states["nodes"] if node["label"] == "×"]
    assert told[0] == (
        "× takes 100, 2 and gives 200.",
        "∂ 1.1 arrives. To apple: upstream 1.1 × local 2 = downstream 2.2. "
        "To count: upstream 1.1 × local 100 = downstream 110.",
    )


def test_open_at_first():
    def opened(**options):
        return json.loads(unpacked(draw(two_layers(), format="html", **options), "picture"))["open"]

    titles = {box.id: box.title for box in story_of(two_layers(), opens=True).outline.boxes.values()}
    assert {titles[name] for name in opened()} == {"Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss"}
    assert opened(depth=0) == []
    assert {titles[name] for name in opened(open=("relu",))} == {
        "Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss", "relu"}
    assert len(opened(open=True)) == len(titles)


def test_a_large_graph_stays_within_the_page():
    y = gg.tensor(0.5)
    for i in range(400):
        with gg.scope(f"block {i // 8}"):
            y = gg.tanh(y * 0.999)
    story = story_of(y, opens=True)
    states = states_of(story, set())
    assert len(states["nodes"]) <= MOST_NODES + 1  # the output
    assert any(not node.get("opens", True) for node in states["nodes"])
    assert len(draw(y, format="html").encode()) <= 700_000


def test_an_outline_without_boxes_has_nothing_to_open():
    assert Outline().to_depth(None) == set()


def test_the_page_says_that_opened_and_closed_agree():
    page = draw(two_layers(), format="html")
    assert re.search(r"the largest relative difference is \d(\.\d+)?e−1[5-9]\.|difference is 0\.", page)
    assert "Opened and closed" not in draw(apples(), format="html")


def test_a_name_like_a_template_s_place_stays_a_name():
    page = draw(gg.exp(gg.tensor(0.0, name="PROOF FALLBACK TITLE")), format="html")
    assert "PROOF FALLBACK TITLE ──" in page
