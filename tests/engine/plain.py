"""Generated source run in two ways: by plain Python, without a compiler; natively, many programs compiled at once."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from glassgrad.engine.blas import best
from glassgrad.engine.llvm.native import native
from glassgrad.engine.plan.expressions import BY_NAME
from glassgrad.engine.plan.memory import FIRST, memory
from glassgrad.engine.plan.pieces import GRAIN
from glassgrad.engine.plan.plan import Call, plan
from glassgrad.engine.program import Workspace, called, stretches
from glassgrad.engine.writing.source import source
from glassgrad.engine.writing.spelling import INDENT
from glassgrad.trace import Graph


def array_at(address: int, shape: tuple[int, ...], dtype: Any) -> Any:
    count = math.prod(shape)
    size = max(count * np.dtype(dtype).itemsize, 1)
    room = (ctypes.c_char * size).from_address(int(address))
    return np.frombuffer(room, dtype, count).reshape(shape)


def multiplied(_: int, ta: bool, tb: bool, m: int, n: int, k: int, alpha: Any, a: int, lda: int, b: int, ldb: int,
               beta: Any, c: int, ldc: int, dtype: Any) -> None:
    left = array_at(a, (k, lda) if ta else (m, lda), dtype)
    right = array_at(b, (n, ldb) if tb else (k, ldb), dtype)
    result = array_at(c, (m, ldc), dtype)
    product = (left.T if ta else left) @ (right.T if tb else right)
    result[...] = alpha * product + (beta * result if beta else 0)


def multiplied_vector(_: int, turned: bool, m: int, n: int, alpha: Any, a: int, lda: int, x: int, __: int, beta: Any,
                      y: int, ___: int, dtype: Any) -> None:
    matrix = array_at(a, (m, lda), dtype)[:, :n]
    product = (matrix.T if turned else matrix) @ array_at(x, (m if turned else n,), dtype)
    result = array_at(y, product.shape, dtype)
    result[...] = alpha * product + (beta * result if beta else 0)


def _nan_first(choose: Any) -> Any:
    return lambda a, b: a if a != a else b if b != b else choose(a, b)


def _sigmoid(x: Any) -> Any:
    small = np.exp(-abs(np.float64(x)))
    return type(x)(1 / (1 + small) if x >= 0 else small / (1 + small))


WORDS: dict[str, Any] = {
    "boolean": bool, "array": array_at,
    "together": lambda piece, table, count, crew: [piece(table, part) for part in range(count)],
    "wrapped": lambda index, size: index + size if index < 0 else index, "sign": np.sign, "inf": math.inf,
    "nan": math.nan, "largest": max, "smallest": min, "accumulate_32": lambda a, b: type(a)(a + b),
    "accumulate_64": lambda a, b: type(a)(a + b),
    "sigmoid_32": _sigmoid, "sigmoid_64": _sigmoid, "sqrt": np.sqrt, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "atan2": np.arctan2,
    "gemv32": lambda *given: multiplied_vector(*given, np.float32),
    "gemv64": lambda *given: multiplied_vector(*given, np.float64),
    "gemm32": lambda *given: multiplied(*given, np.float32), "gemm64": lambda *given: multiplied(*given, np.float64),
}
WORDS |= {f"{name}_{bits}": (lambda x, op=BY_NAME[name]: np.asarray(op.forward(np, x))[()]) for bits in (32, 64)
          for name in ("erf", "erfc", "gaussian")}
WORDS["cbrt"] = lambda x: BY_NAME["cbrt"].forward(np, x)
WORDS |= {name: getattr(np, name) for name in (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "float32", "float64", "sin", "cos", "tan", "sinh",
    "cosh", "hypot", "exp2", "log2", "log10", "remainder", "floor_divide", "floor", "ceil", "trunc", "rint")}
WORDS |= {f"{name}_{bits}": _nan_first(choose) for bits in (32, 64)
          for name, choose in (("largest", max), ("smallest", min))}
WORDS |= {f"{name}_{bits}": getattr(np, name) for bits in (32, 64) for name in ("exp", "expm1", "log", "log1p", "tanh")}

def drawn(address: int, count: int, seed: int, stream: int, step: int, dtype: Any) -> None:
    array_at(address, (count,), dtype)[...] = BY_NAME["uniform"].forward(
        np, np.array([seed, step]), shape=(count,), stream=stream, dtype=np.dtype(dtype))


WORDS["uniform_32"] = lambda *given: drawn(*given, np.float32)
WORDS["uniform_64"] = lambda *given: drawn(*given, np.float64)
Part = Callable[[int], int]


class SourceProgram:
    """A plan and its generated source, which somebody has still to make into functions.

    Attributes
    ----------
    texts : list of (str, str)
        Source and name of every function.
    functions : list of callable
        What they became: ``(address of the table) -> status``.
    """

    def __init__(self, graph: Graph, carried: Mapping[int, int] | None = None, name: str = "program",
                 grain: int = GRAIN) -> None:
        self.plan = plan(graph, carried, grain)
        self.memory = memory(self.plan)
        self.texts: list[tuple[str, str]] = []
        self.functions: list[Part] = []
        self._parts: list[Call | int] = []
        for stretch in stretches(self.plan.steps):
            if isinstance(stretch[0], Call):
                self._parts.append(stretch[0])
            else:
                text = source(self.plan, self.memory, stretch, f"{name}_{len(self.texts)}")
                self._parts.append(len(self.texts))
                self.texts.append((text.text, text.name))

    def __call__(self, arguments: Sequence[Any]) -> list[Any]:
        workspace = Workspace(self.memory, best())
        workspace.take(arguments)
        with np.errstate(all="ignore"):
            for part in self._parts:
                if isinstance(part, Call):
                    called(part.node, workspace, self.plan)
                elif status := self.functions[part](workspace.address):
                    raise IndexError(f"step {status}")
        return workspace.results()


class PlainProgram(SourceProgram):
    """A plan whose generated source Python itself runs."""

    def __init__(self, graph: Graph, carried: Mapping[int, int] | None = None, grain: int = GRAIN) -> None:
        super().__init__(graph, carried, grain=grain)
        for text, name in self.texts:
            space = dict(WORDS)
            exec(compile(text, "<plain>", "exec"), space)  # noqa: S102 - text that `source` has written
            self.functions.append(space[name])


def native_programs(graphs: Sequence[Graph], grain: int = GRAIN) -> list[SourceProgram]:
    """Return graphs as native programs, all of them compiled in one go."""
    programs = [SourceProgram(graph, name=f"program{number}", grain=grain) for number, graph in enumerate(graphs)]
    texts = [text for program in programs for text in program.texts]
    lines = ["def every(table):", f"{INDENT}at = array(table, ({FIRST + 2},), int64)"]
    for number, (_, name) in enumerate(texts):
        lines += [f"{INDENT}if at[{FIRST}] == {number}:", f"{INDENT * 2}return {name}(at[{FIRST + 1}])"]
    whole = "\n".join([*(text for text, _ in texts), *lines, f"{INDENT}return -1", ""])
    blas = best()
    assert blas is not None
    function = native(whole, "every", blas.ints)

    def chosen(number: int) -> Part:
        table = np.zeros(FIRST + 2, np.int64)

        def run(address: int) -> int:
            table[FIRST:] = number, address
            return function(table.ctypes.data)

        return run

    count = 0
    for program in programs:
        program.functions = [chosen(count + number) for number in range(len(program.texts))]
        count += len(program.texts)
    return programs
