"""How long the first step takes: a fresh process, with no cache on disk and then with the one that it left."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..child import Child
from ..outcome import Goal, Outcome, Table, duration, title
from ..peers import OURS
from ..session import Session
from ..work import Training, to_plain

PEERS = (OURS, "torch", "torch.compile", "jax", "jax.scan", "tensorflow", "tensorflow.epoch", "sklearn")


@dataclass(frozen=True)
class Start:
    """Seconds of the first round less its two steps, and those of import and preparation."""

    step: float
    imports: float


def folders(folder: str) -> dict[str, str]:
    """Return where those libraries keep compiled programs that do so by themselves, so that they begin with nothing."""
    return {"GLASSGRAD_CACHE": str(Path(folder, "glassgrad")), "TORCHINDUCTOR_CACHE_DIR": str(Path(folder, "torch"))}


def asked(folder: str) -> dict[str, str]:
    """Return what makes the others keep them as well: JAX, and XLA within TensorFlow."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(Path(folder, "jax")), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "TF_XLA_FLAGS": f"--tf_xla_persistent_cache_directory={Path(folder, 'tensorflow')}",
    }


def compiling(session: Session) -> Outcome:
    """Run two steps of the deck's training in a fresh process, from the call on; what a step takes is subtracted."""
    work = to_plain(Training((784, 50, 10), 100, steps=1, data="noise"))
    rows: list[tuple[str, ...]] = []
    found: dict[str, tuple[Start, Start]] = {}
    for name in session.taking_part(PEERS):
        with tempfile.TemporaryDirectory() as folder:
            session.say(f"compiling: {title(name)}")
            cold, cached = (_first(session, name, work, folder) for _ in ("nothing on disk", "what that left"))
        if isinstance(cold, str) or isinstance(cached, str):
            rows.append((title(name), "-", str(cold if isinstance(cold, str) else cached), "", ""))
            continue
        found[name] = cold, cached
        rows.append((title(name), *map(duration, (cold.step, cached.step, cached.imports, cold.imports))))
    head = ("", "first step, nothing on disk", "from the cache on disk", "import and preparation",
            "the same the first time")
    ours = found.get(OURS)
    goals = [Goal("compile time of the deck's step, cold, at most 2 s", ours and ours[0].step, 2.0),
             Goal("from the cache, at most 0.15 s", ours and ours[1].step, 0.15)]
    return Outcome([Table(head, rows)], goals)


def _first(session: Session, name: str, work: dict[str, object], folder: str) -> Start | str:
    """Return what it takes a fresh process to get ready, or why it does not."""
    with Child(session.cores, session.count, {**folders(folder), **asked(folder)}) as child:
        ready = child.ask({"peer": name, "work": work})
        if reason := ready.get("absent") or ready.get("failed"):
            return str(reason)
        first, *later = rounds = [child.ask({"round": number}) for number in range(6)]
    failed = next((answer["failed"] for answer in rounds if "failed" in answer), None)
    if failed:
        return str(failed)
    step = min(answer["seconds"] for answer in later)
    return Start(first["whole"] - 2 * step, ready["seconds"])
