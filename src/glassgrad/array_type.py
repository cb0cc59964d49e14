"""Types of arrays: what has a shape and a kind of numbers that a graph can hold.

>>> print(ArrayType((100, 784), "float32"))
float32[100, 784]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from .errors import DtypeError, GlassgradError, ShapeError, shortened

Array = Any  # a NumPy array or NumPy scalar


def dtype_of(taker: str, given: Any) -> np.dtype[Any]:
    """Return a dtype that arrays can have here, from NumPy's object or its name, or raise a `DtypeError`."""
    try:
        dtype = np.dtype(given)
    except TypeError:
        dtype = np.dtype(object)
    if dtype.kind not in "biuf":
        raise DtypeError(f"{taker}: the dtype {shortened(given)} was given; one of real numbers or booleans is needed, "
                         "such as 'float32'.")
    return dtype


@dataclass(frozen=True)
class ArrayType:
    """Shape and dtype of an array.

    >>> print(ArrayType((100, 784), "float32"))
    float32[100, 784]
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = field(default=np.dtype("float64"))

    def __post_init__(self) -> None:
        given = self.shape if isinstance(self.shape, (tuple, list, np.ndarray)) else (self.shape,)
        if not all(hasattr(size, "__index__") and not isinstance(size, bool) and size >= 0 for size in given):
            raise ShapeError(f"ArrayType: the shape {shortened(self.shape)} was given; whole numbers of at least 0 are "
                             "needed, such as (100, 784), or () for a single number.")
        object.__setattr__(self, "shape", tuple(int(size) for size in given))
        object.__setattr__(self, "dtype", dtype_of("ArrayType", self.dtype))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


FLOAT64 = ArrayType(())


@lru_cache(maxsize=1024)
def array_type(shape: tuple[int, ...], dtype: np.dtype[Any]) -> ArrayType:
    """Return the type of this shape and dtype, which it does not check; often the same object."""
    return ArrayType(shape, dtype)


def is_float(dtype: np.dtype[Any]) -> bool:
    """Whether numbers of this kind have derivatives."""
    return dtype.kind == "f"


def for_numpy(value: Array | None) -> Array | None:
    """Return a value as others are to see it: a Python float as NumPy's."""
    return np.float64(value) if type(value) is float else value


def numeric(value: Any) -> Array:
    """Return `value` as a NumPy array or scalar of numbers or booleans, or raise a `DtypeError`."""
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise DtypeError(
            f"{shortened(value)} is a {type(value).__name__}: its mask, or its own product, would be lost without a "
            "word. Give a plain array: np.asarray(x) of a matrix, masked.filled(...) of a masked array."
        )
    if isinstance(value, (np.ndarray, np.generic)):
        array = value
    else:
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, GlassgradError) as error:
            if "inhomogeneous" in str(error):
                raise DtypeError(f"{shortened(value)} has rows of several lengths; an array needs rows of one. Fill "
                                 "the short ones up, or give each as an array of its own.") from None
            raise DtypeError(f"{shortened(value)} cannot become an array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise DtypeError(
            f"{shortened(value)} has dtype {array.dtype}: real numbers or booleans are needed. "
            "Convert it first, for example with np.asarray(x, dtype=float)."
        )
    return array
