"""Finding a published data set: in a given folder, in the cache, where the system's packages put it, or on the network.

>>> [entry.name for entry in entries()]
['digits', 'fashion-mnist', 'mnist', 'circles', 'moons', 'spiral', 'xor']
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..cache import cache_folder
from ..errors import DataError, one_of
from ..files import FilePath
from .bounded import fill, opened
from .catalog import PUBLISHED, Published, RemoteFile
from .idx import read_idx
from .toy import TOYS

if TYPE_CHECKING:
    from .network import Progress, Rules  # loaded with urllib and TLS when something is downloaded

__all__ = ["Entry", "classes_of", "download", "entries", "load_published"]


@dataclass(frozen=True)
class Entry:
    """A data set that is known by name.

    Attributes
    ----------
    name : str
    where : str
        ``included``, ``made by a formula``, ``cache``, ``system`` or ``not downloaded``.
    folder : Path or None
        Where its files are.
    download_size : int
        Bytes that a download takes; 0 where none is needed.
    """

    name: str
    where: str
    folder: Path | None
    download_size: int


def entries() -> list[Entry]:
    """Return every data set that is known by name, and where it is."""
    published = [_entry(PUBLISHED[name]) for name in sorted(PUBLISHED)]
    toys = [Entry(name, "made by a formula", None, 0) for name in sorted(TOYS)]
    return [Entry("digits", "included", None, 0), *published, *toys]


def _entry(known: Published) -> Entry:
    folder = _find(known)
    if folder is None:
        return Entry(known.name, "not downloaded", None, known.download_size)
    return Entry(known.name, "cache" if folder == _cached(known) else "system", folder, 0)


def _cached(known: Published) -> Path:
    return cache_folder() / known.name


def _find(known: Published) -> Path | None:
    """Return the first place that has all files."""
    places = [_cached(known), *(Path(folder) for folder in known.folders)]
    return next((place for place in places if all(_file(place, file) for file in known.files)), None)


def _file(folder: Path, file: RemoteFile) -> Path | None:
    return next((path for path in (folder / file.name, folder / f"{file.name}.gz") if path.is_file()), None)


def download(
    name: str, folder: FilePath | None = None, *, progress: Progress | None = None,
    mirrors: tuple[str, ...] | None = None, rules: Rules | None = None,
) -> Path:
    """Download a published data set, as far as its files are not there yet, and return its folder.

    Parameters
    ----------
    name : str
        ``mnist`` or ``fashion-mnist``.
    folder : path, optional
        By default its folder in the cache.
    progress : callable, optional
        Called with a file's name, the bytes so far, and how many there will be, if the server said.
    mirrors : tuple of str, optional
        Addresses to try instead of the known ones; ``<mirror><file name>.gz`` is the file.
    rules : Rules, optional
        Time limits, size cap and allowed schemes.

    Raises
    ------
    DataError
        If a file cannot be had whole and with its known SHA-256 from any mirror.
    """
    from .network import download_idx

    known = _known(name)
    if mirrors is not None:
        known = replace(known, mirrors=tuple(mirrors))
    place = _cached(known) if folder is None else Path(folder)
    for file in known.files:
        path = _file(place, file)
        if path is None or not _is_right(path, file):
            download_idx([f"{mirror}{file.name}.gz" for mirror in known.mirrors], place / file.name,
                         sha256=file.sha256, size=file.size, rules=rules, progress=progress)
    return place


def _known(name: str) -> Published:
    if name not in PUBLISHED:
        raise one_of("published data", name, sorted(PUBLISHED))
    return PUBLISHED[name]


def _is_right(path: Path, file: RemoteFile) -> bool:
    """Tell whether a file unpacks to the bytes that were published."""
    try:
        with opened(path) as (stream, _):
            data = fill(stream, file.size + 1)
    except DataError:
        return False
    return len(data) == file.size and hashlib.sha256(data).hexdigest() == file.sha256


def load_published(
    name: str, folder: FilePath | None = None, *, memory_map: bool = False, fetch: bool = True,
    progress: Progress | None = None,
) -> tuple[Published, list[np.ndarray]]:
    """Return what is known of a data set, and its images and labels for training and testing, all verified.

    Parameters
    ----------
    name : str
    folder : path, optional
        The one place to look in; by default the cache, then the system's folders.
    memory_map : bool
    fetch : bool
        Download it if it is nowhere.
    progress : callable, optional
    """
    known = _known(name)
    place = Path(folder) if folder is not None else _find(known)
    if place is None:
        if not fetch:
            raise DataError(f"{name} is neither in {os.fspath(_cached(known))!r} nor in "
                            f"{', '.join(map(repr, known.folders)) or 'a folder of the system'}. Download it "
                            f"({known.download_size:,} bytes) with glassgrad.data.download({name!r}), or give the "
                            "folder it is in.")
        place = download(name, progress=progress)
    return known, [_verified(place, file, memory_map) for file in known.files]


def _verified(place: Path, file: RemoteFile, memory_map: bool) -> np.ndarray:
    path = _file(place, file)
    if path is None:
        raise DataError(f"{os.fspath(place)!r} has no file {file.name}, with or without .gz.")
    array = read_idx(path, memory_map=memory_map)
    if _digest(array) != file.sha256:
        raise DataError(f"{os.fspath(path)!r} is another file than the published {file.name}: its SHA-256 differs. "
                        "Remove it to have it downloaded again, or give its folder as a path to use it as it is.")
    return array


def _digest(array: np.ndarray) -> str:
    """Return the SHA-256 of an array of bytes as an IDX file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    made = hashlib.sha256(bytes([0, 0, 8, array.ndim]) + sizes)
    made.update(np.ascontiguousarray(array).data)
    return made.hexdigest()


def classes_of(labels: np.ndarray) -> tuple[tuple[str, ...], str] | None:
    """Return classes and source of the published set that these test labels belong to, if it is one."""
    digest = _digest(labels)
    known = next((entry for entry in PUBLISHED.values() if entry.files[3].sha256 == digest), None)
    return None if known is None else (known.classes, known.source)
