"""Which nodes are only another way to look at an array: a transpose, a slice, a new axis; nothing is computed for them.

A `View` says where the entries of a node lie in the array of its `root`: for every axis of the root, which axis of the
node runs along it, from where and in which steps. Views of views are composed here, so that loops read the root.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...graph import Tensor
from .expressions import BY_NAME

TRANSPOSE, BROADCAST, RESHAPE = BY_NAME["transpose"], BY_NAME["broadcast_to"], BY_NAME["reshape"]
GETITEM, STOP = BY_NAME["getitem"], BY_NAME["stop_gradient"]


@dataclass(frozen=True)
class Term:
    """Index along one axis of the root: ``start + step * i``, where i runs along `axis` of the node (None: `start`)."""

    axis: int | None
    start: int = 0
    step: int = 1

    @property
    def whole(self) -> bool:
        """Whether it runs from 0 in steps of 1."""
        return self.axis is not None and self.start == 0 and self.step == 1


@dataclass(frozen=True)
class View:
    """A node as entries of the array of `root`; `terms` has one entry for each axis of the root."""

    root: Tensor
    terms: tuple[Term, ...]

    @property
    def plain(self) -> bool:
        """Whether it is the root itself, entry for entry (axes of size 1 aside)."""
        axes = [term.axis for term, size in zip(self.terms, self.root.shape, strict=True) if size != 1]
        return all(term.whole for term, size in zip(self.terms, self.root.shape, strict=True) if size != 1) and (
            axes == sorted(axes, key=lambda axis: -1 if axis is None else axis)
        )


def itself(node: Tensor) -> View:
    """Return the view of a node that has an array of its own."""
    return View(node, tuple(Term(axis) for axis in range(node.ndim)))


def view(node: Tensor, views: Mapping[Tensor, View]) -> View:
    """Return the view that a node is, given the views of its inputs."""
    if node.op is STOP:
        return views[node.inputs[0]]
    if node.op is TRANSPOSE:
        return _composed(views[node.inputs[0]], {b: Term(a) for a, b in enumerate(node.params["axes"])})
    if node.op is BROADCAST:
        return _composed(views[node.inputs[0]], _broadcast(node.inputs[0].shape, node.shape))
    if node.op is RESHAPE:
        kept = _same_but_for_ones(node.inputs[0].shape, node.shape)
        return itself(node) if kept is None else _composed(views[node.inputs[0]], kept)
    if node.op is GETITEM and len(node.inputs) == 1:
        return _composed(views[node.inputs[0]], sliced(node.inputs[0].shape, node.params["pattern"]))
    return itself(node)


def is_view(node: Tensor, views: Mapping[Tensor, View]) -> bool:
    """Whether a node has no array of its own."""
    return views[node].root is not node


def _composed(inner: View, outer: Mapping[int, Term]) -> View:
    """Return the view of a view: `outer` says, for each axis of the middle one, how the new one runs along it."""
    terms = []
    for term in inner.terms:
        if term.axis is None:
            terms.append(term)
        else:
            next_ = outer[term.axis]
            terms.append(Term(next_.axis, term.start + term.step * next_.start, term.step * next_.step))
    return View(inner.root, tuple(terms))


def _broadcast(given: tuple[int, ...], wanted: tuple[int, ...]) -> dict[int, Term]:
    extra = len(wanted) - len(given)
    return {a: Term(None) if size == 1 else Term(a + extra) for a, size in enumerate(given)}


def _same_but_for_ones(given: tuple[int, ...], wanted: tuple[int, ...]) -> dict[int, Term] | None:
    """Return how the axes correspond if the shapes differ only by axes of size 1, else None."""
    left = [a for a, size in enumerate(given) if size != 1]
    right = [a for a, size in enumerate(wanted) if size != 1]
    if [given[a] for a in left] != [wanted[a] for a in right]:
        return None
    return {a: Term(None) for a in range(len(given))} | {a: Term(b) for a, b in zip(left, right, strict=True)}


def sliced(shape: tuple[int, ...], pattern: tuple[object, ...]) -> dict[int, Term]:
    """Return how an index of integers, slices, None and Ellipsis runs along the axes."""
    named = sum(part is not None and part != "..." for part in pattern)
    parts: list[object] = []
    for part in pattern:
        parts += [(None, None, None)] * (len(shape) - named) if part == "..." else [part]
    parts += [(None, None, None)] * (len(shape) - named if "..." not in pattern else 0)
    terms: dict[int, Term] = {}
    own = 0
    for part in parts:
        if part is None:
            own += 1
            continue
        axis = len(terms)
        if isinstance(part, int):
            terms[axis] = Term(None, part % shape[axis])
        else:
            assert isinstance(part, tuple)
            start, _, step = slice(*part).indices(shape[axis])
            terms[axis] = Term(own, start, step)
            own += 1
    return terms
