"""The state of a run in a file, kept while the run goes on: one that was killed goes on from there, with the same bits.

What a step draws (its batch, the units that drop out) follows from the seed and the number of the step alone, so the
weights, the optimiser's state and that number are all that a run needs to go on as if nothing had happened; figures and
best weights so far come along. The file is one of `glassgrad.io`: whole or absent, with a checksum, and without code.
"""

from __future__ import annotations

import json
import os
import re
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.compiled import say_once
from ..errors import DataError
from ..io import load_weights, save_weights
from ..optim import State
from .sets import Pair

EVERY = 1.0  # seconds at least between two savings
SHARE = 0.01  # of the time, that saving takes at most
FORMAT = 1
_KEY = "checkpoint"  # of the metadata


@dataclass(frozen=True)
class Checkpoint:
    """A file for the state of a run, and what its owner wants to find in it again (JSON data)."""

    path: str | os.PathLike[str]
    notes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def at(cls, place: Checkpoint | str | os.PathLike[str]) -> Checkpoint:
        """Return the checkpoint that is given, or that at a path."""
        return place if isinstance(place, Checkpoint) else cls(place)


@dataclass(frozen=True)
class Standing:
    """Where a run stands between two steps."""

    count: int  # steps done
    weights: Mapping[str, Any]
    state: State
    best: Mapping[str, Any] | None  # the weights of the best epoch
    best_epoch: int  # 0 before the end of the first one
    history: list[dict[str, float]]
    losses: list[float]  # of this epoch's steps
    samples: int
    seconds: float


class Keeper:
    """Saves where a run stands, as often as a hundredth of its time allows, and at most once a second.

    Raises
    ------
    DataError
        If there can be no file at the checkpoint's path; a run that is under way does not end because of one.
    """

    def __init__(self, checkpoint: Checkpoint, run: Mapping[str, Any]) -> None:
        place = Path(checkpoint.path)
        if place.is_dir() or not place.parent.is_dir():
            raise DataError(f"checkpoint={os.fspath(checkpoint.path)!r}: a file in a folder that exists is needed. "
                            "Make the folder, or choose another place.")
        self._checkpoint, self._run = checkpoint, run
        self._due = time.perf_counter() + EVERY

    def keep(self, standing: Callable[[], Standing]) -> None:
        """Save, if it is time to."""
        began = time.perf_counter()
        if began < self._due:
            return
        try:
            _write(self._checkpoint, self._run, standing())
        except DataError as error:
            self._due = float("inf")
            say_once(f"The run goes on without checkpoints: {error}")
        else:
            ended = time.perf_counter()
            self._due = ended + max(EVERY, (ended - began) / SHARE)

    def remove(self) -> None:
        """Take the file away: the run has come to its end."""
        Path(self._checkpoint.path).unlink(missing_ok=True)


def _write(checkpoint: Checkpoint, run: Mapping[str, Any], standing: Standing) -> None:
    arrays = {f"weights/{name}": array for name, array in standing.weights.items()}
    arrays |= {f"best/{name}": array for name, array in (standing.best or {}).items()}
    arrays |= {f"state/{name}/{slot}": array for name, slots in standing.state.items()
               for slot, array in enumerate(slots)}
    arrays["losses"] = np.array(standing.losses)
    numbers = {name: getattr(standing, name) for name in ("count", "best_epoch", "history", "samples", "seconds")}
    told = {"format": FORMAT, "run": run, "notes": checkpoint.notes, **numbers}
    save_weights(checkpoint.path, arrays, {_KEY: json.dumps(told), "made by": "glassgrad"})


def read(path: str | os.PathLike[str], run: Mapping[str, Any]) -> Standing:
    """Return where this run stood.

    Raises
    ------
    DataError
        If the file is missing, damaged, no checkpoint, or that of another run; names what differs.
    """
    arrays, told = _loaded(path)
    for what, now in run.items():
        if told["run"].get(what) != now:
            raise DataError(f"{os.fspath(path)!r} is the checkpoint of another run: {what} was "
                            f"{told['run'].get(what)!r}, and is {now!r}. Give what was given then, or start anew.")
    parts: dict[str, dict[str, Any]] = {"weights": {}, "best": {}, "state": {}}
    for name, array in arrays.items():
        kind, _, rest = name.partition("/")
        if rest:
            parts[kind][rest] = array
    state = {name: tuple(parts["state"][f"{name}/{slot}"] for slot in range(run["slots"]))
             for name in parts["weights"]}
    return Standing(
        told["count"], parts["weights"], state, parts["best"] or None, told["best_epoch"], told["history"],
        arrays["losses"].tolist(), told["samples"], told["seconds"],
    )


def notes_of(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the notes in a checkpoint.

    Raises
    ------
    DataError
        If the file is missing, damaged or no checkpoint.
    """
    return dict(_loaded(path)[1]["notes"])


def _loaded(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    arrays, metadata = load_weights(path)
    told = json.loads(metadata.get(_KEY, "{}"))
    if told.get("format") != FORMAT:
        raise DataError(f"{os.fspath(path)!r} is no checkpoint of a training (format {FORMAT}). Give the file that "
                        "fit(checkpoint=...) wrote.")
    return arrays, told


def description(
    model: Any, loss: Any, optimizer: Any, sets: Mapping[str, Pair], **numbers: Any
) -> dict[str, Any]:
    """Return, as JSON data, all that decides how a run goes: another one has another description."""
    types = {name: f"{tensor.dtype}{list(tensor.shape)}" for name, tensor in model.parameters().items()}
    return {
        "model": _named(model), "parameters": types, "loss": _named(loss), "optimizer": _named(optimizer),
        "slots": optimizer.slots, **numbers,
        **{f"{name} data": [_sum(part) for part in pair] for name, pair in sets.items()},
    }


def _named(what: Any) -> str:
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(what))  # the address differs from process to process


def _sum(array: Any) -> str:
    whole = np.ascontiguousarray(array)
    return f"{whole.dtype}{list(whole.shape)} {zlib.crc32(whole.reshape(-1).view(np.uint8).data):08x}"
