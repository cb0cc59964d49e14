"""Which of NumPy's functions take Tensors: try them all, and write ``docs/numpy.md``.

    python scripts/numpy_table.py          # writes the page
    python scripts/numpy_table.py --check  # says whether it is up to date; exit status 1 if it is not

Every function that NumPy lets others answer (``numpy.testing.overrides``) is called in many ways on arrays. Each way
that NumPy itself accepts is tried with Tensors in the arrays' places. The function is *supported* if the answers are
NumPy's numbers, shapes and dtypes as Tensors (or plain facts such as a shape); a *clear error* if all that comes is an
error of glassgrad's own; and *silently wrong* if anything else comes: other numbers, bare arrays, an error that says
nothing.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.testing import overrides

import glassgrad as gg

PAGE = Path(__file__).resolve().parent.parent / "docs" / "numpy.md"
ANSWERS = ("supported", "clear error", "silently wrong")

X = np.array([[0.5, 0.25, 0.75], [0.125, 0.875, 0.375]])
S = np.array([[3.0, 0.5, 0.25], [0.5, 2.0, 0.125], [0.25, 0.125, 1.0]])
V = np.array([0.25, 0.5, 0.75])
K = np.array([2, 0, 1])
B = np.array([True, False, True])

# Ways to call a function, its name left out. Arrays in them are what becomes Tensors.
WAYS: list[tuple[Any, ...]] = [
    (X,), (V,), (S,), (K,), (B,), (X, X), (V, V), (S, S), (S, V), (V, S), (K, K), (B, B), (X, V), (X, 2), (X, 1, 0),
    (X, 0, 1), (V, 0.1, 0.6), (X, (3, 2)), (X, (1, 0)), ([X, X],), ((V, V),), ([X, X], 1), (V, [1]), (V, K), (X, K, 1),
    (X, [[0], [1]], 1), (B, V, V), (V, B), (B, V), ("ij,kj->ik", X, X), ("ij->j", X), (X, ((1, 1), (0, 2))), (V, V, V),
    (X, -1), (X, 3, 1), (X, None), ([B], [V]), (V, "float32"), (3, V), (X, ((0, 1), (0, 1))), (X[None], 0, 2),
    (X, (4, 2, 3)), (X, np.array([[0], [2]]), 1),
]
LIKE: list[tuple[Any, ...]] = [(3,), ((2, 3),), (3, 1.5), ([1.0],), ("1 2",), (3, 2)]
# Never called on arrays: they would read or write files, or call their argument.
FILES = ("save", "savetxt", "savez", "savez_compressed", "fromfile", "genfromtxt", "loadtxt", "frombuffer",
         "fromfunction", "fromiter", "fromstring")


def functions() -> list[tuple[str, Callable[..., Any]]]:
    """Return name and function of everything that can be overridden, ufuncs first."""
    ufuncs = [(f"{f.__name__} (ufunc)", f) for f in overrides.get_overridable_numpy_ufuncs()]
    others = [(f"{f.__module__}.{f.__name__}".removeprefix("numpy."), f)
              for f in overrides.get_overridable_numpy_array_functions()]
    return sorted(ufuncs, key=lambda pair: pair[0]) + sorted(others, key=lambda pair: pair[0])


def replaced(part: Any) -> Any:
    """Put Tensors in the places of arrays."""
    if isinstance(part, np.ndarray):
        return gg.tensor(part)
    return type(part)(map(replaced, part)) if isinstance(part, (list, tuple)) else part


def same(found: Any, expected: Any) -> bool:
    """Whether an answer is a Tensor that holds NumPy's numbers, or a fact that equals NumPy's, or several of these."""
    if isinstance(expected, (list, tuple)) and isinstance(found, (list, tuple)):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(found, gg.Tensor):
        plain = np.asarray(expected)
        return (found.shape, found.dtype) == (plain.shape, plain.dtype) and bool(
            np.allclose(found.value, plain, rtol=1e-12, atol=1e-14, equal_nan=True))
    return type(found) is type(expected) and type(found) in (int, bool) and found == expected


def tried(function: Callable[..., Any], way: tuple[Any, ...], expected: Any, **options: Any) -> str:
    """Return how a function answers one call with Tensors."""
    try:
        found = function(*map(replaced, way), **options)
    except gg.GlassgradError:
        return "clear error"
    except Exception:  # whatever it is, it explains nothing
        return "silently wrong"
    return "supported" if same(found, expected) else "silently wrong"


def accepted(name: str, function: Callable[..., Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the ways in which NumPy takes arrays, with its answers; arrays that a call changes are copies."""
    if name in FILES:
        return
    for way in WAYS:
        if not _reaches(function, way):  # NumPy would not ask about Tensors in this way
            continue
        copies = tuple(part.copy() if isinstance(part, np.ndarray) else part for part in way)
        with contextlib.suppress(Exception):
            yield way, function(*copies)


