"""At a kink any subgradient is right: a claimed gradient must lie in the convex hull of the gradients nearby.

>>> import numpy as np
>>> weights, residual = nonnegative_least_squares(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([0.3, 1.0]))
>>> weights.round(6).tolist(), round(float(residual), 6)
([0.3, 0.7], 0.0)
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .judge import Examination
from .measure import SMOOTH, Line, Scene, scene_of, walk
from .subject import TROUBLE

Array = Any
NEARBY = 2.0**-20
"""Far enough for slopes to be measured there, near enough for the function's bend not to count."""
MANY = 4
"""At more kinks than these the sides to stand on are too many to visit: only the one-sided slopes are compared."""
RESIDUAL = 2e-5


def nonnegative_least_squares(A: Array, b: Array) -> tuple[Array, float]:
    """Return the ``w >= 0`` that minimises ``|A w - b|``, and that minimum (Lawson and Hanson, 1974)."""
    columns = A.shape[1]
    w, passive = np.zeros(columns), np.zeros(columns, bool)
    tolerance = 1e-12 * max(1.0, float(np.abs(A).max(initial=0.0)) * float(np.abs(b).max(initial=0.0)))
    for _ in range(3 * columns + 10):
        pull = np.where(passive, -np.inf, A.T @ (b - A @ w))
        if not len(pull) or pull.max() <= tolerance:
            break
        passive[int(np.argmax(pull))] = True
        while True:
            trial = np.zeros(columns)
            trial[passive] = np.linalg.lstsq(A[:, passive], b, rcond=None)[0]
            if (trial[passive] > 0).all():
                break
            falling = passive & (trial <= 0)
            reach = w[falling] / np.maximum(w[falling] - trial[falling], 1e-300)
            w = w + reach.min() * (trial - w)
            passive &= w > 1e-14
            w[~passive] = 0.0
            if not passive.any():
                trial = w
                break
        w = trial
    return w, float(np.linalg.norm(A @ w - b))


def outside_hull(
    scene: Scene, found: Examination, jacobian: list[Array], noise: Array, rng: np.random.Generator,
    without: frozenset[str],
) -> tuple[Line, int, str] | None:
    """Return an entry, an output and a sentence if the claimed gradient is no subgradient there; else None.

    The gradient in all entries at a kink is measured at antithetic pairs of points nearby, where the function is
    smooth; the claimed one must be a weighted mean of those, as well as they are known.
    """
    kinks = found.kinks
    if len(kinks) > MANY:
        return None
    nearby, bars = _gradients_nearby(scene, kinks, noise, rng, without)
    if not len(nearby):
        return None
    claimed = np.array([jacobian[line.argument][:, line.entries[0]] for line in kinks])  # (entries, outputs)
    for output in found.kinked:
        points, target = nearby[:, :, output].T, claimed[:, output]
        scale = np.abs(points).max() + np.abs(target).max() + 1e-300
        A = np.concatenate([points / scale, np.ones((1, points.shape[1]))])
        _, residual = nonnegative_least_squares(A, np.append(target / scale, 1.0))
        if residual > RESIDUAL + np.linalg.norm(bars[:, :, output].max(axis=0)) / scale:
            return kinks[0], output, (
                "the function has a kink here, and the claimed gradient is no mean of the gradients around it "
                f"(distance {residual * scale:.2g})"
            )
    return None


def _gradients_nearby(
    scene: Scene, kinks: list[Line], noise: Array, rng: np.random.Generator, without: frozenset[str]
) -> tuple[Array, Array]:
    """Return the slopes of all outputs in the entries at a kink and their bars, for every point; those are smooth."""
    found, bars = [], []
    for signs in itertools.product((1.0, -1.0), repeat=len(kinks) - 1):
        push = [np.zeros_like(x) for x in scene.arrays]
        for line, sign in zip(kinks, (1.0, *signs), strict=True):
            push[line.argument].reshape(-1)[line.entries] = sign * rng.uniform(0.5, 1.5)
        for side in (NEARBY, -NEARBY):
            moved = tuple(np.array(x + side * p * np.maximum(np.abs(x), 1.0))
                          for x, p in zip(scene.arrays, push, strict=True))
            try:
                there = scene_of(scene.probe, moved, scene.rows)
            except TROUBLE:
                continue
            slopes = walk(there, kinks, noise, SMOOTH, without)
            if np.isfinite(slopes.bar).all():
                found.append(slopes.value)
                bars.append(slopes.bar)
    return np.array(found), np.array(bars)
