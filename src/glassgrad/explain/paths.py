"""The paths from a result back to one of its inputs: how many there are, what each carries, which carry most.

A path's contribution is the product of the local derivatives along it, and the contributions of all paths add up to the
gradient: this is the chain rule. There can be exponentially many, so they are counted and added node by node, and
written out only where they are few.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Tensor
from .flow import is_single, local_of, single
from .run import Edge, Run


@dataclass(frozen=True, eq=False)
class Path:
    """One way from the output back to an input.

    Attributes
    ----------
    edges : tuple of Edge
        From the output to the input.
    factors : tuple of float, or None
        Local derivatives along it, if all are single numbers.
    contribution : array
        What arrives at the input along this path alone.
    """

    edges: tuple[Edge, ...]
    factors: tuple[Any, ...] | None
    contribution: Any

    @property
    def nodes(self) -> tuple[Tensor, ...]:
        """The nodes, from the output to the input."""
        return (*(edge.node for edge in self.edges), self.edges[-1].source) if self.edges else ()

    @property
    def size(self) -> float:
        """Root of the sum of squares of the contribution."""
        return norm(self.contribution)


@dataclass(frozen=True, eq=False)
class Paths:
    """All edges over which derivatives run from a run's output to `target`, and the number of paths they form."""

    run: Run
    target: Tensor
    edges: tuple[Edge, ...]
    count: int
    users: dict[Tensor, list[Edge]] = field(default_factory=dict)
    _locals: dict[Edge, Any] = field(default_factory=dict)

    def local(self, edge: Edge) -> Any:
        """Return the local derivative over an edge, computed once."""
        if edge not in self._locals:
            self._locals[edge] = local_of(self.run, edge)
        return self._locals[edge]

    @property
    def scalar(self) -> bool:
        """Whether every node on the way is a single number."""
        return is_single(self.run.output) and all(is_single(edge.source) for edge in self.edges)

    def every(self) -> list[Path]:
        """Return all paths; meant for few."""
        return [self.follow(edges) for edges in self._walks()]

    def _walks(self) -> list[tuple[Edge, ...]]:
        found: list[tuple[Edge, ...]] = []
        trail: list[Edge] = []
        choices = [iter(self._up(self.target))]
        if self.target is self.run.output:
            return [()]
        while choices:
            edge = next(choices[-1], None)
            if edge is None:
                choices.pop()
                if trail:
                    trail.pop()
            elif edge.node is self.run.output:
                found.append((edge, *reversed(trail)))
            else:
                trail.append(edge)
                choices.append(iter(self._up(edge.node)))
        return found

    def _up(self, node: Tensor) -> list[Edge]:
        return self.users.get(node, [])

    def follow(self, edges: tuple[Edge, ...]) -> Path:
        """Return the path over these edges: its factors, and what the ops' own rules carry along it."""
        g = self.run.seed
        for edge in edges:
            g = self.run.fitted(self.run.pulled(edge.node, g)[edge.position], edge.source)
        scalar = is_single(self.run.output) and all(is_single(edge.source) for edge in edges)
        factors = tuple(single(self.local(edge)) for edge in edges) if scalar else None
        return Path(edges, factors, g)

    def largest(self, how_many: int) -> list[Path]:
        """Return the paths of largest contribution, of a graph of single numbers, without forming the others."""
        seed = float(single(self.run.seed))
        best: dict[Tensor, list[tuple[float, Edge | None, int]]] = {self.run.output: [(abs(seed), None, 0)]}
        for node in reversed(self.run.order):
            if node in self.users and node is not self.run.output:
                offers = [
                    (size * abs(float(single(self.local(edge)))), edge, rank)
                    for edge in self.users[node] for rank, (size, _, _) in enumerate(best[edge.node])
                ]
                best[node] = heapq.nlargest(how_many, offers, key=lambda offer: offer[0])
        return [self.follow(self._back(best, rank)) for rank in range(len(best[self.target]))]

    def _back(self, best: dict[Tensor, list[tuple[float, Edge | None, int]]], rank: int) -> tuple[Edge, ...]:
        trail: list[Edge] = []
        _, edge, rank = best[self.target][rank]
        while edge is not None:
            trail.append(edge)
            _, edge, rank = best[edge.node][rank]
        return tuple(reversed(trail))

    def strongest(self) -> list[Path]:
        """Return one path: from the input on, always over the edge that brings most; for graphs of arrays."""
        trail: list[Edge] = []
        node = self.target
        while node is not self.run.output:
            parts = [(norm(self._arriving(edge)), -i, edge) for i, edge in enumerate(self.users[node])]
            edge = max(parts, key=lambda part: (not np.isfinite(part[0]), part[0], part[1]))[2]
            trail.append(edge)
            node = edge.node
        return [self.follow(tuple(reversed(trail)))]

    def _arriving(self, edge: Edge) -> Any:
        part = self.run.pulled(edge.node, self.run.cotangents[edge.node])[edge.position]
        return self.run.fitted(part, edge.source)

    def total(self) -> Any:
        """Return the sum over all paths of a graph of single numbers, node by node from the input to the output.

        It runs the other way round than backpropagation, and is therefore a check of it.
        """
        change: dict[Tensor, Any] = {self.target: 1.0}
        into: dict[Tensor, list[Edge]] = {}
        for edge in self.edges:
            into.setdefault(edge.node, []).append(edge)
        with np.errstate(all="ignore"):
            for node in self.run.order:
                if node in into:
                    change[node] = sum(
                        single(self.local(edge)) * change[edge.source] for edge in into[node]
                    )
            return single(self.run.seed) * change[self.run.output]


def paths_of(run: Run) -> Paths:
    """Return the paths of a run that has one target."""
    (target,) = run.targets
    edges: list[Edge] = []
    counts: dict[Tensor, int] = {run.output: 1}
    users: dict[Tensor, list[Edge]] = {}
    for node in reversed(run.order):
        if node not in counts or node is target:
            continue
        for edge in run.edges(node):
            source = edge.source
            edges.append(edge)
            counts[source] = counts.get(source, 0) + counts[node]
            users.setdefault(source, []).append(edge)
    arriving = _arriving_at(target, edges)
    kept = tuple(edge for edge in edges if edge.source in arriving)
    users = {
        node: sorted(found, key=lambda edge: (edge.node.serial, edge.position))
        for node, found in users.items() if node in arriving
    }
    return Paths(run, target, kept, counts.get(target, 0), users)


def _arriving_at(target: Tensor, edges: list[Edge]) -> set[Tensor]:
    """Return the nodes whose derivative does reach `target`: others end at something that stops it."""
    found = {target}
    for edge in reversed(edges):
        if edge.source in found:
            found.add(edge.node)
    return found


def norm(array: Any) -> float:
    """Return the root of the sum of squares of all entries, without overflow on the way.

    >>> norm([3.0, 4.0]), norm([1e200, 0.0])
    (5.0, 1e+200)
    """
    if isinstance(array, float):  # NumPy's float64 included
        return abs(float(array))
    entries = np.abs(np.asarray(array, float)).reshape(-1)
    top = entries.max(initial=0.0)
    if not np.isfinite(top) or top == 0:
        return float(top)
    return float(top * np.sqrt(np.sum((entries / top) ** 2)))
