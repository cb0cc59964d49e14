"""A whole graph, proved node by node: each op's rule against its own forward function at the values of this run.

>>> import glassgrad as gg
>>> x = gg.tensor([0.5, -1.0], name="x")
>>> print(prove_graph(gg.sum(gg.tanh(x) * x)).verdict)
CORRECT

A node's check is local: it costs what the node costs, and a wrong rule is named by op, layer and line. That the nodes
were put together rightly is the composition's own check, along random directions.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..array_type import is_float
from ..build import ancestors, placeholder, record, tensor
from ..errors import GradientError
from ..gradient import fit, pull
from ..graph import PARAMETER, VARIABLE, Tensor, describe
from ..interpret import evaluate_all
from ..place import inside
from ..trace import Graph
from .contract import finite, first_trial, linear
from .examine import examine
from .limit import ended_after
from .prove import prove
from .subject import TROUBLE, BrokenRuleError, OutOfTimeError, Probe, Subject, quiet
from .values import of_values
from .verdict import Finding, Report, Verdict

Array = Any
IN_FULL = 200
"""Up to so many leaf entries, the composition is measured in every one of them."""
SHOWN = frozenset({"linear", "consistent"})
"""What a composition with a single number as its result owes, and has if every node's rule is linear in g."""


def prove_graph(
    what: Graph | Tensor, *args: Any, seed: int = 0, time_limit: float = 60.0, coarse_bar: float = 1e-3
) -> Report:
    """Judge the rule of every node of a graph at the values of one run, and their composition.

    Parameters
    ----------
    what : Graph or Tensor
        A Graph with the arrays for its inputs as `args`; or a result with its history.
    *args : array_like, or Tensor
        Inputs of the Graph; or the leaves of the Tensor to differentiate with respect to, all by default.
    seed, time_limit, coarse_bar
        As in `prove`.

    Returns
    -------
    Report
        Its findings say which node is wrong.
    """
    began = time.monotonic()
    order, values, leaves, outputs = _in_double(*_run_of(what, args))
    rng = np.random.default_rng(seed)
    tally = _Tally()
    try:
        with quiet(), ended_after(time_limit):
            for node in order:
                subject = node_subject(node, values) if node not in leaves and node.inputs else None
                if subject is not None:
                    _judge_node(tally, Probe(subject, began + time_limit), rng, describe_node(node), coarse_bar)
            for output in outputs:
                if is_float(output.dtype):
                    left = max(time_limit - (time.monotonic() - began), 0.0)
                    tally.whole.append(_composition(order, values, leaves, output, seed, left, coarse_bar, tally, rng))
    except OutOfTimeError:
        text = f"the time limit of {time_limit:g} s was reached before the check was done."
        tally.findings.append(Finding(Verdict.NOISE, text))
    findings = [*tally.findings, *(finding for report in tally.whole for finding in report.findings)]
    verdict = _worst([*(f.verdict for f in findings), *(report.verdict for report in tally.whole)])
    name = what.name if isinstance(what, Graph) else describe(what)
    return Report(name or "graph", verdict, max([tally.resolution, *(r.resolution for r in tally.whole)]),
                  tuple(findings), tally.entries + sum(r.entries for r in tally.whole),
                  tally.calls + sum(r.evaluations for r in tally.whole), time.monotonic() - began,
                  tuple(m for r in tally.whole for m in r.maps))


@dataclass
class _Tally:
    """What was found so far, at single nodes and in compositions."""

    findings: list[Finding] = field(default_factory=list)
    whole: list[Report] = field(default_factory=list)
    calls: int = 0
    entries: int = 0
    resolution: float = 0.0


