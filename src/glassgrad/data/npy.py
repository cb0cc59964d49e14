"""Arrays saved by NumPy: .npy files, read or mapped, and .npz archives, with nothing believed that is not checked.

>>> import os, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     np.savez(os.path.join(folder, "tiny.npz"), x=np.eye(2), y=np.array([0, 1]))
...     {name: array.shape for name, array in read_npz(os.path.join(folder, "tiny.npz")).items()}
{'x': (2, 2), 'y': (2,)}
"""

from __future__ import annotations

import math
import os
import re
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import DataError
from ..files import FilePath
from .bounded import LIMIT, MOST_RATIO, check_limit, fill_array, opened, plausible

__all__ = ["ROLES", "pick_roles", "read_npy", "read_npz"]

# The names under which data sets are saved: x, y, x_test, y_test.
ROLES = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("x", "y", "x_test", "y_test"),
    ("data", "target", "", ""),
    ("data", "labels", "", ""),
    ("images", "labels", "", ""),
    ("features", "labels", "", ""),
    ("features", "target", "", ""),
)
_HEADER = re.compile(
    rb"\{ ?'descr': ?'(?P<descr>[<>|=]?[biufU][0-9]{1,4})', ?'fortran_order': ?(?P<fortran>True|False), ?"
    rb"'shape': ?\((?P<shape>[0-9, ]{0,200})\),? ?\}\s*",
)
_HEADER_LIMIT = 4096


def read_npy(path: FilePath, *, memory_map: bool = False, limit: int = LIMIT) -> np.ndarray:
    """Return the array of a .npy file of numbers or text.

    Parameters
    ----------
    path : path
    memory_map : bool
        Leave the values on disk.
    limit : int
        Most bytes that are read into memory.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, or holds Python objects.
    """
    with opened(path) as (stream, most):
        what = repr(os.fspath(path))
        dtype, shape, fortran, start = _header(stream, what)
        _check_size(what, start + math.prod(shape) * dtype.itemsize, most)
        if memory_map and 0 not in shape:
            if fortran and len(shape) > 2:
                raise DataError(f"{what} is in Fortran order, so its rows cannot be used in place. "
                                "Save np.ascontiguousarray of it.")
            return np.memmap(path, dtype, mode="r", offset=start, shape=shape, order="F" if fortran else "C")
        check_limit(path, most, limit)
        return _values(stream, what, dtype, shape, fortran)


