"""glassgrad: one computational graph that you can see, open, step through, prove and run.

>>> import glassgrad as gg
>>> apple, count, tax = gg.tensor(100.0, name="apple"), gg.tensor(2.0, name="count"), gg.tensor(1.1, name="tax")
>>> price = apple * count * tax
>>> price.backward()
>>> print(round(price.item(), 9), apple.grad, round(count.grad, 9), tax.grad)
220.0 2.2 110.0 200.0

Every function of an array is here under NumPy's name (``gg.exp``, ``gg.sum``, ``gg.matmul``); ``dir(glassgrad)`` lists
them. The deck's classes are in `glassgrad.deck`, layers in `glassgrad.nn`.
"""

from __future__ import annotations

import importlib
from typing import Any

from . import notebook, ops, propagation  # noqa: F401 - fill the namespace
from .array_type import ArrayType
from .build import constant, parameter, tensor
from .control import checkpoint, cond
from .custom import custom
from .derivatives import elementwise_grad, hessian, hvp, jacobian
from .errors import (
    DataError,
    DtypeError,
    GlassgradError,
    GradientError,
    NonFiniteError,
    SettingError,
    ShapeError,
    TraceError,
    UnsupportedError,
)
from .fault import debug
from .graph import Op, Tensor, nodes
from .place import scope
from .scan import scan
from .trace import Graph, Record, open_, trace
from .transform import grad, jvp, value_and_grad, vjp
from .vectorise import vmap

open = open_  # noqa: A001 - the verb of this library
__version__ = "0.1.0"

_LAZY = ("check", "data", "deck", "draw", "engine", "explain", "expression", "io", "nn", "optim", "run",
         "train", "words")
# Functions that are at home in a subpackage, and come with it when they are first used.
_VERBS = {"check_gradient": "check", "checked": "check", "compile": "engine", "steps": "explain",
          "why": "explain"}
__all__ = [
    "ArrayType", "DataError", "DtypeError", "GlassgradError", "GradientError", "Graph", "NonFiniteError", "Op",
    "Record", "SettingError", "ShapeError", "Tensor", "TraceError", "UnsupportedError", "checkpoint", "cond",
    "constant", "custom", "debug", "elementwise_grad", "grad", "hessian", "hvp", "jacobian", "jvp", "open", "parameter",
    "scan", "scope", "tensor", "trace", "value_and_grad", "vjp", "vmap",
]


def __getattr__(name: str) -> Any:
    """Find functions of arrays in the op namespace, and subpackages when they are first used."""
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _VERBS:
        return getattr(importlib.import_module(f"{__name__}.{_VERBS[name]}"), name)
    function = nodes.__dict__.get(name)
    if function is None:
        raise AttributeError(f"module 'glassgrad' has no attribute {name!r}; dir(glassgrad) lists what it has")
    return function


def __dir__() -> list[str]:
    hidden = {"backward", "infer", "numpy_function", "numpy_ufunc", "record", "shown"}
    return sorted({*__all__, *_LAZY, *_VERBS, *(name for name in nodes.__dict__ if name not in hidden)})
