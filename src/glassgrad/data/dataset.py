"""What a data set is: examples and labels for training and for testing, and what is known about them.

>>> import numpy as np
>>> x, y = np.array([[0, 255], [255, 0], [9, 250], [240, 4]], np.uint8), np.array([0, 1, 0, 1])
>>> data = from_arrays(x, y, test=0.5, shuffle=False, name="two pixels", divisor=255)
>>> data.scaled(data.x_train)
array([[0., 1.],
       [1., 0.]], dtype=float32)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError
from .split import split
from .validate import check_divisor, check_image_shape, encode_labels, matrix

__all__ = ["Dataset", "from_arrays"]
Array = np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Examples for training and testing, as they came; make one with `load` or `from_arrays`, which check everything.

    Attributes
    ----------
    name : str
    x_train, x_test : (N, D) array
        One example a row. Pixels stay integers until they are used; see `scaled`.
    y_train, y_test : (N,) int64 array
        Positions in `classes`.
    classes : tuple of str
    image_shape : tuple of int, or None
        Height and width, or height, width and channels, of the image that a row is.
    divisor : float
        The raw value that means 1.0: 255 for bytes, 16 for the digits, 1 for plain numbers.
    source : str
        Where the data come from, and their licence.
    columns : tuple of str
        Names of the D values, where they have any.
    """

    name: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    classes: tuple[str, ...]
    image_shape: tuple[int, ...] | None = None
    divisor: float = 1.0
    source: str = ""
    columns: tuple[str, ...] = ()

    def scaled(self, x: Array, dtype: Any = np.float32) -> Array:
        """Return ``x / divisor`` in a float dtype.

        Parameters
        ----------
        x : array
            Rows of `x_train` or `x_test`, all or some.
        dtype : float dtype

        Returns
        -------
        array
            A new array of the shape of `x`.
        """
        kind = np.dtype(dtype)
        if kind.kind != "f":
            raise DataError(f"scaled: {kind} cannot hold fractions. Use float32 or float64.")
        return np.divide(x, kind.type(self.divisor), dtype=kind, casting="same_kind")

    def describe(self) -> str:
        """Return what the data set is, in one paragraph.

        >>> from glassgrad.data import load
        >>> print(load("digits").describe())  # doctest: +ELLIPSIS
        digits: 1,437 examples for training and 360 for testing; each is an image of 8 x 8 pixels, uint8 ...
        """
        low, high = value_range(self.x_train)
        what = f"{self.x_train.shape[1]:,} numbers"
        if self.image_shape:
            channels = f" with {self.image_shape[2]} channels" if len(self.image_shape) == 3 else ""
            what = f"an image of {self.image_shape[0]} x {self.image_shape[1]} pixels{channels}"
        counts = np.bincount(self.y_train, minlength=len(self.classes))
        text = (
            f"{self.name}: {len(self.x_train):,} examples for training and {len(self.x_test):,} for testing; each is "
            f"{what}, {self.x_train.dtype} from {low:g} to {high:g}. {len(self.classes)} classes, "
            f"{_some(self.classes)}; the rarest has {counts.min():,} training examples, the commonest {counts.max():,}."
        )
        return f"{text} {self.source}".rstrip()

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {len(self.x_train)} + {len(self.x_test)} examples of {self.x_train.shape[1]}, "
            f"{len(self.classes)} classes)"
        )


def _some(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def value_range(x: Array, block: int = 1 << 24) -> tuple[float, float]:
    """Return the least and the greatest value, reading a memory map piece by piece."""
    rows = max(1, block // max(1, x[0].size))
    pieces = [x[start:start + rows] for start in range(0, len(x), rows)]
    return min(float(piece.min()) for piece in pieces), max(float(piece.max()) for piece in pieces)


def from_arrays(
    x: Any, y: Any, x_test: Any = None, y_test: Any = None, *, name: str = "data", classes: Sequence[str] | None = None,
    image_shape: Sequence[int] | None = None, divisor: float = 1.0, source: str = "", columns: Sequence[str] = (),
    test: float = 0.2, seed: int = 0, shuffle: bool = True,
) -> Dataset:
    """Check arrays and make a `Dataset` of them.

    Parameters
    ----------
    x : (N, ...) array_like
        Numbers; what follows the first axis is flattened, and taken for an image's shape if `image_shape` is not given
        and there are two or three axes of it.
    y : (N,) array_like
        Labels: integers, text or booleans. With `classes`, integers that are positions in it.
    x_test, y_test : array_like, optional
        A test part; without it, a part of `x` is set aside.
    name, source : str
    classes : sequence of str, optional
        Names of the classes 0, 1, ...; by default what stands in `y`, sorted.
    image_shape : tuple of int, optional
    divisor : float
        The raw value that means 1.0.
    columns : sequence of str
        Names of the values of an example.
    test : float or int
        The fraction (below 1) or the number of examples to set aside where there is no test part.
    seed : int
        Decides which; the same seed sets aside the same ones.
    shuffle : bool
        Whether to choose them at random. If not, they are the last ones, and nothing is copied.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If the data cannot be used: the message says what, where, and what to do.

    Examples
    --------
    >>> from_arrays([[1.0], [2.0], [3.0], [4.0]], ["no", "yes", "no", "yes"], test=1).classes
    ('no', 'yes')
    """
    parts = [(x, y, "the data")] if x_test is None and y_test is None else [
        (x, y, "the training part"), (x_test, y_test, "the test part")]
    matrices = [matrix(rows, what) for rows, _, what in parts]
    shapes = {shape for _, shape in matrices}
    if len(shapes) > 1:
        raise DataError(f"the training part has examples of shape {matrices[0][1]}, the test part {matrices[1][1]}; "
                        "they must agree.")
    shape = check_image_shape(image_shape, shapes.pop())
    labels, names = encode_labels([(labels, len(rows), what) for (_, labels, what), (rows, _) in
                                   zip(parts, matrices, strict=True)], classes)
    rows = [made for made, _ in matrices]
    if len(rows) == 1:
        (train_x, train_y), (test_x, test_y) = split(rows[0], labels[0], test, seed, shuffle)
    else:
        (train_x, test_x), (train_y, test_y) = rows, labels
    if columns and len(columns) != train_x.shape[1]:
        raise DataError(f"{len(columns)} names of columns are given for {train_x.shape[1]} columns.")
    return Dataset(name, train_x, train_y, test_x, test_y, names, shape, check_divisor(divisor), source, tuple(columns))
