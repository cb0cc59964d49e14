"""Random numbers that are a function of a key: the same key, the same numbers, in any order of computation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array_type import ArrayType
from .define import primitive


def _uniform(xp: Any, key: Any, *, shape: tuple[int, ...], stream: int, dtype: np.dtype[Any]) -> Any:
    seed, step = (int(part) for part in np.asarray(key))
    generator = np.random.Generator(np.random.Philox(key=[seed, stream], counter=[0, 0, step, 0]))
    return generator.random(shape, dtype=dtype)


@primitive(
    forward=_uniform, infer=lambda key, *, shape, stream, dtype: ArrayType(shape, dtype), symbol="random",
    vjp=lambda xp, g, y, key, *, shape, stream, dtype: (None,),
)
def uniform(key: Any, shape: Any, stream: int = 0, dtype: Any = np.float64) -> Any:
    """Uniform random numbers in [0, 1): Philox-4x64-10 (Salmon et al. 2011), keyed by seed, step and stream.

    Parameters
    ----------
    key : (2,) integers, not negative
        Seed and step.
    shape : tuple of int
    stream : int
        Tells apart the uses of one key, such as two dropout layers.
    dtype : float64 or float32

    Examples
    --------
    >>> import glassgrad as gg
    >>> bool((gg.uniform([1, 5], (3,)).value == gg.uniform([1, 5], (3,)).value).all())
    True
    """
    return (key,), {"shape": tuple(int(size) for size in shape), "stream": int(stream), "dtype": np.dtype(dtype)}
