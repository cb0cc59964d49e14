"""Whole programs from the shell: time to an accuracy with imports and compilation, and the memory of a process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ...data.published import entries
from .. import programs
from ..child import environment, pinned
from ..outcome import Goal, Outcome, Table, duration, title
from ..peers import OURS
from ..peers.ours import planned_bytes
from ..session import Session
from ..work import Training
from .compiling import variables

ACCURACY, MOST_EPOCHS = 0.85, 20
NOT_HERE = "Fashion-MNIST is not on this machine: glassgrad data download fashion-mnist"


def _folder() -> Path | None:
    return next((entry.folder for entry in entries() if entry.name == "fashion-mnist"), None)


def _run(session: Session, name: str, folder: Path, caches: str, *options: str) -> tuple[float, dict[str, Any] | str]:
    """Run a program; return the seconds of the whole process, and its report or why there is none."""
    session.say(f"from the shell: {title(name)}")
    words = [str(Path(programs.__file__)), name, str(folder), *options]
    start = f"import runpy, sys; sys.argv = {words!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-P", "-c", pinned(session.cores, start)], capture_output=True, text=True, check=False,
        env={**environment(session.count), **{k: v for k, v in variables(caches).items() if "JAX" not in k}},
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return seconds, last.replace("ModuleNotFoundError: No module named", "not installed:")
    return seconds, json.loads(done.stdout.splitlines()[-1])


def accuracy(session: Session) -> Outcome:
    """Run each program from the shell until the test accuracy is 0.85: reading, imports and compilation included."""
    folder = _folder()
    if folder is None:
        return Outcome(notes=[NOT_HERE])
    rounds = 1 if session.quick else 3
    names = session.taking_part(programs.PROGRAMS)
    times: dict[str, list[float]] = {name: [] for name in names}
    reports: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as caches:
        for _ in range(1 + rounds):
            for name in [name for name in names if not isinstance(reports.get(name), str)]:
                seconds, reports[name] = _run(session, name, folder, str(Path(caches, name)), "--until", str(ACCURACY),
                                              "--epochs", str(MOST_EPOCHS))
                times[name].append(seconds)
    rows: list[tuple[str, ...]] = []
    later: dict[str, float] = {}
    for name, report in reports.items():
        if isinstance(report, str) or report["accuracies"][-1] < ACCURACY:
            rows.append((title(name), "-", "-", "", report if isinstance(report, str) else "not reached"))
            continue
        later[name] = statistics.median(times[name][1:])
        rows.append((title(name), duration(later[name]), duration(times[name][0]), str(len(report["accuracies"])),
                     f"{report['accuracies'][-1]:.4f}"))
    head = ("", "from the shell to 0.85", "the first time, nothing cached", "epochs", "test accuracy")
    best = min((seconds for name, seconds in later.items() if name != OURS), default=None)
    found = later[OURS] / best if best and OURS in later else None
    return Outcome([Table(head, rows)], [Goal("time to 0.85, of the best peer's", found, 1.0)])


def memory(session: Session) -> Outcome:
    """Train two epochs in a fresh process and look at its resident memory; MB are 1,000,000 bytes."""
    folder = _folder()
    if folder is None or sys.platform != "linux":
        return Outcome(notes=[NOT_HERE if folder is None else "Linux alone tells the memory of a part of a run."])
    rows: list[tuple[str, ...]] = []
    images: dict[str, int] = {}
    process: dict[str, int] = {}
    growth: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as caches:
        for name in session.taking_part(programs.PROGRAMS):
            _, report = _run(session, name, folder, caches, "--epochs", "2")
            if isinstance(report, str):
                rows.append((title(name), "-", report, "", ""))
                continue
            (before, again, *_), (first, second, *_) = report["held"], report["most"]
            images[name], growth[name] = report["data"], second - again
            process[name] = max(first, second) - images[name]
            figures = images[name], process[name], first - before, growth[name]
            rows.append((title(name), *(f"{figure / 1e6:.1f} MB" for figure in figures)))
    head = ("", "images in memory", "whole process beyond them", "first epoch adds, compilation included",
            "second epoch adds")
    least = min((size for name, size in process.items() if name != OURS), default=None)
    plan = planned_bytes(Training((784, 50, 10), data="noise"))
    ours = process.get(OURS)
    goals = [
        Goal("images in memory, MB", images[OURS] / 1e6 if OURS in images else None, 47.1),
        Goal("second epoch adds, of the plan's own count", growth[OURS] / plan if plan and growth else None, 1.2),
        Goal("process beyond the images, of the least of the peers'", ours / least if ours and least else None, 1.0),
    ]
    notes = [] if plan is None else [f"The plan of the training step counts {plan / 1e6:.2f} MB beyond the images."]
    return Outcome([Table(head, rows)], goals, notes)
