"""How a layer of the deck uses an op: compute with NumPy, remember what went in, pull a derivative back.

>>> from glassgrad.ops.elementwise import multiply
>>> step = apply(multiply, 10, 5)
>>> step.output, step.pull(1.3)
(50, (6.5, 13.0))

The formulas are those of the op, forward and backward; nothing of them is repeated in the layers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..array_type import Array, ArrayType, is_float, numeric
from ..errors import GradientError, ShapeError
from ..gradient import computed, fit
from ..graph import Op, nodes


@dataclass(frozen=True, eq=False)
class Step:
    """One application of an op to arrays.

    Attributes
    ----------
    op : Op
    inputs : tuple of arrays or Python numbers
    output : array or Python number
    """

    op: Op
    inputs: tuple[Any, ...]
    output: Any

    def pull(self, dout: Any) -> tuple[Any, ...]:
        """Return the derivative for every input, given that for the output; `dout` is neither changed nor handed on."""
        g = self.cotangent(dout)
        parts = [computed(part) for part in rule(self.op)(np, g, self.output, *self.inputs)]
        return tuple(
            None if part is None else fitted(part, source, g) for part, source in zip(parts, self.inputs, strict=True)
        )

    def cotangent(self, dout: Any) -> Any:
        """Return `dout` in the shape and dtype of the output; a single number counts for every entry."""
        if _is_number(dout) and _is_number(self.output):
            return dout
        dout, output = numeric(dout), numeric(self.output)
        if dout.ndim and dout.shape != output.shape:
            raise ShapeError(
                f"{self.op.name}: dout has shape {dout.shape}, but forward gave {output.shape}; they must be equal."
            )
        g = dout.astype(output.dtype) if is_float(output.dtype) and dout.dtype != output.dtype else dout
        return g if g.shape == output.shape else np.broadcast_to(g, output.shape)


def apply(op: Op, *inputs: Any) -> Step:
    """Compute `op` on arrays; where that fails, let the graph say what was given and on which line."""
    try:
        output = op(np, *inputs)
    except (ValueError, TypeError, IndexError):
        nodes.record(op, inputs)
        raise
    return Step(op, inputs, output)


def rule(op: Op) -> Callable[..., tuple[Any, ...]]:
    """Return the op's own rule for the way back."""
    assert op.vjp is not None, f"{op.name} has no rule of its own"
    return op.vjp


class Remembering:
    """A layer that remembers its last forward step."""

    _step: Step | None = None

    def _forward(self, op: Op, *inputs: Any) -> Any:
        self._step = apply(op, *inputs)
        return self._step.output

    def _backward(self, dout: Any) -> tuple[Any, ...]:
        return self._remembered().pull(dout)

    def _remembered(self) -> Step:
        if self._step is None:
            name = type(self).__name__
            raise GradientError(f"{name}.backward was called before {name}.forward: call forward first.")
        return self._step


def floats(x: Any, like: Array | None = None) -> Array:
    """Return `x` as floats: integers and booleans take the dtype of `like`, or float64."""
    array = numeric(x)
    if is_float(array.dtype):
        return array
    return array.astype(like.dtype if like is not None and is_float(like.dtype) else np.float64)


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, np.generic)


def fitted(part: Any, source: Any, g: Any) -> Any:
    """Sum what broadcasting had repeated; return an array of its own, of the source's dtype if that is a float."""
    if _is_number(part) and _is_number(source):
        return part
    part, shape = numeric(part), np.shape(source)
    if part.shape != shape:
        part = fit(np, part, ArrayType(shape, part.dtype))
    dtype = getattr(source, "dtype", part.dtype)
    if part.dtype != dtype and is_float(dtype):
        part = part.astype(dtype)
    if not shape:
        return part[()]
    return part.copy() if np.may_share_memory(part, g) else part
