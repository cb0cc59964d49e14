"""Generated source as machine code means what it means as Python: numbers, loops, branches, variables, calls."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from native_loops import compiled
from plain import WORDS

from glassgrad.engine.llvm.machine import loaded, optimised, this_processor
from glassgrad.engine.llvm.native import CannotCompileError, native
from glassgrad.engine.llvm.translate import UnknownWordError, translated

KINDS = ("boolean", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
WHOLE = KINDS[1:9]
NUMBERS = [-129, -128, -3, -1, 0, 1, 2, 100, 127, 128, 255, 256, 70000, 2**31, 2**40]


def dtype_of(kind: str) -> Any:
    return np.dtype("bool" if kind == "boolean" else kind)


def those_of(kind: str) -> Any:
    """Return numbers of a kind."""
    dtype = dtype_of(kind)
    if dtype.kind == "b":
        return np.array([False, True, True, False])
    if dtype.kind == "f":
        return np.array([-2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 3.75, 100.0], dtype)
    ends = np.iinfo(dtype)
    return np.array([n for n in (*NUMBERS, ends.min, ends.max) if ends.min <= n <= ends.max], dtype)


def each(expression: str, given: str, wanted: str, x: Any, y: Any = None) -> Any:
    """Return the value of an expression in x[i] (and y[i]) for all i."""
    y = x if y is None else y
    loop = compiled(["for i in range(n):", f"    z[i] = {expression}"],
                    {"n": "int64", "x": f"{given}[n]", "y": f"{given}[n]", "z": f"{wanted}[n]"})
    z = np.zeros(x.size, dtype_of(wanted))
    assert loop(x.size, x, y, z) == 0
    return z


@pytest.mark.parametrize("wanted", KINDS)
@pytest.mark.parametrize("given", KINDS)
def test_conversions_are_those_of_numpy(given: str, wanted: str) -> None:
    x = those_of(given)
    if x.dtype.kind == "f" and wanted[0] in "iu":
        x = x[(x >= 0) & (x <= 100)]  # what lies outside of the target's range means nothing
    np.testing.assert_array_equal(each(f"{wanted}(x[i])", given, wanted, x), x.astype(dtype_of(wanted)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "==", "!="])
def test_comparisons(kind: str, sign: str) -> None:
    x = those_of(kind)
    if kind.startswith("float"):
        x = np.concatenate([x, np.array([np.nan, np.inf, -np.inf], x.dtype)])
    x, y = (part.ravel() for part in np.meshgrid(x, x))
    np.testing.assert_array_equal(each(f"x[i] {sign} y[i]", kind, "boolean", x, y), eval(f"x {sign} y"))  # noqa: S307


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("number", [-300, -50, -1, 0, 10, 300])
@pytest.mark.parametrize("sign", ["<", ">="])
def test_an_index_beside_a_bound_that_its_kind_may_not_hold(kind: str, number: int, sign: str) -> None:
    x = those_of(kind)
    if kind == "uint64" and number < 0:
        number = 0  # what the engine asks of whole numbers without a sign
    wanted = [eval(f"{int(value)} {sign} {number}") for value in x]  # noqa: S307
    np.testing.assert_array_equal(each(f"x[i] {sign} {number}", kind, "boolean", x), wanted)


@pytest.mark.parametrize("kind", [*WHOLE, "float32", "float64"])
@pytest.mark.parametrize("expression", ["x + y", "x - y", "x * y", "-x", "x * x * y"])
def test_arithmetic_wraps_round_as_in_numpy(kind: str, expression: str) -> None:
    x, y = (part.ravel() for part in np.meshgrid(those_of(kind), those_of(kind)))
    with np.errstate(over="ignore"):
        wanted = eval(expression)  # noqa: S307
    found = each(expression.replace("x", "x[i]").replace("y", "y[i]"), kind, kind, x, y)
    np.testing.assert_array_equal(found, wanted)


def test_truth_values() -> None:
    x, y = (part.ravel() for part in np.meshgrid([False, True], [False, True]))
    for expression, wanted in (("{} & {}", x & y), ("{} | {}", x | y), ("{} ^ {}", x ^ y), ("not {}", ~x),
                               ("{} if {} else False", np.where(y, x, False))):
        np.testing.assert_array_equal(each(expression.format("x[i]", "y[i]"), "boolean", "boolean", x, y), wanted)
    x = np.array([2, 255, 0], np.uint8).view(bool)  # bytes that NumPy did not write
    np.testing.assert_array_equal(each("x[i] == True", "boolean", "boolean", x), [True, True, False])


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_words_for_floats(kind: str) -> None:
    x = np.array([-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.5, np.inf, -np.inf, np.nan], kind)
    for word in ("floor", "ceil", "trunc", "rint", "abs", "sign"):
        np.testing.assert_array_equal(each(f"{word}(x[i])", kind, kind, x), getattr(np, word)(x))
    x = np.linspace(0.05, 0.95, 41, dtype=kind)
    for word in ("sqrt", "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "atanh"):
        np.testing.assert_allclose(each(f"{word}(x[i])", kind, kind, x), WORDS[word](x), rtol=4 * np.finfo(kind).eps)
    for expression, wanted in (("acosh(x[i] + y[i] + {T}(1))", np.arccosh(2 * x + 1)), ("x[i] ** y[i]", x**x),
                               ("hypot(x[i], {T}(2))", np.hypot(x, x.dtype.type(2))),
                               ("atan2(x[i], -y[i])", np.arctan2(x, -x))):
        found = each(expression.format(T=kind), kind, kind, x)
        np.testing.assert_allclose(found, wanted, rtol=8 * np.finfo(kind).eps)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_words_that_rest_on_the_library_round_as_numpy_does(kind: str) -> None:
    numbers = np.array([-np.inf, -7.5, -2.0, -0.3, -0.0, 0.0, 1e-30, 0.3, 1.0, 2.0, 7.5, 1e9, np.inf, np.nan], kind)
    x, y = (side.ravel() for side in np.meshgrid(numbers, numbers))
    with np.errstate(all="ignore"):
        for word in ("remainder", "floor_divide"):
            found, wanted = each(f"{word}(x[i], y[i])", kind, kind, x, y), getattr(np, word)(x, y)
            np.testing.assert_array_equal(found, wanted, word)
            known = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(wanted[known]), word)
        np.testing.assert_allclose(each("cbrt(x[i])", kind, kind, numbers), np.cbrt(numbers), 4 * np.finfo(kind).eps)
        for word in ("exp2", "log2", "log10"):
            wanted = getattr(np, word)(numbers)
            np.testing.assert_allclose(each(f"{word}(x[i])", kind, kind, numbers), wanted, 4 * np.finfo(kind).eps)


def test_quotients_of_whole_numbers() -> None:
    x = np.arange(12)
    np.testing.assert_array_equal(each("x[i] // 5 + x[i] % 5 * 10", "int64", "int64", x), x // 5 + x % 5 * 10)


TEXT = """def helper(table):
    at = array(table, (4,), int64)
    if at[0] == 7:
        return 70
    return at[1] - 1

