"""JAX functions, `custom_vjp` among them, as a `Subject`; loads only when one is checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arguments import name_of, split
from .subject import Array, Subject


def of_jax(f: Any, args: tuple[Any, ...]) -> Subject:
    """Return the subject for a function on JAX arrays, computed in float64 while it is checked."""
    import jax

    arrays, chosen = split(tuple(np.asarray(a) for a in args))

    def of_floats(*floats: Any) -> Any:
        whole = list(arrays)
        for position, part in zip(chosen, floats, strict=True):
            whole[position] = part
        return f(*whole)

    def forward(*floats: Array) -> Array:
        if any(np.asarray(a).dtype.kind != "f" or np.asarray(a).dtype.itemsize > 8 for a in floats):
            raise TypeError("JAX has float32 and float64")
        with jax.enable_x64(True):
            return np.array(of_floats(*floats))

    def rule(g: Array, _: Array, *floats: Array) -> tuple[Array, ...]:
        with jax.enable_x64(True):
            value, pull = jax.vjp(of_floats, *[jax.numpy.asarray(a) for a in floats])
            return tuple(np.array(d) for d in pull(jax.numpy.asarray(g, value.dtype)))

    floats = tuple(arrays[p].astype(np.float64) for p in chosen)
    labels = ("x",) if len(chosen) == 1 else tuple(f"argument {p}" for p in chosen)
    return Subject(name_of(f), forward, rule, floats, labels, foreign=False)
