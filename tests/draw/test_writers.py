"""SVG, PNG, text, TikZ and DOT: byte-exact where nothing but the library decides, well-formed everywhere."""

import shutil
import struct
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawn_graphs import apples, scalar_network, two_layers

import glassgrad as gg
from glassgrad.draw import dot, draw, places, png, scene_of, svg, text, tikz

parse = ET.fromstring
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_svg_of_the_apples(golden, theme):
    golden(f"apples-{theme}.svg", svg(scene_of(apples()), theme))


def test_svg_of_layers_with_heat_maps(golden):
    golden("layers.svg", svg(scene_of(two_layers(), arrays="heat"), "light"))


def test_svg_text_can_be_searched_and_read_aloud():
    tree = parse(svg(scene_of(apples())))
    texts = [element.text for element in tree.iter(f"{SVG}text")]
    assert {"apple", "220", "∂ 2.2", "×"} <= set(texts)
    assert tree.find(f"{SVG}title").text == "price"
    assert "apple to ×: 100, derivative 2.2" in tree.find(f"{SVG}desc").text
    assert tree.get("role") == "img"


def test_svg_colours_are_not_the_only_cue():
    sheet = svg(scene_of(apples()))
    assert "font-style:italic" in sheet
    assert "∂ 200" in sheet


def test_svg_has_nothing_outside_the_paper():
    tree = parse(svg(scene_of(scalar_network())))
    left, top, wide, high = map(float, tree.get("viewBox").split())
    for group in tree.iter(f"{SVG}g"):
        if group.get("transform"):
            x, y = map(float, group.get("transform").removeprefix("translate(").rstrip(")").split())
            assert left <= x <= left + wide
            assert top <= y <= top + high


def test_svg_without_the_layout_engine(monkeypatch, golden):
    monkeypatch.setattr(places, "find_spec", lambda name: None)
    golden("apples-without-engine.svg", svg(scene_of(apples()), "light"))


def test_png_is_an_image_of_twice_the_size_and_not_empty():
    picture = scene_of(apples())
    data = png(picture)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high = struct.unpack(">II", data[16:24])
    box = parse(svg(picture)).get("viewBox").split()
    assert abs(wide - 2 * float(box[2])) <= 2
    assert abs(high - 2 * float(box[3])) <= 2
    assert png(picture, "dark") != data


@pytest.mark.parametrize(("name", "make"), [
    ("apples", lambda: scene_of(apples())),
    ("sigmoid", lambda: scene_of(gg.sigmoid(gg.tensor(1.0, name="x")), opens=True)),
    ("layers", lambda: scene_of(two_layers(), depth=0, arrays="shape")),
    ("wide-signs", lambda: scene_of(gg.tensor(100.0, name="蘋果") * gg.tensor(2.0, name="個數"))),
])
def test_text(golden, name, make):
    golden(f"{name}.txt", text(make(), 120) + "\n")


def test_text_in_colour():
    painted = text(scene_of(apples()), 100, color=True)
    assert "\x1b[3;31m←∂ 2.2\x1b[0m" in painted.replace(" \x1b[0m", "\x1b[0m ")
    import re

    assert [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", painted).split("\n")] == text(
        scene_of(apples()), 100).split("\n")


def test_text_that_is_too_wide_is_a_list(golden):
    listed = text(scene_of(scalar_network()), 60)
    golden("network.txt", listed + "\n")
    assert max(map(len, listed.split("\n"))) <= 60


@pytest.mark.parametrize("width", [1, 8, 20, 40, 79])
def test_text_fits(width):
    lines = text(scene_of(two_layers(), opens=True), width).split("\n")
    assert max(map(len, lines)) <= max(width, 30)


def test_dot(golden):
    golden("layers.dot", dot(scene_of(two_layers(), opens=True)) + "\n")


def test_dot_is_balanced():
    written = dot(scene_of(scalar_network()))
    assert written.count("{") == written.count("}") == 1 + len(scene_of(scalar_network()).boxes)
    assert written.count("->") == len(scene_of(scalar_network()).edges)


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_dot_is_read_by_graphviz():
    subprocess.run(["dot", "-Tsvg"], input=dot(scene_of(two_layers())).encode(), check=True, capture_output=True)  # noqa: S607


def test_tikz(golden):
    golden("apples.tex", tikz(scene_of(apples())))


HOSTILE_FOR_LATEX = r"50% $x_1^2$ {#1} ~ & \input{x} ‰ 蘋果 é"


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="LaTeX is not installed")
@pytest.mark.parametrize("make", [
    apples, two_layers, lambda: gg.exp(gg.tensor(np.nan, name=HOSTILE_FOR_LATEX)),
], ids=["apples", "layers", "hostile"])
def test_tikz_compiles(tmp_path, make):
    (tmp_path / "picture.tex").write_text(tikz(scene_of(make(), arrays="heat")), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "picture.tex"],  # noqa: S607
        cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )
    assert done.returncode == 0, done.stdout[-800:]
    assert (tmp_path / "picture.pdf").stat().st_size > 1000


def test_tikz_without_a_document():
    inner = tikz(scene_of(apples()), standalone=False)
    assert "documentclass" not in inner
    assert inner in tikz(scene_of(apples()))


@pytest.mark.parametrize("kind", ["svg", "text", "tikz", "dot", "html"])
def test_a_single_leaf_and_a_graph_without_values(kind):
    assert "x" in draw(gg.tensor(2.0, name="x"), format=kind)
    assert draw(gg.trace(lambda x: gg.exp(x))(gg.ArrayType((3,))), format=kind)