def program(table):
    at = array(table, (4,), int64)
    total = 0
    for i in range(at[0]):
        for j in range(i, 10, 3):
            total += wrapped(-j, 10)
            if total > at[1]:
                return i
    for i in range(5, 5):
        total = 1000
    count = min(64, at[0] - 3)
    at[2] = total + count
    at[3] += helper(table)
    return -1
"""


@pytest.mark.parametrize("table", [[0, 5, 0, 0], [4, 1000, 1, 2], [9, 40, 3, 4], [7, 999, 5, 6], [-3, 9, 0, 0]])
def test_loops_branches_and_calls_are_those_of_python(table: list[int]) -> None:
    space = WORDS | {"array": lambda address, shape, dtype: address}
    exec(TEXT, space)  # noqa: S102 - the text above
    plain, compiled_ = np.array(table), np.array(table)
    module, machine = optimised(partial(translated, TEXT, "program", 32), this_processor())
    function = loaded(bytes(machine.emit_object(module)), "program")
    assert function(compiled_.ctypes.data) == space["program"](plain)
    np.testing.assert_array_equal(compiled_, plain)


@pytest.mark.parametrize("line", [
    "x = open(table)", "x = table.real", "import os", "x = [1]", "while table: x = 1", "x = 'text'", "x = y",
    "x = 1 < 2 < 3", "return", "x = lambda: 1", "x = 1\n    x = 1.5", "x = table << 2",
    "x = table if 1 else float32(1)", "x = float32(1) + float64(1)", "x = float32(table) * table",
    "exp_32(table)[0] = 1", "for i in table: x = 1",
])
def test_source_that_nobody_writes_is_refused(line: str) -> None:
    with pytest.raises(CannotCompileError, match=r"could not compile the program .* so NumPy runs it, slower"):
        native(f"def program(table):\n    {line}\n    return 0\n", "program")


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(UnknownWordError, match="gamma"):
        translated("def program(table):\n    return gamma(table)\n", "program", 32, "", "")
