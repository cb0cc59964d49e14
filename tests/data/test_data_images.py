"""Folders of images, one a class."""

import sys

import numpy as np
import pytest

from glassgrad import DataError, data
from glassgrad.data import images

Image = pytest.importorskip("PIL.Image")


def picture(path, pixels, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Image.fromarray(np.asarray(pixels, np.uint8))
    (made.convert(mode) if mode else made).save(path)


def test_a_folder_of_images_by_class(tmp_path):
    for number in range(6):
        picture(tmp_path / "cat" / f"{number}.png", np.full((4, 5), number))
        picture(tmp_path / "dog" / f"{number}.bmp", np.full((4, 5), 100 + number))
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    made = data.load(tmp_path, test=2)
    assert (made.classes, made.image_shape, made.divisor) == (("cat", "dog"), (4, 5), 255.0)
    assert made.x_train.shape == (10, 20)
    np.testing.assert_array_equal(made.y_train, made.x_train[:, 0] >= 100)


def test_colour_and_a_test_part_of_its_own(tmp_path):
    for part, count in [("train", 3), ("test", 2)]:
        for name, colour in [("red", [255, 0, 0]), ("blue", [0, 0, 255])]:
            for number in range(count):
                picture(tmp_path / part / name / f"{number}.png", np.tile(colour, (2, 2, 1)))
    made = data.load(tmp_path)
    assert (made.image_shape, len(made.x_train), len(made.x_test)) == ((2, 2, 3), 6, 4)
    np.testing.assert_array_equal(made.x_test[made.y_test == 0][0], [0, 0, 255] * 4)
    gray = data.load(tmp_path, image_shape=(1, 1))
    np.testing.assert_array_equal(np.unique(gray.x_train), [29, 76])
    (tmp_path / "test" / "red").rename(tmp_path / "test" / "green")
    with pytest.raises(DataError, match="must agree"):
        data.load(tmp_path)


def test_images_that_cannot_be_used(tmp_path, monkeypatch):
    picture(tmp_path / "a" / "1.png", np.zeros((4, 4)))
    picture(tmp_path / "b" / "1.png", np.zeros((4, 5)))
    with pytest.raises(DataError, match=r"5 x 4 pixels.*4 x 4.*image_shape"):
        data.load(tmp_path)
    with pytest.raises(DataError, match="at most 3 are"):
        images.load_images(tmp_path, (2, 2), limit=3)
    for wrong in [(2,), (0, 2), (2, 2, 4)]:
        with pytest.raises(DataError, match="height and width"):
            images.load_images(tmp_path, wrong)
    monkeypatch.setattr(images, "MOST_PIXELS", 15)
    with pytest.raises(DataError, match="4 x 4 pixels; at most 15"):
        data.load(tmp_path)
    monkeypatch.undo()
    (tmp_path / "c").mkdir()
    with pytest.raises(DataError, match="has no image"):
        data.load(tmp_path)
    (tmp_path / "c" / "1.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    with pytest.raises(DataError, match="not an image"):
        data.load(tmp_path, image_shape=(4, 4))
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "c" / "1.png")
    with pytest.raises(DataError, match="8 bits"):
        images.load_images(tmp_path, (4, 4))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match="pip install pillow"):
        data.load(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tiff", "ppm", "webp"])
def test_damaged_images_raise_only_our_own_error(tmp_path, suffix):
    path = tmp_path / "a" / f"1.{suffix}"
    picture(path, np.random.default_rng(0).integers(0, 256, (8, 8)), "RGB")
    picture(tmp_path / "b" / "1.png", np.zeros((8, 8)), "RGB")
    good = path.read_bytes()
    generator = np.random.default_rng(1)
    for _ in range(25):
        bad = bytearray(good)
        for place in generator.integers(0, len(bad), 3):
            bad[place] = generator.integers(256)
        path.write_bytes(bad[:generator.integers(1, len(bad) + 1)])
        try:
            (x, _), = images.load_images(tmp_path, (8, 8, 3))[0]
        except DataError:
            continue
        assert x.shape == (2, 8, 8, 3)
