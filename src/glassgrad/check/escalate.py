"""Where float64 values say too little: extended precision, a twin at 50 digits, and the complex step inside the bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .ladder import Slopes
from .measure import THOROUGH, Line, Scene, noise_of, scene_of, walk
from .subject import TROUBLE

Array = Any
Refined = tuple[Array, Array, Array]
"""Slopes, their bars, and per looked-at output whether it is sure to be the same function in the other precision."""
EPS = float(np.finfo(float).eps)
TINY = 1e-100
AFFORDED = 20_000
"""Numbers times lines that arithmetic with 50 digits is worth."""


def sharpen(
    scene: Scene, lines: list[Line], slopes: Slopes, noise: Array, without: frozenset[str] = frozenset()
) -> Slopes:
    """Return the slopes with narrower bars where another precision refines them.

    Where it contradicts them, the one with less noise counts, if it is known to be of the same function: more noise
    makes it easier to take the slope of a trend for that of what rides on it.
    """
    for name, refine, on_its_own in PRECISIONS:
        finer = refine(scene, lines, noise, without) if name not in without else None
        if finer is None:
            continue
        value, bar, same = finer
        known = np.isfinite(bar)
        if not on_its_own:  # a function that drops imaginary parts gives any number: only the last digits are taken
            known &= slopes.bar <= 1e-2 * np.abs(slopes.value)
        contradicts = np.abs(value - slopes.value) > slopes.bar + bar
        believed = known & np.where(contradicts, same, bar < slopes.bar)
        slopes = Slopes(
            np.where(believed, value, slopes.value), np.where(believed, bar, slopes.bar),
            slopes.right, slopes.right_bar, slopes.left, slopes.left_bar, slopes.steepest,
        )
    return slopes


def _extended(scene: Scene, lines: list[Line], noise: Array, without: frozenset[str]) -> Refined | None:
    """Measure in ``numpy.longdouble``, if the function computes in it and it is wider than float64 on this machine.

    A function that looks at its dtype may be another one there; then it has another value at the point, too.
    """
    wide = np.longdouble
    if np.finfo(wide).eps >= np.finfo(float).eps:
        return None
    try:
        y = np.asarray(scene.probe.forward(*[np.array(a, wide) for a in scene.arrays]))
        if y.dtype != wide:
            return None
        rows = None if scene.rows is None else scene.rows.astype(wide)
        there = scene_of(scene.probe, scene.arrays, rows, wide)
        finer_noise, _ = noise_of(there, np.random.default_rng(4))
        finer = finer_noise <= 0.01 * noise + 1e-17 * np.abs(scene.base)  # else something inside is narrower
        slopes = walk(there, lines, finer_noise, THOROUGH, without)
    except TROUBLE:
        return None
    same = np.abs(there.base - scene.base) <= 64 * (noise + EPS * np.abs(scene.base))
    return slopes.value.astype(float), np.where(finer, slopes.bar, np.inf).astype(float), same


def _fifty_digits(scene: Scene, lines: list[Line], _: Array, __: frozenset[str]) -> Refined | None:
    """Measure on the twin that graphs and our own ops have, if mpmath is there and the twin can be computed."""
    twin = scene.probe.subject.twin
    if twin is None or len(lines) * sum(a.size for a in scene.arrays) > AFFORDED:
        return None
    moves = []
    for line in lines:
        move = np.zeros(scene.arrays[line.argument].size)
        move[line.entries] = line.pace
        moves.append((line.argument, move.reshape(scene.arrays[line.argument].shape)))
    try:
        from .exact import slopes_along

        found = slopes_along(twin, scene.arrays, moves)
        value = np.array([slope if scene.rows is None else scene.rows @ slope for slope in found])
    except TROUBLE:
        return None
    return value, np.where(np.isfinite(value), 1e-12 * np.abs(value), np.inf), np.zeros(scene.base.shape, bool)


def _complex_step(scene: Scene, lines: list[Line], noise: Array, _: frozenset[str]) -> Refined | None:
    """Differentiate along the imaginary axis; only believed inside the bar, since not every function is analytic."""
    values = []
    for line in lines:
        arrays = [a.astype(complex) for a in scene.arrays]
        flat = arrays[line.argument].reshape(-1)
        flat[line.entries] += 1j * TINY * line.pace
        arrays[line.argument] = flat.reshape(scene.arrays[line.argument].shape)
        try:
            y = np.asarray(scene.probe.forward(*arrays))
        except TROUBLE:
            return None
        if y.dtype.kind != "c":
            return None
        slope = y.reshape(-1).imag / TINY
        values.append(slope if scene.rows is None else scene.rows @ slope)
    value = np.array(values)
    bar = np.where(np.isfinite(value), 1e-9 * np.abs(value) + noise * 0, np.inf)
    return value, bar, np.zeros(scene.base.shape, bool)


PRECISIONS: list[tuple[str, Callable[[Scene, list[Line], Array, frozenset[str]], Refined | None], bool]] = [
    ("long double", _extended, True), ("twin", _fifty_digits, True), ("complex step", _complex_step, False),
]
"""Name, what measures with it, and whether it may say something that float64 says nothing about."""
