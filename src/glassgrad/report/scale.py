"""Scales of an axis: where a number stands, and the round numbers that are marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Scale", "linear", "logarithmic", "round_step", "suited"]

LARGEST = 1e300  # beyond it, differences would overflow
DECADES = 1.5  # a curve that spans more is shown on a logarithmic scale


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high` with its marks.

    >>> scale = linear(0, 10)
    >>> scale(2.5), scale.ticks
    (0.25, (0, 2, 4, 6, 8, 10))
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    is_logarithmic: bool = False

    def __call__(self, number: float) -> float:
        """Where `number` stands: 0 at the low end, 1 at the high one."""
        if self.is_logarithmic:
            position, low, high = math.log10(number), math.log10(self.low), math.log10(self.high)
        else:
            position, low, high = number, self.low, self.high
        return min(max((position - low) / (high - low), 0.0), 1.0)


def round_step(span: float, count: int) -> float:
    """The step of 1, 2 or 5 times a power of ten that cuts `span` into at most about `count` parts.

    >>> round_step(667, 5), round_step(0.9, 5)
    (200.0, 0.2)
    """
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    factor = next(factor for factor in (1, 2, 5, 10) if rough <= factor * power * (1 + 1e-9))
    return float(f"{factor * power:.12g}")


def linear(low: float, high: float, count: int = 5, rounded: bool = True, whole: bool = False) -> Scale:
    """Even scale over `low` to `high`, widened to round numbers unless `rounded` is False; `whole` marks no fractions.

    >>> linear(1, 2, rounded=False, whole=True).ticks
    (1, 2)
    """
    low, high = (min(max(end, -LARGEST), LARGEST) for end in (low, high))
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-290):
        room = 0.5 * abs(low) or 1.0
        low, high = low - room, high + room
    step = max(round_step(high - low, count), 1.0 if whole else 0.0)
    first, last = (math.floor, math.ceil) if rounded else (math.ceil, math.floor)
    indices = range(first(low / step + _slack(first)), last(high / step + _slack(last)) + 1)
    ticks = tuple(float(f"{index * step:.12g}") for index in indices)
    ticks = tuple(int(tick) if tick.is_integer() and abs(tick) < 1e15 else tick for tick in ticks)
    return Scale(ticks[0], ticks[-1], ticks) if rounded else Scale(low, high, ticks)


def _slack(rounding: object) -> float:
    """What saves a quotient of 2.9999999996 from being taken for less than 3, or 3.0000000004 for more."""
    return 1e-9 if rounding is math.floor else -1e-9


def logarithmic(low: float, high: float) -> Scale:
    """Scale of powers of ten, with 2 and 5 between them where there is room.

    >>> logarithmic(0.012, 2.3).ticks
    (0.01, 0.1, 1.0)
    >>> logarithmic(0.3, 7).ticks
    (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    """
    bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps: Sequence[int] = (1, 2, 5) if math.log10(high) - math.log10(low) <= 2 else (1,)
    marks = [float(f"{factor}e{power}") for power in range(bottom, top + 1) for factor in steps]
    begin = max((mark for mark in marks if mark <= low * (1 + 1e-9)), default=marks[0])
    end = min((mark for mark in marks if mark >= high * (1 - 1e-9)), default=marks[-1])
    if steps == (1,):
        # The axis itself ends closer to the curve than the outer powers of ten.
        begin, end = max(begin, low / 1.5), min(end, high * 1.5)
        stride = -(-(top - bottom) // 6)
        marks = [mark for index, mark in enumerate(marks) if index % stride == 0]
    return Scale(begin, end, tuple(mark for mark in marks if begin <= mark <= end), True)


def suited(numbers: Sequence[float]) -> Scale:
    """The scale on which these finite numbers are best seen; logarithmic if they span decades.

    >>> suited([2.3, 1.1, 0.9]).is_logarithmic, suited([2.3, 0.01]).is_logarithmic, suited([]).ticks
    (False, True, (0, 0.2, 0.4, 0.6, 0.8, 1))
    """
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    if low > 0 and math.log10(high) - math.log10(low) > DECADES:
        return logarithmic(low, high)
    return linear(min(low, 0.0), high)
