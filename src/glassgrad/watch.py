"""Whoever looks at values as they are computed: nobody, unless `debug` has been switched on.

The parts that compute ask once per node, graph or backward pass (`place.surroundings`), take a cheap look at what they
have, and tell whoever watches of what is `suspicious`; what follows is its own affair.

Nothing gets past these looks, although most of what is finite for certain is left out:

* Going forward each node is looked at as it is made, before any other can hide what is wrong with it. Left out are the
  ops of `KEEPING`: what they make of finite numbers is finite, and their inputs were looked at.
* Going backward a cotangent that is not finite stays so all the way to a leaf, and leaves are looked at, unless a rule
  on the way loses it: that of ``where`` picks a 0 instead. So what arrives at a node is looked at too, save for the
  ops of `PASSING`, whose rule hands it on to every input. (An input without entries has none that could be wrong.)

What a program is given is not computed, so that it is looked at through what is computed from it: a NaN in the data
which ``where`` replaces is no fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import unwrap
from math import isfinite
from typing import Any, Protocol

import numpy as np

KEEPING = frozenset({
    "abs", "broadcast_to", "concatenate", "getitem", "identity", "max", "maximum", "min", "minimum", "negative", "relu",
    "reshape", "sigmoid", "sign", "softmax", "stop_gradient", "tanh", "transpose", "where",
})
"""Ops that make nothing infinite or NaN of what is finite: there is nothing to look for in their values."""

PASSING = frozenset({
    "abs", "add", "affine", "broadcast_to", "cos", "cross_entropy", "divide", "erf", "exp", "expm1", "gelu", "getitem",
    "identity", "leaky_relu", "log", "log1p", "log_softmax", "logsumexp", "mean_squared_error", "multiply", "negative",
    "power", "reciprocal", "reshape", "sigmoid", "silu", "sin", "softmax", "softplus", "sqrt", "square", "subtract",
    "tanh", "transpose",
})
"""Ops whose rule makes of a cotangent that is not finite one for every input that is not, either."""


class Watch(Protocol):
    """What is told to whoever watches; nodes are those of `graph`."""

    def computed(self, node: Any) -> None:
        """Hear of a node that has just got its value, which is suspicious."""

    def ran(self, order: Sequence[Any], inputs: Sequence[Any], arguments: Sequence[Any]) -> None:
        """Hear of one run of a traced graph with a suspicious value: its nodes, and what its inputs were."""

    def propagated(self, seed: tuple[Any, Any], found: Mapping[Any, Any], read: Any) -> None:
        """Hear of one backward pass with a suspicious cotangent: the node it began at and with what, and all of them.

        `read` gives a node's value.
        """


LARGE = 5000
squares = unwrap(np.vdot)
"""The sum of the squares of an array; without the question whether an array has a `vdot` of its own."""


def suspicious(value: Any) -> bool:
    """Whether a value may hold a NaN or an infinity: cheap, and sometimes wrong when the numbers are huge.

    The sum of squares of anything that is not finite is not finite. In a step of training a look finds the processor's
    caches full of something else, so that what counts is how little code it runs.
    """
    if type(value) is np.ndarray:
        if value.size > LARGE and value.flags.fnc:
            value = value.T  # else `vdot` would copy what lies column by column, which takes 50 times as long
        value = squares(value, value)
    return not isfinite(value)
