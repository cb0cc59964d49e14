"""From a graph to an ordered list of steps over arrays: loops, products, walks, and calls of what is left.

>>> import glassgrad as gg
>>> graph = gg.trace(lambda x, W: gg.tanh(x @ W + 1.0).sum())(gg.ArrayType((8, 3)), gg.ArrayType((3, 2)))
>>> print(*map(described, plan(graph).steps), sep="\\n")
8 x 3 x 2 product + ...
tanh, sum over 16
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ...graph import Tensor
from ...trace import Graph
from .expressions import BY_NAME
from .loops import Loop, computes, flatten, must_be_stored, new_loop, place_in
from .lower import lowered
from .pieces import GRAIN, portion, portion_of_product, portion_of_stack
from .prepare import numbered, prepared, views_of
from .products import Product, multiplies, product_of
from .single import Single
from .stacks import Stack, stacks
from .views import RESHAPE, View
from .walks import Walk, walks

UNIFORM = BY_NAME["uniform"]


@dataclass(eq=False)
class Fill(Single):
    """Random numbers from a key (`uniform`)."""


@dataclass(eq=False)
class Call(Single):
    """A node that NumPy computes, between the parts that are compiled."""


Step = Loop | Product | Stack | Walk | Fill | Call


@dataclass(eq=False)
class Plan:
    """What runs: steps in order.

    Attributes
    ----------
    graph : Graph
        As lowered; its outputs are nodes of the steps.
    steps : list of Loop, Product, Stack, Walk, Fill or Call
    views : mapping
        Of every node, the `View` that it is.
    stored : list of Tensor
        The computed nodes that have an array in memory, in the order in which they are computed.
    carried : dict
        Position of an output -> position of the input whose array it is written into.
    """

    graph: Graph
    steps: list[Step]
    views: Mapping[Tensor, View]
    stored: list[Tensor] = field(default_factory=list)
    carried: dict[int, int] = field(default_factory=dict)


def plan(graph: Graph, carried: Mapping[int, int] | None = None, grain: int = GRAIN) -> Plan:
    """Return the plan of a graph.

    Parameters
    ----------
    graph : Graph
    carried : mapping of int to int, optional
        Outputs that replace inputs when the program is run again, such as weights: position -> position. Where all
        that read the input can run before, the output is written into its array.
    grain : int
        Loops and products of many times this work are cut into pieces for several cores; see `pieces`.
    """
    graph = numbered(prepared(lowered(graph)))
    views = views_of(graph)
    units = _Units(graph, views)
    for step in units.needs:
        if isinstance(step, Loop):
            flatten(step, views)
    found = Plan(graph, units.ordered(_updates(graph, carried or {})), views)
    found.stored = _stored(found)
    found.carried = _in_place(found, carried or {})
    for step in found.steps:
        if isinstance(step, Loop):
            step.portion = portion(step, views, found.stored, grain)
        elif isinstance(step, Product):
            step.portion = portion_of_product(step, views, grain)
        elif isinstance(step, Stack):
            step.portion = portion_of_stack(step, grain)
    return found


def described(step: Step) -> str:
    """Return what a step does, in a few words."""
    if isinstance(step, Product):
        added = "" if step.added is None else f" {'+' if step.sign > 0 else '-'} ..."
        where = f"{step.result.path}: " if step.result.path else ""
        return f"{where}{' x '.join(map(str, step.sizes))} product{added}"
    if isinstance(step, Loop):
        size = " x ".join(map(str, step.domain)) or "1"
        path = next((node.path for node in step.nodes if node.path), "")
        return f"{path + ': ' if path else ''}{', '.join(dict.fromkeys(n.op.name for n in step.nodes))} over {size}"
    if isinstance(step, Stack):
        return f"{step.count} products of {' x '.join(map(str, step.sizes))}"
    return f"{step.node.op.name} {step.node.type}"


# Which nodes are computed together ------------------------------------------------------------------------------------


class _Units:
    """Every computed node in the step that computes it; nodes join a loop of what they read where that is possible."""

    def __init__(self, graph: Graph, views: Mapping[Tensor, View]) -> None:
        self.views = views
        self.of: dict[Tensor, Step] = {}
        self.needs: dict[Step, set[Step]] = {}
        products = self._products(graph)
        folded = {node for product in products.values() for node in product.nodes[:-1]}
        for node in graph.nodes:
            if node in products:
                self._step(products[node], self._steps(products[node].reads))
            elif computed(node, views) and node not in folded:
                self._add(node)

    def _products(self, graph: Graph) -> dict[Tensor, Product]:
        users: dict[Tensor, list[Tensor]] = {node: [] for node in graph.nodes}
        for node in graph.nodes:
            for source in node.inputs:
                users[source].append(node)
        found = (product_of(node, users, graph.outputs) for node in graph.nodes if multiplies(node))
        return {product.result: product for product in found}

    def _steps(self, nodes: Iterable[Tensor]) -> set[Step]:
        """Return the steps that compute what lies under these nodes."""
        return {self.of[root] for node in nodes if (root := array_of(node, self.views)) in self.of}

    def _add(self, node: Tensor) -> None:
        if computes(node):
            self._join(node)
        else:
            kind = Walk if walks(node) else Stack if stacks(node) else Fill if fills(node) else Call
            self._step(kind(node), self._steps(node.inputs))

    def _step(self, step: Step, needs: set[Step]) -> None:
        for node in step.nodes:
            self.of[node] = step
        self.needs[step] = needs

    def _join(self, node: Tensor) -> None:
        """Put a node into a loop whose values it reads, or into a new one."""
        needs = self._steps(node.inputs)
        complete = self._steps(must_be_stored(node))
        for loop in self._loops_read_by(node):
            place = None if loop in complete else place_in(node, loop, self.views)
            if place is not None and not any(self._depends(need, loop) for need in needs - {loop}):
                for other in self._loops_read_by(node):
                    if other is not loop and other not in complete:
                        self._merge(loop, other, node)
                loop.places[node] = place_in(node, loop, self.views) or place
                self.of[node] = loop
                self.needs[loop] |= self._steps(node.inputs) - {loop}
                return
        self._step(new_loop(node), needs)

    def _merge(self, loop: Loop, other: Loop, node: Tensor) -> None:
        """Let `loop` take over what `other` computes, if `node`, which reads both, then has all it reads at hand."""
        if other.domain != loop.domain or self._meet_outside(loop, other):
            return
        if any(self._depends(step, other) for step in self._steps(node.inputs) - {loop, other}):
            return  # the loop would need what needs it
        places = dict(sorted((loop.places | other.places).items(), key=lambda item: item[0].serial))
        if place_in(node, Loop(loop.domain, places), self.views) is None:
            return
        loop.places = places
        self.of |= dict.fromkeys(other.places, loop)
        self.needs[loop] = (self.needs[loop] | self.needs.pop(other)) - {loop, other}
        for step, needs in self.needs.items():
            if other in needs:
                self.needs[step] = (needs - {other}) | {loop}

    def _meet_outside(self, one: Loop, other: Loop) -> bool:
        """Whether one of two loops needs the other by way of a third step, or a value that it has only at its end."""
        if any(self._depends(step, other) for step in self.needs[one] - {other}):
            return True
        if any(self._depends(step, one) for step in self.needs[other] - {one}):
            return True
        return other in self.needs[one] or one in self.needs[other]

    def _loops_read_by(self, node: Tensor) -> list[Loop]:
        """Return the loops that compute an operand, the longest first."""
        steps = dict.fromkeys(self.of.get(self.views[x].root) for x in node.inputs)  # the same order each time
        return sorted((step for step in steps if isinstance(step, Loop)), key=lambda loop: -len(loop.places))

    def _depends(self, step: Step, on: Step) -> bool:
        return _reaches(self.needs, step, on)

    def ordered(self, updates: Mapping[Tensor, Tensor]) -> list[Step]:
        """Return the steps in an order that serves them all; those that replace an input come after its readers."""
        after = {step: set(needs) for step, needs in self.needs.items()}
        for output, given in updates.items():
            update = self.of[output]
            for step in after:
                reads = step is not update and given in arrays_read(step, self.views)
                if reads and not _reaches(after, step, update):
                    after[update].add(step)
        done: dict[Step, None] = {}
        waiting = list(after)
        while waiting:
            step = next(step for step in waiting if after[step] <= done.keys())
            done[step] = None
            waiting.remove(step)
        return list(done)


def _reaches(needs: Mapping[Step, set[Step]], start: Step, goal: Step) -> bool:
    """Whether `goal` is among the steps that `start` needs, directly or not."""
    waiting, seen = [start], {start}
    while waiting:
        step = waiting.pop()
        if step is goal:
            return True
        new = needs[step] - seen
        seen |= new
        waiting += new
    return False


def fills(node: Tensor) -> bool:
    """Whether a node is random numbers that native code can draw."""
    return node.op is UNIFORM and node.dtype in (np.float32, np.float64) and node.inputs[0].dtype == np.int64


def computed(node: Tensor, views: Mapping[Tensor, View]) -> bool:
    """Whether a node is computed in a step: it is not given, and not another look at an array."""
    return not node.is_leaf and views[node].root is node and node.op is not RESHAPE


def array_of(node: Tensor, views: Mapping[Tensor, View]) -> Tensor:
    """Return the given or computed node in whose array the entries of `node` lie."""
    root = views[node].root
    while root.op is RESHAPE and not root.is_leaf:
        root = views[root.inputs[0]].root
    return root


# What lies in memory --------------------------------------------------------------------------------------------------


def operands(step: Step) -> list[Tensor]:
    """Return the nodes that a step reads, its own among them."""
    return step.reads if isinstance(step, Product) else [x for node in step.nodes for x in node.inputs]


def arrays_read(step: Step, views: Mapping[Tensor, View]) -> list[Tensor]:
    """Return the nodes whose arrays a step reads."""
    return list(dict.fromkeys(array_of(x, views) for x in operands(step)))


def _stored(found: Plan) -> list[Tensor]:
    """Return the computed nodes that need an array: outputs, and what another step than their own reads."""
    needed = set(found.graph.outputs)
    own = {node: step for step in found.steps for node in step.nodes}
    for step in found.steps:
        needed |= {node for node in arrays_read(step, found.views) if own.get(node, step) is not step}
        if isinstance(step, Loop):
            needed |= {node for node, place in step.places.items() if place.level == "late"}
    return [node for step in found.steps for node in step.nodes if node in needed]


def _updates(graph: Graph, carried: Mapping[int, int]) -> dict[Tensor, Tensor]:
    return {graph.outputs[o]: graph.inputs[i] for o, i in carried.items()
            if graph.outputs[o].type == graph.inputs[i].type}


def _in_place(found: Plan, carried: Mapping[int, int]) -> dict[int, int]:
    """Return the carried outputs that can be written into the array of their input: nobody reads that afterwards."""
    result: dict[int, int] = {}
    updates = _updates(found.graph, carried)
    for o, i in carried.items():
        output, given = found.graph.outputs[o], found.graph.inputs[i]
        if updates.get(output) is not given or i in result.values():
            continue
        position = next(p for p, step in enumerate(found.steps) if output in step.nodes)
        later = any(given in arrays_read(step, found.views) for step in found.steps[position + 1 :])
        if not later and _overwrites_safely(found.steps[position], output, given, found.views):
            result[o] = i
    return result


def _overwrites_safely(step: Step, output: Tensor, given: Tensor, views: Mapping[Tensor, View]) -> bool:
    """Whether a step reads every entry of `given` before it writes the entry of `output` at the same place."""
    if isinstance(step, Product):
        reads = {array_of(x, views) for x in (step.left, step.right, *step.scales)}
        return given not in reads and (step.added is None or _same_entries(step.added, given, views))
    if not isinstance(step, Loop):
        return False
    place = step.places[output]
    readers = [node for node in step.nodes if any(array_of(x, views) is given for x in node.inputs)]
    return place.level == "full" and all(
        step.places[node].level == "full" and step.places[node].phase <= place.phase
        and step.places[node].dims == place.dims
        and not must_be_stored(node)
        and all(_same_entries(x, given, views) for x in node.inputs if array_of(x, views) is given)
        for node in readers
    )


def _same_entries(x: Tensor, given: Tensor, views: Mapping[Tensor, View]) -> bool:
    return views[x].root is given and views[x].plain and x.shape == given.shape
