"""A library loaded for use: the addresses that native code calls, and how many threads a product should have."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...locks import Lock
from .find import Candidate
from .threads import allowed
from .worker import SET_THREADS, core_name, function

__all__ = ["Blas", "load"]

GET_THREADS = ("openblas_get_num_threads", "MKL_Get_Max_Threads")
_loading, _changing = Lock(), Lock()
_blocks: dict[int, tuple[int, int]] = {}  # how many blocks of `threads` a library is in, and its threads before them


@functools.cache
def _function(address: int) -> Callable[..., Any]:
    """Return the C function of integers at an address."""
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)




@dataclass(frozen=True)
class Blas:
    """A library that multiplies matrices.

    Attributes
    ----------
    name : str
        ``numpy``, ``scipy``, ``openblas`` or ``openblas:SkylakeX``: whose copy, with which kernels.
    path : str
        Its file.
    core : str
        Its kernels, in its own words; empty for what is no OpenBLAS.
    ints : int
        Bits of its integers, 32 or 64.
    sgemm, dgemm, sgemv, dgemv : int
        Addresses of ``cblas_sgemm`` and so on.
    set_num_threads, get_num_threads : int
        Addresses of the functions that set and tell the number of its threads, in C's own int; 0 if there are none.
    gflops : Mapping
        Billions of operations in a second, by what was measured; empty if nothing was.
    crossings : tuple of (int, int)
        (operations, threads): from so much work on, so many threads are faster than half of them.
    """

    name: str
    path: str
    core: str
    ints: int
    sgemm: int
    dgemm: int
    sgemv: int
    dgemv: int
    set_num_threads: int
    get_num_threads: int
    gflops: Mapping[str, float] = field(default_factory=dict, repr=False)
    crossings: tuple[tuple[int, int], ...] = ()

    def threads_for(self, flops: float) -> int:
        """Return how many threads a product of so many operations (2 m n k) should have, as far as they are allowed."""
        wanted = max((threads for work, threads in self.crossings if work <= flops), default=1)
        return min(wanted, allowed()) if self.set_num_threads else 1

    @property
    def private(self) -> bool:
        """Whether nobody else uses it: then it has one thread outside of `threads`."""
        return self.name.startswith("openblas")

    def threads_now(self) -> int:
        """Return how many threads the library would use now; 1 if it cannot be asked."""
        return int(_function(self.get_num_threads)()) if self.get_num_threads else 1

    @contextlib.contextmanager
    def threads(self, number: int) -> Iterator[None]:
        """Let the library use so many threads inside the ``with`` block; afterwards as many as before.

        The number belongs to the library, not to a thread: of blocks that overlap the one that began last decides, and
        when all have ended the number is as it was before the first.
        """
        if not self.set_num_threads:
            yield
            return
        with _changing:
            inside, before = _blocks.get(self.set_num_threads, (0, 0))
            _blocks[self.set_num_threads] = inside + 1, before if inside else self.threads_now()
            _function(self.set_num_threads)(number)
        try:
            yield
        finally:
            with _changing:
                inside, before = _blocks[self.set_num_threads]
                _blocks[self.set_num_threads] = inside - 1, before
                if inside == 1:
                    _function(self.set_num_threads)(before)


def load(
    place: Candidate, core: str = "", gflops: Mapping[str, float] | None = None,
    crossings: tuple[tuple[int, int], ...] = (),
) -> Blas:
    """Load a library; `core` names the kernels that it had when it was measured.

    Raises
    ------
    OSError
        If the file cannot be loaded, or lacks a function.
    """
    library = _open(place)
    if place.private and core and core_name(library, place.pattern) != core:
        library = _open_copy(place)  # somebody in this process has loaded this file before, with other kernels

    def address(*names: str) -> int:
        found = next(filter(None, (function(library, place.pattern, name) for name in names)), None)
        return ctypes.cast(found, ctypes.c_void_p).value or 0 if found is not None else 0

    routines = {name: address(f"cblas_{name}") for name in ("sgemm", "dgemm", "sgemv", "dgemv")}
    missing = [name for name, found in routines.items() if not found]
    if missing:
        raise OSError(f"{place.path} has no {', '.join(missing)}")
    return Blas(place.name, place.path, core_name(library, place.pattern), place.ints, **routines,
                set_num_threads=address(*SET_THREADS), get_num_threads=address(*GET_THREADS),
                gflops=gflops or {}, crossings=crossings)


def _open(place: Candidate, path: str | None = None) -> ctypes.CDLL:
    """Load the file with the kernels asked for; a private copy without threads, which it makes when they are wanted."""
    if not place.private:
        return ctypes.CDLL(place.path)
    wanted = place.environment() | {"OPENBLAS_NUM_THREADS": "1"}
    with _loading:
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            library = ctypes.CDLL(path or place.path)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
    set_threads = function(library, place.pattern, "openblas_set_num_threads")
    if set_threads is not None:
        set_threads(ctypes.c_int(1))
    return library


def _open_copy(place: Candidate) -> ctypes.CDLL:
    """Load a copy of the file: the system gives the same library for the same file, whatever the environment says."""
    with tempfile.TemporaryDirectory(prefix="glassgrad-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, Path(place.path).name)
        shutil.copyfile(place.path, copy)
        return _open(place, str(copy))
