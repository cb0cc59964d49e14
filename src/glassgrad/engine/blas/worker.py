"""A child process that times products of matrices by one library; it needs Python's standard library alone.

``python worker.py PATH PATTERN BITS`` loads the library and prints the name of its kernels. Then, for each line with
``[real, transa, transb, m, n, k, threads, seconds]`` on its input, it repeats that product for about so many seconds
and prints the seconds of one product; it ends with its input. In a process of its own a library can be loaded with
kernels of another family beside the one that is loaded already, and one that the processor cannot run harms nobody.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import Any

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
ROUTINE = {32: ("cblas_sgemm", ctypes.c_float), 64: ("cblas_dgemm", ctypes.c_double)}
SET_THREADS = ("openblas_set_num_threads", "MKL_Set_Num_Threads")


def function(library: ctypes.CDLL, pattern: str, name: str) -> Any:
    """Return the function that the library calls by its pattern, such as ``scipy_{}64_``; None if there is none."""
    return getattr(library, pattern.format(name), None)


def core_name(library: ctypes.CDLL, pattern: str) -> str:
    """Return the name of the kernels that an OpenBLAS uses; nothing for another library."""
    ask = function(library, pattern, "openblas_get_corename")
    if ask is None:
        return ""
    ask.restype = ctypes.c_char_p
    return str(ask().decode("ascii", "replace"))


def product(library: ctypes.CDLL, pattern: str, bits: int, case: list[int]) -> Any:
    """Return a function without arguments that multiplies two matrices of the case."""
    real, transa, transb, m, n, k = case
    name, kind = ROUTINE[real]
    gemm = function(library, pattern, name)
    integer = ctypes.c_int64 if bits == 64 else ctypes.c_int32
    size = max(m * k, k * n, m * n)
    four = bytes((kind * 4)(0.5, -0.25, 0.125, 1.0))
    values = (kind * size).from_buffer(bytearray(four * (size // 4 + 1)))
    arguments = (
        ctypes.c_int(ROW_MAJOR), ctypes.c_int(TRANSPOSED if transa else PLAIN),
        ctypes.c_int(TRANSPOSED if transb else PLAIN), integer(m), integer(n), integer(k), kind(1.0), values,
        integer(m if transa else k), values, integer(k if transb else n), kind(0.0), (kind * size)(), integer(n),
    )
    return lambda: gemm(*arguments)


def seconds(multiply: Any, about: float) -> float:
    """Return how long one product takes, by repeating it for about so many seconds."""
    begin = time.perf_counter()
    multiply()
    once = time.perf_counter() - begin
    times = max(1, round(about / max(once, 1e-7)))
    begin = time.perf_counter()
    for _ in range(times):
        multiply()
    return (time.perf_counter() - begin) / times


def main(path: str, pattern: str, bits: int) -> None:
    """Answer until the input ends."""
    library = ctypes.CDLL(path)
    set_threads = next(filter(None, (function(library, pattern, name) for name in SET_THREADS)), None)
    print(json.dumps(core_name(library, pattern)), flush=True)
    products: dict[tuple[int, ...], Any] = {}
    for line in sys.stdin:
        *case, threads, about = json.loads(line)
        if tuple(case) not in products:
            products[tuple(case)] = product(library, pattern, bits, case)
            products[tuple(case)]()  # the first one makes the library's own buffers
        if set_threads is not None:
            set_threads(ctypes.c_int(threads))
        print(json.dumps(seconds(products[tuple(case)], about)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
