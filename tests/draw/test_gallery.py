"""The gallery: every figure has the reference numbers, and every one is there as SVG and PNG."""

import sys
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
sys.path.insert(0, str(GALLERY))

import make  # noqa: E402

SLIDES_WITH_PICTURES = {4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 22}


@pytest.mark.parametrize("entry", make.FIGURES, ids=lambda entry: entry.name)
def test_numbers_are_those_of_the_reference(entry):
    drawing = entry.make()
    assert make.differences(entry, drawing) == []
    assert drawing.expected or isinstance(drawing.what, make.Scene) or entry.slide == 22


def test_a_wrong_number_is_found():
    entry = next(entry for entry in make.FIGURES if entry.name == "06-apples-backward")
    drawing = entry.make()
    drawing.expect(drawing.what, value=221.0, derivative=1)
    assert make.differences(entry, drawing) == [f"{entry.name}: value of multiply is 220.00000000000003, not 221.0"] * 2


def test_every_slide_with_a_picture_has_one():
    assert {entry.slide for entry in make.FIGURES} == SLIDES_WITH_PICTURES


def test_the_files_are_there_and_the_page_shows_them():
    page = (GALLERY / "index.md").read_text(encoding="utf-8")
    for entry in make.FIGURES:
        assert (GALLERY / f"{entry.name}.svg").exists()
        assert (GALLERY / f"{entry.name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"({entry.name}.svg)" in page


@pytest.mark.parametrize("entry", make.FIGURES, ids=lambda entry: entry.name)
def test_files_are_up_to_date(entry):
    kept = (GALLERY / f"{entry.name}.svg").read_text(encoding="utf-8")
    assert kept == make.svg(make.scene(entry.make())), "run docs/gallery/make.py and look at the picture"


def test_the_page_is_up_to_date_and_no_file_is_left_over():
    assert (GALLERY / "index.md").read_text(encoding="utf-8") == make.index()
    assert {file.stem for file in GALLERY.glob("*.svg")} == {entry.name for entry in make.FIGURES}


@pytest.mark.parametrize("name", ["17-softmax-with-loss-forward", "19-cross-entropy-backward",
                                  "20-softmax-with-loss-complete"])
def test_three_numbers_are_added_in_one_node_as_in_the_lecture(name):
    drawn = make.scene(next(entry for entry in make.FIGURES if entry.name == name).make())
    for node in drawn.nodes:
        if node.label == "+":
            assert sum(edge.target == node.id for edge in drawn.edges) == 3