def _composition(
    order: list[Tensor], values: Mapping[Tensor, Any], leaves: list[Tensor], output: Tensor, seed: int,
    time_limit: float, coarse_bar: float, tally: _Tally, rng: np.random.Generator,
) -> Report:
    """Return the report on one output as a function of all leaves."""
    light = sum(leaf.size for leaf in leaves) > IN_FULL
    subject = of_values(order, leaves, output, values, many=not light)
    report = prove(subject, coarse_bar=coarse_bar, seed=seed, time_limit=time_limit, light=light, spots=not light,
                   without=SHOWN if light and output.size == 1 else frozenset())
    if report.verdict is Verdict.WRONG and not any(f.verdict is Verdict.WRONG for f in tally.findings):
        return _beside_a_kink(subject, report, rng, coarse_bar, time_limit)
    return report


def _beside_a_kink(
    subject: Subject, report: Report, rng: np.random.Generator, coarse_bar: float, time_limit: float
) -> Report:
    """Return the report, unless the composition of rules that are right by themselves is right a small step away.

    Where several kinks meet, what backward propagation makes of right subgradients need not be one of the whole.
    """
    arrays = tuple(np.array(a + 1e-3 * rng.uniform(0.5, 1.5, a.shape) * rng.choice([-1.0, 1.0], a.shape)
                            * np.maximum(np.abs(a), 1e-2)) for a in subject.arrays)
    there = prove(replace(subject, arrays=arrays), coarse_bar=coarse_bar, time_limit=time_limit)
    if there.verdict is not Verdict.CORRECT:
        return report
    text = ("the nodes' rules are right, and so is their composition a small step away; at this point itself kinks "
            "meet, and the gradient is that of one side of each.")
    return replace(report, verdict=Verdict.NOT_DIFFERENTIABLE, resolution=there.resolution,
                   findings=(Finding(Verdict.NOT_DIFFERENTIABLE, text, "composition"),))


def _worst(said: list[Verdict]) -> Verdict:
    order = (Verdict.WRONG, Verdict.NOISE, Verdict.NOT_EXERCISED, Verdict.NOT_DIFFERENTIABLE)
    return next((verdict for verdict in order if verdict in said), Verdict.CORRECT)


def _run_of(
    what: Graph | Tensor, args: tuple[Any, ...]
) -> tuple[list[Tensor], Mapping[Tensor, Any], list[Tensor], Sequence[Tensor]]:
    """Return nodes in order, their values, the leaves to differentiate with respect to, and the outputs."""
    if isinstance(what, Graph):
        record_of_run = what.run(*args)
        order = what.nodes
        wanted = [n for n in order if is_float(n.dtype) and (n in what.inputs or n.op in (VARIABLE, PARAMETER))]
        return order, record_of_run.values, wanted, what.outputs
    order = ancestors([what])
    wanted = list(args) or [n for n in order if n.op in (VARIABLE, PARAMETER) and is_float(n.dtype)]
    if not wanted:
        raise GradientError("this tensor was computed from constants alone: there is nothing to differentiate.")
    return order, evaluate_all(order, [], []), wanted, [what]


def _in_double(
    order: list[Tensor], values: Mapping[Tensor, Any], leaves: list[Tensor], outputs: Sequence[Tensor]
) -> tuple[list[Tensor], Mapping[Tensor, Any], list[Tensor], Sequence[Tensor]]:
    """Return the same run in float64, if anything in it is narrower: slopes are measured in double precision."""
    if all(node.dtype.kind != "f" or node.dtype.itemsize == 8 for node in order):
        return order, values, leaves, outputs
    copies: dict[Tensor, Tensor] = {}
    for node in order:
        value = np.asarray(values[node])
        with inside(node.scope):
            copy = record(node.op, [copies[source] for source in node.inputs], node.params) if node.inputs else tensor(
                value.astype(np.float64) if is_float(value.dtype) else value)
        copy.name, copy._site = node.name, node._site
        copies[node] = copy
    again = [copies[node] for node in order]
    return again, {node: node.value for node in again}, [copies[n] for n in leaves], [copies[n] for n in outputs]


