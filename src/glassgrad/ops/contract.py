"""Products that add up over axes: tensordot, einsum, outer, inner and trace."""

from __future__ import annotations

from math import prod
from string import ascii_letters
from typing import Any

import numpy as np

from ..array_type import ArrayType
from ..errors import ShapeError
from ..graph import Tensor, nodes
from .arrange import diagonal
from .define import as_node, composite, derived, one_axis, primitive, whole

Pairs = tuple[tuple[int, ...], tuple[int, ...]]


def _tensordot_arguments(x: Any, y: Any, axes: Any = 2) -> Any:
    x, y = as_node(x), as_node(y)
    if isinstance(axes, (tuple, list)) and len(axes) == 2:
        left, right = (list(given) if isinstance(given, (tuple, list)) else [given] for given in axes)
        pairs = tuple(one_axis(a, x.ndim) for a in left), tuple(one_axis(a, y.ndim) for a in right)
        if any(len(set(part)) < len(part) for part in pairs) or len(left) != len(right):
            raise ShapeError(f"tensordot: axes {axes} must name as many axes of one as of the other, each once.")
    else:
        count = whole("axes", axes)
        if not 0 <= count <= min(x.ndim, y.ndim):
            raise ShapeError(f"tensordot: {count} axes of shapes {x.shape} and {y.shape} cannot be added up.")
        pairs = tuple(range(x.ndim - count, x.ndim)), tuple(range(count))
    if [x.shape[i] for i in pairs[0]] != [y.shape[i] for i in pairs[1]]:
        raise ShapeError(f"tensordot: axes {pairs[0]} of shape {x.shape} and {pairs[1]} of {y.shape} differ in size.")
    return (x, y), {"axes": pairs}


@composite(
    forward=lambda xp, x, y, *, axes: xp.tensordot(x, y, axes=axes), arguments=_tensordot_arguments,
    latex=r"{0} \cdot {1}",
)
def tensordot(xp: Any, x: Any, y: Any, *, axes: Pairs) -> Any:
    """Sum of products over pairs of axes: the last of `x` and the first of `y` if a number is given.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.tensordot(np.ones((2, 3)), np.ones((3, 4)), 1).shape
    (2, 4)
    """
    left, right = ([i for i in range(part.ndim) if i not in used] for part, used in zip((x, y), axes, strict=True))
    inner = prod(x.shape[i] for i in axes[0])
    rows, columns = [x.shape[i] for i in left], [y.shape[i] for i in right]
    flat_x = xp.reshape(xp.transpose(x, (*left, *axes[0])), (prod(rows), inner))
    flat_y = xp.reshape(xp.transpose(y, (*axes[1], *right)), (inner, prod(columns)))
    return xp.reshape(xp.matmul(flat_x, flat_y), (*rows, *columns))


@composite(forward=lambda xp, x, y: xp.outer(x, y), latex=r"{0} \otimes {1}", symbol="⊗")
def outer(xp: Any, x: Any, y: Any) -> Any:
    """Product of every entry of `x` with every entry of `y`; both are taken flat.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.outer([1.0, 2.0], [3.0, 4.0]).value
    array([[3., 4.],
           [6., 8.]])
    """
    return xp.reshape(x, (-1, 1)) * xp.reshape(y, (1, -1))


@derived
def inner(x: Any, y: Any, /) -> Tensor:
    """Sum of products over the last axes of both; of single numbers their product."""
    x, y = as_node(x), as_node(y)
    return nodes.tensordot(x, y, (-1, -1)) if x.ndim and y.ndim else nodes.multiply(x, y)


