"""The interactive page as a file: one file, no request, strict policy, every state in it."""

import base64
import gzip
import hashlib
import json
import re
from contextlib import ExitStack

import numpy as np
import pytest
from drawn_graphs import apples, scalar_network, two_layers

import glassgrad as gg
from glassgrad import words
from glassgrad.draw import draw
from glassgrad.draw.html import _GIT, _SIGNS, packed
from glassgrad.draw.layout import derivative_lines
from glassgrad.draw.levels import levels_of
from glassgrad.draw.numbers import Figure
from glassgrad.draw.outline import Outline
from glassgrad.draw.scene import scene_at, story_of
from glassgrad.draw.states import Extent, states_of, story_in_levels


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


def states(what, opened=(), languages=("en",), most=600):
    levels = levels_of(what)
    story = story_in_levels(levels)
    return json.loads(json.dumps(states_of(levels, story, set(opened), Extent(languages, most))))


def shown(texts):
    """The numbers in an edge's drawing, without the names that only the page gives."""
    return sorted(re.sub(r"^(v|∂ )?[^=(]* = |^v\d+ (?=\()", "", text) for text in texts)


@pytest.mark.parametrize("make", [two_layers, scalar_network, lambda: gg.sigmoid(gg.tensor([0.5], name="x"))])
def test_every_state_of_the_page_is_the_scene_of_that_state(make):
    graph = make()
    story = story_of(graph, opens=True)
    page = states(graph)
    names = list(story.outline.boxes)
    assert [box["title"] for box in page["boxes"]] == [story.outline.boxes[name].title for name in names]
    drawn = {node["id"]: node for node in page["nodes"]}
    label_of = {edge["id"]: edge for edge in page["edges"]}
    for pattern in range(2 ** min(len(names), 7)):
        opened = {name for i, name in enumerate(names) if pattern >> i & 1}
        scene = scene_at(story, opened)
        labels = {node.id: node.label or node.kind for node in scene.nodes}
        nodes, edges = seen(page, opened)
        assert sorted(drawn[name]["label"] for name in nodes) == sorted(labels.values())
        assert sorted((drawn[source]["label"], drawn[target]["label"]) for _, source, target in edges) == sorted(
            (labels[edge.source], labels[edge.target]) for edge in scene.edges)
        told = shown(text for name, source, _ in edges
                     for text in re.findall(r"<text[^>]*>([^<]*)<", {**label_of[name], **label_of[name].get("seen", {})
                                                                      .get(source, {})}["svg"]))
        assert told == shown(line for edge in scene.edges
                             for line in (*edge.value.lines, *derivative_lines(edge.gradient or Figure(()))))


def test_steps_are_those_of_explain():
    page = states(apples(), languages=("en", "zh_TW", "ja"))
    told = [(node["forward"], node["backward"]) for node in page["nodes"] if node["label"] == "×"]
    assert told[0][0] == ["v1 = apple × count = 100 × 2 = 200"] * 3
    english, chinese, japanese = told[0][1]
    swapped = "A multiplication node hands the derivative on times the swapped value, that of the other input."
    assert english == (f"∂price/∂apple = ∂price/∂v1 · count = 1.1 × 2 = 2.2. {swapped}\n"
                       f"∂price/∂count = ∂price/∂v1 · apple = 1.1 × 100 = 110. {swapped}")
    assert "對調後的值" in chinese
    assert "ひっくり返した値" in japanese
    steps = gg.steps(apples(), digits=4)
    assert {line for node in page["nodes"] if node["kind"] == "op" for line in node["backward"][0].split("\n")} == {
        step.text("en") for step in steps.backward}


def test_what_is_one_thing_has_one_name_inside_and_outside():
    page = states(gg.sigmoid(gg.tensor(1.0, name="x")) * 2)
    told = {node["label"]: node["forward"] for node in page["nodes"]}
    assert told["σ"] == ["v1 = σ(x) = σ(1) = 0.7311"]
    assert told["/"] == ["v1 = 1/v5 = 1/1.368 = 0.7311"]
    assert told["×2"] == ["v2 = v1 × 2 = 0.7311 × 2 = 1.462"]
    (back,) = [node["backward"][0] for node in page["nodes"] if node["label"] == "/"]
    assert back.startswith("∂v2/∂v5 = ∂v2/∂v1 · (-v1²) = 2 × (-0.5344) = -1.069. ")


