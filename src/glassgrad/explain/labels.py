"""What the nodes of a graph are called in formulas.

>>> import glassgrad as gg
>>> x = gg.tensor(2.0, name="x")
>>> y = x * x
>>> labels = Labels([x, y])
>>> print(labels[x], labels[y])
x v1
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..graph import CONSTANT, Tensor
from .formula import Formula, clean, factor_formula, name_formula


class Labels:
    """Names of nodes: their own, told apart by layer or number where several are called the same; else v1, v2, ...

    Scalar constants are called by their number, other leaves without a name x1 (given) or c1 (constant).

    Parameters
    ----------
    order : iterable of Tensor
        The nodes, inputs before users.
    read : callable
        Gives a node's value.
    digits : int
        Significant digits of the constants.
    """

    def __init__(
        self, order: Iterable[Tensor], read: Callable[[Tensor], Any] = lambda node: node.value, digits: int = 6
    ) -> None:
        order = list(order)
        self._read = read
        self._digits = digits
        self._of: dict[Tensor, Formula] = {}
        taken: set[str] = set()
        for namesakes in _by_name(order).values():
            for node, label in zip(namesakes, _told_apart(namesakes, order, taken), strict=True):
                self._of[node] = label
                taken.add(label.plain)
        counts = {"x": 0, "c": 0, "v": 0}
        for node in order:
            constant = node.op is CONSTANT
            if node not in self._of and not (constant and node.shape == ()):
                self._of[node] = _next("c" if constant else "x" if node.is_leaf else "v", counts, taken)

    def __getitem__(self, node: Tensor) -> Formula:
        known = self._of.get(node)
        return factor_formula(self._read(node), self._digits) if known is None else known


def _by_name(order: list[Tensor]) -> dict[str, list[Tensor]]:
    found: dict[str, list[Tensor]] = {}
    for node in order:
        if node.name:
            found.setdefault(name_formula(str(node.name)).plain, []).append(node)
    return found


def _told_apart(namesakes: list[Tensor], order: list[Tensor], taken: set[str]) -> list[Formula]:
    """Return labels for nodes of one name: the layers they are used in tell them apart, or else a number."""
    label = name_formula(str(namesakes[0].name))
    if len(namesakes) == 1 and label.plain not in taken:
        return [label]
    layers = _layers(namesakes, order)
    placed = [Formula(f"{label}[{layer}]", f"{{{label.latex}}}_{{{name_formula(layer).latex}}}") for layer in layers]
    if len(set(layers)) == len(layers) and "" not in layers and taken.isdisjoint(part.plain for part in placed):
        return placed
    labels: list[Formula] = []
    number = 0
    while len(labels) < len(namesakes):
        number += 1
        plain = label.plain if number == 1 else f"{label.plain} ({number})"
        if plain not in taken:
            labels.append(label if number == 1 else Formula(plain, f"{{{label.latex}}}_{{({number})}}"))
    return labels


def _layers(namesakes: list[Tensor], order: list[Tensor]) -> list[str]:
    """Return the innermost layer of each node: its own, or of the first node that uses it."""
    wanted = set(namesakes)
    user: dict[Tensor, Tensor] = {}
    for node in order:
        for source in node.inputs:
            if source in wanted:
                user.setdefault(source, node)
    scopes = (node.scope or user.get(node, node).scope for node in namesakes)
    return [clean(scope[-1].name) if scope else "" for scope in scopes]


def _next(kind: str, counts: dict[str, int], taken: set[str]) -> Formula:
    while True:
        counts[kind] += 1
        label = f"{kind}{counts[kind]}"
        if label not in taken:
            return Formula(label, f"{kind}_{{{counts[kind]}}}")
