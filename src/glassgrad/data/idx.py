"""IDX files, the format of MNIST: a magic number, sizes, then the values in big-endian order.

>>> import pathlib, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     file = pathlib.Path(folder, "tiny-idx2-ubyte")
...     _ = file.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
...     read_idx(file)
array([[7, 8, 9]], dtype=uint8)
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import DataError
from ..files import FilePath
from .bounded import LIMIT, check_limit, fill_array, is_gzip, opened, plausible

__all__ = ["find_idx", "load_idx", "read_idx"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAME = re.compile(
    r"(?P<set>.*?)(?P<part>train|t10k|test)[-_.]?(?P<what>images|labels)([-_.]idx[1-4])?([-_.]?u?byte)?(?P<gz>\.gz)?",
)


def read_idx(path: FilePath, *, memory_map: bool = False, limit: int = LIMIT) -> np.ndarray:
    """Return the array that an IDX file holds.

    Parameters
    ----------
    path : path
        Compressed by gzip if its name ends with ``.gz``.
    memory_map : bool
        Leave the values on disk (files of bytes, not compressed).
    limit : int
        Most bytes that are read into memory.

    Raises
    ------
    DataError
        If the file cannot be read, or its sizes are not what its header says.
    """
    with opened(path) as (stream, most):
        dtype, shape, start = _header(stream, path)
        size = math.prod(shape) * dtype.itemsize
        if start + size > most or (not is_gzip(path) and start + size != most):
            raise DataError(f"{os.fspath(path)!r} should hold {start + size:,} bytes for {_say(dtype, shape)}, but has "
                            f"{'at most ' if is_gzip(path) else ''}{most:,}. Take a new copy of it.")
        if memory_map:
            return _mapped(path, dtype, shape, start)
        check_limit(path, size, limit)
        data = fill_array(stream, size)
        if len(data) < size or stream.read(1):
            raise DataError(f"{os.fspath(path)!r} should unpack to {start + size:,} bytes for {_say(dtype, shape)}; it "
                            f"has {'fewer' if len(data) < size else 'more'}. Take a new copy of it.")
    array = data.view(dtype).reshape(shape)
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def _header(stream: BinaryIO, path: FilePath) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= 4:
        raise DataError(f"{os.fspath(path)!r} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}, where "
                        "00 00, a type (08, 09, 0b to 0e) and 1 to 4 dimensions are needed.")
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{os.fspath(path)!r} ends within its header. Take a new copy of it.")
    shape, dtype = tuple(int(size) for size in np.frombuffer(sizes, ">u4")), np.dtype(_TYPES[magic[2]])
    if not plausible(shape, dtype.itemsize):
        raise DataError(f"{os.fspath(path)!r} announces {_say(dtype, shape)}, which cannot be. Take a new copy of it.")
    return dtype, shape, 4 + len(sizes)


def _say(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    return f"{' x '.join(f'{size:,}' for size in shape)} values of {dtype.itemsize} bytes"


def _mapped(path: FilePath, dtype: np.dtype[Any], shape: tuple[int, ...], start: int) -> np.ndarray:
    if is_gzip(path):
        raise DataError(f"{os.fspath(path)!r} is compressed, so it cannot be mapped. Unpack it first (gunzip).")
    if dtype.itemsize > 1:
        raise DataError(f"{os.fspath(path)!r} holds {dtype.itemsize}-byte values in big-endian order, which cannot be "
                        "used in place. Save them as .npy first, or read them into memory.")
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, mode="r", offset=start, shape=shape)


def find_idx(folder: FilePath) -> dict[tuple[str, str], Path]:
    """Return the IDX files of a folder by part (train, test) and content (images, labels).

    Raises
    ------
    DataError
        If the folder cannot be listed, or holds more than one set.
    """
    found: dict[tuple[str, str], Path] = {}
    sets: set[str] = set()
    for path in sorted(Path(folder).iterdir()):
        match = _NAME.fullmatch(path.name)
        if match is None or not path.is_file():
            continue
        sets.add(match["set"])
        key = ("train" if match["part"] == "train" else "test", match["what"])
        if key not in found or is_gzip(found[key]):  # of the two forms, the one that need not be unpacked
            found[key] = path
    if len(sets) > 1:
        raise DataError(f"{os.fspath(folder)!r} holds the IDX files of {len(sets)} sets: "
                        f"{', '.join(repr(name) for name in sorted(sets))}. Give each a folder of its own.")
    return found


def load_idx(
    folder: FilePath, *, memory_map: bool = False, limit: int = LIMIT,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return images and labels for training and, if the folder has them, for testing."""
    files = find_idx(folder)
    parts: list[np.ndarray | None] = []
    for part in ("train", "test"):
        pair = [files.get((part, what)) for what in ("images", "labels")]
        if part == "test" and pair == [None, None]:
            parts += [None, None]
            continue
        if pair[0] is None or pair[1] is None:
            missing = "images" if pair[0] is None else "labels"
            raise DataError(f"{os.fspath(folder)!r} has no {part} {missing}; files named like "
                            f"train-{missing}-idx{3 if missing == 'images' else 1}-ubyte, with or without .gz, are "
                            "needed.")
        parts += [read_idx(pair[0], memory_map=memory_map, limit=limit), read_idx(pair[1], limit=limit)]
    return parts[0], parts[1], parts[2], parts[3]  # type: ignore[return-value]  # the first two were checked
