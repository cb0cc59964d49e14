"""Compiled programs give what the interpreter gives: 1,000 random graphs, values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bounds import allowed, check
from plain import PlainProgram, native_programs
from programs import given, graph

from glassgrad.engine.arrays import NumpyProgram
from glassgrad.interpret import Program
from glassgrad.trace import Graph

DTYPES = ("float32", "float64")
GRAPHS, AT_ONCE = 1000, 50
NATIVE = 60  # each takes some tenths of a second to compile; `benchmarks/engine_agreement.py` goes through all


def case(seed: int, length: int = 8) -> tuple[Graph, list[Any], list[Any]]:
    """Return the graph of a seed, its arguments, and what the interpreter makes of them."""
    dtype = DTYPES[seed % 2]
    made, arguments = graph(seed, dtype, length), given(seed, dtype).arrays
    with np.errstate(all="ignore"):
        return made, arguments, Program(made.inputs, made.outputs)(arguments)


@pytest.mark.parametrize("first", range(0, GRAPHS, AT_ONCE))
def test_source_in_plain_python_and_numpy_in_arrays_made_once(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        made, arguments, wanted = case(seed)
        before = [array.copy() for array in arguments]
        numpy = NumpyProgram(made)
        with np.errstate(all="ignore"):
            found = {"plain": PlainProgram(made)(arguments), "numpy": numpy(arguments), "again": numpy(arguments)}
        for how, results in found.items():
            check(made, arguments, results, wanted, f"{how}, graph {seed}")
        for array, old in zip(arguments, before, strict=True):
            np.testing.assert_array_equal(array, old, "an argument was changed")
        for one, other in zip(found["numpy"], found["again"], strict=True):
            np.testing.assert_array_equal(one, other)
            assert not np.may_share_memory(one, other)
            assert not any(np.shares_memory(one, array) for array in arguments)


def test_native_code() -> None:
    cases = [case(seed) for seed in range(NATIVE)]
    programs = native_programs([made for made, *_ in cases])
    assert sum(bool(program.texts) for program in programs) == NATIVE
    for seed, ((made, arguments, wanted), program) in enumerate(zip(cases, programs, strict=True)):
        for _ in range(2):
            check(made, arguments, program(arguments), wanted, f"native, graph {seed}")


def test_the_graphs_are_worth_it() -> None:
    """Few results are all zero, none of the bounds says nothing, and every kind of step is among them."""
    zero, vague, ops = 0, 0, set()
    for seed in range(200):
        made, arguments, wanted = case(seed)
        ops |= {node.op.name for node in made.operations}
        if 0 in arguments[0].shape:
            continue
        zero += not any(np.any(value) for value in wanted)
        bounds = allowed(made, arguments)
        with np.errstate(all="ignore"):
            vague += any(not (bound <= 0.01 * (1 + np.abs(value))).all() for bound, value in
                         zip(bounds, wanted, strict=True))
        assert all(np.isfinite(value).all() for value in wanted)
    assert zero <= 2
    assert vague <= 8
    assert {"matmul", "getitem", "put_back", "one_hot", "softmax", "where", "max", "cumsum", "cumprod", "prod", "sort",
            "concatenate", "pad_with", "linear_recurrence"} <= ops