def _trace_arguments(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = as_node(x)
    turned = [one_axis(axis1, x.ndim), one_axis(axis2, x.ndim)]
    if turned[0] == turned[1]:
        raise ShapeError(f"trace: axis1 and axis2 are both axis {turned[0]} of shape {x.shape}; give two.")
    last = nodes.transpose(x, [*(i for i in range(x.ndim) if i not in turned), *turned])
    return (last,), {"offset": whole("offset", offset)}


@composite(arguments=_trace_arguments, latex=r"\mathrm{{tr}}({0})")
def trace(xp: Any, x: Any, *, offset: int) -> Any:
    """Sum of a diagonal of two axes (the first two, unless named).

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(np.trace(gg.tensor([[1.0, 2.0], [3.0, 4.0]])).value)
    5.0
    """
    return xp.sum(diagonal(xp, x, offset=offset), axis=-1)


# Einstein's notation --------------------------------------------------------------------------------------------------


def _parts(subscripts: str) -> tuple[list[str], str]:
    terms, _, result = subscripts.partition("->")
    return terms.split(","), result


def _einsum_vjp(xp: Any, g: Any, y: Any, *xs: Any, subscripts: str) -> tuple[Any, ...]:
    """The cotangent takes the place of the factor; axes that only the factor had are repeated."""
    terms, result = _parts(subscripts)
    found = []
    for i, (x, term) in enumerate(zip(xs, terms, strict=True)):
        others = [other for j, other in enumerate(terms) if j != i]
        known = "".join(letter for letter in term if letter in result or any(letter in other for other in others))
        factors = [other for j, other in enumerate(xs) if j != i]
        part = einsum(xp, g, *factors, subscripts=f"{','.join([result, *others])}->{known}")
        sizes = dict(zip(known, part.shape, strict=True))
        part = xp.reshape(part, tuple(sizes.get(letter, 1) for letter in term))
        shape = tuple(sizes.get(letter, size) for letter, size in zip(term, x.shape, strict=True))
        found.append(xp.broadcast_to(part, shape))
    return tuple(found)


def _einsum_type(*xs: ArrayType, subscripts: str) -> ArrayType:
    terms, result = _parts(subscripts)
    sizes: dict[str, int] = {}
    for x, term in zip(xs, terms, strict=True):
        for letter, size in zip(term, x.shape, strict=True):
            if sizes.setdefault(letter, size) not in (size, 1) and size != 1:
                raise ShapeError(f"einsum: axis {letter} of {subscripts!r} has sizes {sizes[letter]} and {size}; they "
                                 "must be equal.")
            sizes[letter] = size if sizes[letter] == 1 else sizes[letter]
    return ArrayType(tuple(sizes[letter] for letter in result), np.result_type(*(x.dtype for x in xs)))


@primitive(
    forward=lambda xp, *xs, subscripts: xp.einsum(subscripts, *xs, optimize=len(xs) > 1), vjp=_einsum_vjp,
    infer=_einsum_type, latex=r"\mathrm{{einsum}}({0})",
)
def einsum(subscripts: str, *operands: Any) -> Any:
    """Sum of products in Einstein's notation, as NumPy's: ``"ij,jk->ik"`` is the matrix product.

    Examples
    --------
    >>> import glassgrad as gg
    >>> gg.einsum("ij,kj->ik", np.eye(2), [[1.0, 2.0]]).value
    array([[1.],
           [2.]])
    """
    if not isinstance(subscripts, str):
        raise ShapeError("einsum: the subscripts come first, as text such as 'ij,jk->ik'.")
    xs = _of_one_dtype([as_node(x) for x in operands])
    terms, result = _spelled(subscripts, xs)
    for i, term in enumerate(terms):
        xs[i], terms[i] = _without_repeats(xs[i], term)
    return tuple(xs), {"subscripts": f"{','.join(terms)}->{result}"}


def _of_one_dtype(xs: list[Tensor]) -> list[Tensor]:
    """Return factors of the result's dtype: NumPy adds up a narrow one beforehand in its own, where it may overflow."""
    if len({x.dtype for x in xs}) == 1:
        return xs
    common = np.result_type(*(x.dtype for x in xs))
    return [x if x.dtype == common else nodes.astype(x, common) for x in xs]


def _spelled(subscripts: str, xs: list[Tensor]) -> tuple[list[str], str]:
    """Return one letter for every axis of every factor, and those of the result: no ellipsis, nothing implied."""
    text = subscripts.replace(" ", "")
    given, arrow, result = text.partition("->")
    terms = given.split(",")
    if len(terms) != len(xs):
        raise ShapeError(f"einsum: {subscripts!r} names {len(terms)} arrays, {len(xs)} were given.")
    free = [letter for letter in ascii_letters if letter not in text]
    counts = [x.ndim - len(term.replace("...", "")) if "..." in term else 0 for term, x in zip(terms, xs, strict=True)]
    stands = "".join(free[: max([0, *counts])])
    spelled = [term.replace("...", stands[len(stands) - count :]) for term, count in zip(terms, counts, strict=True)]
    for term, x in zip(spelled, xs, strict=True):
        if len(term) != x.ndim or not set(term) <= set(ascii_letters):
            raise ShapeError(f"einsum: {subscripts!r} does not fit an array of shape {x.shape}; a letter for every "
                             "axis is needed.")
    letters = "".join(terms).replace(".", "")
    if not arrow:
        result = "..." + "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    result = result.replace("...", stands)
    if len(set(result)) < len(result) or not set(result) <= set("".join(spelled)):
        raise ShapeError(f"einsum: the result {result!r} of {subscripts!r} must name axes of the arrays, each once.")
    return spelled, result


def _without_repeats(x: Tensor, term: str) -> tuple[Tensor, str]:
    """Replace two axes of one letter by their diagonal, until every letter stands once."""
    while len(set(term)) < len(term):
        letter = next(letter for letter in term if term.count(letter) > 1)
        first = term.index(letter)
        second = term.index(letter, first + 1)
        if x.shape[first] != x.shape[second]:
            raise ShapeError(f"einsum: axes {letter} of shape {x.shape} must be of one size.")
        x = nodes.diagonal(x, 0, first, second)
        term = "".join(kept for i, kept in enumerate(term) if i not in (first, second)) + letter
    return x, term
