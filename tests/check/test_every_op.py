"""Every op that is shipped, proved: forward against definition and 50 digits, both derivatives, both precisions."""

import importlib.util
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest

import glassgrad as gg
from glassgrad.build import record, tensor
from glassgrad.check import Verdict
from glassgrad.check.adapters import of_function
from glassgrad.check.exact import DIGITS, Namespace, exactly, twin_of
from glassgrad.check.graph_proof import node_subject
from glassgrad.check.prove import prove
from glassgrad.ops.define import OPS

FINE = {Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE, Verdict.NOT_EXERCISED}


def table_of_samples():
    """Return the rows of inputs that the tests of the ops use."""
    path = Path(__file__).parent.parent / "ops" / "samples.py"
    specification = importlib.util.spec_from_file_location("samples_of_ops", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module.SAMPLES


SAMPLES = table_of_samples()
BY_NAME = {op.name: op for op in OPS}


def subject_for(row, dtype="float64"):
    """Return the op at the row's inputs as a subject, or None where it has no derivative."""
    node = record(BY_NAME[row.op], [tensor(value) for value in row.cast(dtype)], row.params)
    return node_subject(node, {n: n.value for n in (*node.inputs, node)})


def filled(row):
    """Return the subject of a row that has a derivative and entries to measure it in, else None."""
    subject = subject_for(row)
    return subject if subject is not None and all(array.size for array in subject.arrays) else None


ROWS = [row for row in SAMPLES if filled(row) is not None]
ONE_EACH = list({row.op: row for row in reversed(ROWS)}.values())


def test_the_samples_cover_every_op_that_has_a_rule():
    assert {row.op for row in SAMPLES} == set(BY_NAME)
    assert len(ONE_EACH) > 70


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_rule_of_an_op_is_proved(row):
    report = prove(filled(row), light=True)
    assert report.verdict in FINE, str(report)
    assert report.resolution < 1e-3


@pytest.mark.parametrize("row", ONE_EACH, ids=lambda row: row.op)
def test_the_rule_of_the_rule_is_proved(row):
    """The derivatives as functions of the cotangent and the inputs, whose own derivatives the library gives."""
    op, inputs = BY_NAME[row.op], row.cast("float64")
    moving = [i for i, x in enumerate(inputs) if np.asarray(x).dtype.kind == "f"]

    def at(*floats):
        whole = list(inputs)
        for i, x in zip(moving, floats, strict=True):
            whole[i] = x
        return record(op, [gg.tensor(x) if not isinstance(x, gg.Tensor) else x for x in whole], row.params)

    floats = [np.asarray(inputs[i]) for i in moving]
    g = np.random.default_rng(3).standard_normal(at(*floats).shape)

    def first(g, *floats):
        return [part * 1.0 for part in gg.vjp(at, *floats)[1](g)]

    report = prove(of_function(first, (g, *floats)), light=True)
    assert report.verdict in FINE, str(report)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_in_single_precision_the_rule_gives_the_same(row):
    narrow, wide = subject_for(row, "float32"), filled(row)
    arrays = [a.astype(np.float32) for a in wide.arrays]
    y = np.asarray(narrow.forward(*arrays))
    exact = np.asarray(wide.forward(*[a.astype(float) for a in arrays]))
    g = np.random.default_rng(1).standard_normal(exact.shape)
    if y.dtype != np.float32:
        assert row.op == "astype"
        return
    found = narrow.vjp(g.astype(np.float32), y, *arrays)
    wanted = wide.vjp(g.astype(np.float32).astype(float), exact, *[a.astype(float) for a in arrays])
    for a, b in zip((y, *found), (exact, *wanted), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max(initial=0.0))


ONLY_MOVES = {"put_back", "diagonal_matrix", "astype"}
"""These compute nothing, and ask an array for more than an array of objects can do."""


@pytest.mark.parametrize("row", [row for row in ONE_EACH if row.op not in ONLY_MOVES], ids=lambda row: row.op)
def test_value_and_slope_are_those_of_the_definition_at_50_digits(row):
    op, subject = BY_NAME[row.op], filled(row)
    inputs = row.cast("float64")
    rng = np.random.default_rng(2)
    lines = [rng.standard_normal(np.shape(x)) if np.asarray(x).dtype.kind == "f" else None for x in inputs]
    with mpmath.workdps(DIGITS):
        def at(step):
            moved = [exactly(x) if line is None else exactly(x) + step * exactly(line)
                     for x, line in zip(inputs, lines, strict=True)]
            return np.asarray(twin_of(op)(Namespace(), *moved, **row.params))

        y, step = at(mpmath.mpf(0)), mpmath.mpf(10) ** -16
        slope = np.asarray((at(step) - at(-step)) / (2 * step)).astype(float)
    value = np.asarray(subject.forward(*subject.arrays))
    np.testing.assert_allclose(value, y.astype(float), rtol=1e-13, atol=1e-14 * np.abs(value).max())
    g = rng.standard_normal(value.shape)
    parts = subject.vjp(g, value, *subject.arrays)
    moving = [line for line in lines if line is not None][: len(parts)]
    terms = [part * line for part, line in zip(parts, moving, strict=True)]
    size = sum(np.abs(term).sum() for term in terms) + np.abs(g * slope).sum()
    assert abs(sum(term.sum() for term in terms) - (g * slope).sum()) <= 1e-12 * size
