"""Source of a matrix product: a call of the BLAS, or a loop where that is faster."""

from __future__ import annotations

import numpy as np

from .names import Names
from .plan import array_of
from .products import Product
from .spelling import INDENT, loops_over, number

SMALL = 1500  # multiplications below which a loop of our own is faster than a call of a BLAS


def product_lines(names: Names, step: Product) -> list[str]:
    """Return the lines of a product."""
    m, k, n = step.sizes
    dtype = step.result.dtype
    scale = [names.element(x, ["0"] * x.ndim) for x in step.scales]
    alpha = " * ".join([*([number(float(step.sign), dtype)] if step.sign < 0 or not scale else []), *scale])
    lines: list[str] = []
    if step.added is not None and names.memory.of[step.result] is not names.memory.of.get(
        array_of(step.added, names.views)
    ):
        lines += _begin(names, step)
    if m * k * n <= SMALL:
        return lines + _small_product(names, step, alpha)
    turned = [names.views[x].terms[0].axis == 1 for x in (step.left, step.right)]
    lda = m if turned[0] else k
    ldb = k if turned[1] else n
    gemm = ("sgemm", "gemm32") if dtype == np.float32 else ("dgemm", "gemm64")
    beta = number(0.0 if step.added is None else 1.0, dtype)
    lines.append(
        f"{gemm[1]}({gemm[0]}, {turned[0]}, {turned[1]}, {m}, {n}, {k}, {alpha}, {names.address(step.left)}, {lda}, "
        f"{names.address(step.right)}, {ldb}, {beta}, {names.address(step.result)}, {n})"
    )
    return lines


def _begin(names: Names, step: Product) -> list[str]:
    """Return the loop that writes what is added into the result first."""
    assert step.added is not None
    shape = step.result.shape
    loops, index = loops_over(shape)
    own = index.split(", ")
    x = step.added
    places = [
        "0" if size == 1 else own[axis + len(shape) - x.ndim] for axis, size in enumerate(x.shape)
    ]
    return [*loops, f"{INDENT * len(loops)}{names.array(step.result)}[{index}] = {names.element(x, places)}"]


def _small_product(names: Names, step: Product, alpha: str) -> list[str]:
    m, k, n = step.sizes
    left = names.element(step.left, ["i", "l"] if step.left.ndim == 2 else ["l"])
    right = names.element(step.right, ["l", "j"] if step.right.ndim == 2 else ["l"])
    own = ["i"] * (step.left.ndim == 2) + ["j"] * (step.right.ndim == 2)
    result = f"{names.array(step.result)}[{', '.join(own) or '0'}]"
    zero = number(0.0, step.result.dtype)
    lines = [f"for i in range({m}):"]
    if step.added is None:
        lines += [f"{INDENT}for j in range({n}):", f"{INDENT * 2}{result} = {zero}"]
    weight = left if alpha in ("float32(1.0)", "float64(1.0)") else f"{alpha} * {left}"
    return [*lines, f"{INDENT}for l in range({k}):", f"{INDENT * 2}weight = {weight}",
            f"{INDENT * 2}for j in range({n}):", f"{INDENT * 3}{result} += weight * {right}"]
