"""Lines at one point, judged: what is claimed for each beside what is measured, and the bar between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .escalate import sharpen
from .ladder import Slopes, kink_between
from .measure import GLANCE, QUICK, THOROUGH, Line, Scene, entry_line, signed_line, walk

Array = Any
EPS = float(np.finfo(float).eps)
AGREEMENT = 1e-6
"""Relative difference that is put down to rounding in the claimed rule."""
BRANCH = 0.1
"""A claimed value that moves by more than this part of itself with the last digit of the inputs changes a branch."""
TINY = 1e-300
"""Numbers that underflow on the way."""
SURE = 1e-9
"""A bar below this part of the slope needs no further digits to contradict a claim."""
CHAOS = 0.1
"""Noise of more than this part of all that a function does around a point is no noise of rounding."""
TIGHT = 1e-7
"""A quick bar below this part of the slope settles an entry."""


@dataclass(frozen=True)
class Disagreement:
    """One entry of the Jacobian where claimed and measured differ by more than the bar."""

    argument: int
    index: tuple[int, ...]
    output: int | None
    claimed: float
    measured: float
    bar: float
    text: str = ""


@dataclass
class Examination:
    """What was found at one point.

    Attributes
    ----------
    claimed, slopes, lines : the numbers compared; arrays are (lines, looked-at outputs)
    wrong : list of Disagreement
    resolution : widest bar in parts of the slope (of entries that are not 0)
    rough : lines whose bar is too wide to say anything
    kinks : entries at a kink
    kinked : flat indices of the outputs that have a kink there
    exercised : whether anything, claimed or measured, was not 0
    """

    lines: list[Line]
    claimed: Array
    slopes: Slopes
    allowed: Array
    wrong: list[Disagreement] = field(default_factory=list)
    resolution: float = 0.0
    rough: list[str] = field(default_factory=list)
    kinks: list[Line] = field(default_factory=list)
    kinked: list[int] = field(default_factory=list)
    exercised: bool = True


@dataclass
class Bench:
    """Everything that lines at one point are judged by."""

    scene: Scene
    jacobian: list[Array]
    spread: list[Array]
    rounding: list[Array]
    noise: tuple[Array, Array]
    without: frozenset[str]
    coarse_bar: float

    def glance(self, lines: list[Line]) -> Examination | None:
        """Measure the lines quickly; return None unless everything agrees."""
        claimed, loudest, slack = self._claims(lines)
        slopes = walk(self.scene, lines, slack + self.scene.rounding, GLANCE, self.without)
        if not self._settled(claimed, slopes, loudest, 100 * TIGHT, 1e-9).all():
            return None
        height = np.abs(claimed)
        relative = (slopes.bar / np.where(height > 0, height, 1.0))[height > 1e-6 * loudest]
        return Examination(lines, claimed, slopes, slopes.bar, resolution=float(relative.max(initial=0.0)),
                           exercised=bool(claimed.any()))

    @staticmethod
    def _settled(claimed: Array, slopes: Slopes, loudest: Array, tight: float = TIGHT, faint: float = 1e-14) -> Array:
        scale = np.maximum(np.abs(claimed), np.abs(slopes.value))
        gap = np.abs(claimed - slopes.value)
        return (gap <= slopes.bar + 1e-7 * scale) & (slopes.bar <= tight * scale + faint * loudest)

    def judge(self, lines: list[Line]) -> Examination:
        """Measure the lines, quickly where that suffices, and compare."""
        claimed, loudest, slack = self._claims(lines)
        slopes = walk(self.scene, lines, self.noise[0] + slack, QUICK, self.without)
        fine = self._settled(claimed, slopes, loudest)
        fine &= ~(self.noise[1] > 100 * self.noise[0] + 1e-14 * np.abs(self.scene.base))
        again = np.flatnonzero(~fine.all(axis=1))
        kink = np.zeros(claimed.shape, bool)
        if len(again):
            chosen = [lines[i] for i in again]
            full = self._thorough(chosen, claimed[again], slack[again], loudest[again])
            slopes = Slopes(**{n: _put(part, again, getattr(full, n)) for n, part in vars(slopes).items()})
            scale = self._scale(claimed, slopes, loudest)
            kink[again] = kink_between(full, scale[again])
        return self._compare(Examination(lines, claimed, slopes, np.zeros_like(claimed)), loudest, kink)

    def _claims(self, lines: list[Line]) -> tuple[Array, Array, Array]:
        """Return, per line and output: claimed slope, the loudest of its row, rounding of steps."""
        claimed, loudest, slack = [], [], []
        for line in lines:
            part, size = line.of(self.jacobian[line.argument]), np.abs(line.pace)
            claimed.append(part @ line.pace)
            loudest.append(np.abs(self.jacobian[line.argument]).max(axis=1, initial=0.0) * size.max())
            slack.append(np.zeros(len(part)) if line.single else EPS * (np.abs(part) @ size))
        return np.array(claimed), np.array(loudest), np.array(slack)

    @staticmethod
    def _sizes(parts: list[Array], lines: list[Line]) -> Array:
        """Return the sum of the sizes of what belongs to a line, of the Jacobian or of what is uncertain about it."""
        return np.array([np.abs(line.of(parts[line.argument])) @ np.abs(line.pace) for line in lines])

    def _scale(self, claimed: Array, slopes: Slopes, loudest: Array) -> Array:
        return np.fmax(np.fmax(np.abs(claimed), np.abs(slopes.value)), np.fmax(1e-2 * slopes.steepest, 1e-13 * loudest))

    def _thorough(self, lines: list[Line], claimed: Array, slack: Array, loudest: Array) -> Slopes:
        """Measure by two full ladders; where the noise can be read in two ways, agreement under either counts.

        More digits are used where the bar is wide, and where it is not narrow and the claim disagrees: float64 may have
        taken the slope of a trend for that of a ripple on it which is below its noise.
        """
        slopes = walk(self.scene, lines, self.noise[0] + slack, THOROUGH, self.without)
        if (self.noise[1] > 100 * self.noise[0]).any():
            other = walk(self.scene, lines, self.noise[1] + slack, THOROUGH, self.without)
            off = ~(np.abs(claimed - slopes.value) <= slopes.bar + AGREEMENT * np.abs(claimed))
            near = np.abs(claimed - other.value) <= other.bar + AGREEMENT * np.abs(claimed)
            use = off & (near | ~(other.bar <= 1e-3 * np.abs(other.value)))
            slopes = Slopes(**{n: np.where(use, getattr(other, n), part) for n, part in vars(slopes).items()})
        scale = self._scale(claimed, slopes, loudest)
        loose = ~(slopes.bar <= self.coarse_bar * scale + 1e-300)
        loose |= (slopes.bar > SURE * scale) & (np.abs(claimed - slopes.value) > slopes.bar + AGREEMENT * scale)
        loose &= ~kink_between(slopes, scale)
        if loose.any() and "escalation" not in self.without:
            rows = np.flatnonzero(loose.any(axis=1))
            finer = sharpen(self.scene, [lines[i] for i in rows], _take(slopes, rows), self.noise[0],
                            self.without)
            slopes = Slopes(**{n: _put(part, rows, getattr(finer, n)) for n, part in vars(slopes).items()})
        return slopes

    def _compare(self, found: Examination, loudest: Array, kink: Array) -> Examination:
        a, slopes = found.claimed, found.slopes
        height = np.fmax(np.abs(a), np.abs(slopes.value))
        scale = self._scale(a, slopes, loudest)
        terms = np.fmax(height, self._sizes(self.jacobian, found.lines))
        spread = self._sizes(self.spread, found.lines)
        branch = ~(spread < BRANCH * terms + TINY)
        conditioning = np.where(branch, self._sizes(self.rounding, found.lines), spread) if branch.any() else spread
        faint = 64 * EPS * loudest * (np.abs(a) < 1e-13 * loudest)
        allowed = slopes.bar + 4 * conditioning + AGREEMENT * height + 64 * EPS * terms + faint + TINY
        faintest = 0.0 if "reach" in self.without else self._invisible(found)
        allowed = allowed + faintest
        allowed = allowed + self._worn(found, height)
        wrong = ~kink & (slopes.bar <= 0.1 * height) & (np.abs(a - slopes.value) > allowed)
        bars = slopes.right_bar + slopes.left_bar + AGREEMENT * scale
        low = np.minimum(slopes.right, slopes.left) - bars
        high = np.maximum(slopes.right, slopes.left) + bars
        single = np.array([line.single for line in found.lines])[:, None]
        wrong |= kink & single & ((a < low) | (a > high))
        chaos = self._chaotic(found.lines) if wrong.any() else np.zeros(len(self.scene.base), bool)
        wrong &= ~chaos
        found.allowed = allowed
        sizes = np.array([line.size or 1.0 for line in found.lines])[:, None]
        unseen = EPS * np.abs(self.scene.base) / sizes  # doubling the input would move the output by less than rounding
        loose = ~kink & ~wrong & (chaos | ~(slopes.bar <= self.coarse_bar * scale + unseen + faintest + TINY))
        found.rough = [_name(self.scene, found.lines[i]) for i in np.flatnonzero(loose.any(axis=1))]
        settled = ~kink & ~chaos & (scale > 0) & (slopes.bar <= self.coarse_bar * scale)
        found.resolution = float((slopes.bar / np.where(scale > 0, scale, 1.0))[settled].max(initial=0.0))
        found.kinks = [found.lines[i] for i in np.flatnonzero((kink & single).any(axis=1))]
        found.kinked = np.flatnonzero((kink & single).any(axis=0)).tolist()
        found.exercised = bool(a.any() or (slopes.value != 0).any())
        excess = np.where(wrong, np.abs(a - slopes.value) / (allowed + 1e-300), 0.0)
        order = np.argsort(-excess, axis=None)[: int(wrong.sum())]
        places = zip(*np.unravel_index(order, wrong.shape), strict=True)
        found.wrong = [self.disagreement(found, int(i), int(k), "") for i, k in places]
        return found

    def _worn(self, found: Examination, height: Array) -> Array:
        """Return what rounding leaves of a slope that is tiny beside how the function moves further out, or its value.

        There a rule that computes with the output, as ``y (1 - y)`` does, knows the slope to ``eps |y| / |x|`` only.
        """
        typical = np.array([self.scene.large_step(line) for line in found.lines])[:, None]
        base = np.abs(self.scene.base)
        saturated = height < 1e-2 * found.slopes.steepest
        offset = height < 1e-6 * base / np.maximum(typical, 1.0)
        return EPS * base * np.where(saturated, 8 / typical, np.where(offset, 8 / np.maximum(typical, 1.0), 0.0))

    def _invisible(self, found: Examination) -> Array:
        """Return how large a slope may be where no step moves the output, before rounding would have to show it.

        A saturated function is exactly constant around the point, but not because its slope is 0. How large its
        values are further out tells with which rounding it computes. If it moves at all, it may do so on the scale of
        the input, however small that is; if not, less than a rounding when the input doubles is invisible.
        """
        size, steepest = np.abs(found.claimed), found.slopes.steepest.max(axis=0, initial=0.0)
        flat = (np.abs(found.slopes.value) <= found.slopes.bar) & (size != 0) & (size < 1e-9)
        flat |= np.fmax(size, np.abs(found.slopes.value)) < 1e-9 * steepest  # and so is one that is nearly saturated
        rows = np.flatnonzero(flat.any(axis=1))
        own = np.array([line.size or 1.0 for line in found.lines])[:, None]
        first = np.maximum(own, 1.0)
        reach = np.abs(self.scene.base)
        for row in rows:
            steps = first[row, 0] * 2.0 ** np.arange(-3, 9)
            seen = np.abs(self.scene.along(found.lines[row], np.concatenate([steps, -steps])))
            reach = np.maximum(reach, np.where(np.isfinite(seen), seen, 0.0).max(axis=0))
        hidden = np.where(found.slopes.steepest > 0, 64, 1) * np.abs(self.scene.base) / own
        return np.where(flat, EPS * np.maximum(16 * np.maximum(reach, steepest) / first, hidden), 0.0)

    def _chaotic(self, lines: list[Line]) -> Array:
        """Return which outputs move as far between neighbouring points as over whole steps.

        Their slopes may be right however large they are, since no step is small enough to show them.
        """
        noise = self.noise[0]
        if not (noise > CHAOS * np.abs(self.scene.base)).any():
            return np.zeros(len(noise), bool)
        steps = 2.0 ** -np.arange(0.0, 8.0)
        reach = np.zeros_like(self.scene.base)
        for line in lines:
            sizes = self.scene.large_step(line) * steps
            seen = np.abs(self.scene.along(line, np.concatenate([sizes, -sizes])) - self.scene.base)
            reach = np.maximum(reach, np.where(np.isfinite(seen), seen, 0.0).max(axis=0))
        return noise > CHAOS * (np.abs(self.scene.base) + reach)

    def disagreement(self, found: Examination, line: int | Line, output: int, text: str) -> Disagreement:
        """Return one cell of the comparison in words and numbers."""
        row = line if isinstance(line, int) else found.lines.index(line)
        where = found.lines[row]
        shape = self.scene.arrays[where.argument].shape
        index = tuple(int(i) for i in np.unravel_index(where.entries[0], shape)) if where.single and shape else ()
        looked = output if self.scene.rows is None else None
        return Disagreement(where.argument, index, looked, float(found.claimed[row, output]),
                            float(found.slopes.value[row, output]), float(found.slopes.bar[row, output]), text)

    def locate(self, found: Examination, rng: np.random.Generator) -> Examination:
        """Halve a direction that disagrees until one entry is left."""
        if any(found.lines[row].single for row in self._wrong_rows(found)):
            return replace(found, wrong=[w for w in found.wrong if w.index or not self.scene.arrays[w.argument].shape])
        entries = found.lines[self._wrong_rows(found)[0]].entries
        argument = found.lines[self._wrong_rows(found)[0]].argument
        while len(entries) > 1:
            half = len(entries) // 2
            parts = [entries[:half], entries[half:]]
            lines = [entry_line(self.scene.arrays, argument, int(part[0])) if len(part) == 1
                     else signed_line(self.scene.arrays, argument, part, rng) for part in parts]
            tried = self.judge(lines)
            rows = self._wrong_rows(tried)
            if not rows:
                return found
            entries, found = parts[rows[0]], tried
        return found

    def _wrong_rows(self, found: Examination) -> list[int]:
        gap = np.abs(found.claimed - found.slopes.value)
        height = np.fmax(np.abs(found.claimed), np.abs(found.slopes.value))
        wrong = (found.slopes.bar <= 0.1 * height) & (gap > found.allowed)
        return [int(i) for i in np.argsort(-(np.where(wrong, gap / (found.allowed + 1e-300), 0)).max(axis=1))
                if wrong[i].any()]


def _put(whole: Array, rows: Array, part: Array) -> Array:
    result = whole.copy()
    result[rows] = part
    return result


def _take(slopes: Slopes, rows: Array) -> Slopes:
    return Slopes(**{name: part[rows] for name, part in vars(slopes).items()})


def _name(scene: Scene, line: Line) -> str:
    label = scene.probe.subject.labels[line.argument]
    if not line.single:
        return f"{label} (a direction)"
    shape = scene.arrays[line.argument].shape
    return label + (str([int(i) for i in np.unravel_index(line.entries[0], shape)]) if shape else "")
