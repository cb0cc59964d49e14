"""Run 1,000 random graphs and every op natively, against the interpreter: ``engine_agreement.py [FIRST LAST]``.

With ``pieces`` as the last argument every loop is cut into pieces for several cores, however small it is.
Prints how many graphs agree within the bounds of rounding (`tests/engine/bounds.py`), and those that do not. Compiling
takes some tenths of a second a graph the first time; later runs find them on disk.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS / "engine"), str(TESTS / "ops")]

from bounds import check  # noqa: E402
from plain import native_programs  # noqa: E402
from programs import given, graph  # noqa: E402
from test_ops_compiled import CASES, graph_of  # noqa: E402

from glassgrad.engine.plan.pieces import GRAIN  # noqa: E402
from glassgrad.interpret import Program  # noqa: E402

AT_ONCE = 20


def random_cases(first, last):
    """Yield a name, a graph and arguments for every seed."""
    for seed in range(first, last):
        dtype = ("float32", "float64")[seed % 2]
        yield f"graph {seed} {dtype}", graph(seed, dtype), given(seed, dtype).arrays


def op_cases():
    """Yield a name, a graph and arguments for every row of the table of samples."""
    for sample, dtype in CASES:
        yield f"{sample} {dtype}", *graph_of(sample, dtype)


def agreeing(cases, grain):
    """Return how many cases agree, and how many there are; print those that do not."""
    good = 0
    programs = native_programs([made for _, made, _ in cases], grain)
    for (name, made, arguments), program in zip(cases, programs, strict=True):
        with np.errstate(all="ignore"):
            wanted = Program(made.inputs, made.outputs)(arguments)
        try:
            check(made, arguments, program(arguments), wanted, name)
            good += 1
        except AssertionError as error:
            print(error)
    return good, len(cases)


def main():
    """Go through all cases, so many in one compilation."""
    chosen = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    grain = 1 if sys.argv[-1] == "pieces" else GRAIN
    cases = [*random_cases(*(chosen or (0, 1000))), *(() if chosen else op_cases())]
    good = count = 0
    for start in range(0, len(cases), AT_ONCE):
        found = agreeing(cases[start : start + AT_ONCE], grain)
        good, count = good + found[0], count + found[1]
        print(f"{good} of {count} agree", flush=True)


if __name__ == "__main__":
    main()
