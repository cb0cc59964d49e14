"""Nested lists, tuples and dicts of arrays, taken apart into leaves and put together again.

>>> leaves, shape = flatten({"W": 1.0, "b": [2.0, 3.0]})
>>> leaves
[1.0, 2.0, 3.0]
>>> shape.unflatten([leaf * 10 for leaf in leaves])
{'W': 10.0, 'b': [20.0, 30.0]}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .errors import ShapeError

__all__ = ["Tree", "flatten", "map_leaves"]


@dataclass(frozen=True)
class Tree:
    """The shape of a nested container: its kind, its keys, and the shapes of its children.

    A leaf has kind ``None``. Two trees are equal when containers of the one can be used in place of the other.
    """

    kind: type | None
    keys: tuple[Any, ...] = ()
    children: tuple[Tree, ...] = ()

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """Return the container of this shape filled with `leaves`, in the order in which `flatten` gave them."""
        return self._build(iter(leaves))

    def _build(self, leaves: Iterator[Any]) -> Any:
        if self.kind is None:
            return next(leaves)
        if self.kind is type(None):
            return None
        items = [child._build(leaves) for child in self.children]
        if self.kind is dict:
            return dict(zip(self.keys, items, strict=True))
        if hasattr(self.kind, "_fields"):  # a named tuple takes its items one by one
            return self.kind(*items)
        return self.kind(items)

    def paths(self, prefix: str = "") -> list[str]:
        """Return a readable name for every leaf.

        >>> flatten({"W": 1.0, "b": [2.0, 3.0]})[1].paths("params")
        ["params['W']", "params['b'][0]", "params['b'][1]"]
        """
        if self.kind is None:
            return [prefix]
        return [
            path
            for key, child in zip(self.keys, self.children, strict=True)
            for path in child.paths(f"{prefix}[{key!r}]")
        ]

    def check_same(self, other: Tree, what: str) -> None:
        """Raise a `ShapeError` unless `other` has the same structure."""
        if self != other:
            raise ShapeError(
                f"{what}: the containers differ: {self.paths('it')} was needed, {other.paths('it')} was given."
            )


_LEAF = Tree(None)


def flatten(container: Any) -> tuple[list[Any], Tree]:
    """Return the leaves of nested lists, tuples and dicts (in the order of their keys) and the shape they had.

    ``None`` is a container without leaves; whatever else is not a list, tuple or dict is a leaf.
    """
    leaves: list[Any] = []
    return leaves, _walk(container, leaves)


def _walk(container: Any, leaves: list[Any]) -> Tree:
    if container is None:
        return Tree(type(None))
    if isinstance(container, dict):
        keys: tuple[Any, ...] = tuple(container)
        children = tuple(_walk(container[key], leaves) for key in keys)
        return Tree(dict, keys, children)
    if isinstance(container, (list, tuple)):
        children = tuple(_walk(item, leaves) for item in container)
        return Tree(type(container), tuple(range(len(children))), children)
    leaves.append(container)
    return _LEAF


def map_leaves(function: Callable[..., Any], container: Any, *others: Any) -> Any:
    """Apply `function` to the leaves of containers of equal structure; return a container of the results.

    >>> map_leaves(lambda a, b: a + b, {"x": 1, "y": (2,)}, {"x": 10, "y": (20,)})
    {'x': 11, 'y': (22,)}
    """
    leaves, tree = flatten(container)
    columns = [leaves]
    for other in others:
        more, its_tree = flatten(other)
        tree.check_same(its_tree, "map_leaves")
        columns.append(more)
    return tree.unflatten(function(*row) for row in zip(*columns, strict=True))
