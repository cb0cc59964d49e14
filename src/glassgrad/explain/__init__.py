"""Why a gradient is what it is: every step with its numbers, the chain rule in words, and what blocks a derivative.

* `steps`: forward and backward propagation, one step at a time.
* `explain`: how a result depends on an input, path by path.
* `why`: what carries a gradient, and what stops the rest.

All three speak English, 繁體中文 and 日本語: see `glassgrad.words`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .barriers import Barrier
from .chain import Explanation, explain
from .diagnosis import Diagnosis, Highlight, why
from .findings import Finding
from .flow import Flow
from .formula import Formula
from .layers import Layer
from .paths import Path
from .run import Edge, Run, run_of
from .step import BackwardStep, ForwardStep, StartStep, Step, SumStep
from .steps import Steps, steps

__all__ = [
    "BackwardStep", "Barrier", "Diagnosis", "Edge", "Explanation", "Finding", "Flow", "Formula", "ForwardStep",
    "Highlight", "Layer", "Path", "Run", "StartStep", "Step", "Steps", "SumStep", "explain", "run_of", "steps", "why",
]


class _Callable(ModuleType):
    """A package that bears the name of its function: calling it calls the function, however it was imported."""

    def __call__(self, *args: Any, **options: Any) -> Explanation:
        return explain(*args, **options)


sys.modules[__name__].__class__ = _Callable
