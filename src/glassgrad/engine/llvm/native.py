"""Generated source as machine code: compiled by LLVM once, kept on disk, loaded by LLVM's linker alone.

What is kept is one object file whose function takes nothing but an address, so that a later process runs it without
compiling. Every file bears the SHA-256 of its code, and lies in a folder that only the user can write to; one
that is broken, or was made by another version or for another processor, is compiled anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ...cache import private_folder
from ...errors import DataError
from ...files import read_bytes, write_atomic
from ...locks import Lock
from .machine import Function, Modules, Writer, called_outside, known, loaded, optimised, this_processor

MAGIC = b"glassgrad native code 1\n"
KEPT = 1000  # programs on disk, some 20 kB each; beyond them the oldest go
_lock = Lock()


class CannotCompileError(Exception):
    """Native code cannot be made here; the message says in one line why."""


def missing() -> str | None:
    """Return in one line why nothing can be compiled here, or None."""
    if importlib.util.find_spec("llvmlite") is None:
        return "llvmlite is not installed, so programs run by NumPy, slower: pip install llvmlite"
    return None


@lru_cache(maxsize=256)
def native(text: str, name: str, ints: int = 32, interleave: int = 0) -> Function:
    """Return the function `name` of generated source as native code: ``(address of the table) -> status``.

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
        If LLVM is missing, or refuses.
    """
    why = missing()
    if why:
        raise CannotCompileError(why)

    def write(triple: str, layout: str) -> Modules:
        from .translate import translated  # not where the program is on disk: it takes longer than the rest

        return translated(text, name, ints, triple, layout)

    return _kept(write, name, f"{name} {ints} {interleave}\n{text}", interleave)


def native_module(text: str, name: str) -> Function:
    """Return the function `name` of a module in LLVM's own language, which names no machine, as native code."""

    def write(triple: str, layout: str) -> Modules:
        return Modules(f'target triple = "{triple}"\ntarget datalayout = "{layout}"\n{text}')

    return _kept(write, name, text)


def _kept(write: Writer, name: str, key: str, interleave: int = 0) -> Function:
    """Return a function that is on disk, or is compiled and put there; `key` tells it from others."""
    with _lock:  # LLVM's options are those of the whole process
        folder = private_folder("programs")
        digest = hashlib.sha256(f"{_surroundings()}\n{key}".encode()).hexdigest()[:40]
        file = None if folder is None else folder / f"{digest}.o"
        found = None if file is None else _read(file)
        if found is None:
            found = _compiled(write, interleave)
            if file is not None:
                _write(file, found)
        return loaded(found.object, name)


@cache
def _surroundings() -> str:
    """Return what machine code depends on beside its source: versions, processor, the words it was written in."""
    import llvmlite.binding as llvm

    processor = this_processor()
    words = b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
    return json.dumps([importlib.metadata.version("llvmlite"), llvm.get_process_triple(), processor.name,
                       processor.features, hashlib.sha256(words).hexdigest()])


@dataclass(frozen=True)
class Code:
    """Machine code of one function.

    Attributes
    ----------
    object : bytes
        An object file, as LLVM writes it.
    needs : tuple of str
        Functions of other libraries that it calls.
    """

    object: bytes
    needs: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256("\0".join([*self.needs, ""]).encode() + self.object).hexdigest()


def _read(file: Path) -> Code | None:
    """Return the code that a file holds, or None if it is missing, not as it was written, or calls what is not here."""
    try:
        data = bytes(read_bytes(file, limit=64 << 20))
        head, _, rest = data.removeprefix(MAGIC).partition(b"\n")
        digest, needs = json.loads(head)
        code = Code(rest, tuple(needs))
        whole = data.startswith(MAGIC) and code.digest == digest
        return code if whole and known().issuperset(needs) else None
    except (DataError, ValueError, TypeError, AttributeError):
        return None


def _write(file: Path, code: Code) -> None:
    head = json.dumps([code.digest, code.needs]).encode()
    with suppress(DataError):  # a full disk costs the next start, not this run
        write_atomic(file, [MAGIC, head, b"\n", code.object])
    _forget(file.parent)


def _forget(folder: Path) -> None:
    """Remove the oldest programs of a folder that holds more than `KEPT` of them."""
    with suppress(OSError):  # another process may be doing the same
        files = sorted(folder.glob("*.o"), key=lambda file: file.stat().st_mtime_ns)
        for file in files[: max(len(files) - KEPT, 0)]:
            file.unlink(missing_ok=True)


def _compiled(write: Writer, interleave: int) -> Code:
    """Compile a module that is written for a machine, see `optimised`."""
    try:
        module, machine = optimised(write, this_processor(), interleave)
        needs = called_outside(module)
        if absent := set(needs) - known():
            raise CannotCompileError(f"the C library here has no {min(absent)}, so NumPy runs the program, slower")
        return Code(bytes(machine.emit_object(module)), needs)
    except CannotCompileError:
        raise
    except Exception as error:  # whatever LLVM or a broken installation may raise: NumPy does the work then
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CannotCompileError(f"LLVM could not compile the program ({first}), so NumPy runs it, slower") from error
