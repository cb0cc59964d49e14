"""Every op of the table of samples, value and derivatives, in all executors and both kinds of floats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bounds import check
from plain import PlainProgram, native_programs

import glassgrad as gg
from glassgrad.array_type import is_float
from glassgrad.build import as_tensor
from glassgrad.engine.arrays import NumpyProgram
from glassgrad.graph import nodes
from glassgrad.interpret import Program
from glassgrad.ops.define import OPS
from glassgrad.simplify import simplify
from glassgrad.trace import Graph

sys.path.append(str(Path(__file__).parents[1] / "ops"))
from samples import SAMPLES, Sample  # which stands beside the tests of the ops

BY_NAME = {op.name: op for op in OPS}
DTYPES = ("float32", "float64")


def graph_of(sample: Sample, dtype: str, derivatives: bool = True) -> tuple[Graph, list[Any]]:
    """Return the graph of an op, with its derivatives by all inputs that are floats, and its arguments."""
    op, inputs = BY_NAME[sample.op], [np.asarray(x) for x in sample.cast(dtype)]
    params = dict(sample.params)
    wanted = tuple(place for place, x in enumerate(inputs) if is_float(x.dtype))

    def apply(*given: Any) -> Any:
        return nodes.record(op, tuple(map(as_tensor, given)), params)

    def both(*given: Any) -> Any:
        def loss(*given: Any) -> Any:
            y = apply(*given)
            weights = np.cos(np.arange(y.size) + 0.3).reshape(y.shape)
            return gg.sum(gg.astype(y, "float64") * weights), y

        (_, y), slopes = gg.value_and_grad(loss, argnums=wanted, has_aux=True)(*given)
        return y, slopes

    y = gg.trace(apply)(*inputs).outputs[0]
    graph = gg.trace(both if derivatives and wanted and is_float(y.dtype) else apply)(*inputs)
    return simplify(graph), inputs


CASES = [(sample, dtype) for sample in SAMPLES for dtype in DTYPES]


@pytest.mark.parametrize("name", sorted({sample.op for sample in SAMPLES}))
def test_source_in_plain_python_and_numpy_in_arrays_made_once(name: str) -> None:
    for sample, dtype in CASES:
        if sample.op == name:
            graph, arguments = graph_of(sample, dtype)
            with np.errstate(all="ignore"):
                wanted = Program(graph.inputs, graph.outputs)(arguments)
                for how, run in (("plain", PlainProgram(graph)), ("numpy", NumpyProgram(graph))):
                    check(graph, arguments, run(arguments), wanted, f"{sample} {dtype} {how}")


def test_native_code() -> None:
    """The first row of every op that is compiled, in both kinds of floats; others differ in their shapes alone."""
    first = {(sample.op, dtype): (sample, dtype) for sample, dtype in reversed(CASES)}.values()
    cases = [(*case, *graph_of(*case, derivatives=False)) for case in first]
    programs = native_programs([graph for *_, graph, _ in cases])
    assert sum(bool(program.texts) for program in programs) > 0.7 * len(programs)
    for (sample, dtype, graph, arguments), program in zip(cases, programs, strict=True):
        with np.errstate(all="ignore"):
            wanted = Program(graph.inputs, graph.outputs)(arguments)
        check(graph, arguments, program(arguments), wanted, f"{sample} {dtype} native")
