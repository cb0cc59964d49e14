"""The 1,797 handwritten digits that come with the library: 8 by 8 pixels, 0 to 16, ten classes.

>>> x, y = digits()
>>> x.shape, x.dtype, int(x.max()), y[:10].tolist()
((1797, 64), dtype('uint8'), 16, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
"""

from __future__ import annotations

import gzip
from importlib import resources

import numpy as np

__all__ = ["SOURCE", "digits"]

SOURCE = (
    "Optical Recognition of Handwritten Digits (test part) by E. Alpaydin and C. Kaynak, UCI Machine Learning "
    "Repository, https://doi.org/10.24432/C50P49, CC BY 4.0."
)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the images, (1797, 64) uint8, and the digits they show, (1797,) uint8, in the order of the source."""
    packed = resources.files(__package__).joinpath("digits.csv.gz").read_bytes()
    numbers = gzip.decompress(packed).replace(b"\n", b",").rstrip(b",").split(b",")
    # Not by NumPy, which loses a Ctrl-C while it reads texts.
    table = np.array([int(number) for number in numbers], np.uint8).reshape(-1, 65)
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].copy()
