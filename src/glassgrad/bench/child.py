"""The parent's side of a child process: started on chosen cores, asked for one round at a time.

>>> with Child(cores=None) as child:
...     child.ask({"peer": "nobody", "work": {"kind": "Function"}})
{'failed': "KeyError: 'nobody'"}
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
           "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
PATIENCE = 600  # seconds for one answer; torch.compile has taken 60 on a slow core
MAIN = "from glassgrad.bench.worker import main; main()"


def environment(count: int) -> dict[str, str]:
    """Return the variables of a child that may use so many cores: thread pools of that size, and no accelerator.

    Bytecode is kept, as it is where packages are installed. TensorFlow keeps its notes to itself: the last line of
    a child that ends is shown.
    """
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**own, **dict.fromkeys(THREADS, str(count)), "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "",
            "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONHASHSEED": "0"}


def pinned(cores: set[int] | None, program: str) -> str:
    """Return a program that takes its place on these cores before anything is imported that counts them."""
    return f"import os; os.sched_setaffinity(0, {cores}); {program}" if cores else program


class Child:
    """A child process, which lives until the ``with`` block ends; Ctrl-C reaches it with its parent.

    Parameters
    ----------
    cores : set of int, or None
        Where it may run. None: anywhere, on systems that cannot pin a process.
    count : int
        Size of its thread pools.
    variables : mapping
        More variables of the environment.
    program : str
        What it runs.
    """

    def __init__(self, cores: set[int] | None, count: int = 1, variables: Mapping[str, str] | None = None,
                 program: str = MAIN, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", pinned(cores, program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._said, env={**environment(count), **(variables or {})},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the process can be asked."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a request; a process that ends, or is silent for too long, has failed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        impatience = threading.Timer(self.patience, self._process.kill)
        impatience.start()
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            late = not impatience.is_alive()
            impatience.cancel()
        if line:
            return json.loads(line)
        return {"failed": f"no answer in {self.patience:g} seconds" if late else f"it ended: {self._last_words()}"}

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)  # it has closed its answers and is about to end
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self._process.returncode}"

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._process.kill()
        self._process.wait()
        self._said.close()