def _header(stream: BinaryIO, what: str) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """Read the header with a closed grammar: it is Python text, and nothing here evaluates such text."""
    magic = stream.read(8)
    if magic[:6] != b"\x93NUMPY" or len(magic) < 8 or magic[6] not in {1, 2, 3}:
        raise DataError(f"{what} is not a .npy file: it begins with {magic.hex(' ') or 'nothing'}.")
    width = 2 if magic[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    text = stream.read(length) if length <= _HEADER_LIMIT else b""
    match = _HEADER.fullmatch(text)
    if match is None:
        shown = text[:80].decode("ascii", "replace").strip()
        raise DataError(f"{what}: the header {shown!r} is not one of an array of numbers or text. Python objects and "
                        "records are not read; save plain arrays.")
    try:
        dtype = np.dtype(match["descr"].decode())
        shape = tuple(int(size) for size in match["shape"].decode().split(",") if size.strip())
    except (TypeError, ValueError):
        raise DataError(f"{what}: the header names a dtype or shape that does not exist. Take a new copy.") from None
    if not plausible(shape, dtype.itemsize):
        raise DataError(f"{what}: the header announces an array that cannot be, {len(shape)} dimensions of "
                        f"{dtype.itemsize}-byte values. Take a new copy of it.")
    return dtype, shape, match["fortran"] == b"True", 8 + width + length


def _check_size(what: str, needed: int, size: int) -> None:
    if needed != size:
        raise DataError(f"{what} should have {needed:,} bytes by its header, but has {size:,}. Take a new copy of it.")


def _values(stream: BinaryIO, what: str, dtype: np.dtype[Any], shape: tuple[int, ...], fortran: bool) -> np.ndarray:
    size = math.prod(shape) * dtype.itemsize
    data = fill_array(stream, size)
    if len(data) < size or stream.read(1):
        raise DataError(f"{what} does not hold the {size:,} bytes that its header announces. Take a new copy of it.")
    if dtype.kind == "U" and not np.all(data.view(f"{dtype.byteorder}u4") < 0x110000):
        raise DataError(f"{what} holds text that is not Unicode. Take a new copy of it.")
    array = data.view(dtype).reshape(shape, order="F" if fortran else "C")
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def read_npz(path: FilePath, names: Collection[str] | None = None, *, limit: int = LIMIT) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz archive.

    Parameters
    ----------
    path : path
    names : collection of str, optional
        Which to read; all by default.
    limit : int
        Most bytes that all of them may unpack to.

    Raises
    ------
    DataError
        If the archive is damaged, has a name twice, a path or something else than arrays in it, or is too large.
    """
    what = repr(os.fspath(path))
    with opened(path) as (stream, _):
        try:
            with zipfile.ZipFile(stream) as archive:
                members = [member for member in _members(archive, what) if names is None or _key(member) in names]
                check_limit(path, sum(member.file_size for member in members), limit)
                return {_key(member): _read_member(archive, member, what) for member in members}
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError,
                OverflowError) as error:
            raise DataError(f"{what} is not a whole .npz archive: {error}. Take a new copy of it.") from None


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _members(archive: zipfile.ZipFile, what: str) -> list[zipfile.ZipInfo]:
    """Return the members, after the list of contents has been found plausible."""
    seen: set[str] = set()
    for member in archive.infolist():
        name = member.filename
        if name in seen:
            raise DataError(f"{what} holds {name!r} twice, so it is not clear which counts. Save it anew.")
        seen.add(name)
        if not name.endswith(".npy") or re.search(r"[/\\\0:]", name):
            raise DataError(f"{what} holds {name!r}; only arrays (name.npy, no folders) may be in it.")
        if member.flag_bits & 1 or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise DataError(f"{what}: {name!r} is encrypted, or compressed in a way that NumPy does not use.")
        if member.file_size > MOST_RATIO * member.compress_size + 1024:
            raise DataError(f"{what}: {name!r} announces {member.file_size:,} bytes, which {member.compress_size:,} "
                            "compressed bytes cannot hold. Take a new copy of it.")
    return archive.infolist()


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, what: str) -> np.ndarray:
    label = f"{what}, {_key(member)!r}"
    with archive.open(member) as stream:
        dtype, shape, fortran, start = _header(stream, label)  # type: ignore[arg-type]
        _check_size(label, start + math.prod(shape) * dtype.itemsize, member.file_size)
        return _values(stream, label, dtype, shape, fortran)  # type: ignore[arg-type]


def pick_roles(found: Collection[str], what: str, label: str | None = None) -> tuple[str, str, str, str]:
    """Return the names of x, y, x_test and y_test among `found`; the last two are empty if there is no test part.

    >>> pick_roles(["X_train", "y_train"], "net.npz")
    ('X_train', 'y_train', '', '')
    """
    by_lower = {name.lower(): name for name in found}
    for roles in ROLES:
        if roles[0] in by_lower and roles[1] in by_lower and (label is None or by_lower[roles[1]] == label):
            test = tuple(by_lower.get(role, "") for role in roles[2:])
            if ("" in test) != (test == ("", "")):
                raise DataError(f"{what} has one of {roles[2]} and {roles[3]} only; both are needed, or none.")
            return by_lower[roles[0]], by_lower[roles[1]], test[0], test[1]
    others = [name for name in found if name != label]
    if label in found and len(others) == 1:
        return others[0], str(label), "", ""
    known = ", ".join("/".join(filter(None, roles)) for roles in ROLES)
    raise DataError(f"{what} holds {', '.join(sorted(found)) or 'nothing'}; which of it are examples and labels is not "
                    f"clear. Name them like one of: {known}" + ("." if label is None else f"; no {label!r} fits."))


def npy_files(folder: FilePath) -> dict[str, Path]:
    """Return the .npy files of a folder by their names."""
    return {path.stem: path for path in sorted(Path(folder).iterdir()) if path.suffix == ".npy" and path.is_file()}
