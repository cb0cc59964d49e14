"""A child process of the comparison: prepares the work of one contestant and runs a round when it is told to.

It reads one JSON object a line from its standard input and answers with one. Nothing else is in its memory, its
thread pools or on its cores, so that contestants do not disturb each other.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from dataclasses import asdict
from typing import Any

from .job import AbsentError, Job
from .peers import PEERS, Peer
from .work import from_plain


class Worker:
    """What a child process knows: the contestants, and the job it has prepared."""

    def __init__(self, peers: dict[str, Peer]) -> None:
        self.peers = peers
        self.job: Job | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a request: what came of it, why the contestant is absent, or what went wrong."""
        try:
            return self._prepare(**request) if "peer" in request else self._round()
        except AbsentError as reason:
            return {"absent": str(reason)}
        except Exception as error:  # whatever a library raises is its result
            traceback.print_exc()
            return {"failed": f"{type(error).__name__}: {error}"}

    def _prepare(self, peer: str, work: dict[str, Any]) -> dict[str, Any]:
        self.job = None  # let the last one's memory go first
        began = time.perf_counter()
        self.job = self.peers[peer].prepare(from_plain(work))
        return {"seconds": time.perf_counter() - began}

    def _round(self) -> dict[str, Any]:
        assert self.job is not None
        began = time.perf_counter()
        done = self.job()
        return {**asdict(done), "whole": time.perf_counter() - began}


def main(peers: dict[str, Peer] = PEERS) -> None:
    """Answer requests until there are no more; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(peers)
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), file=answers, flush=True)
