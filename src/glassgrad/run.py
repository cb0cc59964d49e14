"""Run folders: a trained network, how it was made, and how it went, on disk.

A run is a folder with ``model.safetensors`` (weights, with a checksum), ``settings.json``, ``metrics.jsonl`` (a line
for every epoch) and ``report.html``. Everything is data: nothing in a run folder can run code.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError, SettingError
from .files import made_folder
from .io import load_weights, read_json, save_weights, write_atomic, write_json
from .nn.model import Sequential, build

WEIGHTS, SETTINGS, METRICS, REPORT = "model.safetensors", "settings.json", "metrics.jsonl", "report.html"
FORMAT = 1


@dataclass
class Run:
    """A trained network and what is known about it.

    Attributes
    ----------
    model : Sequential
    data : dict
        What the network reads: name, classes, image_shape, divisor, source.
    settings : dict
        How it was trained.
    result : dict
        How well it does.
    history : list of dict
        Figures of every epoch.
    """

    model: Sequential
    data: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return list(self.data["classes"])

    def save_somewhere(self, folder: str | Path) -> Path:
        """Save into `folder`; if that fails, into a new temporary folder, so that what was learned is not lost.

        Raises
        ------
        DataError
            If `folder` could not be written; says where the run is instead.
        """
        try:
            return self.save(folder)
        except DataError as error:
            refuge = Path(tempfile.mkdtemp(prefix="glassgrad-run-"))
            try:
                self.save(refuge)
            except DataError:
                shutil.rmtree(refuge, ignore_errors=True)
                raise error from None  # what is in the way stands in the way of the refuge too
            raise DataError(f"{error} The run was saved to {refuge} instead.") from None

    def save(self, folder: str | Path) -> Path:
        """Write the run into a folder, which is made if it is not there; each file appears whole or not at all.

        Raises
        ------
        DataError
            If the folder or a file cannot be written.
        """
        place = made(folder)
        weights = {name: np.asarray(tensor.value) for name, tensor in self.model.parameters().items()}
        dtype = next(iter(weights.values())).dtype.name
        save_weights(place / WEIGHTS, weights, {"model": json.dumps(self.model.settings()), "made by": "glassgrad"})
        write_json(place / SETTINGS, {
            "format": FORMAT, "model": self.model.settings(), "dtype": dtype, "data": self.data,
            "training": self.settings, "result": self.result,
        })
        lines = "".join(json.dumps(row) + "\n" for row in self.history)
        write_atomic(place / METRICS, lines.encode())
        return place


def made(folder: str | Path) -> Path:
    """Make a folder for a run, with the folders above it, unless it is there; find out whether it can be written to.

    Raises
    ------
    DataError
        If it cannot be made or written to.
    """
    return made_folder(folder, "the run folder", "Choose another --out.")


def is_run(path: str | Path) -> bool:
    """Whether there is a run folder at this path; any text may be asked about.

    >>> is_run("(x + y) ** 2"), is_run("x" * 10_000)
    (False, False)
    """
    try:
        return (Path(path) / SETTINGS).is_file()
    except (OSError, ValueError):  # no path of this system at all
        return False


def load(folder: str | Path) -> Run:
    """Read a run that `Run.save` wrote; the weights' checksum is verified.

    Raises
    ------
    DataError
        If the folder is no run, or a file in it is missing, damaged or does not fit the others.
    """
    place = Path(folder)
    if not is_run(place):
        raise DataError(
            f"{place} is no run folder: it has no {SETTINGS}. Make one with 'glassgrad train --out {place}'."
        )
    settings = read_json(place / SETTINGS)
    missing = [key for key in ("model", "dtype", "data") if not isinstance(settings, dict) or key not in settings]
    if missing or settings.get("format") != FORMAT:
        raise DataError(
            f"{place / SETTINGS} is not a run's settings of format {FORMAT}. Train again, or restore the file."
        )
    weights, _ = load_weights(place / WEIGHTS)
    try:
        model = build(settings["model"], settings["dtype"])
        if not isinstance(model, Sequential) or set(weights) != set(model.parameters()):
            raise SettingError(f"it describes {model!r}, and the weights are {', '.join(sorted(weights))}")
        model.update(weights)
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{place}: {SETTINGS} and {WEIGHTS} do not belong together: {error}") from None
    return Run(model, settings["data"], settings.get("training", {}), settings.get("result", {}))


def free_folder(parent: str | Path, name: str) -> Path:
    """Return ``parent/name-1`` or the first higher number that is not there yet.

    >>> free_folder("no such folder", "digits").as_posix()
    'no such folder/digits-1'
    """
    number = 1
    while (Path(parent) / f"{name}-{number}").exists():
        number += 1
    return Path(parent) / f"{name}-{number}"
