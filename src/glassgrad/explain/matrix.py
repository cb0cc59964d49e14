"""Products of matrices: the shapes of their derivatives, and why transposes and sums over the batch appear.

>>> shapes_of_product((2, 2), (2, 3), (2, 3), position=1)
((2, 3), (2, 2), (2, 3))

With X (2, 2) and W (2, 3): dW (2, 3) = Xᵀ (2, 2) · dY (2, 3).
"""

from __future__ import annotations

from typing import Any

from ..graph import Tensor
from ..words import Sentence, sentence
from .numbers import shape_text

Shape = tuple[int, ...]
PRODUCTS = ("matmul", "affine")


def shapes_of_product(x: Shape, w: Shape, y: Shape, position: int) -> tuple[Shape, Shape, Shape]:
    """Return the shapes of ``dX = dY Wᵀ`` (position 0) or ``dW = Xᵀ dY`` (position 1): result, left, right.

    A vector on the left counts as one row, on the right as one column, as in ``X.T`` of the deck: (2, 1)·(1, 3).
    """
    if position == 0:
        left = (*y, 1) if len(w) == 1 else y
        right = (1, w[0]) if len(w) == 1 else _turned(w)
        return x, left, right
    left = (x[0], 1) if len(x) == 1 else _turned(x)
    right = (1, *y) if len(x) == 1 else y
    return w, left, right


def _turned(shape: Shape) -> Shape:
    return (*shape[:-2], shape[-1], shape[-2])


def product_shapes(node: Tensor, position: int) -> str | None:
    """Return the shapes in the derivative of a matrix product as text, or None for the bias and other ops."""
    if node.op.name not in PRODUCTS or position > 1:
        return None
    x, w = (source.shape for source in node.inputs[:2])
    y = _product_shape(x, w)
    result, left, right = shapes_of_product(x, w, y, position)
    return f"{shape_text(result)} = {shape_text(left)}·{shape_text(right)}"


def _product_shape(x: Shape, w: Shape) -> Shape:
    """Return the shape of the product itself; adding a bias might have made it larger."""
    import numpy as np

    rows, columns = x[-2:-1], () if len(w) == 1 else w[-1:]
    return (*np.broadcast_shapes(x[:-2], w[:-2]), *rows, *columns)


def product_reason(node: Tensor, position: int, labels: Any) -> Sentence | None:
    """Return why the derivative of a matrix product has its transpose, or of a bias its sum."""
    if node.op.name not in PRODUCTS:
        return None
    x, w = labels[node.inputs[0]], labels[node.inputs[1]]
    if position == 0:
        return sentence(
            "Entry (n, i) of {x} goes into all of row n of the output, times row i of {w}; its derivative is the sum "
            "of row n of what arrives times row i of {w}, and this is the product with {w} transposed.", x=x, w=w,
        )
    if position == 1:
        if len(node.inputs[0].shape) == 1:
            return sentence(
                "Entry (i, j) of {w} multiplies entry i of {x} and goes into output j, so its derivative is entry i "
                "of {x} times what arrives at output j: a column times a row.", x=x, w=w,
            )
        return sentence(
            "Entry (i, j) of {w} multiplies column i of {x} and goes into column j of the output, in every row of the "
            "batch; its derivative is the sum over the batch, and this is the product with {x} transposed.", x=x, w=w,
        )
    b, rows = labels[node.inputs[2]], node.size // max(1, node.inputs[2].size)
    if rows == 1:
        return sentence("The bias {b} is added to the product, and an addition hands the derivative on unchanged.",
                        b=b)
    return sentence(
        "The bias {b} was added to every one of the {count} rows, so the derivatives of all rows are added up: these "
        "are the column sums.", b=b, count=str(rows),
    )


def repeat_reason(source: Tensor, shape: Shape, labels: Any) -> Sentence | None:
    """Return why what comes back is added up, where broadcasting had repeated a value; None where it had not."""
    if shape == source.shape:
        return None
    name = labels[source]
    if len(shape) == source.ndim + 1 and shape[1:] == source.shape:
        return sentence(
            "{b} was used in every one of the {count} rows, so the derivatives of all rows are added up.",
            b=name, count=str(shape[0]),
        )
    return sentence(
        "{b} of shape {small} was repeated to shape {large}, so what comes back is added up over the repeats.",
        b=name, small=shape_text(source.shape), large=shape_text(shape),
    )
