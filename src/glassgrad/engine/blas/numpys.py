"""The threads of the library that NumPy itself multiplies with.

>>> import numpy as np
>>> with threads_of_numpy(1):
...     (np.ones((2, 3)) @ np.ones((3, 2))).tolist()
[[3.0, 3.0], [3.0, 3.0]]
"""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext

from .find import of_numpy
from .library import Blas, load

__all__ = ["threads_of_numpy"]


def threads_of_numpy(most: int) -> AbstractContextManager[None]:
    """Let NumPy's products use so many threads, or the fewer that they have, inside the ``with`` block."""
    blas = _numpys()
    return blas.threads(min(most, blas.threads_now())) if blas is not None else nullcontext()


@functools.cache
def _numpys() -> Blas | None:
    """Return NumPy's own library; None where it cannot be called."""
    try:
        return next((load(place) for place in of_numpy()), None)
    except OSError:
        return None
