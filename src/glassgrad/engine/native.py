"""Generated source as machine code: compiled by Numba once, kept on disk, loaded by LLVM's linker alone.

What is kept is one ELF object whose function takes nothing but addresses, so that a later process runs it without
importing Numba. Every file bears the SHA-256 of its code, and lies in a folder that only the user can write to; one
that is broken, or was made by another version or for another processor, is compiled anew.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import importlib.metadata
import importlib.util
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ..cache import private_folder
from ..errors import DataError
from ..files import read_bytes, write_atomic
from .memory import RAISED, STATUS

WRITTEN_WITH = (  # modules of the words
    "prelude", "scalars", "error_function", "polynomials", "emit", "gemm", "philox", "native",
)
MAGIC = b"glassgrad native code 1\n"
KEPT = 1000  # programs on disk, some 20 kB each; beyond them the oldest go
Function = Callable[[Any, int], int]
_lock = threading.Lock()


class CannotCompileError(Exception):
    """Native code cannot be made here; the message says in one line why."""


def missing() -> str | None:
    """Return in one line why nothing can be compiled here, or None."""
    for package in ("numba", "llvmlite"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed, so programs run by NumPy, slower: pip install {package}"
    return None


@lru_cache(maxsize=256)
def native(text: str, name: str, ints: int = 32, interleave: int = 0) -> Function:
    """Return the function `name` of generated source as native code: ``(table, address) -> status``.

    Parameters
    ----------
    text, name : str
    ints : int
        Width of the integers of the BLAS that it will call.
    interleave : int
        How many vectors of entries a loop works on at once; 0 leaves that to LLVM, which takes too few for long chains:
        a processor that has nothing else to do waits for every link of the chain.

    Raises
    ------
    CannotCompileError
        If Numba or LLVM is missing, or refuses.
    """
    why = missing()
    if why:
        raise CannotCompileError(why)
    with _lock:  # neither Numba's compiler nor LLVM's linker is meant for several threads
        folder = private_folder("programs")
        file = None if folder is None else folder / f"{_key(text, ints, interleave)}.o"
        found = None if file is None else _read(file)
        if found is None:
            found = _compiled(text, name, ints, interleave)
            if file is not None:
                _write(file, found)
        return _loaded(found)


@cache
def _surroundings() -> str:
    """Return what machine code depends on beside its source: versions, processor, the words it was written in."""
    import llvmlite.binding as llvm

    here = Path(__file__).parent
    words = b"".join((here / f"{name}.py").read_bytes() for name in WRITTEN_WITH)
    versions = [importlib.metadata.version(package) for package in ("numba", "llvmlite", "numpy")]
    features = llvm.get_host_cpu_features().flatten()
    return json.dumps([*versions, llvm.get_process_triple(), llvm.get_host_cpu_name(), features,
                       hashlib.sha256(words).hexdigest()])


def _key(text: str, ints: int, interleave: int) -> str:
    return hashlib.sha256(f"{_surroundings()}\n{ints} {interleave}\n{text}".encode()).hexdigest()[:40]


@dataclass(frozen=True)
class Code:
    """Machine code of one function.

    Attributes
    ----------
    object : bytes
        An object file, as LLVM writes it.
    symbol : str
        Name of the function in it.
    needs : tuple of str
        Functions of other libraries that it calls.
    """

    object: bytes
    symbol: str
    needs: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256("\0".join([self.symbol, *self.needs, ""]).encode() + self.object).hexdigest()


def _read(file: Path) -> Code | None:
    """Return the code that a file holds, or None if it is missing or not as it was written."""
    try:
        data = bytes(read_bytes(file, limit=64 << 20))
        head, _, rest = data.removeprefix(MAGIC).partition(b"\n")
        digest, symbol, needs = json.loads(head)
        code = Code(rest, symbol, tuple(needs))
        return code if data.startswith(MAGIC) and code.digest == digest else None
    except (DataError, ValueError, TypeError, AttributeError):
        return None


def _write(file: Path, code: Code) -> None:
    head = json.dumps([code.digest, code.symbol, code.needs]).encode()
    with suppress(DataError):  # a full disk costs the next start, not this run
        write_atomic(file, [MAGIC, head, b"\n", code.object])
    _forget(file.parent)


def _forget(folder: Path) -> None:
    """Remove the oldest programs of a folder that holds more than `KEPT` of them."""
    with suppress(OSError):  # another process may be doing the same
        files = sorted(folder.glob("*.o"), key=lambda file: file.stat().st_mtime_ns)
        for file in files[: max(len(files) - KEPT, 0)]:
            file.unlink(missing_ok=True)


def _compiled(text: str, name: str, ints: int, interleave: int = 0) -> Code:
    """Compile generated source."""
    try:
        from numba import njit, types

        from .prelude import words

        options = {"error_model": "numpy", "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        space = words(ints) | {"part": njit(**options)}  # a source may have functions that its last one calls
        exec(compile(text, f"<glassgrad {name}>", "exec"), space)  # noqa: S102 - text that `source` has written
        with _interleaved(interleave):
            dispatcher = njit(types.int64(types.int64), **options)(space[name])
        (result,) = dispatcher.overloads.values()
        library = result.library
        needs = [function.name for function in library._final_module.functions if function.is_declaration]
        outer = tuple(need for need in needs if not need.startswith("llvm."))
        return Code(bytes(library._get_compiled_object()), result.fndesc.llvm_func_name, outer)
    except Exception as error:  # whatever Numba, LLVM or a broken installation may raise: NumPy does the work then
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CannotCompileError(f"Numba could not compile the program ({first}), so NumPy runs it, slower") from error


@contextmanager
def _interleaved(count: int) -> Iterator[None]:
    """Let LLVM's loops work on so many vectors at once inside the ``with`` block."""
    import llvmlite.binding as llvm

    if count:
        llvm.set_option("", f"-force-vector-interleave={count}")
    try:
        yield
    finally:
        if count:
            llvm.set_option("", "-force-vector-interleave=0")