def test_a_fork_tells_its_sum_and_a_graph_without_numbers_its_formulas():
    s = gg.tensor(2.0, name="s")
    told = {node["label"]: node["backward"][0] for node in states(s**2 * (3 * s))["nodes"] if node["backward"]}
    assert "= 24 + 12 = 36" in told["s"]
    page = states(gg.trace(lambda x, y: gg.exp(x) * y, "f")(gg.ArrayType((3,)), gg.ArrayType((3,))))
    assert [node["forward"][0] for node in page["nodes"] if node["kind"] == "op"] == ["v1 = exp(x)", "v2 = v1 × y"]


def test_closed_nodes_have_the_numbers_of_their_stable_form():
    logits = gg.tensor([[1e4, 0.0, 5.0]], name="a")
    page = states(gg.cross_entropy(logits, gg.constant(np.array([1]), name="t")) * 2)
    boxes = {box["title"]: box["id"] for box in page["boxes"]}
    out = next(edge for edge in page["edges"] if edge["from"] != "n0" and edge["to"] in {
        node["id"] for node in page["nodes"] if node["label"] == "×2"})
    outermost = next(box["id"] for box in page["boxes"] if box["parent"] is None)
    assert "NaN" in out["svg"]  # the body's: ∞ / ∞
    assert "10000" in out["seen"][outermost]["svg"]
    assert "NaN" not in out["seen"][outermost]["svg"]
    assert set(boxes) >= {"cross_entropy", "softmax"}
    into = [edge for edge in page["edges"] if edge["to"] == outermost and edge["from"] == "n0"]
    assert ["NaN" in edge["svg"] for edge in into] == [False]
    rows = page["tables"][into[0]["gradient"]]["rows"]
    assert rows == [["0", "2.0", "-2.0", "0.0"]]
    inner = [edge for edge in page["edges"] if edge["to"] == boxes["softmax"] and edge["from"] == "n0"]
    assert ["NaN" in edge["svg"] for edge in inner] == [True]


def test_arrays_come_as_tables_up_to_a_bound():
    small, large = np.arange(12.0).reshape(2, 2, 3) / 7, np.zeros((30, 30))
    page = states(gg.sum(gg.tensor(small, name="s")) + gg.sum(gg.tensor(large, name="z")))
    assert [row[0] for row in page["tables"][0]["rows"]] == ["0, 0", "0, 1", "1, 0", "1, 1"]
    assert [[float(entry) for entry in row[1:]] for row in page["tables"][0]["rows"]] == small.reshape(4, 3).tolist()
    assert {"type": "float64[30, 30]", "minimum": "0", "maximum": "0", "mean": "0", "zeros": "100 %",
            "rows": None} in page["tables"]


def test_the_first_view_and_everything_open_are_laid_out_with_the_page():
    page = json.loads(unpacked(draw(two_layers(), format="html"), "picture"))
    assert [set(view["open"]) for view in page["views"]] == [set(page["open"]), {box["id"] for box in page["boxes"]}]
    for view in page["views"]:
        nodes, edges = seen(page, set(view["open"]))
        assert set(view["places"]) == nodes | set(view["open"])
        assert set(view["lines"]) == set(view["labels"]) == {name for name, _, _ in edges}
        for name in nodes:
            place, item = view["places"][name], next(node for node in page["nodes"] if node["id"] == name)
            assert (place["width"], place["height"]) == (pytest.approx(item["w"], abs=0.1), item["h"])
            assert 0 <= place["x"] <= view["width"] - place["width"]


def nested(count):
    with ExitStack() as scopes:
        for i in range(count):
            scopes.enter_context(gg.scope(f"box {i}"))
        return gg.sin(gg.tensor(0.5))


