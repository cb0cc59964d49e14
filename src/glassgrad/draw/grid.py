"""Places for the parts of a picture without a layout engine: columns from left to right, boxes in boxes.

The method of Sugiyama, Tagawa and Toda (1981), box by box from the inside out: columns by the longest path, order in a
column by the mean of the neighbours, heights by least squares. A line that leaves a box goes through a port on its
border. `Measure` says how large things are, so the same code places signs in a terminal and drawings on paper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor

from .columns import order_columns, settle
from .layout import LINE, TITLE_SPACE, Placed, Point, Rect, label_size, node_size
from .scene import Edge, Node, Scene

Size = tuple[float, float]


@dataclass(frozen=True)
class Measure:
    """Sizes of things, and the room between them.

    Attributes
    ----------
    node, label : callables that give width and height
    top, side : float
        Room inside a box above its contents, and on its other sides.
    gap : float
        Room between two things in one column.
    under : float
        Room under a fork for the sum of its derivatives.
    channel : callable
        Width of the room between two columns that so many lines cross.
    whole : bool
        Whether all coordinates are whole numbers, and lines run only along rows and columns.
    """

    node: Callable[[Node], Size] = node_size
    label: Callable[[Edge], Size] = label_size
    top: float = TITLE_SPACE
    side: float = 12.0
    gap: float = 12.0
    under: float = LINE
    channel: Callable[[int], float] = lambda lines: 18.0 + 2.0 * min(lines, 10)
    whole: bool = False


@dataclass(eq=False)
class Item:
    """A thing in a column: a node, a box, or the place where a line passes."""

    width: float
    height: float
    column: int = 0
    x: float = 0.0
    y: float = 0.0
    before: list[tuple[Item, str]] = field(default_factory=list)
    after: list[tuple[Item, str]] = field(default_factory=list)
    entries: dict[str, float] = field(default_factory=dict)  # heights at which lines enter or leave a box

    def meets(self, edge: str) -> float:
        """Return how far below its top a line meets it."""
        return self.entries.get(edge, self.height / 2)


@dataclass
class Frame:
    """The inside of one box, or of the whole picture, with its own coordinates."""

    items: dict[str, Item] = field(default_factory=dict)
    links: list[tuple[str, str, str, bool]] = field(default_factory=list)  # edge, from, to, carries the label
    passes: dict[str, list[Item]] = field(default_factory=dict)
    label_at: dict[str, Item] = field(default_factory=dict)
    verticals: dict[tuple[str, int], float] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


ENTRY, EXIT = "entry:", "exit:"


def layout(scene: Scene, measure: Measure | None = None) -> Placed:
    """Return places for everything in `scene`."""
    measure = measure or Measure()
    frames: dict[str | None, Frame] = {None: Frame(), **{box.id: Frame() for box in scene.boxes}}
    parents = {box.id: box.parent for box in scene.boxes}
    for node in scene.nodes:
        wide, high = measure.node(node)
        room = measure.under if node.total is not None else 0.0  # above as well, to keep the line in the middle
        frames[node.parent].items[node.id] = Item(wide, high + 2 * room)
    titles = {box.id: len(box.title) for box in scene.boxes}
    _link(scene, frames, parents)
    edges = {edge.id: edge for edge in scene.edges}
    for name in [*(box.id for box in reversed(scene.boxes)), None]:
        frame = frames[name]
        _arrange(frame, edges, measure)
        if name is not None:  # a place for it among the boxes and nodes around it
            frames[parents[name]].items[name] = _as_item(frame, measure, titles[name])
    return _collect(scene, frames, parents, measure)


def _link(scene: Scene, frames: dict[str | None, Frame], parents: dict[str, str | None]) -> None:
    """Cut every edge into one piece for each box that it runs in."""
    homes = {node.id: node.parent for node in scene.nodes}

    def around(name: str) -> list[str | None]:
        home, found = homes[name], list[str | None]()
        while home is not None:
            found.append(home)
            home = parents[home]
        return [*found, None]

    for edge in scene.edges:
        left, right = around(edge.source), around(edge.target)
        shared = set(left) & set(right)
        start, end = edge.source, edge.target
        for box in (box for box in left if box not in shared and box is not None):
            frames[box].links.append((edge.id, start, EXIT + edge.id, False))
            start = box
        for box in (box for box in right if box not in shared and box is not None):
            frames[box].links.append((edge.id, ENTRY + edge.id, end, False))
            end = box
        common = next(box for box in left if box in shared)
        frames[common].links.append((edge.id, start, end, True))


def _as_item(frame: Frame, measure: Measure, title: int) -> Item:
    least = title * (1 if measure.whole else 9) + 4
    item = Item(max(frame.width + 2 * measure.side, least), frame.height + measure.top + measure.side)
    for name, port in frame.items.items():
        if name.startswith((ENTRY, EXIT)):
            item.entries[name.split(":", 1)[1]] = measure.top + port.y + port.height / 2
    return item


def _arrange(frame: Frame, edges: dict[str, Edge], measure: Measure) -> None:
    for _, start, end, _ in frame.links:
        for name in (start, end):
            if name not in frame.items:
                frame.items[name] = Item(0.0, 1.0 if measure.whole else 14.0)
    _columns(frame)
    columns = _with_passes(frame, edges, measure)
    order_columns(columns)
    settle(columns, measure.gap, measure.whole)
    _across(frame, columns, measure)


def _columns(frame: Frame) -> None:
    """Give every item its column: even numbers, right of all that it depends on; sources close to their users."""
    after: dict[str, list[str]] = {name: [] for name in frame.items}
    missing = dict.fromkeys(frame.items, 0)
    for _, start, end, _ in frame.links:
        after[start].append(end)
        missing[end] += 1
    waiting, rank = dict.fromkeys(frame.items), dict[str, int]()
    ready = [name for name in frame.items if not missing[name]]
    while waiting:
        name = ready.pop(0) if ready else next(iter(waiting))  # the second: boxes that depend on each other
        if name not in waiting:
            continue
        del waiting[name]
        rank[name] = len(rank)
        for end in after[name]:
            missing[end] -= 1
            if end in waiting:
                frame.items[end].column = max(frame.items[end].column, frame.items[name].column + 2)
                if not missing[end]:
                    ready.append(end)
    incoming = {end for _, _, end, _ in frame.links}
    last = max((item.column for item in frame.items.values()), default=0)
    for name, item in frame.items.items():
        ends = [frame.items[end].column for end in after[name] if rank[end] > rank[name]]
        if name.startswith(ENTRY):
            item.column = 0
        elif name.startswith(EXIT):
            item.column = last
        elif name not in incoming and ends:
            item.column = max(min(ends) - 2, 0)


def _with_passes(frame: Frame, edges: dict[str, Edge], measure: Measure) -> list[list[Item]]:
    """Put an item into every column that a line passes, the label's into the first one after its source."""
    last = max((item.column for item in frame.items.values()), default=0)
    columns: list[list[Item]] = [[] for _ in range(last + 1)]
    for item in frame.items.values():
        columns[item.column].append(item)
    for edge, start, end, labelled in frame.links:
        first, final = frame.items[start], frame.items[end]
        chain = [first]
        for column in range(first.column + 1, final.column):
            here = labelled and column == first.column + 1
            size = measure.label(edges[edge]) if here else (0.0, 1.0 if measure.whole else 10.0)
            chain.append(Item(*size, column=column))
            columns[column].append(chain[-1])
        if labelled:
            frame.label_at[edge] = chain[1] if len(chain) > 1 else Item(*measure.label(edges[edge]))
        for left, right in zip(chain, [*chain[1:], final], strict=True):
            left.after.append((right, edge))
            right.before.append((left, edge))
        frame.passes[edge] = chain[1:]
    return columns


