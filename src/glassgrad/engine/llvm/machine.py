"""LLVM at work: a module in its language becomes machine code, and machine code a function that Python can call."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

Function = Callable[[int], int]

# Turns up to which LLVM writes out a loop in full. Left to itself it does so with rows of 256 numbers, too long for the
# registers: networks with such layers take much longer to compile then, and their steps no less time.
UNROLLED = 16


@dataclass(frozen=True)
class Processor:
    """What machine code is made for.

    Attributes
    ----------
    name, features : str
        In LLVM's words.
    """

    name: str
    features: str


def this_processor() -> Processor:
    """Return the processor that this process runs on."""
    import llvmlite.binding as llvm

    try:
        features = llvm.get_host_cpu_features().flatten()
    except RuntimeError:  # LLVM cannot tell: what all processors of the name can do
        features = ""
    return Processor(llvm.get_host_cpu_name(), features)


@dataclass(frozen=True)
class Modules:
    """A program in LLVM's language.

    Attributes
    ----------
    loops : str
        Functions whose loops go from number to number: LLVM looks for vectors in them, and takes its time.
    vectors : str
        Functions of vectors already, which the others call: few of LLVM's passes find all there is to find.
    """

    loops: str
    vectors: str = ""


Writer = Callable[[str, str], Modules]  # (triple, layout) of a machine, in LLVM's words -> the program for it


def optimised(write: Writer, processor: Processor, interleave: int = 0) -> tuple[Any, Any]:
    """Return a program as one module that LLVM has made fast, and the machine that can emit its code.

    Parameters
    ----------
    write : callable
    processor : Processor
    interleave : int
        How many vectors of entries a loop works on at once; 0 leaves that to LLVM.
    """
    import llvmlite.binding as llvm

    _begin()
    target = llvm.Target.from_default_triple()
    relocation = "static" if target.name.startswith("x86") else "default"
    machine = target.create_target_machine(cpu=processor.name, features=processor.features, opt=3, reloc=relocation,
                                           codemodel="jitdefault", jit=True)
    written = write(target.triple, str(machine.target_data))
    module, vectors = llvm.parse_assembly(written.loops), llvm.parse_assembly(written.vectors)
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = True
    passes = llvm.create_pass_builder(machine, tuning)
    with _tuned(interleave):
        passes.getModulePassManager().run(module, passes)
    few = llvm.create_new_module_pass_manager()
    few.add_instruction_combine_pass()
    few.add_loop_unroll_pass()
    few.add_instruction_combine_pass()
    few.run(vectors, passes)
    module.link_in(vectors)
    return module, machine


def called_outside(module: Any) -> tuple[str, ...]:
    """Return the functions of other libraries that a module calls."""
    names = (function.name for function in module.functions if function.is_declaration)
    return tuple(name for name in names if not name.startswith("llvm."))


@contextmanager
def _tuned(interleave: int) -> Iterator[None]:
    """Set LLVM's options for loops inside the ``with`` block; they are those of the whole process."""
    import llvmlite.binding as llvm

    options = {"unroll-full-max-count": (UNROLLED, 2**32 - 1)}
    if interleave:
        options["force-vector-interleave"] = (interleave, 0)
    for name, (wanted, _) in options.items():
        llvm.set_option("", f"-{name}={wanted}")
    try:
        yield
    finally:
        for name, (_, usual) in options.items():
            llvm.set_option("", f"-{name}={usual}")


@cache
def _begin() -> None:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


# Loading --------------------------------------------------------------------------------------------------------------

MATHEMATICS = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "hypot", "floor", "ceil", "trunc", "rint", "fmod",
    "cbrt", "fabs", "fma", "fmax", "fmin", "ldexp",
)
THREADS = ("pthread_create", "pthread_mutex_init", "pthread_mutex_lock", "pthread_mutex_unlock", "pthread_cond_init",
           "pthread_cond_wait", "pthread_cond_signal", "sched_yield")

SHARE = 1  # word of the crew of threads where its function stands that shares work out; see `crew`


@cache
def known() -> frozenset[str]:
    """Tell LLVM where the functions of the C library are that native code may call; return their names."""
    import llvmlite.binding as llvm

    names = ["memset", "memcpy", "memmove", *THREADS, *MATHEMATICS, *(f"{name}f" for name in MATHEMATICS)]
    found = set()
    with suppress(OSError, TypeError):
        places = [ctypes.CDLL(None)]
        if not hasattr(places[0], MATHEMATICS[0]):  # only then: to look for the library takes longer than all else here
            library = ctypes.util.find_library("m")
            places += [ctypes.CDLL(library)] if library else []
        for name in names:
            function = next((getattr(place, name) for place in places if hasattr(place, name)), None)
            if function is not None:
                llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
                found.add(name)
    return frozenset(found)


def loaded(code: bytes, name: str) -> Function:
    """Return a function of an object file, which calls nothing but what is `known`."""
    import llvmlite.binding as llvm

    _begin()
    known()
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address = engine.get_function_address(name)
    engine.detach()  # LLVM would free the code of an engine that is let go, also where a thread is still in it
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)
