"""The prover: contract, numbers, kinks, other points and sizes; and what all of it amounts to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from .causes import probable_cause
from .contract import Trial, check_contract
from .examine import examine
from .judge import Disagreement, Examination
from .limit import ended_after
from .subject import TROUBLE, BrokenRuleError, OutOfTimeError, Probe, Subject, as_sequence, quiet
from .variants import Variant, other_points, other_sizes
from .verdict import Finding, HeatMap, Report, Verdict

Array = Any
ONCE = frozenset({"layouts", "float32", "repeatable", "consistent", "hull"})
"""Safeguards that are not repeated at other points and sizes."""


def prove(
    subject: Subject, *, coarse_bar: float = 1e-3, seed: int = 0, time_limit: float = 60.0,
    without: frozenset[str] = frozenset(), light: bool = False, spots: bool = True,
) -> Report:
    """Judge the rule of a `Subject`, as `glassgrad.check_gradient` does.

    If `light`, by a few directions, and without `spots` by nothing else where an argument has many entries.
    """
    began = time.monotonic()
    probe = Probe(subject, began + time_limit)
    case = _Case(probe, np.random.default_rng(seed), coarse_bar, without, light, spots)
    try:
        with quiet(), ended_after(time_limit):
            case.run()
    except OutOfTimeError:
        case.add(Verdict.NOISE, f"the time limit of {time_limit:g} s was reached before the check was done.")
    return case.report(time.monotonic() - began)


class _Case:
    """One check while it is going on."""

    def __init__(
        self, probe: Probe, rng: np.random.Generator, coarse_bar: float, without: frozenset[str], light: bool,
        spots: bool,
    ) -> None:
        self.probe, self.rng, self.coarse_bar, self.without = probe, rng, coarse_bar, without
        self.light, self.spots = light, spots
        self.findings: list[Finding] = []
        self.resolution = 0.0
        self.entries = 0
        self.maps: tuple[HeatMap, ...] = ()

    @property
    def wrong(self) -> bool:
        return any(finding.verdict is Verdict.WRONG for finding in self.findings)

    def add(self, verdict: Verdict, text: str, **more: Any) -> None:
        self.findings.append(Finding(verdict, text, **more))

    def run(self) -> None:
        arrays, labels = self.probe.subject.arrays, self.probe.subject.labels
        trial = self.contract(arrays, "")
        if trial is None:
            return
        if not np.isfinite(trial.y).all():
            self.add(Verdict.NOISE, "the output is not finite at this point: there is no slope to measure.")
            return
        if not trial.y.size or not any(x.size for x in arrays):
            self.add(Verdict.NOT_EXERCISED, "there is nothing to measure: the input or the output is empty.")
            return
        found = self.numbers(arrays, trial, "")
        if found is not None:
            self.maps = tuple(_heat_maps(found, arrays, labels))
        if self.wrong:
            return
        if self.probe.subject.foreign and "sizes" not in self.without:
            self.vary(other_sizes(self.probe, arrays, trial.y))
        if "points" not in self.without and not self.light and not self.wrong:
            self.vary(other_points(arrays))

    def contract(self, arrays: tuple[Array, ...], where: str) -> Trial | None:
        """Put the contract; record what breaks it."""
        try:
            return check_contract(self.probe, arrays, self.probe.subject.labels, self.rng, self.without)
        except BrokenRuleError as broken:
            self.add(Verdict.WRONG, broken.text, safeguard=broken.safeguard, cause=broken.cause, where=where)
        except MemoryError as error:
            self.add(Verdict.NOISE, f"there is not enough memory for the function or its rule: {error} Give a smaller "
                     "point.", where=where)
        except TROUBLE as error:
            self.add(Verdict.WRONG, f"the function or its rule raised {type(error).__name__}: {error}",
                     safeguard="raises", where=where)
        return None

    def numbers(self, arrays: tuple[Array, ...], trial: Trial, where: str) -> Examination | None:
        """Compare claimed and measured slopes; record what was found."""
        light = self.light or bool(where)
        try:
            found = examine(self.probe, arrays, self.rng, coarse_bar=self.coarse_bar, without=self.without,
                            light=light, spots=self.spots)
        except TROUBLE as error:
            self.add(Verdict.WRONG, f"the rule raised {type(error).__name__}: {error}", safeguard="raises", where=where)
            return None
        labels = self.probe.subject.labels
        cause = probable_cause(self.probe, trial, found) if found.wrong else ""
        for wrong in found.wrong:
            self.findings.append(_finding(wrong, labels, cause, where, trial.y.size))
        if not where:
            self.entries = int(found.claimed.size)
            self.resolution = found.resolution
            self._state(found)
        return found

    def _state(self, found: Examination) -> None:
        if found.wrong:
            return
        if not found.exercised and "exercised" not in self.without:
            self.add(Verdict.NOT_EXERCISED, "every slope is 0, measured and claimed: this point says nothing about the "
                     "rule. Choose another.")
        if found.rough:
            self.add(Verdict.NOISE, f"the function is too rough to measure a slope in {', '.join(found.rough[:3])}"
                     f"{' and others' if len(found.rough) > 3 else ''}.")
        if found.kinks:
            self.add(Verdict.NOT_DIFFERENTIABLE, f"{len(found.kinks)} entries stand at a kink; the claimed gradient "
                     "lies among the subgradients there.")

    def vary(self, variants: Iterable[Variant]) -> None:
        """Look for what is wrong elsewhere; what is merely rough there does not count."""
        for variant in variants:
            try:
                y = self.probe.output(variant.arrays)
            except TROUBLE:
                continue
            if not np.isfinite(y).all() or self._size_is_built_in(variant, y):
                continue
            before = self.without
            self.without = before | ONCE
            trial = self.contract(variant.arrays, variant.where)
            if trial is not None and y.size and any(x.size for x in variant.arrays):
                self.numbers(variant.arrays, trial, variant.where)
            self.without = before
            if self.wrong:
                self.findings = [replace(f, cause=variant.cause or f.cause) for f in self.findings]
                return

    def _size_is_built_in(self, variant: Variant, y: Array) -> bool:
        """Whether the rule answers in the shape of the point itself: it was made for that size, and for no other."""
        own = self.probe.subject.arrays
        if [x.shape for x in variant.arrays] == [x.shape for x in own]:
            return False
        try:
            found = as_sequence(self.probe.subject.vjp(y.copy(), y.copy(), *[x.copy() for x in variant.arrays]))
        except TROUBLE:
            return False
        return [np.shape(d) for d in found] == [x.shape for x in own]

    def report(self, seconds: float) -> Report:
        order = (Verdict.WRONG, Verdict.NOISE, Verdict.NOT_EXERCISED, Verdict.NOT_DIFFERENTIABLE)
        said = {finding.verdict for finding in self.findings}
        verdict = next((verdict for verdict in order if verdict in said), Verdict.CORRECT)
        return Report(self.probe.subject.name, verdict, self.resolution, tuple(self.findings), self.entries,
                      self.probe.calls, seconds, self.maps)


def _finding(wrong: Disagreement, labels: tuple[str, ...], cause: str, where: str, outputs: int) -> Finding:
    place = labels[wrong.argument] + (str(list(wrong.index)) if wrong.index else "")
    of = f"output[{wrong.output}]" if wrong.output is not None and outputs > 1 else "the output"
    text = (f"d {of} / d {place}: claimed {wrong.claimed:.9g}, measured {wrong.measured:.9g} ± {wrong.bar:.1g}"
            f"{'; ' + wrong.text if wrong.text else ''}.")
    return Finding(Verdict.WRONG, text, "hull" if wrong.text else "numbers", labels[wrong.argument], wrong.index,
                   wrong.output, wrong.claimed, wrong.measured, wrong.bar, cause, where)


def _heat_maps(found: Examination, arrays: tuple[Array, ...], labels: tuple[str, ...]) -> Iterable[HeatMap]:
    """Return a map for every argument of which all entries were measured one by one."""
    height = np.fmax(np.abs(found.claimed), np.abs(found.slopes.value)).max(initial=0.0) or 1.0
    error = (np.abs(found.claimed - found.slopes.value) / height).max(axis=1)
    bar = (found.slopes.bar / height).max(axis=1)
    for argument, (x, label) in enumerate(zip(arrays, labels, strict=True)):
        rows = [i for i, line in enumerate(found.lines) if line.argument == argument and line.single]
        if len(rows) == x.size:
            yield HeatMap(label, x.shape, error[rows].tolist(), bar[rows].tolist())
