"""Every op that is shipped, proved: its rule against its own forward function."""

import importlib.util
import sys
from pathlib import Path

import pytest

from glassgrad.build import record, tensor
from glassgrad.check import Verdict
from glassgrad.check.graph_proof import node_subject
from glassgrad.check.prove import prove
from glassgrad.ops.define import OPS


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


def subject_for(row):
    """Return the op at the row's inputs as a subject, or None where it has no derivative."""
    node = record(BY_NAME[row.op], [tensor(value) for value in row.cast("float64")], row.params)
    return node_subject(node, {n: n.value for n in (*node.inputs, node)})


def test_the_samples_cover_every_op_that_has_a_rule():
    assert {row.op for row in SAMPLES} == set(BY_NAME)
    assert sum(subject_for(row) is not None for row in SAMPLES) > 50


@pytest.mark.parametrize("row", SAMPLES, ids=str)
def test_the_rule_of_an_op_is_proved(row):
    subject = subject_for(row)
    if subject is None or not all(array.size for array in subject.arrays):
        return
    report = prove(subject, light=True)
    assert report.verdict in {Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE, Verdict.NOT_EXERCISED}, str(report)
    assert report.resolution < 1e-3
