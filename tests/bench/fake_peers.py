"""Contestants whose times and results are known, and the child process that runs them."""

import os
import sys
from dataclasses import dataclass

from glassgrad.bench.job import AbsentError, Round
from glassgrad.bench.peers import Peer
from glassgrad.bench.worker import main

RIGHT = (2.3, 1.1)


@dataclass(frozen=True)
class Fake(Peer):
    """Does what its module says: a number is how many seconds a round of ten units seems to take."""

    results: tuple[float, ...] = RIGHT

    def prepare(self, work):
        if self.module == "absent":
            raise AbsentError("not installed: pip install fake")
        if self.module == "broken":
            raise ValueError("it broke")
        if self.module == "dies":
            print("the last words", file=sys.stderr, flush=True)
            os._exit(3)
        rounds = iter(range(1, 100))
        if self.module == "tires":
            return lambda: Round(1.0, 10, list(self.results)) if next(rounds) < 3 else 1 / 0
        print("what a library prints")
        return lambda: Round(float(self.module) * next(rounds), 10, list(self.results))


FAKES = {
    "glassgrad": Fake("ours", "2"), "deck": Fake("deck", "8"), "fast": Fake("fast", "1"),
    "equal": Fake("equal", "2.1"),
    "slow": Fake("slow", "4"), "nearly": Fake("nearly", "4", results=(2.3001, 1.1)),
    "wrong": Fake("wrong", "0.001", results=(2.3, 1.2)), "nan": Fake("nan", "0.001", results=(2.3, float("nan"))),
    "short": Fake("short", "0.001", results=(2.3,)), "absent": Fake("absent", "absent"),
    "broken": Fake("broken", "broken"), "dies": Fake("dies", "dies"), "tires": Fake("tires", "tires"),
}

if __name__ == "__main__":
    main(FAKES)
