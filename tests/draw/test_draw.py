"""`draw`: formats, files, settings, notebooks, and what is refused."""

import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawn_graphs import apples, two_layers
from hostile import HOSTILE

import glassgrad as gg
import glassgrad.draw
from glassgrad.draw import Picture, draw
from glassgrad.draw.labels import LONGEST_LABEL
from glassgrad.draw.metrics import shorten


@pytest.mark.parametrize(("name", "begins"), [
    ("a.svg", b"<svg"), ("a.PNG", b"\x89PNG"), ("a.html", b"<!DOCTYPE html>"), ("a.txt", b"                "),
    ("a.tex", rb"\documentclass"), ("a.dot", b"digraph"), ("a.gv", b"digraph"),
])
def test_the_suffix_chooses_the_format(tmp_path, name, begins):
    assert draw(apples(), path=tmp_path / name) is None
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_the_format_overrules_the_suffix(tmp_path):
    draw(apples(), format="dot", path=tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").startswith("digraph")


def test_the_package_can_be_called():
    assert glassgrad.draw(apples(), format="dot") == draw(apples(), format="dot")


def test_without_format_a_picture_shows_itself():
    picture = draw(apples())
    assert isinstance(picture, Picture)
    assert picture._repr_svg_() == draw(apples(), format="svg")
    assert repr(picture) == draw(apples(), format="text")


@pytest.mark.parametrize(("settings", "says"), [
    ({"format": "pdf"}, "format 'pdf' is not known.*Known: svg, png, html, text, tikz, dot"),
    ({"theme": "drak"}, "Did you mean 'dark'"),
    ({"arrays": "hot"}, "Known: auto, heat, numbers, shape"),
    ({"path": "picture.jpg"}, "file suffix '.jpg' is not known"),
    ({"open": ("sofmax",)}, "Did you mean 'softmax'"),
    ({"open": ("record",)}, r"a composite \(an op that can be opened\) 'record' is not known.*, sigmoid, "),
    ({"open": ("multiply",)}, "'multiply' is not known"),  # an op, but with nothing in it
])
def test_unknown_settings(settings, says):
    with pytest.raises(gg.SettingError, match=says):
        draw(apples(), **settings)


def test_a_folder_or_a_name_without_suffix_is_refused_with_an_example(tmp_path):
    with pytest.raises(gg.SettingError, match=r"is a folder; the name of a file is needed, such as '.*graph.svg'"):
        draw(apples(), path=tmp_path)
    with pytest.raises(gg.SettingError, match=r"path='picture' is without a suffix.* such as 'picture.svg'"):
        draw(apples(), path="picture")


def test_unwritable_places(tmp_path):
    for bad in (tmp_path / "missing" / "a.svg", tmp_path, "bad\0name.svg"):
        with pytest.raises(gg.DataError, match="cannot be written"):
            draw(apples(), path=bad, format="dot")


def test_without_the_extra_png_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(gg.SettingError, match=r"glassgrad\[draw\]"):
        draw(apples(), format="png")


def test_without_the_extra_all_else_is_drawn(monkeypatch):
    monkeypatch.setattr("glassgrad.draw.places.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "quickjs", None)
    for kind in ("svg", "html", "text", "tikz", "dot"):
        assert "price" in draw(apples(), format=kind)


def test_depth_and_open():
    assert "Affine1" in draw(two_layers(), depth=0, format="text", width=200)
    assert "dot" not in draw(two_layers(), format="dot")
    assert 'label="dot"' in draw(two_layers(), format="dot", open=True)


TAGS = {"svg", "title", "desc", "style", "rect", "g", "text", "path"}
ATTRIBUTES = {"class", "d", "height", "role", "rx", "transform", "viewBox", "width", "x", "y"}


def named(names):
    """Return a graph in which each name is that of a leaf, of a result and of a box."""
    total = gg.tensor(0.0)
    for name in names:
        with gg.scope(name):
            total = total + gg.exp(gg.tensor(1.5, name=name))
            total.name = name
    return total


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 20))
def test_any_name_appears_as_text(start, monkeypatch):
    for module in ("places", "views"):  # where things stand does not matter here, and the plain method is quicker
        monkeypatch.setattr(f"glassgrad.draw.{module}.find_spec", lambda name: None)
    names = HOSTILE[start : start + 20]
    graph = named(names)
    drawn = {kind: draw(graph, format=kind, width=10_000, depth=2) for kind in ("svg", "text", "tikz", "dot", "html")}
    for written in drawn.values():
        written.encode()
        assert not set(written) & (set(map(chr, [*range(9), *range(11, 32), 127])) | set("\u202e\u200b\u2066\ufeff"))
    tree = ET.fromstring(drawn["svg"])  # noqa: S314 - our own
    assert {part.tag.split("}")[1] for part in tree.iter()} <= TAGS
    assert {name for part in tree.iter() for name in part.attrib} <= ATTRIBUTES
    assert {shorten(name, LONGEST_LABEL) for name in names} - {""} <= {part.text for part in tree.iter()}
    assert drawn["html"].count("<script") == 3
    assert drawn["html"].count("<svg") == drawn["html"].count("<img") == drawn["html"].count("<iframe") == 0
    assert drawn["dot"].count("\n") == len([line for line in drawn["dot"].split("\n") if line]) - 1


def test_a_name_is_no_latex():
    drawn = draw(named([r"\input{x}"]), format="tikz")
    assert r"\input{x}" not in drawn
    assert r"\textbackslash{}input\{x\}" in drawn


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, 5e-324, 0.0])
def test_any_number_gives_a_picture(value):
    x = gg.tensor(value, name="x")
    with np.errstate(all="ignore"):
        y = gg.exp(x) / x
    for kind in ("svg", "text", "tikz", "dot"):
        assert draw(y, format=kind)
    finite = np.isfinite([value, y.inputs[0].item(), y.item()]).all() and value not in (0.0, 5e-324)
    assert ("⚠" not in draw(y, format="text")) == finite
