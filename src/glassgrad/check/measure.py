"""Measured slopes of a function of several arrays, along entries or along many entries at once.

A *line* says which entries of one argument move, and how far each for a unit step. All lines of a point are walked
first; then one extrapolation serves all of them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .ladder import STARTS, Slopes, combine, limits
from .numeric import measured_noise
from .subject import TROUBLE, Probe

Array = Any
FINEST = 2.0**-36
"""Steps below this part of the coordinate drown in its rounding."""
SPACINGS = (14, 20, 26, 32, 38)
"""Powers of a half between the samples by which noise is measured."""
AT_ONCE = 2**15
"""So many numbers of moved arrays are laid out at a time."""


@dataclass(frozen=True)
class Line:
    """Which flat entries of which argument move, and how far each for a step of 1; `size` is the scale of the step."""

    argument: int
    entries: Array
    pace: Array
    size: float

    def of(self, rows: Array) -> Array:
        """Return the columns of `rows` that belong to the entries on the line."""
        return rows if len(self.entries) == rows.shape[1] else rows[:, self.entries]

    @property
    def single(self) -> bool:
        """Whether one entry moves by the step itself."""
        return len(self.entries) == 1


def entry_line(arrays: tuple[Array, ...], argument: int, entry: int) -> Line:
    """Return the line along one entry."""
    return Line(argument, np.array([entry]), np.ones(1), float(np.abs(arrays[argument].reshape(-1)[entry])))


def signed_line(
    arrays: tuple[Array, ...], argument: int, entries: Array, rng: np.random.Generator, part: float = 1.0
) -> Line:
    """Return a line along several entries at once, each by a power of two about its own size, with random signs.

    With a small `part` of that size the line crosses fewer kinks of a network.
    """
    flat = arrays[argument].reshape(-1)
    x = np.abs(flat if len(entries) == flat.size else flat[entries])
    typical = x.max(initial=0.0) or 1.0
    size = np.ldexp(1.0, np.frexp(np.where(x > 1e-3 * typical, x, typical))[1])
    pace = size * (1.0 - 2.0 * rng.integers(0, 2, len(entries)))
    return Line(argument, entries, part * pace, 1.0)


@dataclass(frozen=True)
class Scene:
    """A point, the output there, and the rows (cotangents) by which outputs are looked at.

    `rows` is None where every output is looked at by itself. `rounding` is what combining outputs may round off.
    """

    probe: Probe
    arrays: tuple[Array, ...]
    rows: Array | None
    base: Array
    dtype: Any = np.float64
    rounding: float | Array = 0.0

    def along(self, line: Line, steps: Array) -> Array:
        """Return the looked-at outputs after each of `steps` along the line, one row each; NaN outside the domain."""
        found = np.full((len(steps), len(self.base)), np.nan, self.dtype)
        arrays = list(self.arrays)  # the contract has shown that the function leaves its inputs alone
        x = arrays[line.argument]
        flat = x.reshape(-1)
        together = max(1, AT_ONCE // max(flat.size, 1))
        for begin in range(0, len(steps), together):
            part = steps[begin : begin + together]
            if len(line.entries) == flat.size:
                moved = flat + np.multiply.outer(part, line.pace)
            else:
                moved = np.repeat(flat[None], len(part), axis=0)
                moved[:, line.entries] += np.multiply.outer(part, line.pace)
            points = moved.reshape(len(part), *x.shape)
            if self.stacks:
                arrays[line.argument] = points
                with suppress(*TROUBLE):  # else one by one: the others may be inside the domain
                    found[begin : begin + together] = self.look_at_many(self.probe.many(line.argument, tuple(arrays)))
                    continue
            for row, point in enumerate(points, begin):
                arrays[line.argument] = point if x.ndim else np.array(point)
                with suppress(*TROUBLE):
                    found[row] = self.look(self.probe.forward(*arrays))
        return found

    @cached_property
    def largest(self) -> list[float]:
        """The size of the largest number in every argument, or 1 where all are 0."""
        return [float(np.abs(x).max(initial=0.0)) or 1.0 for x in self.arrays]

    def large_step(self, line: Line) -> float:
        """Return a step that is large for the line: the size of the whole argument.

        Further out a polynomial of a tiny argument is larger without bounds, which says nothing about its values here.
        """
        return self.largest[line.argument] if line.single else 1.0

    @property
    def stacks(self) -> bool:
        """Whether many points are run through the function at once."""
        return self.probe.subject.stack is not None and self.dtype is np.float64

    def look_at_many(self, outputs: Array) -> Array:
        """Return the looked-at combinations of several outputs, one row each."""
        flat = outputs.reshape(len(outputs), -1)
        return flat if self.rows is None else flat @ self.rows.T

    def look(self, y: Array) -> Array:
        """Return the looked-at combinations of an output."""
        flat = np.asarray(y, self.dtype).reshape(-1)
        if flat.size != (self.base.size if self.rows is None else self.rows.shape[1]):
            return np.full(self.base.shape, np.nan, self.dtype)
        return flat if self.rows is None else self.rows @ flat


def scene_of(probe: Probe, arrays: tuple[Array, ...], rows: Array | None, dtype: Any = np.float64) -> Scene:
    """Return a scene at `arrays`, which are converted to `dtype`."""
    own = tuple(np.array(a, dtype) for a in arrays)
    if probe.subject.stack is not None and dtype is np.float64:  # as all others will be found
        flat = probe.many(0, (own[0][None], *own[1:]))[0].reshape(-1)
    else:
        flat = np.asarray(probe.forward(*[a.copy() for a in own])).astype(dtype).reshape(-1)
    if rows is None:
        return Scene(probe, own, None, flat, dtype)
    return Scene(probe, own, rows, rows @ flat, dtype, np.finfo(dtype).eps * (np.abs(rows) @ np.abs(flat)))


@dataclass(frozen=True)
class Plan:
    """Which halvings of the first step are walked, how many of them only check, and whether twice."""

    levels: tuple[int, ...]
    guards: int
    twice: bool


THOROUGH = Plan(tuple(range(46)), 0, True)
QUICK = Plan((*range(3, 18), 20, 23, 26, 29, 32, 36, 40, 44), 8, False)
GLANCE = Plan((*range(4, 10), 18, 32), 2, False)
SMOOTH = Plan(tuple(range(22, 30)), 0, False)
"""For points that are known to lie off the kinks, if not by far."""


def walk(scene: Scene, lines: list[Line], noise: Array, plan: Plan, without: frozenset[str]) -> Slopes:
    """Return slopes of shape (lines, looked-at outputs); `noise` has that shape, or broadcasts to it."""
    starts = STARTS if plan.twice and "second ladder" not in without else STARTS[:1]
    found = [_one_ladder(scene, lines, noise, start, plan, without) for start in starts]
    slopes = combine(*found)
    shape = (len(lines), len(scene.base))
    return Slopes(**{name: part.reshape(shape) for name, part in vars(slopes).items()})


def _one_ladder(
    scene: Scene, lines: list[Line], noise: Array, start: float, plan: Plan, without: frozenset[str]
) -> tuple[Array, Array, Array]:
    T = scene.dtype
    shape = (len(plan.levels), len(lines), len(scene.base))
    plus, minus = np.full(shape, np.nan, T), np.full(shape, np.nan, T)
    x = np.array([scene.arrays[line.argument].reshape(-1)[line.entries[0]] if line.single else 0 for line in lines], T)
    size = np.array([line.size for line in lines], T)
    top = T(start) * T(2.0) ** np.ceil(np.log2(np.maximum(size, _floor(size))))
    parts = T(2.0) ** -np.array(plan.levels, T)
    if plan.guards and "second ladder" not in without:  # what only checks need not be in step with what is checked
        parts[-plan.guards :] *= T(STARTS[1])
    steps = np.multiply.outer(parts, top)
    walked = steps >= size * T(FINEST)
    near = steps <= 4 * np.array([scene.large_step(line) for line in lines], T)
    right, left = np.where(walked, (x + steps) - x, np.nan), np.where(walked, x - (x - steps), np.nan)
    for column, line in enumerate(lines):
        own = steps[walked[:, column], column]
        values = scene.along(line, np.concatenate([own, -own]))
        plus[: len(own), column], minus[: len(own), column] = values[: len(own)], values[len(own) :]
    columns = shape[1] * shape[2]
    spread = np.broadcast_to(noise, shape[1:]).reshape(-1)
    base = np.broadcast_to(scene.base, shape[1:]).reshape(-1)
    to_right, to_left, near = (np.repeat(side, shape[2], axis=1) for side in (right, left, near))
    return limits(plus.reshape(-1, columns), minus.reshape(-1, columns), base, to_right, to_left, spread.astype(T),
                  guards=plan.guards, check_finer="finer agrees" not in without, near=near)


def _floor(size: Array) -> Array:
    """Smallest first steps: 1, but a coordinate's own size where that is so tiny that 1 never comes near it."""
    return np.where((size == 0) | (size > 2.0**-30), size.dtype.type(1), size)


