"""What every backward rule owes, whatever it computes: exact tests without tolerance for the derivative itself.

Each row of `CONTRACT` is one safeguard: a name and a function that raises `BrokenRuleError`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from .subject import TROUBLE, BrokenRuleError, Probe, as_sequence

Array = Any
LINEARITY = 1e-11
"""Rounding that a sum over the rows of a Jacobian is allowed, in parts of the sum of its terms' sizes."""


@dataclass(frozen=True)
class Trial:
    """One forward and one backward pass, and everything that went in."""

    probe: Probe
    arrays: tuple[Array, ...]
    labels: tuple[str, ...]
    y: Array
    g: Array
    gradients: list[Array]
    signed: bool = True

    def again(self, g: Array) -> list[Array]:
        """Return the claimed gradients for another cotangent."""
        return self.probe.gradients(g, self.y, self.arrays)


def same(a: Array, b: Array) -> bool:
    """Whether two arrays are equal bit for bit, NaN included."""
    return a.shape == b.shape and a.dtype == b.dtype and bool(np.array_equal(a, b, equal_nan=True))


def close(a: Array, b: Array, relative: float) -> bool:
    """Whether two arrays have one shape and are equal up to a relative difference, NaN included."""
    if a.shape != b.shape:
        return False
    return bool((a == b).all()) or np.allclose(a, b, rtol=relative, atol=1e-300, equal_nan=True)


def forward_is_pure(probe: Probe, arrays: tuple[Array, ...], labels: tuple[str, ...]) -> Array:
    """Return the output; the forward function must leave its inputs alone and give the same bits twice."""
    given = [a.copy() for a in arrays]
    y = np.array(probe.forward(*given))
    if y.dtype.kind != "f":
        raise BrokenRuleError("forward", f"the function returns {y.dtype}: a gradient needs floating-point output.")
    for a, b, label in zip(given, arrays, labels, strict=True):
        if not same(a, b):
            raise BrokenRuleError("forward", f"the forward function changes its input {label} in place.",
                                  "input overwritten by the forward pass")
    if not same(np.array(probe.forward(*[a.copy() for a in arrays])), y):
        raise BrokenRuleError("forward", "the forward function gives different results for the same input: switch off "
                              "what is random in it, or fix its seed.", "random forward pass")
    return y


def first_trial(
    probe: Probe, arrays: tuple[Array, ...], labels: tuple[str, ...], y: Array, rng: np.random.Generator,
    without: frozenset[str],
) -> Trial:
    """Return a trial with a dense signed cotangent, whose results have the right number, shapes and dtypes."""
    g = np.array(rng.standard_normal(y.shape) * 3.0)
    if "signed" in without:
        g = np.abs(g)
    given, cotangent, output = [a.copy() for a in arrays], g.copy(), y.copy()
    raw = as_sequence(probe.subject.vjp(cotangent, output, *given))
    if "inputs kept" not in without:
        _check_kept(given, arrays, labels, (cotangent, g), (output, y))
    if len(raw) != len(arrays):
        raise BrokenRuleError("shapes", f"the rule returns {len(raw)} gradients for {len(arrays)} inputs.")
    for d, x, label in zip(raw, arrays, labels, strict=True):
        if d is not None:
            _check_type(d, x, label, without)
    if probe.subject.foreign and "own memory" not in without:
        _check_memory(raw, [cotangent, output, *given], labels)
    gradients = [np.zeros(x.shape) if d is None else np.array(d, np.float64) for d, x in zip(raw, arrays, strict=True)]
    return Trial(probe, arrays, labels, y, g, gradients, "signed" not in without)


def _check_kept(
    given: list[Array], arrays: tuple[Array, ...], labels: tuple[str, ...], cotangent: Any, output: Any
) -> None:
    if not same(*cotangent):
        raise BrokenRuleError("inputs kept", "the backward rule changes the cotangent g in place; use a copy or "
                              "np.where.", "cotangent changed in place")
    if not same(*output):
        raise BrokenRuleError("inputs kept", "the backward rule changes the saved output in place.",
                              "output changed in place")
    for a, b, label in zip(given, arrays, labels, strict=True):
        if not same(a, b):
            raise BrokenRuleError("inputs kept", f"the backward rule changes its input {label} in place.",
                                  "input changed in place")


def _check_type(d: Any, x: Array, label: str, without: frozenset[str]) -> None:
    d = d if isinstance(d, (np.ndarray, np.generic)) else np.asarray(d)
    if d.dtype.kind not in "fiub":
        raise BrokenRuleError("shapes", f"the gradient of {label} has dtype {d.dtype}; real numbers are needed.")
    if d.shape != x.shape:
        cause = "missing sum over a broadcast axis" if d.size > x.size else ""
        raise BrokenRuleError("shapes", f"the gradient of {label} has shape {d.shape}, the input {x.shape}.", cause)
    if d.dtype != x.dtype and "dtype" not in without:
        raise BrokenRuleError("dtype", f"the gradient of {label} is {d.dtype}, the input {x.dtype}.",
                              "gradient in another dtype")