def _across(frame: Frame, columns: list[list[Item]], measure: Measure) -> None:
    """Set every column's place from left to right, and the places of the vertical lines between two columns."""
    x = 0.0
    for number, column in enumerate(columns):
        wide = max((item.width for item in column), default=0.0)
        for item in column:
            item.x = x + (wide - item.width if not item.before else 0.0 if number % 2 else (wide - item.width) / 2)
            if measure.whole:
                item.x = floor(item.x)
        x += wide
        leaving = [(item, edge, end) for item in column for end, edge in item.after]
        turns: dict[int, int] = {}  # lines into one thing turn at one place
        for item, _, end in sorted(leaving, key=lambda leave: -leave[0].y):
            if measure.whole and item.y + item.meets("") != end.y + end.meets(""):
                turns.setdefault(id(end), len(turns) + 1)
        room = measure.channel(len(turns)) if number + 1 < len(columns) else 0.0
        for _, edge, end in leaving:
            frame.verticals[edge, number] = x + (turns.get(id(end), 0) if measure.whole else room / 2)
        x += room
    frame.width = x
    frame.height = max((item.y + item.height for item in frame.items.values()), default=0.0)
    frame.height = max([frame.height, *(i.y + i.height for chain in frame.passes.values() for i in chain)])


def _collect(
    scene: Scene, frames: dict[str | None, Frame], parents: dict[str, str | None], measure: Measure
) -> Placed:
    origins: dict[str | None, Point] = {None: (0.0, 0.0)}
    boxes: dict[str, Rect] = {}
    for box in scene.boxes:  # outer ones first
        item, (x, y) = frames[box.parent].items[box.id], origins[box.parent]
        boxes[box.id] = Rect(x + item.x, y + item.y, item.width, item.height)
        origins[box.id] = (x + item.x + measure.side, y + item.y + measure.top)
    nodes: dict[str, Rect] = {}
    for node in scene.nodes:
        item, (x, y) = frames[node.parent].items[node.id], origins[node.parent]
        high = measure.node(node)[1]
        nodes[node.id] = Rect(x + item.x, y + item.y + (item.height - high) / 2, item.width, high)
    lines: dict[str, list[Point]] = {edge.id: [] for edge in scene.edges}
    labels: dict[str, Rect] = {}
    for name, piece in _pieces(frames, parents):
        edge, start, end, labelled = piece
        frame, (x, y) = frames[name], origins[name]
        lines[edge] += [(x + a, y + b) for a, b in _run(frame, edge, start, end, measure)]
        if labelled:
            at = frame.label_at[edge]
            labels[edge] = Rect(x + at.x, y + at.y, at.width, at.height)
    whole = frames[None]
    paths = {edge: tuple(path) for edge, path in lines.items()}
    return Placed(whole.width, whole.height, nodes, boxes, paths, labels)


