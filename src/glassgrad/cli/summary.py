"""What came of a run: figures, and the report."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..check import GradientTable
from ..data import Dataset
from ..evaluate import Evaluation, evaluate
from ..nn.layers import Affine
from ..nn.model import Sequential
from ..report import Content, GradientRow, Mistake, write_report
from ..run import Run
from ..train import Result, accuracy

MISTAKES = 24


def summarise(
    model: Sequential, data: Dataset, result: Result | None, stopped: str
) -> tuple[dict[str, Any], Evaluation]:
    """Return the figures of the weights that were kept, and the evaluation on the test set."""
    test = evaluate(model, data.x_test, data.y_test)
    seconds = result.seconds if result else 0.0
    found = {
        "test_accuracy": test.accuracy,
        "train_accuracy": accuracy(model.scores(data.x_train), data.y_train),
        "loss": result.best.get("loss") if result else None,
        "best_epoch": result.best.get("epoch") if result else None,
        "iterations": int(result.history[-1]["iteration"]) if result and result.history else 0,
        "stopped": stopped, "interrupted": stopped == "interrupted", "seconds": round(seconds, 3),
        "samples_per_second": round(result.samples / seconds) if result and seconds else 0,
        "parameters": model.parameter_count,
    }
    return found, test


def write_run_report(
    path: Path, run: Run, data: Dataset, test: Evaluation, table: GradientTable | None, sizes: str
) -> None:
    """Write the page a person opens."""
    first = next(part for part in run.model.parts() if isinstance(part, Affine))
    mistakes = [
        Mistake(_image(data, data.x_test[row]), int(test.wanted[row]), int(test.predicted[row]),
                float(test.probabilities[row, test.predicted[row]]))
        for row in test.worst(MISTAKES)
    ]
    rows = [
        GradientRow(row.name, row.mean_difference, str(row.verdict), row.resolution)
        for row in (table.rows if table else ())
    ]
    write_report(path, Content(
        title=f"{data.name}, {sizes}", dataset=data.name, source=data.source, settings=run.settings,
        history=run.history, result=run.result, weights=np.asarray(first.W.value), image_shape=data.image_shape,
        confusion=test.confusion, classes=data.classes, mistakes=mistakes, gradient_check=rows,
        gradient_sentence=table.explanation if table else "",
        versions={"glassgrad": __version__, "NumPy": np.__version__, "Python": platform.python_version()},
        run=str(path.parent),
        load=f"import glassgrad as gg\n\nrun = gg.run.load({str(path.parent)!r})\nrun.model.predict(images)",
    ))


def _image(data: Dataset, row: Any) -> Any:
    return row.reshape(data.image_shape) if data.image_shape else None
