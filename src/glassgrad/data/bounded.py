"""Bytes from files and archives that cannot be trusted: never more than was announced, and never more than a limit."""

from __future__ import annotations

import gzip
import io
import math
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from ..errors import DataError
from ..files import FilePath, file_error, open_regular

__all__ = ["LIMIT", "MOST_RATIO", "check_limit", "fill", "fill_array", "is_gzip", "opened", "plausible", "read_all"]

LIMIT = 4 << 30  # bytes that one file may unpack to in memory; larger data are mapped
MOST_RATIO = 1032  # deflate cannot do better, so a file that announces more is not whole
_BLOCK = 1 << 20


def is_gzip(path: FilePath) -> bool:
    """Tell by its name whether a file is compressed by gzip."""
    return os.fspath(path).endswith(".gz")


@contextmanager
def opened(path: FilePath) -> Iterator[tuple[BinaryIO, int]]:
    """Open a plain or gzip file for reading; give the stream and the most bytes that it can hold.

    Every way in which reading can fail inside the block becomes a `DataError` that names the file.
    """
    try:
        with open(path, "rb", opener=open_regular) as raw:
            size = os.fstat(raw.fileno()).st_size
            if is_gzip(path):
                with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
                    yield io.BufferedReader(unpacked, _BLOCK), size * MOST_RATIO
            else:
                yield raw, size
    except DataError:
        raise
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{os.fspath(path)!r} is not a whole gzip file: {error}. Take a new copy of it.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise file_error("read", path, error) from None


def check_limit(path: FilePath, size: int, limit: int) -> None:
    """Raise if a file announces more than `limit` bytes."""
    if size > limit:
        raise DataError(f"{os.fspath(path)!r} holds {size:,} bytes; at most {limit:,} are read into memory. "
                        "Map it (memory_map=True, files that are not compressed), or raise the limit.")


def plausible(shape: Sequence[int], itemsize: int) -> bool:
    """Tell whether NumPy can have an array of this shape; an axis of size 0 does not excuse the others."""
    return len(shape) <= 8 and 0 < itemsize * math.prod(max(1, size) for size in shape) < 1 << 62


def fill(stream: BinaryIO, size: int) -> bytearray:
    """Return the next `size` bytes, or fewer at the end; memory grows with what arrives, not what was announced."""
    data = bytearray()
    while len(data) < size:
        block = stream.read(min(_BLOCK, size - len(data)))
        if not block:
            break
        data += block
    return data


def fill_array(stream: BinaryIO, size: int) -> np.ndarray:
    """Return the next `size` bytes, which the file is known to be able to hold, or fewer at the end.

    The system gives NumPy's memory in large pages where it has them, as they are written to; from these, scattered rows
    are read faster.
    """
    data = np.empty(size, np.uint8)
    done = 0
    while done < size:
        count = stream.readinto(data[done : done + _BLOCK])  # type: ignore[attr-defined]
        if not count:
            break
        done += count
    return data[:done]


def read_all(path: FilePath, limit: int = LIMIT) -> bytearray:
    """Return what a plain or gzip file holds, at most `limit` bytes."""
    with opened(path) as (stream, most):
        if not is_gzip(path):
            check_limit(path, most, limit)
        data = fill(stream, limit + 1)
    check_limit(path, len(data), limit)
    return data
