"""Names that anybody may give: of nodes, layers, functions. None changes what generated source means, or breaks it."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest
from hostile import HOSTILE
from plain import PlainProgram, native_programs

import glassgrad as gg
from glassgrad.place import Scope, inside
from glassgrad.simplify import simplify
from glassgrad.trace import Graph

WORDS = [
    "float32", "float64", "int64", "at", "real", "table", "array", "range", "def", "return", "lambda", "None", "True",
    "i", "j", "bad", "program", "program_0", "exp_32", "gemm32", "sgemm", "n0", "inf", "abs", "wrapped", "status",
    "step", "boolean", "held", "x_row", "y_total", "part", "weight", "__import__('os').system('x')", "a\nreturn 7",
    "a\n    return 7 #", "\r", "\x0c", "\x1c", "\u2028import os", "ℌ", "ａｔ", "name\\\nx", "'''", '"""',
    "_", "__", "1", "",
]
ALL = [*HOSTILE, *WORDS]
X, W = np.random.default_rng(0).standard_normal((2, 4, 4)).astype("float32")


def named(name: str) -> Graph:
    """Return a graph whose inputs, nodes and layers all bear a name, in three phases of a loop and a product."""

    def function(x: Any, W: Any) -> Any:
        with inside((Scope(name),)):
            h = gg.tanh(x @ W + gg.constant(np.arange(4.0, dtype="float32")))
            y = gg.softmax(gg.exp(h) * x)
        for node in (h, y):
            node.name = name
        return y, gg.sum(h, axis=0)

    graph = gg.trace(function)(X, W)
    for node in (*graph.inputs, *graph.nodes):
        node.name = name
    return simplify(graph)


WANTED = named("x")(X, W)


@pytest.mark.parametrize("name", ALL, ids=ascii)
def test_a_name_changes_nothing(name: str) -> None:
    program = PlainProgram(named(name))
    for found, wanted in zip(program([X, W]), WANTED, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
    for text, function in program.texts:
        text.encode("ascii")
        (definition,) = ast.parse(text).body
        assert isinstance(definition, ast.FunctionDef)
        assert definition.name == function
        assert not any(isinstance(node, ast.Attribute | ast.Import | ast.ImportFrom) for node in ast.walk(definition))


def test_native_code_with_the_worst_of_them() -> None:
    programs = native_programs([named(name) for name in ("at", "float32", "a\n    return 7 #", "__import__('os')")])
    for program in programs:
        for found, wanted in zip(program([X, W]), WANTED, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("name", ["\n    return 7", "\udfff", "', (1,), os)#", "x" * 500])
def test_names_of_functions_and_entries(name: str) -> None:
    def function(p: Any) -> Any:
        return p[name] * 2

    function.__name__ = name
    compiled = gg.compile(function, engine="native")
    assert compiled({name: 3.0}) == 6
    assert repr(compiled).startswith("<compiled ")
    assert "def program(table)" in compiled.explain()
