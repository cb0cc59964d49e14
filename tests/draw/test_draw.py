"""`draw`: formats, files, settings, notebooks, and what is refused."""

import sys

import numpy as np
import pytest
from drawn_graphs import apples, two_layers

import glassgrad as gg
import glassgrad.draw
from glassgrad.draw import Picture, draw


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
])
def test_unknown_settings(settings, says):
    with pytest.raises(gg.SettingError, match=says):
        draw(apples(), **settings)


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


NAMES = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&amp;&lt;", "\x1b[31mred", "a\nb", "\u202eevil",
    "{0}", "%s", r"\input{x}", "$x^2$", "#_%&~^", "\ud800", "\x00", "</style>", "-->", "]]>", "x" * 500, "蘋果" * 50,
    "'; DROP TABLE", "\\", "}", "\u200b", "javascript:alert(1)", "{{7*7}}",
    "<!--", "</script>", "<svg/onload=alert(1)>",
    " ", "\t", "\u2028", "٣", "é", "𝔁", "👩‍👧", "--", '"', "'", "`", "${x}", "<%= x %>", "\r\n", "\x7f", "\ufeff", "∂",
]


@pytest.mark.parametrize("kind", ["svg", "text", "tikz", "dot", "html"])
def test_any_name_appears_as_text(kind):
    import xml.etree.ElementTree as ET

    total = gg.tensor(0.0)
    for name in NAMES:
        with gg.scope(name):
            total = total + gg.exp(gg.tensor(1.5, name=name))
            total.name = name
    written = draw(total, format=kind, width=10_000)
    written.encode()
    if kind == "svg":
        tree = ET.fromstring(written)  # noqa: S314 - our own
        assert {part.tag.split("}")[1] for part in tree.iter()} <= {
            "svg", "title", "desc", "style", "rect", "g", "text", "path"}
        assert {"<script>alert(1)</script>", "{0}", "[31mred"} <= {part.text for part in tree.iter()}
    if kind == "html":
        assert written.count("<script") == 3
        assert written.count("<svg") == written.count("<img") == 0
    if kind == "text":
        assert r"\input{x}" in written
        assert not set(written) & set("\x1b\u202e\x00\x7f\u200b")
    if kind == "tikz":
        assert r"\input{x}" not in written
        assert r"\textbackslash{}input\{x\}" in written


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, 5e-324, 0.0])
def test_any_number_gives_a_picture(value):
    x = gg.tensor(value, name="x")
    with np.errstate(all="ignore"):
        y = gg.exp(x) / x
    for kind in ("svg", "text", "tikz", "dot"):
        assert draw(y, format=kind)
    finite = np.isfinite([value, y.inputs[0].item(), y.item()]).all() and value not in (0.0, 5e-324)
    assert ("⚠" not in draw(y, format="text")) == finite
