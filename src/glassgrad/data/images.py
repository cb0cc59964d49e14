"""A folder of images, one folder a class: ``cats/1.png, cats/2.png, dogs/1.png``, or that under train/ and test/.

Needs Pillow.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..files import FilePath
from .bounded import LIMIT

__all__ = ["has_image_classes", "load_images"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pgm", ".ppm", ".tif", ".tiff"})
MOST_PIXELS = 1 << 26  # of one image
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")  # no others: some of them start programs


def has_image_classes(folder: Path) -> bool:
    """Tell whether a folder holds folders of images."""
    return any(_images(child) for part in _parts(folder) for child in _folders(part))


def _folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    return sorted(
        child for child in folder.iterdir()
        if child.suffix.lower() in SUFFIXES and not child.name.startswith(".") and child.is_file()
    )


def _parts(folder: Path) -> list[Path]:
    """Return the folders of the training and the test part, or the one folder that is not divided."""
    names = {child.name.lower(): child for child in _folders(folder)}
    if "train" in names and "test" in names:
        return [names["train"], names["test"]]
    return [folder]


def load_images(
    folder: FilePath, image_shape: tuple[int, ...] | None = None, *, limit: int = LIMIT,
) -> tuple[list[tuple[np.ndarray, np.ndarray]], tuple[str, ...]]:
    """Return ``[(x, y)]``, or ``[(x_train, y_train), (x_test, y_test)]``, and the classes.

    Parameters
    ----------
    folder : path
    image_shape : tuple of int, optional
        Height, width, and 3 for colour: every image is brought to it. By default the images must be of one size, and
        are in colour if any of them is.
    limit : int
        Most bytes that the images may take in memory.

    Raises
    ------
    DataError
        If Pillow is missing, a class has no image, an image cannot be read, or the sizes differ.
    """
    _pillow()
    files = []
    classes: tuple[str, ...] | None = None
    for part in _parts(Path(folder)):
        children = _folders(part)
        found = tuple(child.name for child in children)
        if classes is not None and found != classes:
            raise DataError(f"{os.fspath(folder)!r}: train has the classes {', '.join(classes)}; test has "
                            f"{', '.join(found)}. They must agree.")
        classes = found
        files.append([(path, label) for label, child in enumerate(children) for path in _some(child)])
    shape = _common_shape([path for part in files for path, _ in part], image_shape)
    total = sum(len(part) for part in files) * int(np.prod(shape))
    if total > limit:
        raise DataError(f"{os.fspath(folder)!r}: the images take {total:,} bytes of memory; at most {limit:,} are "
                        "read. Give a smaller image_shape.")
    return [_part(part, shape, image_shape is not None) for part in files], classes or ()


def _some(folder: Path) -> list[Path]:
    paths = _images(folder)
    if not paths:
        raise DataError(f"{os.fspath(folder)!r} has no image; every folder here is a class and needs one at least. "
                        f"Known: {', '.join(sorted(SUFFIXES))}.")
    return paths


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise DataError("images are read by Pillow, which is not installed. Install it: pip install pillow.") from None
    return Image


def _open(path: Path) -> Any:
    """Return an opened image of a bearable size; its pixels are not read yet."""
    image_module = _pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", image_module.DecompressionBombWarning)  # our own limit is lower
            image = image_module.open(path, formats=FORMATS)
    except Exception as error:  # Pillow's parsers raise whatever a damaged file makes them run into
        raise DataError(f"{os.fspath(path)!r} is not an image that can be read: {error}.") from None
    if image.width * image.height > MOST_PIXELS:
        image.close()
        raise DataError(f"{os.fspath(path)!r} has {image.width:,} x {image.height:,} pixels; at most {MOST_PIXELS:,} "
                        "are read. Make it smaller.")
    return image


def _common_shape(paths: list[Path], wanted: tuple[int, ...] | None) -> tuple[int, ...]:
    if wanted is not None:
        if len(wanted) not in {2, 3} or min(wanted) < 1 or (len(wanted) == 3 and wanted[2] != 3):
            raise DataError(f"image_shape={tuple(wanted)} must be height and width, and 3 for colour.")
        return tuple(wanted)
    size: tuple[int, int] | None = None
    colour = False
    for path in paths:
        with _open(path) as image:
            colour = colour or image.mode not in {"1", "L", "LA", "I", "I;16", "F"}
            if size is None:
                size = image.size
            elif image.size != size:
                raise DataError(f"{os.fspath(path)!r} has {image.width} x {image.height} pixels, "
                                f"{os.fspath(paths[0])!r} has {size[0]} x {size[1]}. Give image_shape=(height, width) "
                                "to bring all to one size.")
    if size is None:
        raise DataError("there is no image to read.")
    return (size[1], size[0], 3) if colour else (size[1], size[0])


def _part(files: list[tuple[Path, int]], shape: tuple[int, ...], resize: bool) -> tuple[np.ndarray, np.ndarray]:
    x = np.empty((len(files), *shape), np.uint8)
    for row, (path, _) in enumerate(files):
        x[row] = _read(path, shape, resize)
    return x, np.array([label for _, label in files], np.int64)


def _read(path: Path, shape: tuple[int, ...], resize: bool) -> np.ndarray:
    image_module = _pillow()
    with _open(path) as image:
        try:
            if image.mode in {"I", "I;16", "F"}:
                raise DataError(f"{os.fspath(path)!r} has more than 8 bits a pixel. Convert it to 8 bits.")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what Pillow finds odd and reads all the same
                converted = image.convert("RGB" if len(shape) == 3 else "L")
        except DataError:
            raise
        except Exception as error:  # as above
            raise DataError(f"{os.fspath(path)!r} is damaged: {error}.") from None
        if resize and converted.size != (shape[1], shape[0]):
            converted = converted.resize((shape[1], shape[0]), image_module.Resampling.BOX)
        return np.asarray(converted)