def describe_node(node: Tensor) -> str:
    """Return a node's op, name, layer and line, as far as they are known."""
    parts = [node.op.name]
    if node.name:
        parts.append(repr(node.name))
    if node.path:
        parts.append(f"in {node.path}")
    if node.where:
        parts.append(f"({node.where})")
    return " ".join(parts)


def node_subject(node: Tensor, values: Mapping[Tensor, Any]) -> Subject | None:
    """Return a node's own forward function and rule as a subject; None if it has no derivative to speak of."""
    if not is_float(node.dtype):
        return None
    given = [np.asarray(values[source]) for source in node.inputs]
    alone = record(node.op, [placeholder(source.type) for source in node.inputs], node.params)
    chosen = [position for position, array in enumerate(given) if is_float(array.dtype)]
    if node.op.vjp is None and node.op.body is None:
        chosen = []
    else:
        ones = np.ones(node.shape, node.dtype)
        at_run = dict(zip((*alone.inputs, alone), (*[g[()] for g in given], np.asarray(values[node])[()]), strict=True))
        parts = pull(alone, ones[()], np, at_run.__getitem__)
        chosen = [position for position in chosen if parts[position] is not None]
    if not chosen:
        return None

    def fill(floats: tuple[Array, ...]) -> list[Any]:
        whole = list(given)
        for position, array in zip(chosen, floats, strict=True):
            whole[position] = array
        return [np.asarray(a)[()] for a in whole]

    def forward(*floats: Array) -> Any:
        return node.op.forward(np, *fill(floats), **node.params)

    def rule(g: Array, y: Array, *floats: Array) -> tuple[Array, ...]:
        at = dict(zip((*alone.inputs, alone), (*fill(floats), y[()]), strict=True))
        parts = pull(alone, g[()], np, at.__getitem__)
        return tuple(np.array(fit(np, np.asarray(parts[p])[()], alone.inputs[p])) for p in chosen)

    def twin(*floats: Array) -> Any:
        from .exact import Namespace, exactly, twin_of

        whole = [exactly(a) for a in given]
        for position, array in zip(chosen, floats, strict=True):
            whole[position] = array
        return twin_of(node.op)(Namespace(), *whole, **node.params)

    arrays = tuple(given[p].astype(np.float64) for p in chosen)
    labels = tuple(node.inputs[p].name or f"input {p + 1}" for p in chosen)
    return Subject(node.op.name, forward, rule, arrays, labels, foreign=False, twin=twin)


def _judge_node(tally: _Tally, probe: Probe, rng: np.random.Generator, where: str, coarse_bar: float) -> None:
    """Add what is wrong at one node, how many slopes were measured, and the resolution."""
    arrays, labels = probe.subject.arrays, probe.subject.labels

    def wrong(text: str, safeguard: str, **more: Any) -> None:
        tally.findings.append(Finding(Verdict.WRONG, text, safeguard, where=where, **more))

    try:
        y = np.array(probe.forward(*[a.copy() for a in arrays]))
        if not np.isfinite(y).all() or not y.size:
            return
        trial = first_trial(probe, arrays, labels, y, rng, frozenset())
        finite(trial)
        linear(trial)
        found = examine(probe, arrays, rng, coarse_bar=coarse_bar, light=True)
    except BrokenRuleError as broken:
        wrong(broken.text, broken.safeguard, cause=broken.cause)
        return
    except TROUBLE as error:
        wrong(f"the rule raised {type(error).__name__}: {error}", "raises")
        return
    for w in found.wrong[:3]:
        place = f"{labels[w.argument]}{list(w.index) or ''}"
        wrong(f"the rule of {probe.subject.name} for {place}: claimed {w.claimed:.9g}, "
              f"measured {w.measured:.9g} ± {w.bar:.1g}.", "numbers", argument=labels[w.argument], index=w.index,
              claimed=w.claimed, measured=w.measured, bar=w.bar)
    tally.calls += probe.calls
    tally.entries += int(found.claimed.size)
    tally.resolution = max(tally.resolution, found.resolution)