# Loading --------------------------------------------------------------------------------------------------------------

MATHEMATICS = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "hypot", "floor", "ceil", "trunc", "rint", "fmod",
    "fabs", "fma", "fmax", "fmin",
)
NEVER_CALLED = ("NRT_MemInfo_call_dtor",)  # Numba's reference counting, of which our arrays have none


@cache
def _known() -> frozenset[str]:
    """Tell LLVM where the functions of the C library are that native code may call; return their names."""
    import llvmlite.binding as llvm

    names = ["memset", "memcpy", "memmove", *MATHEMATICS, *(f"{name}f" for name in MATHEMATICS)]
    found = set()
    with suppress(OSError, TypeError):
        process = ctypes.CDLL(None)
        library = ctypes.util.find_library("m")
        places = [process, *([ctypes.CDLL(library)] if library else [])]
        for name in names:
            function = next((getattr(place, name) for place in places if hasattr(place, name)), None)
            if function is not None:
                llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
                found.add(name)
        for name in NEVER_CALLED:
            llvm.add_symbol(name, ctypes.cast(process.abort, ctypes.c_void_p).value)
            found.add(name)
    return frozenset(found)


_engines: list[Any] = []  # LLVM frees the code of an engine that is let go


def _loaded(code: Code) -> Function:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    if not _known().issuperset(code.needs):
        import numba  # noqa: F401 - makes known what else there may be
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.object))
    engine.finalize_object()
    _engines.append(engine)
    raw = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_int64] * 3)(engine.get_function_address(code.symbol))

    def function(table: Any, address: int) -> int:
        if raw(address + 8 * STATUS, address + 8 * RAISED, address):
            raise AssertionError("native code raised an exception, and none is written in it")
        return table.item(STATUS)

    return function
