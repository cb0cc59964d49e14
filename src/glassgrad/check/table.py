"""The deck's gradient check, parameter by parameter, and beside each figure a verdict with an error bar.

>>> import numpy as np, glassgrad as gg
>>> x = np.array([[1.0, 2.0], [3.0, -1.0]])
>>> table = parameter_table(lambda p: gg.sum(gg.tanh(gg.matmul(x, p["W"]) + p["b"])),
...                         {"W": np.array([[0.1, 0.2], [0.3, -0.4]]), "b": np.zeros(2)})
>>> [row.name for row in table.rows], table.correct
(['W', 'b'], True)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..errors import GradientError, SettingError, ShapeError
from ..transform import grad
from .entries import Measured, measure_entries
from .evaluate import Loss, as_number, losses_of, traced
from .numeric import measured_noise
from .verdict import Verdict

Array = Any
AGREEMENT = 1e-6
"""Relative difference that rounding in the claimed gradient itself is allowed."""
COARSE = 1e-3
"""Error bars wider than this part of the largest entry say too little for a verdict."""


@dataclass(frozen=True)
class Row:
    """What was found for one parameter.

    Attributes
    ----------
    name, shape
    checked, entries : int
        How many entries were measured, and how many there are.
    mean_difference : float
        The deck's figure: mean of ``|numerical - backpropagated|`` with one step h.
    largest_relative : float
        Largest ``|claimed - measured|``, in parts of the largest entry of the gradient.
    resolution : float
        Widest error bar, in the same parts: differences below it could not have been seen.
    truncation, rounding : float
        Mean part of the deck's figure that comes from the finite step, and from the precision of the loss.
    kinks, unmoved : int
        Entries with a kink of the loss within h; entries that did not move the loss at all.
    worst : (index, claimed, measured, bar)
        The entry with the largest disagreement in units of its error bar.
    verdict : Verdict
    words : str
    """

    name: str
    shape: tuple[int, ...]
    checked: int
    entries: int
    mean_difference: float
    largest_relative: float
    resolution: float
    truncation: float
    rounding: float
    kinks: int
    unmoved: int
    worst: tuple[tuple[int, ...], float, float, float]
    verdict: Verdict
    words: str


@dataclass(frozen=True)
class GradientTable:
    """The gradient check of every parameter; prints as a table and says below what its figures consist of."""

    rows: tuple[Row, ...]
    h: float

    @property
    def correct(self) -> bool:
        """Whether every parameter's gradient was measured and found right."""
        return bool(self.rows) and all(row.verdict.fine for row in self.rows)

    def __bool__(self) -> bool:
        return self.correct

    def __getitem__(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)

    def __str__(self) -> str:
        head = ("parameter", "shape", "mean difference", "largest relative", "verdict")
        lines = [head, *((row.name, str(row.shape), f"{row.mean_difference:.3g}", f"{row.largest_relative:.1e}",
                          row.words) for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(4)]
        text = [
            "  ".join([line[0].ljust(widths[0]), line[1].ljust(widths[1]), line[2].rjust(widths[2]),
                       line[3].rjust(widths[3]), line[4]]).rstrip()
            for line in lines
        ]
        return "\n".join([*text, "", self.explanation])

    @property
    def explanation(self) -> str:
        """One sentence on where the figures of the column "mean difference" come from."""
        return _explain(self.rows, self.h)

    def to_json(self, **further: Mapping[str, float]) -> str:
        """Return the table as JSON text; `further` figures, by parameter, become entries of its rows."""
        rows = [{**asdict(row), "verdict": str(row.verdict)} for row in self.rows]
        for row in rows:
            row["worst"] = dict(zip(("index", "claimed", "measured", "bar"), row["worst"], strict=True))
            row.update({name: figures[row["name"]] for name, figures in further.items()})
        whole = {"h": self.h, "correct": self.correct, "rows": rows, "explanation": self.explanation}
        return json.dumps(_finite(whole))


def _finite(value: Any) -> Any:
    """Replace infinities and NaN, for which JSON has no sign, by null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def parameter_table(
    loss: Loss, parameters: Mapping[str, Array], gradients: Mapping[str, Array] | None = None, *,
    h: float = 1e-4, entries: int | None = None, seed: int = 0,
) -> GradientTable:
    """Compare the gradient of every parameter with numerical differentiation, as the deck does, and judge it.

    Parameters
    ----------
    loss : callable
        Takes a dict of arrays and returns a single number. Pure: the same arrays give the same number.
    parameters : mapping of str to float64 array
        Where the gradient is checked; left as they are.
    gradients : mapping of str to array, optional
        The claimed gradients; those of `gg.grad` by default, for which `loss` must compute with functions of glassgrad.
    h : float
        Step of the deck's central difference ``(f(x + h) - f(x - h)) / 2h``. The verdict does not depend on it.
    entries : int, optional
        Measure only so many entries of each parameter, drawn by `seed`; all by default.
    seed : int

    Returns
    -------
    GradientTable

    Raises
    ------
    SettingError, ShapeError, GradientError
        If `h` is not positive, a gradient is missing or has another shape, or the loss is not a repeatable, finite
        number.

    Examples
    --------
    >>> import numpy as np, glassgrad as gg
    >>> w = np.array([1.0, 2.0])
    >>> table = parameter_table(lambda p: gg.sum(p["w"] ** 3), {"w": w}, {"w": np.array([3.0, 11.0])})
    >>> table.correct, table["w"].worst[0]
    (False, (1,))
    """
    if not h > 0 or not np.isfinite(h):
        raise SettingError(f"h is {h}: the step of a difference quotient must be a positive number, for example 1e-4.")
    own = {name: np.array(value, np.float64) for name, value in parameters.items()}
    claimed = grad(loss)({name: value.copy() for name, value in own.items()}) if gradients is None else gradients
    for name, value in own.items():
        if name not in claimed:
            raise GradientError(f"no gradient was given for parameter {name!r}; there are {sorted(claimed)}.")
        if np.shape(claimed[name]) != value.shape:
            given = np.shape(claimed[name])
            raise ShapeError(f"the gradient of {name!r} has shape {given}, the parameter {value.shape}.")
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        base = _repeatable(loss, own)
        noise = _noise_of(loss, own, rng)
        graph = traced(loss, own) if gradients is None else None
        rows = []
        for name, value in own.items():
            chosen = _choose(value.size, entries, rng)
            a = np.asarray(claimed[name], np.float64).reshape(-1)[chosen]
            losses = losses_of(loss, own, name, graph, 4 * len(chosen))
            found = measure_entries(losses, value.reshape(-1)[chosen], chosen, a, base=base, noise=noise, h=h)
            rows.append(_judge(name, value.shape, chosen, a, found, noise / h))
    return GradientTable(tuple(rows), float(h))


def _choose(size: int, entries: int | None, rng: np.random.Generator) -> Array:
    if entries is None or entries >= size:
        return np.arange(size)
    return np.sort(rng.choice(size, size=entries, replace=False))


def _repeatable(loss: Loss, parameters: dict[str, Array]) -> float:
    first, second = as_number(loss(parameters)), as_number(loss(parameters))
    if not np.isfinite(first):
        raise GradientError(f"the loss is {first} at these parameters: there is no gradient to check.")
    if first != second:
        raise GradientError(
            f"the loss gave {first!r} and then {second!r} for the same parameters. Switch off what is random in it "
            "(dropout, sampling), or fix its seed."
        )
    return first


def _noise_of(loss: Loss, parameters: dict[str, Array], rng: np.random.Generator, *, spacings: int = 5) -> float:
    """Return the noise of the loss in random directions over all parameters at once."""
    found = abs(as_number(loss(parameters))) * float(np.finfo(float).eps)
    for _ in range(2):
        direction = {
            name: rng.choice([-1.0, 1.0], value.shape) * rng.uniform(0.5, 1.5, value.shape)
            * np.where(value == 0, np.abs(value).max(initial=0.0) or 1.0, np.abs(value))
            for name, value in parameters.items()
        }
        samples = [
            [[as_number(loss({n: v + j * 2.0**-power * direction[n] for n, v in parameters.items()}))]
             for j in range(-4, 5)]
            for power in np.linspace(14, 38, spacings)
        ]
        found = max(found, float(measured_noise(np.array(samples))[0][0]))
    return found


def _judge(
    name: str, shape: tuple[int, ...], chosen: Array, a: Array, found: Measured, rounding: float
) -> Row:
    difference = np.abs(a - found.value)
    scale = max(float(np.abs(a).max(initial=0.0)), float(np.abs(found.value).max(initial=0.0)))
    allowed = found.bar + AGREEMENT * np.maximum(np.abs(a), np.abs(found.value)) + 1e-13 * scale
    outside = (a < found.low - allowed) | (a > found.high + allowed)
    wrong = np.where(found.kink, outside, ~(difference <= allowed)) & np.isfinite(found.bar)
    worst = int(np.argmax(np.where(wrong, difference / allowed, 0.0))) if wrong.any() else int(
        np.argmax(np.where(np.isfinite(found.bar), difference / (allowed + 1e-300), 0.0))) if a.size else 0
    index = tuple(int(i) for i in np.unravel_index(chosen[worst], shape)) if a.size else ()
    smooth = ~found.kink & np.isfinite(found.value)
    row = Row(
        name, shape, len(chosen), int(np.prod(shape)),
        float(np.mean(np.abs(found.plain - a))) if a.size else 0.0,
        float(difference[smooth].max(initial=0.0)) / (scale or 1.0),
        float(found.bar[~found.kink].max(initial=0.0)) / (scale or 1.0),
        float(np.mean(np.abs(found.plain - found.value)[smooth])) if smooth.any() else 0.0,
        rounding, int(found.near_kink.sum()), int(found.unmoved.sum()),
        (index, float(a[worst]), float(found.value[worst]), float(found.bar[worst])) if a.size else ((), 0.0, 0.0, 0.0),
        _verdict(a, found, wrong, scale), "",
    )
    return replace(row, words=_words(row, int(wrong.sum()), int(found.kink.sum())))


def _verdict(a: Array, found: Measured, wrong: Array, scale: float) -> Verdict:
    if wrong.any():
        return Verdict.WRONG
    if not a.any() and found.unmoved.all():
        return Verdict.NOT_EXERCISED
    if (found.bar[~found.kink] > COARSE * scale).any():
        return Verdict.NOISE
    return Verdict.NOT_DIFFERENTIABLE if found.kink.any() else Verdict.CORRECT


def _words(row: Row, wrong: int, at_kink: int) -> str:
    sample = "" if row.checked == row.entries else f"; {row.checked:,} of {row.entries:,} entries measured"
    index, claimed, measured, bar = row.worst
    if row.verdict is Verdict.WRONG:
        return (f"WRONG in {wrong:,} {'entry' if wrong == 1 else 'entries'}: {row.name}{list(index)} claimed "
                f"{claimed:.6g}, measured {measured:.6g} ± {bar:.1g}{sample}")
    if row.verdict is Verdict.NOT_EXERCISED:
        return f"NOT EXERCISED: nothing moves the loss, and the gradient is 0{sample}"
    if row.verdict is Verdict.NOISE:
        return f"NOISE: the loss is too rough to tell; the error bars reach {row.resolution:.0e}{sample}"
    remarks = [f"resolution {row.resolution:.0e}"]
    if at_kink:
        remarks.append(f"{at_kink:,} entries exactly at a kink, the claim between the two slopes")
    if row.kinks:
        remarks.append(f"{row.kinks:,} entries with a kink within h")
    if row.unmoved:
        remarks.append(f"{row.unmoved:,} do not move the loss")
    return f"{row.verdict} ({'; '.join(remarks)}){sample}"


def _explain(rows: tuple[Row, ...], h: float) -> str:
    if not rows:
        return "There are no parameters to check."
    wrong = [row.name for row in rows if row.verdict is Verdict.WRONG]
    if wrong:
        return (f"The gradient of {', '.join(wrong)} disagrees with measured slopes by more than their error bars: "
                "look at the rule of the layer that these parameters stand in, or of one behind it.")
    top = max(rows, key=lambda row: row.mean_difference)
    if top.kinks:
        why = (f"a ReLU (or another kink) switches between x - h and x + h for {top.kinks:,} of its entries, where a "
               "central difference averages two slopes")
    elif top.truncation > 2 * top.rounding:
        why = (f"the central difference itself is off by h²/6 times the third derivative, {top.truncation:.1e} on "
               f"average (a tenth of h makes it a hundredth, until rounding takes over); with that removed, {top.name} "
               f"agrees to {top.largest_relative:.0e}")
    else:
        why = (f"the loss is known to {top.rounding * h:.0e} only, and dividing by h = {h:.0e} makes about "
               f"{top.rounding:.0e} of that")
    return f"The largest figure is that of {top.name}: {why}. It says nothing against backpropagation."


__all__ = ["GradientTable", "Row", "parameter_table"]