def _pieces(
    frames: dict[str | None, Frame], parents: dict[str, str | None]
) -> list[tuple[str | None, tuple[str, str, str, bool]]]:
    """Return the pieces of all edges, each edge's from its source to its target."""
    depth: dict[str | None, int] = {None: 0}
    for box, parent in parents.items():
        depth[box] = depth[parent] + 1
    pieces = [(name, link) for name, frame in frames.items() for link in frame.links]

    def place(piece: tuple[str | None, tuple[str, str, str, bool]]) -> int:
        name, (_, _, end, labelled) = piece
        if labelled:
            return 0
        return -depth[name] if end.startswith(EXIT) else depth[name]

    return sorted(pieces, key=place)


def _run(frame: Frame, edge: str, start: str, end: str, measure: Measure) -> list[Point]:
    """Return the corners of an edge's piece in one frame."""
    first, final = frame.items[start], frame.items[end]
    stops = [first, *frame.passes[edge], final]
    points: list[Point] = []
    for left, right in pairwise(stops):
        y0, y1 = left.y + left.meets(edge), right.y + right.meets(edge)
        if measure.whole:
            y0, y1 = floor(y0), floor(y1)
        points.append((left.x + left.width, y0))
        if measure.whole and y0 != y1:
            middle = frame.verticals.get((edge, left.column), left.x + left.width)
            points += [(middle, y0), (middle, y1)]
        points.append((right.x, y1))
    return points
