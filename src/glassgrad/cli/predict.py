"""``glassgrad predict``: let a trained network read an image or data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from .. import run as runs
from ..data import load
from ..errors import DataError
from ..evaluate import evaluate, probabilities

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pgm")


@click.command(short_help="Let a trained network read an image or data.")
@click.argument("run")
@click.argument("what", metavar="IMAGE_OR_DATA")
@click.option("--invert", is_flag=True, help="Swap dark and light: for dark ink on white paper.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def predict(run: str, what: str, invert: bool, as_json: bool) -> None:
    """Let the network of the run folder RUN read an image file, or the test part of data.

    \b
    glassgrad predict runs/digits-1 seven.png --invert
    glassgrad predict runs/digits-1 digits
    """
    trained = runs.load(run)
    if Path(what).suffix.lower() in IMAGES:
        row = read_image(what, trained, invert)
        found = probabilities(trained.model, row[None])[0]
        order = np.argsort(-found, kind="stable")[:3]
        ranked = [{"class": trained.classes[i], "probability": round(float(found[i]), 6)} for i in order]
        click.echo(json.dumps({"image": what, "predictions": ranked}) if as_json else _words(what, ranked))
        return
    data = load(what)
    expected = next(iter(trained.model.parameters().values())).shape[0]
    if data.x_test.shape[1] != expected:
        raise DataError(f"{what} has {data.x_test.shape[1]} values a row; the network of {run} reads {expected}.")
    if list(data.classes) != trained.classes:
        raise DataError(f"{what} has the classes {list(data.classes)}; the network of {run} knows {trained.classes}.")
    result = evaluate(trained.model, data.x_test, data.y_test)
    if as_json:
        predicted = [trained.classes[i] for i in result.predicted]
        click.echo(json.dumps({"data": what, "accuracy": result.accuracy, "predicted": predicted}))
        return
    click.echo(f"{what}: {result.accuracy:.4f} of {len(result.wanted):,} test samples right")
    for row in result.worst(5):
        click.echo(f"  row {row}: is {trained.classes[result.wanted[row]]}, read as "
                   f"{trained.classes[result.predicted[row]]}")


def _words(what: str, ranked: list[dict[str, Any]]) -> str:
    best, *others = (f"{guess['class']} ({guess['probability']:.1%})" for guess in ranked)
    return f"{what}: {best}" + (f"; then {', '.join(others)}" if others else "")


def read_image(path: str, trained: runs.Run, invert: bool) -> Any:
    """Return an image file as a row of the kind that the network was trained on: grey, resized, in its range."""
    shape = trained.data.get("image_shape")
    if not shape or len(shape) > 2:
        raise DataError(f"the network of this run does not read grey images: its rows have the shape {shape}.")
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise DataError("reading image files needs Pillow: pip install 'glassgrad[images]'.") from None
    try:
        with Image.open(path) as picture:
            grey = picture.convert("L").resize((shape[1], shape[0]), Image.Resampling.BOX)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(f"the image {path} cannot be read: {error}") from None
    pixels = np.asarray(grey, np.float64).reshape(-1) / 255
    return (1 - pixels if invert else pixels) * trained.data["divisor"]
