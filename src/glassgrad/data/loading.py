"""One door to all data: a name, a file, a folder or a frame becomes a `Dataset`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, SettingError, shortened
from ..files import file_error
from .bounded import LIMIT
from .catalog import PUBLISHED
from .csv_file import CSV_LIMIT, read_csv
from .dataset import Dataset, from_arrays
from .digits import SOURCE, digits
from .frames import is_frame, label_of_frame, read_frame
from .idx import find_idx, load_idx
from .images import has_image_classes, load_images
from .npy import npy_files, pick_roles, read_npy, read_npz
from .published import classes_of, load_published
from .tables import Table, examples, pixels
from .toy import TOYS

if TYPE_CHECKING:
    from .network import Progress

__all__ = ["load"]

NAMES = ("digits", *sorted(PUBLISHED), *sorted(TOYS))


@dataclass(frozen=True)
class _Wish:
    """The arguments of `load`, handed to each reader."""

    label: Any
    header: bool | None
    classes: Sequence[str] | None
    image_shape: tuple[int, ...] | None
    divisor: float | None
    missing: str
    test: float
    seed: int
    shuffle: bool | None
    memory_map: bool
    limit: int | None

    def make(self, x: Any, y: Any, x_test: Any = None, y_test: Any = None, **facts: Any) -> Dataset:
        """Check the arrays and make the data set; what the caller of `load` said counts more than what was found."""
        found = facts.pop("divisor", 255.0 if self._is_image_of_bytes(x) else 1.0)
        divisor = found if self.divisor is None else self.divisor
        if self.classes is not None:
            facts["classes"] = tuple(self.classes)
        if self.image_shape is not None:
            facts["image_shape"] = self.image_shape
        shuffle = not self.memory_map if self.shuffle is None else self.shuffle
        return from_arrays(x, y, x_test, y_test, divisor=divisor, test=self.test, seed=self.seed, shuffle=shuffle,
                           **facts)

    def _is_image_of_bytes(self, x: Any) -> bool:
        return isinstance(x, np.ndarray) and x.dtype == np.uint8 and (x.ndim > 2 or self.image_shape is not None)


def load(
    name_or_path: Any, *, label: Any = None, header: bool | None = None, classes: Sequence[str] | None = None,
    image_shape: Sequence[int] | None = None, divisor: float | None = None, missing: str = "error",
    test: float = 0.2, seed: int = 0, shuffle: bool | None = None, folder: str | os.PathLike[str] | None = None,
    memory_map: bool = False, download: bool = True, progress: Progress | None = None, limit: int | None = None,
) -> Dataset:
    """Return a data set by name, or from a file, a folder or a frame, checked and ready for training.

    Parameters
    ----------
    name_or_path : str, path or frame
        A name: ``digits``, ``mnist``, ``fashion-mnist``, ``spiral``, ``moons``, ``circles``, ``xor``. A file: ``.csv``
        (or ``.tsv``, ``.txt``; also ``.gz``), ``.npz``. A folder: of IDX files (MNIST's layout), of .npy files
        (``x_train.npy``, ``y_train.npy``, ...), or of one folder of images for each class. A frame of pandas or polars.
        A string that is a known name means that; write ``./digits`` for a folder of this name.
    label : str or int, optional
        Column of a table that holds the labels, by name or position; array of a .npz by name. By default one with a
        usual name, else a table's last column.
    header : bool, optional
        Whether a CSV file begins with the columns' names; found out by default.
    classes : sequence of str, optional
        Names for the integer labels 0, 1, ...
    image_shape : tuple of int, optional
        Height and width (and channels) of an example that is an image. Image files of another size are brought to it.
    divisor : float, optional
        The raw value that means 1.0; by default 255 for images of bytes, else 1.
    missing : str
        What to do about missing values in a table: ``error`` or ``drop`` the row.
    test : float or int
        Fraction or number of examples set aside for testing, where the data have no test part of their own.
    seed : int
        Chooses them.
    shuffle : bool, optional
        Whether they are chosen at random (the default) or are the last ones (the default for mapped data).
    folder : path, optional
        Where the files of a published set are, if not in the cache or in the system's folder.
    memory_map : bool
        Leave the examples on disk: .npy and IDX files that are not compressed.
    download : bool
        Whether a published set that is nowhere is downloaded.
    progress : callable, optional
        Called while downloading with a file's name, the bytes so far, and how many there will be.
    limit : int, optional
        Most bytes that are read into memory: 4 GiB, for a CSV file 1 GiB.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If there are no such data, or they cannot be used; the message says what, where, and what to do.

    Examples
    --------
    >>> data = load("digits")
    >>> data.x_train.shape, data.y_train.dtype, data.divisor
    ((1437, 64), dtype('int64'), 16.0)
    >>> load("digts")
    Traceback (most recent call last):
        ...
    glassgrad.errors.DataError: 'digts' is neither a known name nor a file or folder. Did you mean 'digits'?
    """
    if divisor is not None and not (isinstance(divisor, (int, float)) and 0 < divisor < np.inf):
        raise SettingError(f"divisor={divisor!r} must be a positive number: the raw value that means 1.0.")
    wish = _Wish(label, header, classes, None if image_shape is None else tuple(image_shape), divisor, missing, test,
                 seed, shuffle, memory_map, limit)
    if isinstance(name_or_path, (str, os.PathLike)):
        if isinstance(name_or_path, str) and name_or_path in NAMES:
            return _named(name_or_path, wish, folder, download, progress)
        return _path(Path(name_or_path), wish)
    if is_frame(name_or_path):
        return _table(read_frame(name_or_path), wish, label_of_frame(name_or_path, label))
    raise DataError(f"load: {shortened(name_or_path)} was given; a name, a path or a frame is needed. Arrays go "
                    "through glassgrad.data.from_arrays(x, y).")


def _named(name: str, wish: _Wish, folder: Any, fetch: bool, progress: Progress | None) -> Dataset:
    if name in TOYS:
        return TOYS[name](seed=wish.seed, test=wish.test)
    if name == "digits":
        x, y = digits()
        return wish.make(x, y, name=name, classes=tuple("0123456789"), image_shape=(8, 8), divisor=16.0, source=SOURCE)
    known, arrays = load_published(name, folder, memory_map=wish.memory_map, fetch=fetch, progress=progress)
    return wish.make(*arrays, name=name, classes=known.classes, source=known.source)


def _path(path: Path, wish: _Wish) -> Dataset:
    if path.is_dir():
        try:
            return _folder(path, wish)
        except OSError as error:
            raise file_error("list the folder", path, error) from None
    if not path.exists():
        near = difflib.get_close_matches(os.fspath(path), NAMES, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Names: {', '.join(NAMES)}."
        raise DataError(f"{os.fspath(path)!r} is neither a known name nor a file or folder. {hint}")
    name = path.name.removesuffix(".gz")
    suffix = Path(name).suffix.lower()
    if suffix in {".csv", ".tsv", ".txt", ".data"}:
        return _table(read_csv(path, header=wish.header, limit=wish.limit or CSV_LIMIT), wish, wish.label)
    if suffix == ".npz":
        return _npz(path, wish)
    raise DataError(f"{os.fspath(path)!r}: files named .csv, .npz, or folders of IDX files, .npy files or images can "
                    f"be read, not {suffix or 'files without an ending'}.")


def _table(table: Table, wish: _Wish, label: Any) -> Dataset:
    x, y, columns = examples(table, label, wish.missing)
    x, image_shape, divisor = pixels(x, columns, wish.image_shape)
    return wish.make(x, y, name=Path(table.source).stem, columns=columns, image_shape=image_shape, divisor=divisor,
                     source=f"From {table.source}.")


def _npz(path: Path, wish: _Wish) -> Dataset:
    if wish.memory_map:
        raise DataError(f"{os.fspath(path)!r}: an archive cannot be mapped. Save its arrays as .npy files in a folder.")
    arrays = read_npz(path, limit=wish.limit or LIMIT)
    roles = pick_roles(arrays, repr(os.fspath(path)), wish.label)
    return wish.make(*(arrays.get(role) for role in roles), name=path.stem, source=f"From {path.name}.")


def _folder(path: Path, wish: _Wish) -> Dataset:
    facts: dict[str, Any] = {"name": path.resolve().name, "source": f"From the folder {path.resolve().name}."}
    limit = wish.limit or LIMIT
    if find_idx(path):
        x, y, x_test, y_test = load_idx(path, memory_map=wish.memory_map, limit=limit)
        known = None if y_test is None else classes_of(y_test)
        if known is not None:
            facts["classes"], facts["source"] = known
        return wish.make(x, y, x_test, y_test, **facts)
    files = npy_files(path)
    if files:
        roles = pick_roles(files, repr(os.fspath(path)), wish.label)
        arrays = [read_npy(files[role], memory_map=wish.memory_map, limit=limit) if role else None for role in roles]
        return wish.make(*arrays, **facts)
    if has_image_classes(path):
        parts, classes = load_images(path, wish.image_shape, limit=limit)
        return wish.make(*(array for part in parts for array in part), classes=classes, **facts)
    raise DataError(f"{os.fspath(path)!r} holds no data that are known: IDX files (train-images-idx3-ubyte, ...), .npy "
                    "files (x_train.npy, y_train.npy, ...), or one folder of images for each class.")