def _check_memory(raw: tuple[Any, ...], given: list[Array], labels: tuple[str, ...]) -> None:
    parts = [(d, label) for d, label in zip(raw, labels, strict=True) if isinstance(d, np.ndarray) and d.size]
    for position, (d, label) in enumerate(parts):
        if any(np.shares_memory(d, other) for other in given):
            raise BrokenRuleError("own memory", f"the gradient of {label} is a view of an array that was passed in: "
                                  "a later change of one changes the other. Return a copy.", "shared buffer")
        for other, its_label in parts[:position]:
            if np.shares_memory(d, other):
                raise BrokenRuleError("own memory", f"the gradients of {its_label} and {label} share one buffer. "
                                      "Return a copy of one.", "shared buffer")


def repeatable(trial: Trial) -> None:
    """The same call gives the same bits, also after the function has been called with something else."""
    for _ in range(2):
        with suppress(*TROUBLE):
            trial.probe.forward(*[np.array(x * 1.25 + 0.01, x.dtype) for x in trial.arrays])
        again = trial.again(trial.g)
        if not all(same(a, b) for a, b in zip(again, trial.gradients, strict=True)):
            raise BrokenRuleError("repeatable", "the same call of the backward rule gives another result the second "
                                  "time: it is random, counts its calls, or remembers another forward pass.",
                                  "state of another call")


def finite(trial: Trial) -> None:
    """A finite output has finite gradients."""
    if not np.isfinite(trial.y).all():
        return
    for d, label in zip(trial.gradients, trial.labels, strict=True):
        if not np.isfinite(d).all():
            index = tuple(int(i) for i in np.argwhere(~np.isfinite(d))[0])
            raise BrokenRuleError("finite", f"the gradient of {label}{list(index) or ''} is {d[index]}, though the "
                                  "output is finite.", "division by zero or overflow in the rule")


def linear(trial: Trial) -> None:
    """The rule is linear in g: exactly so for 0 and for powers of two of either sign."""
    if any(np.nan_to_num(d).any() for d in trial.again(0 * trial.g)):
        raise BrokenRuleError("linear", "a cotangent of 0 gives a gradient that is not 0: the rule does not multiply "
                              "by g.", "cotangent ignored")
    for factor in ((-1.0,) if trial.signed else ()) + (4.0, 2.0**20):
        for a, b, label in zip(trial.again(factor * trial.g), trial.gradients, trial.labels, strict=True):
            if not close(a, factor * b, 1e-13):
                sign = np.allclose(a, np.abs(factor) * b, rtol=1e-9, atol=1e-300)
                raise BrokenRuleError("linear", f"{factor:g} g does not give {factor:g} times the gradient of {label}: "
                                      "the rule is not linear in g.", "only positive side" if sign else "cotangent "
                                      "ignored" if np.array_equal(a, b) else "rule not linear in g")


def consistent(trial: Trial) -> None:
    """A dense cotangent gives the sum of what the basis cotangents give."""
    size = trial.y.size
    if not 0 < size <= 200:
        return
    rows = trial.probe.jacobian(trial.arrays, np.eye(size))
    weights = trial.g.reshape(-1)
    own = _rounding_of(trial)
    typical = min((float(np.abs(x).max()) or 1.0 for x in trial.arrays if x.size), default=1.0)
    worn = 64 * float(np.finfo(float).eps) * float(np.abs(weights).max() * np.abs(trial.y).max()) / typical
    for d, part, label, rounding in zip(trial.gradients, rows, trial.labels, own, strict=True):
        total, terms = weights @ part, np.abs(weights) @ np.abs(part)
        allowed = LINEARITY * terms + 64 * rounding.max(initial=0.0) + worn + 1e-300
        if (np.abs(d.reshape(-1) - total) > allowed).any():
            raise BrokenRuleError("consistent", f"the gradient of {label} for a dense cotangent is not the sum of "
                                  "those for its entries: the rule is not linear in g.", "rule not linear in g")


def _rounding_of(trial: Trial) -> list[Array]:
    """Return how far the gradients for 3 g and g / 3 are from three times and a third of those for g: rounding."""
    spread = [np.zeros(d.shape) for d in trial.gradients]
    for factor in (3.0, 1 / 3, 0.7, -1.1, 1 / 7):
        found = trial.again(factor * trial.g)
        spread = [np.fmax(s, np.abs(a / factor - b)) for s, a, b in zip(spread, found, trial.gradients, strict=True)]
    return spread


