"""The engine: a graph as a plan, the plan as readable source, the source as native code.

>>> import numpy as np, glassgrad as gg
>>> square = gg.compile(lambda x: x * x)
>>> square(np.array([1.0, 3.0]))
array([1., 9.])

`compiled` is the door; behind it a graph is opened into ops that the engine knows (`lower`), cut into loops and
products (`plan`), laid out in memory (`memory`), written as source (`source`) and compiled (`native`).
"""

from .compiled import Compiled, compile  # noqa: A004 - the verb of the library

__all__ = ["Compiled", "compile"]
