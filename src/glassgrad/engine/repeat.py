"""A step run many times without leaving native code: what a training run spends its time in.

Some inputs of the step are *carried*: an output takes their place for the next step (weights, state of the optimiser).
Some are *streams*: every step gets the next entry of an array (chosen samples, learning rate), and some outputs are
streams too (the loss). The rest, such as the data, stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..trace import Graph
from .llvm.native import CannotCompileError
from .plan.arena import ALIGNMENT, aligned
from .plan.gather import GATHER
from .plan.memory import Memory, Slot, memory
from .plan.pieces import cut_alike
from .plan.plan import Call, Plan, plan
from .program import Workspace, blas_for, threads_for, with_blas
from .writing.source import source
from .writing.spelling import INDENT
from .writing.template import Numbers, Shared, shared

ROOM = 4096  # entries of the table beyond the addresses, for numbers and for what the loop is told
NOT_FINITE = -2
FAR = 256  # bytes of a row, from which on it pays to ask for it beforehand


@dataclass
class _Variant:
    """The step for one size of batch, bound to memory."""

    plan: Plan
    memory: Memory
    numbers: Numbers
    workspace: Workspace
    threads: int


def far_rows(plan: Plan) -> tuple[int, int] | None:
    """Return the positions of an input whose rows a step chooses, and of the input that chooses them, if any."""
    place = {node: position for position, node in enumerate(plan.graph.inputs)}
    for node in plan.graph.nodes:
        if node.op is GATHER and len(node.inputs) == 2 and set(node.inputs) <= place.keys():
            rows, chosen = node.inputs
            far = rows.size * rows.dtype.itemsize >= FAR * max(rows.shape[0], 1)
            if far and node.params["pattern"][0] == "array" and chosen.dtype == np.int64 and chosen.ndim == 1:
                return place[rows], place[chosen]
    return None


class Repeated:
    """Graphs of one step for one or two sizes of batch, as one native loop.

    Parameters
    ----------
    graphs : sequence of Graph
        One, or two that differ only in the number of rows; `served` says how many of them can be run.
    carried : mapping of int to int
        Position of an output -> of the input whose place it takes.
    watched : int or None
        Position of an output, a single number: the first value that is not finite ends the loop.

    Raises
    ------
    CannotCompileError
        If native code cannot be made here, or a step needs NumPy.
    """

    def __init__(self, graphs: Sequence[Graph], carried: Mapping[int, int], watched: int | None
                 ) -> None:
        plans = [plan(graph, carried) for graph in graphs]
        cut_alike(plans[0].steps, plans[-1].steps)
        called = [step.node.op.name for step in plans[0].steps if isinstance(step, Call)]
        if called:
            raise CannotCompileError(f"{called[0]} is not compiled, so every step runs on its own")
        memories = [memory(each) for each in plans]
        self._carried, self._watched = dict(carried), watched
        self._first = memories[0].entries
        texts = [source(*each, each[0].steps).text for each in zip(plans, memories, strict=True)]
        found = shared(texts[0], texts[-1])
        if found is None or len(found.names) > ROOM // 2:  # of very different sizes: only the first is served
            found, plans, memories = Shared(texts[0], [], ([], [])), plans[:1], memories[:1]
        self.blas = blas_for(*plans)
        self._gathers = far_rows(plans[0])
        self.text = self._driver(found, plans[0], memories[0])
        self._function = with_blas(self.text, "repeated", plans[0].steps, self.blas)
        self._variants = [
            _Variant(each, where, values, Workspace(where, self.blas, ROOM),
                     threads_for(each, self.blas))
            for each, where, values in zip(plans, memories, found.numbers, strict=False)
        ]
        self.served = len(plans)
        self.plan, self.memory = plans[0], memories[0]
        self._state: dict[int, tuple[Any, Any]] = {}

    def _driver(self, found: Shared, plan: Plan, where: Memory) -> str:
        """Return the source of the loop around the step."""
        control = self._first + ROOM // 2
        watch = "" if self._watched is None else self._watch(where.of[plan.graph.outputs[self._watched]])
        *pieces, main = re.split(r"(?m)^(?=def )", found.text.rstrip("\n"))[1:]
        _, _, *body, last = main.split("\n")
        assert last.strip() == "return 0", "the step ends where the next one begins"
        tables = [f"{name} = array(table, ({self._first + ROOM},), {kind})"
                  for name, kind in (("at", "int64"), ("real", "float64"))]
        numbers = [
            f"{name} = {'at' if isinstance(number, int) else 'real'}[{place}]"
            for place, (name, number) in enumerate(zip(found.names, found.numbers[0], strict=True), start=self._first)
        ]
        head = "\n".join(INDENT + line for line in [*tables, *numbers])
        step = "\n".join(INDENT + line for line in body)
        defined = "".join(piece.replace("\n", f"\n{head}\n", 1) for piece in pieces)
        return f"""{defined}def repeated(table):
{head}
    for step in range(at[{control}]):
        at[{control + 1}] = step
{self._fetched(plan, where, control)}{step}
{watch}        for stream in range(at[{control + 2}]):
            at[at[{control + 5} + 2 * stream]] += at[{control + 6} + 2 * stream]
        for pair in range(at[{control + 3}]):
            place = {control + 5} + 2 * (at[{control + 2}] + pair)
            kept = at[at[place]]
            at[at[place]] = at[at[place + 1]]
            at[at[place + 1]] = kept
    at[{control + 1}] = at[{control}]
    return 0
