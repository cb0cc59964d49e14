"""The edges of the interactive page: from every node to everything that its users can be represented by.

Between the same two things a line can mean several values: seen from a closed composite, what its own rules compute;
with the composite open, what the last node inside it computes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..graph import Tensor
from .layout import label_size
from .levels import Levels
from .metrics import shorten
from .numbers import figure
from .outline import LONGEST_TITLE
from .pieces import label_piece
from .scene import Edge, Story, summed
from .tables import Tables
from .tales import Names

Use = tuple[Tensor, int]  # a node, and the position among its inputs


class Joins:
    """Finds all edges between all things that can be seen, and draws their labels."""

    def __init__(self, levels: Levels, story: Story, places: dict[Tensor, list[str]], names: Names,
                 tables: Tables) -> None:
        self._levels, self._story, self._places = levels, story, places
        self._names, self._tables = names, tables
        boxes = {box.scope: box.id for box in story.outline.boxes.values() if box.scope in levels.scopes}
        chains = {scope: set(story.outline.chain(box)) for scope, box in boxes.items()}
        self._around = {levels.scopes[scope]: chain for scope, chain in chains.items() if scope is not None}
        self._ends = {f"out{i}" for i, output in enumerate(levels.top.outputs) if output.name}
        self._results: dict[Tensor, list[Tensor]] = {}
        for node in levels.insides:  # outer ones first
            self._results.setdefault(levels.deepest(node), []).append(node)

    def edges(self) -> Iterator[dict[str, Any]]:
        """Return every edge as the page needs it."""
        for (source, target, position), uses in self._uses().items():
            name = f"{self._story.names[source]}-{target}-{position}"
            parts = [self._levels.flow.parts[use] for use in uses if use in self._levels.flow.parts]
            yield self._drawn(name, source, target, summed(parts) if parts else None)
        for i, output in enumerate(self._story.flow.outputs):
            yield self._drawn(f"out{i}-in", output, f"out{i}", self._story.flow.seed if i == 0 else None)

    def _uses(self) -> dict[tuple[Tensor, str, int], dict[Use, None]]:
        """Return which uses of a node stand behind the edge to each thing: its users, or the composites around them."""
        found: dict[tuple[Tensor, str, int], dict[Use, None]] = {}
        boxes, hidden = self._story.outline.boxes, self._story.hidden
        for user in self._story.flow.order:
            for position, given in enumerate(user.inputs if user not in hidden else ()):
                source = self._levels.deepest(given)
                if source in hidden:
                    continue
                own = set(self._places[source])
                for place in self._places[user]:
                    if place in own:
                        continue
                    if place in boxes:
                        found.setdefault((source, place, 0), {}).update(self._seen_in(user, position, place, source))
                    else:
                        found.setdefault((source, place, position), {})[user, position] = None
        return found

    def _seen_in(self, user: Tensor, position: int, place: str, source: Tensor) -> dict[Use, None]:
        """Return the uses by the outermost composite in a closed box that a user stands in, or by the user itself."""
        for scope in user.scope:
            composite = self._levels.scopes.get(scope)
            if composite in self._around and place in self._around[composite]:
                return {(composite, i): None for i, given in enumerate(composite.inputs)
                        if self._levels.deepest(given) is source}
        return {(user, position): None}

    def _drawn(self, name: str, source: Tensor, target: str, gradient: Any) -> dict[str, Any]:
        place = self._places[source][-1]
        drawn = self._label(source, place, target, gradient)
        others = {}
        for box in self._places[source][:-1] if source in self._results else ():
            other = self._label(source, box, target, gradient)
            if other["svg"] != drawn["svg"]:
                others[box] = other
        item = {"id": name, "from": place, "to": target, **drawn, "gradient": self._tables.add(gradient)}
        return {**item, "seen": others} if others else item

    def _label(self, source: Tensor, place: str, target: str, gradient: Any) -> dict[str, Any]:
        value = self._story.flow.values.get(self._representative(source, place))
        arrays = self._story.arrays
        back = None if gradient is None else figure(gradient, source.type, arrays)
        said = source.is_leaf or target in self._ends  # at one end of the line
        title = "" if said else shorten(self._names[source].plain, LONGEST_TITLE)
        edge = Edge("", place, target, title, figure(value, source.type, arrays), back)
        across, high = label_size(edge)
        return {"w": across, "h": high, "svg": label_piece(edge), "value": self._tables.add(value),
                "name": shorten(self._names[source].plain, LONGEST_TITLE)}

    def _representative(self, source: Tensor, place: str) -> Tensor:
        """Return the outermost composite in a closed box whose result a node computes, or the node itself."""
        for composite in self._results.get(source, ()):
            if place in self._around.get(composite, ()):
                return composite
        return source
