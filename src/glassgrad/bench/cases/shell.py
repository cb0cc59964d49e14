"""Whole programs from the shell: time to an accuracy with imports and compilation, and the memory of a process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from ...data.published import entries
from .. import programs
from ..child import environment, pinned
from ..outcome import Goal, Outcome, Table, duration, title
from ..peers import OURS
from ..peers.ours import planned_bytes
from ..session import Session
from ..work import Training
from .compiling import folders

ACCURACY, MOST_EPOCHS, SEEDS = 0.85, 20, 5
NOT_HERE = "Fashion-MNIST is not on this machine: glassgrad data download fashion-mnist"


class Race(NamedTuple):
    """Seconds of a program from the shell, first with nothing compiled on disk; its epochs, and what it reached."""

    first: float
    later: float
    epochs: int
    accuracy: float


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
        env={**environment(session.count), **folders(caches)},
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
    seeds = 1 if session.quick else SEEDS
    races: dict[str, list[Race]] = {name: [] for name in session.taking_part(programs.PROGRAMS)}
    failed: dict[str, str] = {}
    for seed in range(seeds):
        for name in [name for name in races if name not in failed]:
            race = _race(session, name, folder, seed)
            if isinstance(race, str):
                failed[name] = race
            else:
                races[name].append(race)
    rows: list[tuple[str, ...]] = []
    first, later = {}, {}
    for name, held in races.items():
        if name in failed:
            rows.append((title(name), "-", "-", "", failed[name]))
            continue
        first[name], later[name], epochs, reached = (statistics.mean(column) for column in zip(*held, strict=True))
        rows.append((title(name), duration(first[name]), duration(later[name]), f"{epochs:.1f}", f"{reached:.4f}"))
    head = ("", "nothing compiled yet", "compiled before", "epochs", "test accuracy")
    goals = [Goal(f"time to {ACCURACY}, {when}, of the best peer's", _of_best(times), 1.0)
             for when, times in (("nothing compiled yet", first), ("compiled before", later))]
    note = (f"Means of seeds 0 to {seeds - 1}, for a single image of the 10,000 can decide whether one more epoch is "
            "needed; each seed begins with nothing compiled on disk.")
    return Outcome([Table(head, rows)], goals, [note])


def _race(session: Session, name: str, folder: Path, seed: int) -> Race | str:
    """Run a program with nothing compiled on disk, and once more; return how it went, or why it did not."""
    with tempfile.TemporaryDirectory() as caches:
        (first, report), (later, again) = (
            _run(session, name, folder, caches, "--until", str(ACCURACY), "--epochs", str(MOST_EPOCHS), "--seed",
                 str(seed)) for _ in range(2))
    if isinstance(report, str) or isinstance(again, str):
        return str(report if isinstance(report, str) else again)
    reached = report["accuracies"]
    return Race(first, later, len(reached), reached[-1]) if reached[-1] >= ACCURACY else "not reached"


def _of_best(times: dict[str, float]) -> float | None:
    best = min((seconds for name, seconds in times.items() if name != OURS), default=None)
    return times[OURS] / best if best and OURS in times else None


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