def layouts(trial: Trial) -> None:
    """Fortran order, gaps, negative strides and zero strides in memory change nothing."""
    for name, layout in _LAYOUTS:
        for of_inputs, of_cotangent in ((layout, np.copy), (np.copy, layout), (layout, layout)):
            arrays = [of_inputs(x) for x in trial.arrays]
            _compare_layout(trial, name, as_sequence(
                trial.probe.subject.vjp(of_cotangent(trial.g), trial.y.copy(), *arrays)), trial.gradients)
    constant = np.broadcast_to(np.array(0.7), trial.y.shape)
    raw = trial.probe.subject.vjp(constant, trial.y.copy(), *[x.copy() for x in trial.arrays])
    _compare_layout(trial, "broadcast", as_sequence(raw), trial.again(constant))


def _compare_layout(trial: Trial, name: str, found: tuple[Any, ...], expected: list[Array]) -> None:
    for d, wanted, label in zip(found, expected, trial.labels, strict=True):
        given = np.zeros(wanted.shape) if d is None else np.asarray(d)
        if not close(given, wanted, 1e-10):
            raise BrokenRuleError("layouts", f"the gradient of {label} changes when an array has the {name} memory "
                                  "layout; its numbers are the same.", "memory layout")


def _with_gaps(a: Array) -> Array:
    if not a.ndim:
        return a.copy()
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


_LAYOUTS: list[tuple[str, Callable[[Array], Array]]] = [
    ("Fortran", lambda a: a.copy(order="F")),
    ("strided", _with_gaps),
    ("reversed", lambda a: a[..., ::-1].copy()[..., ::-1] if a.ndim else a.copy()),
]


def single_precision(trial: Trial) -> None:
    """In float32 the rule gives what it gives in float64, up to rounding as the inputs' own rounding causes it."""
    narrow = [x.astype(np.float32) for x in trial.arrays]
    wide = tuple(x.astype(np.float64) for x in narrow)
    g = trial.g.astype(np.float32)
    try:
        y = np.asarray(trial.probe.forward(*[x.copy() for x in narrow]))
        exact = trial.probe.output(wide)
        if (np.abs(y - exact) > 1e-4 * np.abs(exact) + 1e-6 * np.abs(exact).max(initial=0.0)).any():
            return  # the function itself is lost in float32: no gradient of it can be right
        found = as_sequence(trial.probe.subject.vjp(g.copy(), y.copy(), *[x.copy() for x in narrow]))
        reference = trial.probe.gradients(g.astype(float), exact, wide)
        spread = _jitter(trial, wide, g.astype(float), reference)
    except TROUBLE:
        return  # not made for float32, which is no fault of the gradient
    for d, wanted, jitter, label in zip(found, reference, spread, trial.labels, strict=True):
        if d is None or not np.size(d) or not (np.isfinite(d).all() and np.isfinite(wanted).all()):
            continue
        allowed = 32 * jitter + 1e-4 * np.abs(wanted) + 1e-5 * np.abs(wanted).max() + 1e-30
        if (np.abs(d - wanted) > allowed).any():
            raise BrokenRuleError("float32", f"the gradient of {label} in float32 is not the one in float64, rounded.",
                                  "float32 only")


def _jitter(trial: Trial, wide: tuple[Array, ...], g: Array, reference: list[Array]) -> list[Array]:
    rng = np.random.default_rng(6)
    spread = [np.zeros(x.shape) for x in wide]
    for _ in range(6):
        near = tuple(np.array(x * (1 + 6e-8 * rng.choice([-1, 1], x.shape))) for x in wide)
        found = trial.probe.gradients(g, trial.probe.output(near), near)
        spread = [np.maximum(s, np.abs(a - b)) for s, a, b in zip(spread, found, reference, strict=True)]
    return spread


CONTRACT: list[tuple[str, Callable[[Trial], None], bool]] = [
    ("repeatable", repeatable, False),
    ("finite", finite, False),
    ("linear", linear, False),
    ("consistent", consistent, False),
    ("layouts", layouts, True),
    ("float32", single_precision, True),
]
"""Name, test, and whether it is put only to rules that work on the caller's own arrays."""


def check_contract(
    probe: Probe, arrays: tuple[Array, ...], labels: tuple[str, ...], rng: np.random.Generator, without: frozenset[str]
) -> Trial:
    """Put the whole contract to the rule; return the first trial."""
    y = np.array(probe.forward(*[a.copy() for a in arrays])) if "forward" in without else forward_is_pure(
        probe, arrays, labels)
    trial = first_trial(probe, arrays, labels, y, rng, without)
    for name, test, only_foreign in CONTRACT:
        if name not in without and (probe.subject.foreign or not only_foreign):
            test(trial)
    return trial
