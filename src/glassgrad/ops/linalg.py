"""Products of matrices, and the affine layer that is made of them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..errors import ShapeError
from ..graph import Tensor, nodes
from .define import as_node, broadcast, composite, derived, primitive


def _matmul_type(x: ArrayType, y: ArrayType) -> ArrayType:
    if not x.ndim or not y.ndim:
        raise ShapeError(f"matmul: both sides need an axis; got x {x.shape} @ y {y.shape}. Use * for single numbers.")
    rows, inner = ((), x.shape[-1]) if x.ndim == 1 else (x.shape[-2:-1], x.shape[-1])
    outer, columns = (y.shape[0], ()) if y.ndim == 1 else (y.shape[-2], y.shape[-1:])
    if inner != outer:
        turned = y.ndim == 2 and y.shape[1] == inner
        hint = " Did you mean y.T?" if turned else f" x needs {outer} columns, or y {inner} rows."
        raise ShapeError(f"matmul: inner sizes differ: x {x.shape} @ y {y.shape}.{hint}")
    batch = broadcast("matmul", [x.shape[:-2], y.shape[:-2]])
    return ArrayType((*batch, *rows, *columns), np.result_type(x.dtype, y.dtype))


def _turned(xp: Any, x: Any) -> Any:
    return xp.swapaxes(x, -1, -2)


def _matmul_vjp(xp: Any, g: Any, z: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """``dX = dZ Yᵀ`` and ``dY = Xᵀ dZ``; a vector counts as a row on the left and as a column on the right.

    Each is a function, called only if that cotangent is wanted: nobody needs the gradient of the images.
    """
    row, column = x.ndim == 1, y.ndim == 1
    if row and column:
        return g * y, g * x
    left = xp.expand_dims(x, 0) if row else x
    right = xp.expand_dims(y, 1) if column else y
    middle = xp.expand_dims(g, -2) if row else xp.expand_dims(g, -1) if column else g

    def dx() -> Any:
        product = xp.matmul(middle, _turned(xp, right))
        return xp.squeeze(product, -2) if row else product

    def dy() -> Any:
        if right.ndim == 2 < left.ndim:  # one matrix for a whole stack: one product sums over all rows
            rows = prod(left.shape[:-1])
            stacked = [xp.reshape(part, (rows, part.shape[-1])) for part in (left, middle)]
            product = xp.matmul(_turned(xp, stacked[0]), stacked[1])
        else:
            product = xp.matmul(_turned(xp, left), middle)
        return xp.squeeze(product, -1) if column else product

    return dx, dy


@primitive(forward=lambda xp, x, y: xp.matmul(x, y), vjp=_matmul_vjp, infer=_matmul_type, symbol="dot",
           latex=r"{0} \cdot {1}")
def matmul(x: Any, y: Any, /) -> Any:
    """Matrix product ``x @ y``, over leading axes if there are any.

    Raises
    ------
    ShapeError
        If the inner sizes differ; says which.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.tensor([[1.0, 2.0]]) @ gg.tensor([[3.0], [4.0]])
    Tensor([[11.]], op=matmul)
    """
    return (x, y), {}


@derived
def dot(x: Any, y: Any, /) -> Tensor:
    """NumPy's ``dot`` for up to two axes: a product of numbers, vectors or matrices."""
    x, y = as_node(x), as_node(y)
    if x.ndim > 2 or y.ndim > 2:
        raise ShapeError(f"dot: shapes {x.shape} and {y.shape} have more than two axes; use matmul or tensordot.")
    return nodes.matmul(x, y) if x.ndim and y.ndim else nodes.multiply(x, y)


def _affine_vjp(xp: Any, g: Any, y: Any, x: Any, W: Any, b: Any) -> tuple[Any, Any, Any]:
    return (*_matmul_vjp(xp, g, y, x, W), g)


@composite(vjp=_affine_vjp, symbol="Affine", latex=r"{0} \cdot {1} + {2}")
def affine(xp: Any, x: Any, W: Any, b: Any) -> Any:
    """Affine layer ``x @ W + b``: weighted sums and a bias (the deck's Affine).

    Parameters
    ----------
    x : (N, D) or (D,) array_like
    W : (D, H) array_like
    b : (H,) array_like
        Added to every row; its derivative is therefore the sum over the rows.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.affine([1.0, 2.0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [0.1, 0.2, 0.3])
    Tensor([ 9.1, 12.2, 15.3], op=affine)
    """
    return xp.matmul(x, W) + b
