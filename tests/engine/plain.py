"""The words of generated source in plain Python: slow, but without a compiler, so that thousands of programs run."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np

from glassgrad.engine.memory import memory
from glassgrad.engine.plan import Call, plan
from glassgrad.engine.program import Workspace, called, stretches
from glassgrad.engine.source import source
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


def _nan_first(choose: Any) -> Any:
    return lambda a, b: a if a != a else b if b != b else choose(a, b)


def _sigmoid(x: Any) -> Any:
    small = np.exp(-abs(np.float64(x)))
    return type(x)(1 / (1 + small) if x >= 0 else small / (1 + small))


WORDS: dict[str, Any] = {
    "boolean": bool, "array": array_at,
    "wrapped": lambda index, size: index + size if index < 0 else index, "sign": np.sign, "inf": math.inf,
    "nan": math.nan, "largest": max, "smallest": min, "accumulate_32": lambda a, b: type(a)(a + b),
    "accumulate_64": lambda a, b: type(a)(a + b),
    "sigmoid_32": _sigmoid, "sigmoid_64": _sigmoid, "sqrt": np.sqrt, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "atan2": np.arctan2,
    "gemm32": lambda *given: multiplied(*given, np.float32), "gemm64": lambda *given: multiplied(*given, np.float64),
}
WORDS |= {name: getattr(np, name) for name in (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "float32", "float64", "sin", "cos", "tan", "sinh",
    "cosh", "hypot", "floor", "ceil", "trunc", "rint")}
WORDS |= {f"{name}_{bits}": _nan_first(choose) for bits in (32, 64)
          for name, choose in (("largest", max), ("smallest", min))}
WORDS |= {f"{name}_{bits}": getattr(np, name) for bits in (32, 64) for name in ("exp", "expm1", "log", "log1p", "tanh")}


class PlainProgram:
    """A plan whose generated source Python itself runs."""

    def __init__(self, graph: Graph, carried: Any = None) -> None:
        self.plan = plan(graph, carried)
        self.memory = memory(self.plan)
        self.texts, self._parts = [], []
        for stretch in stretches(self.plan.steps):
            if isinstance(stretch[0], Call):
                self._parts += stretch
                continue
            text = source(self.plan, self.memory, stretch)
            space = dict(WORDS)
            exec(compile(text.text, "<plain>", "exec"), space)  # noqa: S102 - text that `source` has written
            self.texts.append(text.text)
            self._parts.append(space[text.name])

    def __call__(self, arguments: Any) -> list[Any]:
        workspace = Workspace(self.memory)
        workspace.take(arguments)
        with np.errstate(all="ignore"):
            for part in self._parts:
                if isinstance(part, Call):
                    called(part.node, workspace, self.plan)
                elif status := part(workspace.address, 0, 0):
                    raise IndexError(f"step {status}")
        return workspace.results()