def no_noise(scene: Scene) -> tuple[Array, Array]:
    """Stand for the noise of a function that is trusted to its last digit."""
    return np.zeros_like(scene.base), np.zeros_like(scene.base)


def noise_of(scene: Scene, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the noise of every looked-at output, under the two readings of `measured_noise`."""
    noise, coarse = np.zeros_like(scene.base), np.zeros_like(scene.base)
    for argument, x in enumerate(scene.arrays):
        if not x.size:
            continue
        flat = np.abs(x.reshape(-1))
        near = np.where(flat == 0, 1e-8 * flat.max() if flat.any() else 1.0, flat)
        for _ in range(2):
            pace = rng.choice([-1.0, 1.0], flat.shape) * rng.uniform(0.5, 1.5, flat.shape) * near
            line = Line(argument, np.arange(x.size), pace, 1.0)
            steps = np.multiply.outer(2.0 ** -np.array(SPACINGS), np.arange(-4.0, 5.0))
            away = scene.along(line, steps[steps != 0])
            samples = np.empty((*steps.shape, len(scene.base)), scene.dtype)
            samples[steps != 0], samples[steps == 0] = away, scene.base
            fine, all_plateaus = measured_noise(samples)
            noise, coarse = np.maximum(noise, fine), np.maximum(coarse, all_plateaus)
    return noise, np.maximum(noise, coarse)
