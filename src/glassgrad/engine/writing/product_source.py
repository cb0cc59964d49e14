"""Source of a matrix product: a call of the BLAS, or a loop where that is faster."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...graph import Tensor
from ..llvm.sizes import Sizes, chosen
from ..plan.plan import array_of
from ..plan.products import Product, turned
from ..plan.stacks import Stack, single
from ..plan.views import View
from .names import Names
from .spelling import INDENT, loops_over, number

SMALL = 6000  # multiplications below which a loop of our own is faster than a call of a BLAS
LANES = 16  # columns that are kept in registers while a row of them is summed
WIDE = 1024  # columns of a result that is one row and stays in the nearest cache while the matrix passes by


def product_lines(names: Names, step: Product) -> list[str]:
    """Return the lines of a product."""
    m, k, n = step.sizes
    alpha = _alpha(names, step)
    if m * k * n <= SMALL and n <= LANES:
        return _in_registers(names, step, alpha)
    if k == 1:
        return _outer(names, step, alpha)
    own = begin(names, step)
    if m * k * n <= SMALL:
        return own + _row_by_row(names, step, alpha)
    if m == 1 and n <= WIDE and not _turned(names, step)[1]:
        return own + _four_rows(names, step, alpha)
    return [*own, _vector(names, step, alpha, _beta(step)) if 1 in (m, n) else matrix(names, step, m)]


def left_to_blas(step: Product | Stack, views: Mapping[Tensor, View]) -> bool:
    """Whether a product, or each of a stack, is a call of a library."""
    return not _plain_loops(step, views) and chosen(sizes_of(step, views)) is None


def sizes_of(step: Product | Stack, views: Mapping[Tensor, View]) -> Sizes:
    """Return what a product, or each of a stack, is compiled for."""
    rows, inner, columns = step.sizes
    return Sizes(rows, columns, inner, turned(step.left, views), turned(step.right, views), step.added is not None,
                 8 * step.result.dtype.itemsize)


def _plain_loops(step: Product | Stack, views: Mapping[Tensor, View]) -> bool:
    """Whether `product_lines` writes a product as loops of ordinary source."""
    m, k, n = step.sizes
    return isinstance(step, Product) and (
        m * k * n <= SMALL or k == 1 or (m == 1 and n <= WIDE and not turned(step.right, views)))


def _alpha(names: Names, step: Product) -> str:
    """Return the factor of the product."""
    scale = [names.element(x, ["0"] * x.ndim) for x in step.scales]
    sign = [number(float(step.sign), step.result.dtype)] if step.sign < 0 or not scale else []
    return " * ".join([*sign, *scale])


def _beta(step: Product) -> str:
    return number(0.0 if step.added is None else 1.0, step.result.dtype)


def _in_place(names: Names, step: Product) -> bool:
    """Whether what is added lies in the result's array already."""
    assert step.added is not None
    return names.memory.of[step.result] is names.memory.of.get(array_of(step.added, names.views))


def _turned(names: Names, step: Product) -> tuple[bool, bool]:
    """Return whether the left and the right operand lie in memory as their transposes."""
    return turned(step.left, names.views), turned(step.right, names.views)


def _prefix(step: Product | Stack) -> str:
    return "s" if step.result.dtype == np.float32 else "d"


def routine(step: Product | Stack) -> str:
    """Return the name of the address of the BLAS's function that multiplies matrices."""
    return f"{_prefix(step)}gemm"


def matrix(names: Names, step: Product, rows: int, first: str = "") -> str:
    """Return the call for so many rows of a product of matrices; `first` is the name of the first, if it is not 0."""
    m, k, n = step.sizes
    left, right = _turned(names, step)
    size = step.result.dtype.itemsize
    of_left, of_result = (f" + {size * entries} * {first}" if first else "" for entries in (1 if left else k, n))
    return (f"gemm{8 * size}({routine(step)}, {left}, {right}, {rows}, {n}, {k}, {_alpha(names, step)}, "
            f"{names.address(step.left)}{of_left}, {m if left else k}, {names.address(step.right)}, "
            f"{k if right else n}, {_beta(step)}, {names.address(step.result)}{of_result}, {n})")


def stacked(names: Names, step: Stack, run: str) -> list[str]:
    """Return the loop over those of a stack that `run`, the arguments of a range, goes through."""
    m, k, n = step.sizes
    size = step.result.dtype.itemsize
    left, right = (turned(operand, names.views) for operand in (step.left, step.right))

    def address(node: Tensor, entries: int) -> str:
        return names.address(node) + ("" if single(node) else f" + {size * entries} * matrix")

    return [f"for matrix in range({run}):",
            f"{INDENT}gemm{8 * size}({routine(step)}, {left}, {right}, {m}, {n}, {k}, float{8 * size}(1.0), "
            f"{address(step.left, m * k)}, {m if left else k}, {address(step.right, k * n)}, {k if right else n}, "
            f"float{8 * size}(0.0), {address(step.result, m * n)}, {n})"]


def _vector(names: Names, step: Product, alpha: str, beta: str) -> str:
    """Return the call for a product with a vector: a row times a matrix is the transposed matrix times a column."""
    m, k, n = step.sizes
    turned = _turned(names, step)
    if n == 1:
        matrix, vector, lies_turned, rows, columns = step.left, step.right, turned[0], m, k
    else:
        matrix, vector, lies_turned, rows, columns = step.right, step.left, not turned[1], n, k
    if lies_turned:
        rows, columns = columns, rows
    bits = 8 * step.result.dtype.itemsize
    return (f"gemv{bits}({_prefix(step)}gemv, {lies_turned}, {rows}, {columns}, {alpha}, {names.address(matrix)}, "
            f"{columns}, {names.address(vector)}, 1, {beta}, {names.address(step.result)}, 1)")


