"""BLAS by measurement: the library that multiplies matrices fastest on this machine.

>>> blas = best()
>>> blas.ints in (32, 64), blas.threads_for(1000)
(True, 1)

`candidates` finds what there is, `measure` times it in child processes, `choose` takes the fastest and remembers it,
`load` gives the addresses that native code calls. ``glassgrad doctor`` shows the table.
"""

from .choice import Choice, best, choose
from .find import Candidate, candidates
from .library import Blas, load
from .numpys import threads_of_numpy
from .threads import allowed
from .timing import CASES, Measured, crossings, measure

__all__ = [
    "CASES", "Blas", "Candidate", "Choice", "Measured", "allowed", "best", "candidates", "choose", "crossings", "load",
    "measure", "threads_of_numpy",
]
