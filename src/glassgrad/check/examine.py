"""One point: which lines to walk, what belongs to judging them, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from .judge import BRANCH, TINY, Bench, Examination
from .kinks import outside_hull
from .measure import Line, entry_line, no_noise, noise_of, scene_of, signed_line
from .subject import TROUBLE, Probe

Array = Any
MANY_ENTRIES, MANY_OUTPUTS = 96, 40
"""Above these, directions stand for entries and combinations for outputs."""
ODD = (3.0, -0.7, 1 / 7, 1.1)


def examine(
    probe: Probe, arrays: tuple[Array, ...], rng: np.random.Generator, *, coarse_bar: float = 1e-3,
    without: frozenset[str] = frozenset(), light: bool = False, spots: bool = True,
) -> Examination:
    """Compare the claimed rule with measured slopes at `arrays`.

    Parameters
    ----------
    coarse_bar : float
        Bars wider than this part of the slope count as noise.
    without : set of str
        Safeguards to leave out; only to show what each is good for.
    light : bool
        Directions and a few entries only.
    spots : bool
        Whether those few entries are measured beside the directions.
    """
    size = probe.output(arrays).size
    rows = None if size <= (4 if light else MANY_OUTPUTS) else _looks(size, rng, 2 if light else 6)
    if rows is not None and "signed" in without:
        rows = np.abs(rows)
    scene = scene_of(probe, arrays, rows)
    cotangents = np.eye(size) if rows is None else rows
    jacobian = probe.jacobian(arrays, cotangents)
    lines = _lines(arrays, rng, light, spots)
    if light:  # what agrees on trust needs no more
        nothing = [np.zeros_like(part) for part in jacobian]
        glanced = Bench(scene, jacobian, nothing, nothing, no_noise(scene), without, coarse_bar).glance(lines)
        if glanced is not None:
            return glanced
    spread, rounding = _conditioning(probe, arrays, cotangents, jacobian, rng, without)
    noise = no_noise(scene) if "noise" in without else noise_of(scene, rng)
    bench = Bench(scene, jacobian, spread, rounding, noise, without, coarse_bar)
    found = bench.judge(lines)
    if found.wrong and any(not line.single for line in lines):
        found = bench.locate(found, rng)
    if found.kinks and "hull" not in without:
        outside = outside_hull(bench.scene, found, jacobian, noise[0], rng, without)
        if outside is not None:
            line, output, text = outside
            found.wrong.append(bench.disagreement(found, line, output, text))
    return found


def _looks(size: int, rng: np.random.Generator, count: int) -> Array:
    """Return a few combinations of many outputs: dense and signed, and if there are more the first and last alone."""
    rows = rng.standard_normal((count, size))
    if count > 2:
        rows[0, 1:] = rows[1, :-1] = 0.0
    return rows


def _lines(arrays: tuple[Array, ...], rng: np.random.Generator, light: bool, spots: bool) -> list[Line]:
    """Return every entry as a line of its own, or directions and a few entries where there are many."""
    lines = []
    for argument, x in enumerate(arrays):
        if x.size <= (2 if light else MANY_ENTRIES):
            lines += [entry_line(arrays, argument, entry) for entry in range(x.size)]
            continue
        lines += [signed_line(arrays, argument, np.arange(x.size), rng, 2.0**-7 if light else 1.0)
                  for _ in range(1 if light else 2)]
        chosen = {x.size - 1} if light else {0, x.size - 1, *rng.integers(0, x.size, 6).tolist()}
        lines += [entry_line(arrays, argument, entry) for entry in sorted(chosen) if spots]
    return lines


def _conditioning(
    probe: Probe, arrays: tuple[Array, ...], cotangents: Array, jacobian: list[Array], rng: np.random.Generator,
    without: frozenset[str],
) -> tuple[list[Array], list[Array]]:
    """Return how far the claimed values move when the inputs move by one unit in the last place, and without that.

    The cotangents are scaled by odd factors, which shows how the rule itself rounds where the inputs do not. That
    alone is measured only where the former is so large that the inputs may have changed a branch.
    """
    nothing = [np.zeros_like(part) for part in jacobian]
    if "conditioning" in without:
        return nothing, nothing
    factors = ODD if cotangents.size <= 400 else ODD[:2]

    def spread(move: Callable[[Array], Array]) -> list[Array]:
        found = nothing
        for factor in factors:
            with suppress(*TROUBLE):
                moved = probe.jacobian(tuple(move(x) for x in arrays), factor * cotangents)
                found = [np.fmax(s, np.abs(a / factor - b)) for s, a, b in zip(found, moved, jacobian, strict=True)]
        return found

    near = spread(lambda x: np.array(np.nextafter(x, x + rng.choice([-1.0, 1.0], x.shape))))
    large = any((s >= BRANCH * np.abs(b) + TINY).any() for s, b in zip(near, jacobian, strict=True))
    return near, spread(np.copy) if large else nothing