def begin(names: Names, step: Product) -> list[str]:
    """Return the loop that writes what is added into the result first, unless it is there."""
    if step.added is None or _in_place(names, step):
        return []
    loops, index = loops_over(step.result.shape)
    entry = _added(names, step, index.split(", "))
    return [*loops, f"{INDENT * len(loops)}{names.array(step.result)}[{index}] = {entry}"]


def _added(names: Names, step: Product, index: list[str]) -> str:
    """Return the entry of what is added that belongs to an entry of the result."""
    x = step.added
    if x is None:
        return number(0.0, step.result.dtype)
    own = index[len(index) - x.ndim :] if x.ndim else []
    return names.element(x, ["0" if size == 1 else place for place, size in zip(own, x.shape, strict=True)])


def _operand(names: Names, step: Product, row: str, inner: str, column: str) -> tuple[str, str]:
    left = names.element(step.left, [row, inner] if step.left.ndim == 2 else [inner])
    return left, names.element(step.right, [inner, column] if step.right.ndim == 2 else [inner])


def _index(step: Product, row: str, column: str) -> list[str]:
    return [row] * (step.left.ndim == 2) + [column] * (step.right.ndim == 2)


def _weighted(alpha: str, left: str) -> str:
    return left if alpha in ("float32(1.0)", "float64(1.0)") else f"{alpha} * {left}"


def _in_registers(names: Names, step: Product, alpha: str) -> list[str]:
    """Return loops that keep a row of the result in variables, of which LLVM makes a vector."""
    m, k, n = step.sizes
    columns = [str(column) for column in range(n)]
    left = _operand(names, step, "i", "l", "0")[0]
    sums = [names.fresh("lane") for _ in columns]
    lines = [f"{s} = {_added(names, step, _index(step, 'i', column))}" for s, column in zip(sums, columns, strict=True)]
    lines += [f"for l in range({k}):", f"{INDENT}weight = {_weighted(alpha, left)}"]
    lines += [f"{INDENT}{s} += weight * {_operand(names, step, 'i', 'l', column)[1]}"
              for s, column in zip(sums, columns, strict=True)]
    result = names.array(step.result)
    lines += [f"{result}[{', '.join(_index(step, 'i', column)) or '0'}] = {s}"
              for s, column in zip(sums, columns, strict=True)]
    return [f"for i in range({m}):", *(INDENT + line for line in lines)]


def _outer(names: Names, step: Product, alpha: str) -> list[str]:
    """Return loops for a column times a row: one pass over the result."""
    m, _, n = step.sizes
    left, right = _operand(names, step, "i", "0", "j")
    index = _index(step, "i", "j")
    added = "" if step.added is None else f"{_added(names, step, index)} + "
    return [f"for i in range({m}):", f"{INDENT}weight = {_weighted(alpha, left)}", f"{INDENT}for j in range({n}):",
            f"{INDENT * 2}{names.array(step.result)}[{', '.join(index) or '0'}] = {added}weight * {right}"]


def _row_by_row(names: Names, step: Product, alpha: str) -> list[str]:
    """Return loops that add to whole rows of the result, one of the left operand's entries after the other."""
    m, k, n = step.sizes
    left, right = _operand(names, step, "i", "l", "j")
    result = f"{names.array(step.result)}[{', '.join(_index(step, 'i', 'j')) or '0'}]"
    return [*_cleared(step, result), f"for l in range({k}):", f"{INDENT}for i in range({m}):",
            f"{INDENT * 2}weight = {_weighted(alpha, left)}", f"{INDENT * 2}for j in range({n}):",
            f"{INDENT * 3}{result} += weight * {right}"]


def _cleared(step: Product, result: str) -> list[str]:
    """Return the loop that sets the result to 0, unless it has begun with what is added."""
    m, _, n = step.sizes
    if step.added is not None:
        return []
    return [f"for i in range({m}):", f"{INDENT}for j in range({n}):",
            f"{INDENT * 2}{result} = {number(0.0, step.result.dtype)}"]


def _four_rows(names: Names, step: Product, alpha: str) -> list[str]:
    """Return loops for a row times a matrix: four of its rows are added to the result in one pass over it."""
    _, k, n = step.sizes
    result = f"{names.array(step.result)}[{', '.join(_index(step, '0', 'j')) or '0'}]"
    whole = k - k % 4
    lines = _cleared(step, result)
    for rows, place in ((range(4), f"range(0, {whole}, 4)"), (range(1), f"range({whole}, {k})"))[: 1 + (k > whole)]:
        parts = [_operand(names, step, "0", f"l + {row}" if row else "l", "j") for row in rows]
        total = " + ".join(f"weight_{row} * {right}" for row, (_, right) in enumerate(parts))
        lines += [f"for l in {place}:",
                  *(f"{INDENT}weight_{row} = {_weighted(alpha, left)}" for row, (left, _) in enumerate(parts)),
                  f"{INDENT}for j in range({n}):", f"{INDENT * 2}{result} += {total}"]
    return lines
