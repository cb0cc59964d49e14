"""What LLVM is told about loops: it spares checks, and changes no result."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from native_loops import compiled

from glassgrad.engine.llvm.nests import along_rows, is_nest

X, Y = np.random.default_rng(0).standard_normal((2, 50, 40)).astype("float32")
ADDED = ["for i in range(50):", "    for j in range(40):", "        z[i, j] = x[i, j] * y[i, j] + float32(1)"]


def names(*arrays: str) -> dict[str, str]:
    return dict.fromkeys(arrays, "float32[50, 40]")


def test_arrays_at_two_entries_of_the_table_need_no_check_before_the_loop() -> None:
    known, z = compiled(ADDED, names("x", "y", "z")), np.empty_like(X)
    known(X, Y, z)
    np.testing.assert_array_equal(z, X * Y + np.float32(1))
    unknown = compiled([f"{a} = array(at[{k}] + 0 * at[1], (50, 40), float32)" for k, a in enumerate("xyz")] + ADDED,
                       dict.fromkeys(["x_at", "y_at", "z_at"], "int64"))
    unknown(X, Y, z)
    np.testing.assert_array_equal(z, X * Y + np.float32(1))
    assert "= load float," not in known.llvm
    assert "= load float," in unknown.llvm  # a second loop, for arrays that overlap


def test_two_names_for_one_array() -> None:
    """What is written through one name is read through the other, in the order of the source."""
    lines = ["again = array(at[0], (50, 40), float32)", "for i in range(1, 50):", "    for j in range(40):",
             "        x[i, j] = again[i - 1, j] + y[i, j]"]
    x = X.copy()
    compiled(lines, names("x", "y"))(x, Y)
    wanted = X.copy()
    for i in range(1, 50):
        wanted[i] = wanted[i - 1] + Y[i]
    np.testing.assert_array_equal(x, wanted)


@pytest.mark.parametrize("columns", [1, 3, 8, 16, 40, 64, 65, 100, 400])
def test_sums_over_rows(columns: int) -> None:
    x = np.random.default_rng(1).standard_normal((30, columns)).astype("float32")
    lines = [f"for j in range({columns}):", "    sums[j] = float32(0)", "for i in range(30):",
             f"    for j in range({columns}):", "        sums[j] = accumulate_32(sums[j], x[i, j])",
             "        flat[j] += x[i, j]"]
    row = f"float32[{columns}]"
    loop = compiled(lines, {"x": f"float32[30, {columns}]", "sums": row, "flat": row})
    sums, flat = np.empty(columns, "float32"), np.zeros(columns, "float32")
    loop(x, sums, flat)
    for found in (sums, flat):
        np.testing.assert_allclose(found, x.sum(axis=0, dtype=float), atol=1e-5)


@pytest.mark.parametrize(("text", "nest", "rows"), [
    ("for i in range(9):\n    x[i] = 1", True, False),
    ("for i in range(9):\n    for j in range(15):\n        x[i] = 1", True, False),
    ("for i in range(9):\n    for j in range(16):\n        x[i] = 1", True, True),
    ("for i in range(9):\n    for j in range(n0):\n        x[i] = 1", True, True),
    ("for i in range(9):\n    for j in range(0, 9, 3):\n        x[i] = 1", True, True),
    ("for step in range(n0):\n    x = array(at[4], (3,), int8)\n    for i in range(3):\n        x[i] = 1", False,
     False),
])
def test_which_loops_are_meant(text: str, nest: bool, rows: bool) -> None:
    (loop,) = ast.parse(text).body
    assert isinstance(loop, ast.For)
    assert (is_nest(loop), along_rows(loop)) == (nest, rows)


def test_rows_that_are_chosen_are_read_along_and_not_across() -> None:
    lines = ["for i in range(50):", "    total = float32(0)", "    for j in range(40):",
             "        total = accumulate_32(total, x[order[i], j])", "    z[i] = total"]
    order = np.random.default_rng(2).permutation(50)
    loop = compiled(lines, {"x": "float32[50, 40]", "order": "int64[50]", "z": "float32[50]"})
    z = np.empty(50, "float32")
    loop(X, order, z)
    np.testing.assert_allclose(z, X[order].sum(axis=1), rtol=1e-4, atol=1e-5)
    assert "vector.reduce.fadd" in loop.llvm



def test_long_rows_are_not_written_out_in_full() -> None:
    """LLVM would keep all of a row of 256 numbers in registers, of which there are too few, and take seconds for it."""

    def code(columns: int) -> str:
        shape = f"float32[32, {columns}]"
        return compiled(["for i in range(32):", f"    for j in range({columns}):", "        z[i, j] = row[0, j]"],
                        {"z": shape, "row": shape}).llvm

    assert code(256).count("store <") <= 64  # of the 1024 that there are
    assert code(2048).count("store <") <= 64