"""

    def _fetched(self, plan: Plan, where: Memory, control: int) -> str:
        """Return lines that ask for the rows of the next step while this one computes; memory is far away."""
        if self._gathers is None:
            return ""
        rows, chosen = (where.of[plan.graph.inputs[position]] for position in self._gathers)
        size = rows.bytes // max(rows.shape[0], 1)
        return f"""        if step + 1 < at[{control}]:
            following = array(at[{chosen.position}] + 8 * at[{control + 4}], (at[{control + 4}],), int64)
            for row in range(at[{control + 4}]):
                for line in range(0, {size}, {ALIGNMENT}):
                    fetch(at[{rows.position}] + {size} * following[row] + line)
"""

    @staticmethod
    def _watch(loss: Slot) -> str:
        return f"""        watched = array(at[{loss.position}], (1,), {loss.dtype.name})
        if watched[0] - watched[0] != 0:
            return {NOT_FINITE}
"""

    def start(self, state: Mapping[int, Any]) -> None:
        """Begin with copies of these values of the carried inputs."""
        for position, value in state.items():
            pair = tuple(aligned(np.shape(value), np.asarray(value).dtype) for _ in range(2))
            pair[0][...] = value
            self._state[position] = pair

    def state(self) -> dict[int, Any]:
        """Return copies of the present values of the carried inputs."""
        return {position: pair[0].copy()[()] for position, pair in self._state.items()}

    def save(self, into: dict[int, Any]) -> None:
        """Copy the present values of the carried inputs into these arrays, which are made if they are missing."""
        for position, (now, _) in self._state.items():
            if position in into:
                into[position][...] = now
            else:
                into[position] = now.copy()

    def run(self, inputs: Mapping[int, Any], streams: Mapping[int, Any], count: int, variant: int = 0
            ) -> tuple[int, int, dict[int, Any]]:
        """Run `count` steps.

        Parameters
        ----------
        inputs : mapping of int to array
            Inputs that stay.
        streams : mapping of int to array
            Inputs of which every step gets the next entry along the first axis.
        count, variant : int
            Number of steps, and which of the graphs.

        Returns
        -------
        done, status : int
            Steps that were finished; 0, `NOT_FINITE`, or the number of the step that met an index out of range.
        streams : dict of int to array
            The outputs that are not carried, of each step.
        """
        chosen = self._variants[variant]
        slots, workspace, table = chosen.memory.slots, chosen.workspace, chosen.workspace.table
        given = {slot.number: slot for slot in slots if slot.kind == "input"}
        made = {slot.number: slot for slot in slots if slot.kind == "output"}
        for position, value in inputs.items():
            workspace.bind(given[position], value)
        steps: list[tuple[int, int]] = []
        held = []
        for position, values in streams.items():
            array = np.require(values, given[position].dtype, ["C", "A"])
            held.append(array)
            table[given[position].position] = array.ctypes.data
            steps.append((given[position].position, given[position].bytes))
        results = {}
        for position, slot in made.items():
            if position not in self._carried:
                results[position] = np.empty((count, *slot.shape), slot.dtype)
                table[slot.position] = results[position].ctypes.data
                steps.append((slot.position, slot.bytes))
        pairs = self._placed(chosen, given, made)
        self._tell(chosen, count, steps, pairs)
        status = self._call(workspace, chosen.threads)
        done = int(table[self._first + ROOM // 2 + 1])
        self._swapped(pairs, done)
        return done, status, results

    def _placed(
        self, chosen: _Variant, given: Mapping[int, Any], made: Mapping[int, Any]
    ) -> list[tuple[int, int, int]]:
        """Put the state into the table; return what changes places after every step: input, and both slots."""
        pairs = []
        for output, position in self._carried.items():
            table = chosen.workspace.table
            table[given[position].position] = self._state[position][0].ctypes.data
            if output not in chosen.plan.carried:
                table[made[output].position] = self._state[position][1].ctypes.data
                pairs.append((position, given[position].position, made[output].position))
        return pairs

    def _tell(
        self, chosen: _Variant, count: int, steps: list[tuple[int, int]], pairs: list[tuple[int, int, int]]
    ) -> None:
        table, control = chosen.workspace.table, self._first + ROOM // 2
        for place, number in enumerate(chosen.numbers, start=self._first):
            table[place : place + 1].view(np.float64 if isinstance(number, float) else np.int64)[0] = number
        inputs = {slot.number: slot for slot in chosen.memory.slots if slot.kind == "input"}
        rows = 0 if self._gathers is None else inputs[self._gathers[1]].shape[0]
        told = [count, 0, len(steps), len(pairs), rows]
        told += [number for step in steps for number in step] + [place for _, *pair in pairs for place in pair]
        table[control : control + len(told)] = told

    def _call(self, workspace: Workspace, threads: int) -> int:
        if self.blas is None or (threads == 1 and self.blas.private):
            return self._function(workspace.address)
        with self.blas.threads(threads):
            return self._function(workspace.address)

    def _swapped(self, pairs: list[tuple[int, int, int]], done: int) -> None:
        if done % 2:
            for position, *_ in pairs:
                first, second = self._state[position]
                self._state[position] = second, first
