"""Products over leading axes, and Einstein's notation, as products of matrices and of stacks of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from ...graph import Op, Tensor, nodes
from .expressions import BY_NAME


def _matmul(x: Tensor, y: Tensor) -> Tensor | None:
    """Return a product over leading axes; None if there are none, or it is what `stacks` knows."""
    if max(x.ndim, y.ndim) < 3 or np.result_type(x.dtype, y.dtype).kind != "f":
        return None
    if y.ndim == 1:
        found: Tensor = nodes.sum(nodes.multiply(x, y), axis=-1)
    elif x.ndim == 1:
        found = nodes.sum(nodes.multiply(nodes.expand_dims(x, -1), y), axis=-2)
    elif y.shape[-1] == 1:  # each a matrix by a vector: a loop, which others can join
        found = nodes.sum(nodes.multiply(x, nodes.swapaxes(y, -1, -2)), axis=-1, keepdims=True)
    elif y.ndim == 2:
        rows = nodes.reshape(x, (prod(x.shape[:-1]), x.shape[-1]))
        found = nodes.reshape(nodes.matmul(rows, y), (*x.shape[:-1], y.shape[1]))
    else:
        stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        whole = [_repeated(operand, stack) for operand in (x, y)]
        if whole[0] is x and whole[1] is y:
            return None
        found = nodes.matmul(*whole)
    return found


def _repeated(x: Tensor, stack: tuple[int, ...]) -> Tensor:
    """Repeat an operand along leading axes, unless it is one matrix for all, or has them."""
    if prod(x.shape[:-2]) == 1 or x.shape[:-2] == stack:
        return x
    repeated: Tensor = nodes.broadcast_to(x, (*stack, *x.shape[-2:]))
    return repeated


def _einsum(*factors: Tensor, subscripts: str) -> Tensor | None:
    """Return a sum of products in Einstein's notation, pair by pair: always the two that give the smallest array."""
    *terms, result = subscripts.replace("->", ",").split(",")
    xs = list(factors)
    sizes = dict(zip("".join(terms), (size for x in xs for size in x.shape), strict=True))
    whole = all([sizes[letter] for letter in term] == list(x.shape) for x, term in zip(xs, terms, strict=True))
    if not whole or np.result_type(*(x.dtype for x in xs)).kind != "f":
        return None  # an axis of size 1 that stands for more, or no floats
    while len(xs) > 1:
        pairs = [(i, j, _left_over(terms, i, j, result)) for j in range(len(xs)) for i in range(j)]
        i, j, left = min(pairs, key=lambda pair: prod(sizes[letter] for letter in pair[2]))
        y, of_y, x, of_x = xs.pop(j), terms.pop(j), xs.pop(i), terms.pop(i)
        xs.append(_pair(x, y, of_x, of_y, left))
        terms.append(left)
    return _ordered(*_summed(xs[0], terms[0], result), result)


def _left_over(terms: Sequence[str], i: int, j: int, result: str) -> str:
    """Return the letters that the product of two factors keeps: those that others or the result have."""
    wanted = result + "".join(term for k, term in enumerate(terms) if k not in (i, j))
    return "".join(letter for letter in dict.fromkeys(terms[i] + terms[j]) if letter in wanted)


def _pair(x: Tensor, y: Tensor, of_x: str, of_y: str, result: str) -> Tensor:
    """Return a sum of products of two arrays whose axes have letters."""
    sizes = dict(zip(of_x + of_y, x.shape + y.shape, strict=True))
    x, of_x = _summed(x, of_x, of_y + result)
    y, of_y = _summed(y, of_y, of_x + result)
    both = [letter for letter in of_x if letter in of_y]
    stack = [letter for letter in both if letter in result]
    inner = [letter for letter in both if letter not in result]
    rows, columns = ([letter for letter in term if letter not in both] for term in (of_x, of_y))

    def size(letters: Sequence[str]) -> int:
        return prod(sizes[letter] for letter in letters)

    left = nodes.reshape(_ordered(x, of_x, [*stack, *rows, *inner]), (size(stack), size(rows), size(inner)))
    right = nodes.reshape(_ordered(y, of_y, [*stack, *inner, *columns]), (size(stack), size(inner), size(columns)))
    letters = [*stack, *rows, *columns]
    product = nodes.reshape(_multiplied(left, right), tuple(sizes[letter] for letter in letters))
    return _ordered(product, "".join(letters), result)


def _multiplied(x: Tensor, y: Tensor) -> Tensor:
    """Return the product of stacks (S, R, K) and (S, K, C), as what is fastest for their sizes."""
    if x.shape[2] == 1:
        product: Tensor = nodes.multiply(x, y)
    elif x.shape[0] == 1:
        product = nodes.matmul(*(nodes.reshape(part, part.shape[1:]) for part in (x, y)))
    else:
        product = nodes.matmul(x, y)
    return product


def _summed(x: Tensor, term: str, wanted: str) -> tuple[Tensor, str]:
    """Add up the axes whose letter nobody else has."""
    alone = tuple(axis for axis, letter in enumerate(term) if letter not in wanted)
    return nodes.sum(x, axis=alone) if alone else x, "".join(letter for letter in term if letter in wanted)


def _ordered(x: Tensor, term: str, letters: Sequence[str]) -> Tensor:
    axes = tuple(term.index(letter) for letter in letters)
    turned: Tensor = nodes.transpose(x, axes) if axes != tuple(range(x.ndim)) else x
    return turned


DEFINITIONS: dict[Op, Callable[..., Tensor | None]] = {BY_NAME["matmul"]: _matmul, BY_NAME["einsum"]: _einsum}