@pytest.mark.parametrize(("graph", "options", "views"), [
    (apples, {}, 1),  # nothing can be opened
    (two_layers, {"open": True, "depth": 50}, 1),  # everything is open at first
    (two_layers, {"depth": 0}, 2),
    (lambda: blocks(160), {}, 1),  # everything is more than is laid out ahead
    (lambda: nested(300), {}, 1),  # few nodes, but in many boxes
])
def test_how_many_views_are_laid_out_with_the_page(graph, options, views):
    assert len(json.loads(unpacked(draw(graph(), format="html", **options), "picture"))["views"]) == views


def test_without_the_engine_the_page_lays_out_everything_itself(monkeypatch):
    monkeypatch.setattr("glassgrad.draw.views.find_spec", lambda name: None)
    assert json.loads(unpacked(draw(apples(), format="html"), "picture"))["views"] == []


def test_the_language_is_the_current_one_and_the_others_come_along():
    with words.use("ja"):
        page = draw(apples(), format="html")
    assert '<html lang="ja">' in page
    picture = json.loads(unpacked(page, "picture"))
    assert list(picture["languages"]) == ["ja", "en", "zh_TW"]
    assert picture["words"]["fit"] == ["全体表示", "fit", "符合視窗"]


def test_open_at_first():
    def opened(**options):
        return json.loads(unpacked(draw(two_layers(), format="html", **options), "picture"))["open"]

    titles = {box.id: box.title for box in story_of(two_layers(), opens=True).outline.boxes.values()}
    assert {titles[name] for name in opened()} == {"Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss"}
    assert opened(depth=0) == []
    assert {titles[name] for name in opened(open=("relu",))} == {
        "Affine1", "ReLU1", "Affine2", "SoftmaxWithLoss", "relu"}
    assert len(opened(open=True)) == len(titles)


def blocks(count):
    y = gg.tensor(0.5)
    for i in range(count):
        with gg.scope(f"block {i // 8}"):
            y = gg.tanh(y * 0.999)
    return y


def test_of_a_large_graph_the_page_holds_a_part_and_says_so():
    page = states(blocks(400), most=300)
    assert len(page["nodes"]) <= 300 + 1  # the output
    closed = [node for node in page["nodes"] if not node.get("opens", True)]
    assert closed
    assert page["sealed"] >= len(closed)
    assert states(two_layers())["sealed"] == 0


def many_arrays():
    generator = np.random.default_rng(0)
    total = gg.tensor(0.0)
    for i in range(60):
        with gg.scope(f"part {i} " + "".join(map(chr, generator.integers(0x4E00, 0x9FFF, 30)))):
            total = total + gg.sum(gg.tensor(generator.normal(size=(20, 20)) * 1e-9)) + gg.softmax(
                gg.tensor(generator.normal(size=4)))[0]
    return total


@pytest.mark.parametrize("make", [lambda: blocks(400), lambda: blocks(3_000), many_arrays])
def test_no_page_is_larger_than_700_kb(make):
    page = draw(make(), format="html")
    assert len(page.encode()) <= 700_000
    picture = json.loads(unpacked(page, "picture"))
    assert picture["sealed"] or picture["views"]
    assert list(picture["languages"]) == ["en"]
    assert picture["words"].keys() >= {"sealed", "one_language"}


def test_an_outline_without_boxes_has_nothing_to_open():
    assert Outline().to_depth(None) == set()


def test_the_page_says_that_opened_and_closed_agree():
    page = draw(two_layers(), format="html")
    said = json.loads(unpacked(page, "picture"))["proof"][0]
    assert re.search(r"the largest relative difference is \d(\.\d+)?e−1[5-9]\.|difference is 0\.", said)
    assert json.loads(unpacked(draw(apples(), format="html"), "picture"))["proof"] == ["", "", ""]


def test_a_name_like_a_template_s_place_stays_a_name():
    page = draw(gg.exp(gg.tensor(0.0, name="PROOF FALLBACK TITLE")), format="html")
    assert "PROOF FALLBACK TITLE ──" in page
