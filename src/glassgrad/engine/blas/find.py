"""Which libraries could multiply matrices here: NumPy's own, SciPy's, and a private OpenBLAS with kernels of choice.

>>> candidates()[0].name
'numpy'

Nothing is loaded for it: files are found, not imported.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .worker import core_name, function

__all__ = ["Candidate", "candidates", "of_numpy"]

PATTERNS = (  # how a library spells a function's name, and the bits of its integers
    ("scipy_{}64_", 64), ("scipy_{}", 32), ("{}64_", 64), ("{}$NEWLAPACK", 32), ("{}", 32),
)
AVX512 = ("AVX512F", "AVX512CD", "AVX512BW", "AVX512DQ", "AVX512VL")
FAMILIES = (  # kernels of OpenBLAS, newest first, and what NumPy says of a processor that can run them
    ("SapphireRapids", (*AVX512, "AVX512BF16", "AVX512FP16")),
    ("Cooperlake", (*AVX512, "AVX512BF16")),
    ("SkylakeX", AVX512),
    ("Zen", ("AVX2", "FMA3")),
    ("Haswell", ("AVX2", "FMA3")),
    ("Sandybridge", ("AVX",)),
    ("Nehalem", ("SSE42",)),
    ("Prescott", ("SSE3",)),
    ("NeoverseV1", ("SVE",)),
    ("NeoverseN2", ("SVE",)),
    ("NeoverseN1", ("ASIMD",)),
    ("CortexA57", ("ASIMD",)),
    ("ARMv8", ("ASIMD",)),
)

# A thread that has nothing to do asks again and again for 2**REST ticks of the clock before it rests. OpenBLAS has 26,
# some 25 ms: a core that somebody else needs is then given back a slice of time too late for every product, and a step
# of 0.2 ms took 30 ms beside one busy process. 17, some 50 us, outlasts what lies between the products of a step.
REST = "17"


@dataclass(frozen=True)
class Candidate:
    """A library that may multiply matrices.

    Attributes
    ----------
    name : str
        ``numpy``, ``scipy``, ``openblas``, or ``openblas:Haswell`` for the private copy with those kernels.
    path : str
        The library's file.
    pattern : str
        How the library spells the names of its functions: ``scipy_{}64_``.
    ints : int
        Bits of its integers.
    family : str or None
        What ``OPENBLAS_CORETYPE`` has to be while it is loaded, for these kernels; None leaves it to the library.
    """

    name: str
    path: str
    pattern: str
    ints: int
    family: str | None = None

    @property
    def private(self) -> bool:
        """Whether it is a copy that nobody else uses."""
        return self.name.startswith("openblas")

    def environment(self) -> dict[str, str]:
        """Return the variables that have to be set while it is loaded, which is when it reads them."""
        wanted = {"OPENBLAS_CORETYPE": self.family} if self.family else {}
        if self.private and "OPENBLAS_THREAD_TIMEOUT" not in os.environ:
            wanted["OPENBLAS_THREAD_TIMEOUT"] = REST
        return wanted


def candidates() -> list[Candidate]:
    """Return the libraries that can be used here, NumPy's own first.

    Kernels of a family are candidates where the processor can run them; where ``OPENBLAS_CORETYPE`` is set, the private
    copy is one candidate only, with the kernels that the variable names.
    """
    found = [*of_numpy(), *_of_scipy()]
    private = _private()
    if private is not None:
        families = [None] if os.environ.get("OPENBLAS_CORETYPE") else [None, *families_of_processor()]
        for family in families:
            name = "openblas" + (f":{family}" if family else "")
            found.append(Candidate(name, str(private), "scipy_{}", 32, family))
    return found


def features() -> frozenset[str]:
    """Return what this processor can do, in NumPy's words."""
    from numpy._core._multiarray_umath import __cpu_features__  # NumPy has no public name for it

    return frozenset(name for name, has in __cpu_features__.items() if has)


def families_of_processor() -> list[str]:
    """Return the families of kernels that this processor can run."""
    has = features()
    return [family for family, needed in FAMILIES if has.issuperset(needed)]


def of_numpy() -> Iterator[Candidate]:
    """Find the library that NumPy is linked with, which is loaded already."""
    from numpy._core import _multiarray_umath

    try:
        extension = ctypes.CDLL(_multiarray_umath.__file__)
    except OSError:  # NumPy is part of the interpreter itself
        return
    # The names of all libraries that an extension needs can be asked for through it, but not on Windows.
    places = [extension] if sys.platform != "win32" else [
        ctypes.CDLL(str(file)) for file in _beside(_multiarray_umath.__file__, "numpy")]
    for place in places:
        for pattern, ints in PATTERNS:
            gemm = function(place, pattern, "cblas_sgemm")
            if gemm is not None:
                path = os.path.realpath(_file_of(gemm) or place._name)
                # What it was loaded with counts, not what the environment says by now.
                yield Candidate("numpy", path, pattern, ints, core_name(place, pattern) or None)
                return


def _of_scipy() -> Iterator[Candidate]:
    """Find the copy that a wheel of SciPy brings along."""
    spec = importlib.util.find_spec("scipy")
    for file in _beside(spec.origin, "scipy") if spec and spec.origin else []:
        yield Candidate("scipy", str(file), "scipy_{}", 32)


def _private() -> Path | None:
    """Find the library in the wheel scipy-openblas32; to import the wheel would load it at once."""
    spec = importlib.util.find_spec("scipy_openblas32")
    if spec is None or spec.origin is None:
        return None
    return next((file for file in sorted((Path(spec.origin).parent / "lib").glob("*openblas*"))
                 if file.suffix in {".so", ".dylib", ".dll"}), None)


def _beside(origin: str, package: str) -> list[Path]:
    """Return the copies of OpenBLAS in the folder where a wheel keeps libraries for a package."""
    folder = next(parent for parent in Path(origin).parents if parent.name == package)
    places = (folder.with_name(f"{package}.libs"), folder / ".dylibs")
    return [file for place in places for file in sorted(place.glob("libscipy_openblas*"))]


class _Info(ctypes.Structure):
    """What the dynamic linker knows of an address: Dl_info of <dlfcn.h>."""

    _fields_ = (("file", ctypes.c_char_p), ("base", ctypes.c_void_p),
                ("name", ctypes.c_char_p), ("address", ctypes.c_void_p))


def _file_of(pointer: object) -> str | None:
    """Return the file that a loaded function comes from, where the system can tell."""
    ask = getattr(ctypes.CDLL(None), "dladdr", None) if os.name == "posix" else None
    info = _Info()
    if ask is None or not ask(ctypes.cast(pointer, ctypes.c_void_p), ctypes.byref(info)) or not info.file:  # type: ignore[arg-type]
        return None
    return os.fsdecode(info.file)