def answer(name: str, function: Callable[..., Any]) -> str:
    """Return which of the three a function is."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = {tried(function, way, expected) for way, expected in accepted(name, function)}
        if not found:  # NumPy takes none of these arrays; a Tensor must not fare better
            count = getattr(function, "nin", 1)
            ways = [(X,) * count, (X,) * (count + 1), ([X],), ("x", X)]
            found = {tried(function, way, None) for way in ways if _reaches(function, way)}
        for way in LIKE:
            if _takes_like(function, way):
                found.add(tried(function, way, None, like=gg.tensor(V)))
    return next((kind for kind in ("silently wrong", "supported") if kind in found), "clear error")


class _Asked(Exception):  # noqa: N818 - no error: it tells that NumPy asked
    """A call arrived at the object that answers for NumPy."""


class _Probe:
    def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
        raise _Asked

    def __array_function__(self, *_: Any, **__: Any) -> Any:
        raise _Asked


def _probed(part: Any) -> Any:
    if isinstance(part, np.ndarray):
        return _Probe()
    return type(part)(map(_probed, part)) if isinstance(part, (list, tuple)) else part


def _reaches(function: Callable[..., Any], way: tuple[Any, ...], **options: Any) -> bool:
    """Whether a call in this way is handed on at all: not if NumPy misses an argument before it looks at them."""
    try:
        function(*map(_probed, way), **options)
    except _Asked:
        return True
    except Exception:  # the call is not in the form that the function takes
        return False
    return False


def _takes_like(function: Callable[..., Any], way: tuple[Any, ...]) -> bool:
    return not isinstance(function, np.ufunc) and _reaches(function, way, like=_Probe())


Rows = list[tuple[str, str]]


def table() -> Rows:
    """Return name and answer of every function."""
    return [(name, answer(name, function)) for name, function in functions()]


def page(found: Rows) -> str:
    """Return the table as a page."""
    ufuncs = [row for row in found if row[0].endswith(" (ufunc)")]
    others = [row for row in found if row not in ufuncs]
    lines = [HEAD.format(version=np.__version__), f"| | {' | '.join(ANSWERS)} |", "| --- | --- | --- | --- |"]
    for title, part in (("ufuncs", ufuncs), ("functions", others)):
        counts = [sum(kind == answer for _, kind in part) for answer in ANSWERS]
        lines.append(f"| {len(part)} {title} | {' | '.join(map(str, counts))} |")
    for title, part in (("Ufuncs", ufuncs), ("Functions", others)):
        for kind in ANSWERS:
            names = dict.fromkeys(f"`{name.removesuffix(' (ufunc)')}`" for name, own in part if own == kind)
            lines += ["", f"## {title}: {kind}", "", ", ".join(names) + "." if names else "None."]
    return "\n".join(lines) + "\n"


HEAD = """# NumPy's functions on Tensors

Written by `python scripts/numpy_table.py` with NumPy {version}, which calls every function that NumPy lets other
libraries answer, in many ways. *Supported*: the answer is a Tensor with NumPy's numbers, shape and dtype in at least
one way, and an error of glassgrad's own in the others (an option without a rule, say). *Clear error*: such an error in
all. A test holds the last column at 0. Functions that exist twice, with and without `like=`, are named once.
"""


def main() -> int:
    """Write the page, or say whether it is up to date."""
    text = page(table())
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print(f"{PAGE.name} is {'up to date' if current else 'out of date: run python scripts/numpy_table.py'}")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
