"""The usual suspects: which small change of a wrong rule makes it agree with what was measured.

Each suspect is a row of `SUSPECTS`: a name and a function from the evidence to candidate gradients; the first
candidate that repairs the gradient names the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .contract import Trial
from .judge import Examination
from .subject import TROUBLE, Probe

Array = Any
REPAIRED = 1e-6


@dataclass(frozen=True)
class Evidence:
    """Claimed and measured Jacobians of the argument that is wrong, and of the others; shape (outputs, entries)."""

    probe: Probe
    trial: Trial
    argument: int
    claimed: list[Array]
    measured: list[Array]

    @property
    def a(self) -> Array:
        """The claimed Jacobian of the argument in question."""
        return self.claimed[self.argument]

    @property
    def n(self) -> Array:
        """The measured one."""
        return self.measured[self.argument]

    @property
    def x(self) -> Array:
        """The argument in question."""
        return self.trial.arrays[self.argument]

    def recalled(self, y: Array, arrays: tuple[Array, ...]) -> Array | None:
        """Return the claimed Jacobian of the argument if the rule is handed other arrays."""
        shape = self.trial.y.shape
        try:
            rows = [self.probe.gradients(g.reshape(shape), y, arrays) for g in np.eye(self.trial.y.size)]
        except TROUBLE:
            return None
        return np.array([row[self.argument].reshape(-1) for row in rows])


def probable_cause(probe: Probe, trial: Trial, found: Examination) -> str:
    """Return the name of the first suspect that repairs the gradient, or an empty string."""
    argument = found.wrong[0].argument
    claimed, measured = _jacobians(trial, found)
    if claimed is None or measured is None or not np.isfinite(measured[argument]).all():
        return ""
    evidence = Evidence(probe, trial, argument, claimed, measured)
    for name, candidates in SUSPECTS:
        for candidate in candidates(evidence):
            if candidate is not None and _repairs(_where_wrong(evidence, candidate), evidence.n):
                return name
    return ""


def _jacobians(trial: Trial, found: Examination) -> tuple[list[Array] | None, list[Array] | None]:
    """Return claimed and measured Jacobians, if every entry was measured by itself."""
    if found.claimed.shape[1] != trial.y.size or not all(line.single for line in found.lines):
        return None, None
    if len(found.lines) != sum(x.size for x in trial.arrays):
        return None, None
    claimed = [np.zeros((trial.y.size, x.size)) for x in trial.arrays]
    measured = [np.zeros((trial.y.size, x.size)) for x in trial.arrays]
    for row, line in enumerate(found.lines):
        claimed[line.argument][:, line.entries[0]] = found.claimed[row]
        measured[line.argument][:, line.entries[0]] = found.slopes.value[row]
    return claimed, measured


def _where_wrong(e: Evidence, candidate: Array) -> Array:
    """Return the candidate in the entries that are wrong, the claim in the others."""
    if candidate.shape != e.n.shape:
        return candidate
    return np.where(np.abs(e.a - e.n) <= REPAIRED * np.abs(e.n), e.a, candidate)


def _repairs(candidate: Array, n: Array) -> bool:
    if candidate.shape != n.shape or not np.isfinite(candidate).all():
        return False
    return bool((np.abs(candidate - n) <= REPAIRED * np.maximum(np.abs(n), np.abs(n).max() * 1e-3)).all())


def _counts(e: Evidence) -> list[int]:
    """Return the numbers of entries that a mean could be over."""
    shapes = [e.trial.y.shape, *(x.shape for x in e.trial.arrays)]
    sizes = {size for shape in shapes for size in shape} | {int(np.prod(shape)) for shape in shapes}
    return sorted(size for size in sizes if size > 2)


def _ratio(e: Evidence) -> Array | None:
    used = np.abs(e.n) > 1e-9 * np.abs(e.n).max()
    if not used.any() or (np.abs(e.a[~used]) > 1e-6 * np.abs(e.n).max()).any() or not e.a[used].any():
        return None
    return e.a[used] / e.n[used]


def _constant_factor(e: Evidence) -> Iterator[Array | None]:
    ratio = _ratio(e)
    if ratio is not None and ratio[0] and np.ptp(ratio) <= 1e-6 * abs(ratio[0]):
        yield e.a / ratio[0]


def _transposed(e: Evidence) -> Iterator[Array | None]:
    if e.x.ndim >= 2 and e.x.shape[-1] == e.x.shape[-2]:
        yield e.a.reshape(-1, *e.x.shape).swapaxes(-1, -2).reshape(e.a.shape)
    for k, x in enumerate(e.trial.arrays):
        if x.ndim >= 2 and x.shape[-1] == x.shape[-2]:
            turned = tuple(np.array(z.swapaxes(-1, -2)) if j == k else z for j, z in enumerate(e.trial.arrays))
            yield e.recalled(e.trial.y, turned)


def _swapped(e: Evidence) -> Iterator[Array | None]:
    for j, other in enumerate(e.claimed):
        if j != e.argument and other.shape == e.a.shape:
            yield other
    if len(e.trial.arrays) == 2:
        first, second = e.trial.arrays
        if first.shape == second.shape:
            yield e.recalled(e.trial.y, (second, first))


def _output_for_input(e: Evidence) -> Iterator[Array | None]:
    y = e.trial.y
    for k, x in enumerate(e.trial.arrays):
        if x.shape == y.shape:
            yield e.recalled(y, tuple(y if j == k else z for j, z in enumerate(e.trial.arrays)))


def _input_for_output(e: Evidence) -> Iterator[Array | None]:
    for x in e.trial.arrays:
        if x.shape == e.trial.y.shape:
            yield e.recalled(x, e.trial.arrays)


def _diagonal_only(e: Evidence) -> Iterator[Array | None]:
    square = e.a.shape[0] == e.a.shape[1] > 1 and not (e.a - np.diag(np.diag(e.a))).any()
    if square and _repairs(np.diag(e.a)[None], np.diag(e.n)[None]):
        yield e.n


def _last_lost(e: Evidence) -> Iterator[Array | None]:
    lost = (~e.a.any(axis=0) & e.n.any(axis=0)).reshape(e.x.shape)
    for axis in range(e.x.ndim):
        last = np.zeros(e.x.shape, bool)
        np.moveaxis(last, axis, 0)[-1] = True
        if lost.any() and not lost[~last].any():
            yield np.where(lost.reshape(-1), e.n, e.a)


def _shifted(e: Evidence) -> Iterator[Array | None]:
    for shift in (1, -1):
        yield np.roll(e.a, shift, axis=1)
        yield np.roll(e.a, shift, axis=0)


def _overwritten(e: Evidence) -> Iterator[Array | None]:
    """Where several outputs read one entry, only one of them hands its share back."""
    dropped = (e.a == 0) & (np.abs(e.n) > 1e-9 * np.abs(e.n).max())
    several = (np.abs(e.n) > 1e-9 * np.abs(e.n).max()).sum(axis=0) > 1
    if dropped.any() and not dropped[:, ~several].any() and ((e.a != 0).sum(axis=0)[several] <= 1).all():
        yield np.where(dropped, e.n, e.a)


def _unsummed(e: Evidence) -> Iterator[Array | None]:
    """Where an argument was broadcast, only one of the outputs that its entries went to hands its share back."""
    stretched = e.x.shape != e.trial.y.shape and (1 in e.x.shape or e.x.ndim < e.trial.y.ndim)
    if stretched and e.x.ndim <= e.trial.y.ndim and all(
        n in (1, m) for n, m in zip(e.x.shape[::-1], e.trial.y.shape[::-1], strict=False)
    ):
        yield from _overwritten(e)


def _part_zero(e: Evidence) -> Iterator[Array | None]:
    yield np.where(e.a == 0, e.n, e.a) if (e.a == 0).any() and e.a.any() else None


def _too_much(e: Evidence) -> Iterator[Array | None]:
    yield np.where(np.abs(e.n) <= 1e-12 * np.abs(e.n).max(), 0.0, e.a)


def _slightly_off(e: Evidence) -> Iterator[Array | None]:
    ratio = _ratio(e)
    if ratio is not None and np.abs(ratio - 1).max() < 0.02:
        yield e.n


def _added(e: Evidence) -> Iterator[Array | None]:
    gap = (e.a - e.n)[e.n != 0]
    if gap.size > 1 and gap[0] and np.ptp(gap) <= 1e-6 * abs(gap[0]):
        yield e.n


SUSPECTS: list[tuple[str, Callable[[Evidence], Iterator[Array | None]]]] = [
    ("sign", lambda e: iter([-e.a])),
    ("factor 2", lambda e: iter([2 * e.a, e.a / 2])),
    ("missing 1/N", lambda e: iter([e.a / count for count in _counts(e)])),
    ("mean for sum (a 1/N too many)", lambda e: iter([e.a * count for count in _counts(e)])),
    ("missing transpose", _transposed),
    ("swapped operands", _swapped),
    ("derivative at the input where the output was meant", _output_for_input),
    ("derivative at the output where the input was meant", _input_for_output),
    ("softmax diagonal only", _diagonal_only),
    ("last element lost", _last_lost),
    ("missing sum over a broadcast axis", _unsummed),
    ("repeated index overwritten instead of added", _overwritten),
    ("mask too wide: a gradient where the function does not move", _too_much),
    ("mask too narrow: no gradient where the function moves", _part_zero),
    ("shifted by one", _shifted),
    ("constant factor", _constant_factor),
    ("constant added", _added),
    ("a small term left out, such as eps", _slightly_off),
]
