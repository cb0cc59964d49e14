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


@pytest.mark.parametrize("name", ["06-apples-backward", "12-sigmoid-opened", "13-affine-single"])
def test_files_are_up_to_date(name):
    entry = next(entry for entry in make.FIGURES if entry.name == name)
    assert (GALLERY / f"{name}.svg").read_text(encoding="utf-8") == make.svg(make.scene(entry.make()))
