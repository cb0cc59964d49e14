"""A run of the comparison: chosen cases one after the other, saved as they are done, resumed where they stopped."""

from __future__ import annotations

import compileall
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import DataError, one_of
from ..files import read_bytes, write_atomic
from .cases import CASES
from .contest import from_data, to_data
from .machine import available, describe
from .outcome import Outcome
from .peers import OURS, PEERS, PRODUCTS
from .report import page, to_json
from .session import Session

LIMIT = 1 << 26  # bytes of a file of figures
QUICK_SECONDS, QUICK_ROUNDS = 2.0, 3


def known(what: str, given: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the given names, each once, or raise the error that says which is unknown."""
    for name in given:
        if name not in names:
            raise one_of(what, name, names)
    return list(dict.fromkeys(given))


@dataclass
class Run:
    """What is to be measured, and what has been.

    Parameters
    ----------
    cases : sequence of str
        Names of cases; empty: all that need not be asked for.
    peers : sequence of str, or None
        Who takes part besides glassgrad and the bare products; None: everybody.
    every_core : bool
        Whether all cores of this process may be used, or one of them.
    rounds : int
    quick : bool
    say : callable
        Told what is under way.
    file : str, optional
        Where the figures are saved after every contest.

    Raises
    ------
    SettingError
        If a case or peer is unknown.
    """

    cases: Sequence[str] = ()
    peers: Sequence[str] | None = None
    every_core: bool = False
    rounds: int = 15
    quick: bool = False
    say: Callable[[str], object] = lambda text: None
    file: str | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cases = known("case", self.cases, list(CASES)) or [n for n, case in CASES.items() if not case.asked]
        if self.peers is not None:
            self.peers = known("peer", self.peers, list(PEERS))
        cores = available()
        count = len(cores) if cores else os.cpu_count() or 1
        if not self.every_core:  # the last one: what the system does for itself, it prefers to do on the first
            cores, count = ({max(cores)} if cores else None), 1
        self.when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        taking_part = [OURS, PRODUCTS, *(PEERS if self.peers is None else self.peers)]
        self.machine = describe(taking_part, cores, count)
        self.settings = {"peers": self.peers, "rounds": self.rounds, "quick": self.quick}
        self.session = Session(
            cores, count, QUICK_ROUNDS if self.quick else self.rounds, QUICK_SECONDS if self.quick else 60.0,
            self.peers, self.quick, self.say, keep=self.save,
        )

    def resume(self) -> None:
        """Take over the contests that the file has.

        Raises
        ------
        DataError
            If it is no such file, or from another machine, other versions or other settings.
        """
        assert self.file is not None
        data = read_bytes(self.file, LIMIT)
        try:
            found = json.loads(data)
            machine, settings, contests = found["machine"], dict(found["settings"]), dict(found["contests"])
            for label, kept in contests.items():
                to_data(from_data(label, kept))  # all of it can be read
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
            raise DataError(f"{self.file} holds no figures of glassgrad bench, or not all of them any more. Leave out "
                            "--resume, or name another file.") from None
        here = json.loads(json.dumps({**self.settings, **self.machine}))
        there = {**settings, **machine}
        for name, value in here.items():
            if there.get(name) != value:
                raise DataError(f"{self.file} was measured with {name} {there.get(name)}; here it is {value}. "
                                "Leave out --resume, or name another file.")
        self.session.kept.update(contests)

    def hold(self) -> None:
        """Run the cases; whatever ends it, the children end too.

        The package is compiled to bytecode first, as installing would have done.
        """
        compileall.compile_dir(Path(__file__).parents[1], quiet=2)
        with self.session:
            for name in self.cases:
                self.say(CASES[name].title)
                self.outcomes[name] = CASES[name].run(self.session)
                self.save()

    def save(self) -> None:
        """Write the figures there are."""
        if self.file is not None:
            write_atomic(self.file, json.dumps(self.figures(), indent=1).encode())

    def figures(self) -> dict[str, Any]:
        """Return all figures as what JSON can hold."""
        return {
            "machine": self.machine, "settings": self.settings, "when": self.when, "contests": self.session.kept,
            "cases": {name: to_json(outcome) for name, outcome in self.outcomes.items()},
        }

    def markdown(self) -> str:
        """Return the tables as a page."""
        options = [*self.cases, *(["--peers", ",".join(self.peers)] if self.peers is not None else []),
                   "--cores", "all" if self.every_core else "1", *(["--quick"] if self.quick else [])]
        return page(self.machine, self.outcomes, self.when, " ".join(["glassgrad bench", *options]))
