"""Loops over arrays, compiled from generated source as the engine's own: what tests and benchmarks measure words by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from glassgrad.engine.llvm.machine import Processor, called_outside, loaded, optimised, this_processor
from glassgrad.engine.llvm.translate import translated
from glassgrad.engine.writing.spelling import INDENT


@dataclass(frozen=True)
class Compiled:
    """A function of generated source, and what LLVM made of it.

    Attributes
    ----------
    text, name : str
    kinds : tuple of str
        Of the entries of its table.
    processor : Processor or None
        This one if None.
    ints : int
        Width of a BLAS's integers.
    """

    text: str
    name: str
    kinds: tuple[str, ...]
    processor: Processor | None = None
    ints: int = 32

    @cached_property
    def _optimised(self) -> tuple[Any, Any]:
        write = partial(translated, self.text, self.name, self.ints)
        return optimised(write, self.processor or this_processor())

    @property
    def llvm(self) -> str:
        """The optimised module, as text."""
        return str(self._optimised[0])

    @property
    def assembly(self) -> str:
        """What the processor gets, as text."""
        module, machine = self._optimised
        return machine.emit_assembly(module)

    @property
    def calls(self) -> tuple[str, ...]:
        """Functions of other libraries that it calls."""
        return called_outside(self._optimised[0])

    @cached_property
    def _function(self) -> Callable[[int], int]:
        module, machine = self._optimised
        return loaded(bytes(machine.emit_object(module)), self.name)

    def __call__(self, *entries: Any) -> int:
        """Call it with a table of these numbers, and addresses of these arrays."""
        table = np.zeros(len(entries), np.int64)
        for place, (entry, kind) in enumerate(zip(entries, self.kinds, strict=True)):
            if kind == "float64":
                table[place : place + 1].view(np.float64)[0] = entry
            else:
                table[place] = entry.ctypes.data if isinstance(entry, np.ndarray) else entry
        return self._function(table.ctypes.data)


def compiled(lines: list[str], names: dict[str, str], processor: Processor | None = None, ints: int = 32
             ) -> Compiled:
    """Return these lines as a compiled function.

    Parameters
    ----------
    lines : list of str
    names : dict of str to str
        What the entries of its table are called, in order, and what they are: "int64", "float64" for a number, or
        "float32[n]" for an array of so many numbers of that kind.
    """
    count = len(names)
    head = [f"at = array(table, ({count},), int64)", f"real = array(table, ({count},), float64)"]
    for place, (name, kind) in enumerate(names.items()):
        dtype, _, shape = kind.rstrip("]").partition("[")
        if shape:
            head.append(f"{name} = array(at[{place}], ({shape},), {dtype})")
        else:
            head.append(f"{name} = {'real' if dtype == 'float64' else 'at'}[{place}]")
    text = "\n".join(["def loop(table):", *(INDENT + line for line in [*head, *lines]), f"{INDENT}return 0", ""])
    return Compiled(text, "loop", tuple(names.values()), processor, ints)
