"""``glassgrad train``: check the gradients, train, say how well it went, write a run folder."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..data import Dataset, load
from ..engine.compiled import engine_named
from ..errors import DataError, NonFiniteError, SettingError, one_of
from ..optim import NAMED, named
from ..run import CHECKPOINT, REPORT, Run, free_folder, made
from .network import gradient_table, hidden_sizes, network
from .show_table import show_table

if TYPE_CHECKING:
    from rich.console import Console

    from ..check import GradientTable
    from ..nn.model import Sequential
    from ..train import Checkpoint, Progress, Result


def _read_config(context: click.Context, _: click.Parameter, path: str | None) -> str | None:
    """Let a TOML file give the defaults of the other options; the command line still wins."""
    if path is None:
        return None
    try:
        given = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"the settings file {path} cannot be read: {error}") from None
    known = {option.name for option in context.command.params} - {"config"}
    for key, value in given.items():
        if key.replace("-", "_") not in known:
            raise one_of(f"{path}: setting", key, sorted(str(name) for name in known))
        if isinstance(value, (dict, list)):
            raise SettingError(f"{path}: {key} = {value!r}: a single value is needed.")
    context.default_map = {**(context.default_map or {}), **{key.replace("-", "_"): v for key, v in given.items()}}
    return path


def _read_resumed(context: click.Context, _: click.Parameter, folder: str | None) -> Path | None:
    """Let the checkpoint of a run give the defaults of the other options, and its folder be that of the run."""
    if folder is None:
        return None
    from ..train.checkpoint import notes_of

    path = Path(folder) / CHECKPOINT
    if not path.parent.is_dir():
        raise DataError(f"--resume {folder}: there is no such folder. Give the folder of the run that was interrupted.")
    if not path.is_file():
        raise DataError(f"--resume {folder}: there is no {CHECKPOINT} in it. The run has come to its end, or broke off "
                        "within its first second: train anew.")
    context.default_map = {**(context.default_map or {}), **notes_of(path), "out": folder, "overwrite": True}
    return path


@click.command(short_help="Train a network on data; without arguments, the deck's on handwritten digits.")
@click.argument("data", required=False, default="digits")
@click.option("--hidden", default="50", show_default=True, help="Units of the hidden layer, or of several: 100,50.")
@click.option("--activation", default="relu", show_default=True, help="relu, sigmoid or tanh.")
@click.option("--init", help="First weights: a standard deviation, he or xavier. [0.01; he for several hidden layers]")
@click.option("--dropout", default=0.0, show_default=True, help="Share of hidden units dropped while training.")
@click.option("--epochs", type=int, help="Times to go through the data.  [10,000 steps, as in the deck]")
@click.option("--iterations", type=int, help="Steps to do, instead of --epochs.")
@click.option("--batch", default=100, show_default=True, help="Samples in a mini-batch.")
@click.option("--sampling", default="shuffle", show_default=True,
              help="shuffle: every sample once an epoch; replace: drawn with replacement, as in the deck.")
@click.option("--optimizer", default="sgd", show_default=True, help=", ".join(NAMED) + ".")
@click.option("--lr", type=float, help="Learning rate.  [0.1 for sgd, momentum and nesterov]")
@click.option("--weight-decay", type=float, help="L2 regularisation.")
@click.option("--clip", type=float, help="Largest norm of the gradient.")
@click.option("--validation", type=float, help="Share of the training data that decides which epoch was best.")
@click.option("--patience", type=int, help="Stop when so many epochs brought no better one.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same run, bit for bit.")
@click.option("--dtype", default="float32", show_default=True, help="float32 or float64.")
@click.option("--engine", default="auto", show_default=True,
              help="What runs the steps: native (compiled), numpy, interpret; auto: native where it pays.")
@click.option("--label", help="CSV and tables: the column of the labels, by name or position.  [the last]")
@click.option("--config", callback=_read_config, is_eager=True, metavar="FILE.toml", help="Take settings from a file.")
@click.option("--resume", callback=_read_resumed, is_eager=True, metavar="RUN",
              help="Go on with a run that was interrupted or killed, from its folder.")
@click.option("--out", metavar="DIR", help="Folder to write the run to.  [runs/DATA-1, -2, ...]")
@click.option("--overwrite", is_flag=True, help="Write to --out even if it is not empty.")
@click.option("--check/--no-check", "checking", default=True, show_default=True, help="Check the gradients first.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def train(data: str, hidden: str, config: str | None, out: str | None, overwrite: bool, checking: bool,  # noqa: ARG001
          as_json: bool, quiet: bool, label: str | None, resume: Path | None, **settings: Any) -> int:
    """Train a network on DATA and write a run folder with weights, figures and a report.

    DATA is digits (which come with the package), fashion-mnist, mnist, or a path: a folder of IDX files or of images
    by class, a .npz or a .csv file.

    \b
    glassgrad train
    glassgrad train fashion-mnist --epochs 17
    glassgrad train iris.csv --label species --hidden 20,10 --optimizer adam
    glassgrad train --resume runs/digits-1
    """
    from rich.console import Console

    from ..train import Checkpoint

    console = Console(quiet=quiet or as_json, highlight=False)
    asked = _folder(out, overwrite)
    settings["engine"] = engine_named(settings["engine"])  # refused before the check of the gradients, not after it
    dataset = load(data, label=label) if label is not None else load(data)
    optimizer = named(settings["optimizer"], lr=settings["lr"], weight_decay=settings["weight_decay"],
                      clip=settings["clip"])
    model = network(dataset, hidden_sizes(hidden), settings)
    sizes = "-".join(map(str, (dataset.x_train.shape[1], *hidden_sizes(hidden), len(dataset.classes))))
    folder = asked or free_folder("runs", dataset.name)
    new = [place for place in (folder, folder.parent) if not place.exists()]
    made(folder)  # before the training, not after it
    console.print(
        f"[bold]{dataset.name}[/]: {len(dataset.x_train):,} training and {len(dataset.x_test):,} test samples, "
        f"{len(dataset.classes)} classes. Network {sizes}, {model.parameter_count:,} parameters.", soft_wrap=True,
    )
    table = gradient_table(model, dataset.x_train, dataset.y_train) if checking else None
    if table is not None:
        console.print("\nGradient check: backpropagation against numerical differentiation, on 3 samples")
        show_table(console, table)
        if not table.correct:
            console.print("[red]The gradient check found a fault; training goes on, and the report says so.[/]")
    settings |= {"hidden": hidden, "data": data}
    session = _Session(console, dataset, model, settings, table, folder, sizes)
    checkpoint = Checkpoint(folder / CHECKPOINT, {**settings, "label": label, "checking": checking})
    try:
        return session.train(optimizer, as_json, checkpoint, resume)
    finally:
        _remove_if_empty(new)


def _folder(out: str | None, overwrite: bool) -> Path | None:
    """Return the folder that was asked for, refused before the training rather than after it."""
    if out is None:
        return None
    place = Path(out)
    if place.exists() and not place.is_dir():
        raise DataError(f"--out {place} is a file; a folder is needed.")
    if place.exists() and any(place.iterdir()) and not overwrite:
        raise DataError(f"--out {place} is not empty. Choose another folder, or allow it with --overwrite.")
    return place


def _remove_if_empty(new: list[Path]) -> None:
    """Leave none of the folders that were made behind when there was nothing to write."""
    for place in new:
        with suppress(OSError):  # something is in it
            place.rmdir()


@dataclass
class _Session:
    """One training run of the command line."""

    console: Console
    data: Dataset
    model: Sequential
    settings: dict[str, Any]
    table: GradientTable | None
    folder: Path
    sizes: str

    def train(self, optimizer: Any, as_json: bool, checkpoint: Checkpoint, resume: Path | None) -> int:
        from ..train import fit
        from .progress import Display

        display = Display(self.console)
        try:
            with display:
                result = fit(
                    self.model, self.data, optimizer=optimizer, batch=self.settings["batch"],
                    epochs=self.settings["epochs"], iterations=self.settings["iterations"],
                    sampling=self.settings["sampling"], seed=self.settings["seed"],
                    validation=self.settings["validation"], patience=self.settings["patience"],
                    progress=display.update, engine=self.settings["engine"],
                    checkpoint=checkpoint, resume=resume,
                )
        except NonFiniteError:
            if display.last is not None and display.last.row:
                self._finish(None, display.last, as_json)
            raise
        return self._finish(result, display.last, as_json)

    def _finish(self, result: Result | None, last: Progress | None, as_json: bool) -> int:
        """Evaluate the weights that were kept, write the run folder, say what came of it."""
        from .summary import summarise, write_run_report

        stopped = result.stopped if result else "the loss was not finite"
        if result and not result.samples:
            raise SettingError("interrupted before the first step; nothing was written.")
        found, test = summarise(self.model, self.data, result, stopped)
        about = {
            "name": self.data.name, "classes": list(self.data.classes), "divisor": self.data.divisor,
            "image_shape": list(self.data.image_shape) if self.data.image_shape else None, "source": self.data.source,
        }
        history = result.history if result else [last.row] if last else []
        settings = {name: value for name, value in self.settings.items() if value is not None}
        run = Run(self.model, about, settings, found, history)
        folder = run.save_somewhere(self.folder)
        write_run_report(folder / REPORT, run, self.data, test, self.table, self.sizes)
        if as_json:
            correct = None if self.table is None else self.table.correct
            click.echo(json.dumps({**found, "run": str(folder), "gradients_correct": correct}))
        self.console.print(
            f"\n[bold]Test accuracy {found['test_accuracy']:.4f}[/], train accuracy {found['train_accuracy']:.4f} "
            f"({stopped}; {found['iterations']:,} steps in {found['seconds']:.1f} s)."
        )
        self.console.print(f"Written to {folder}: open {folder / REPORT}", soft_wrap=True)
        if (folder / CHECKPOINT).exists():
            self.console.print(f"Go on with: glassgrad train --resume {folder}", soft_wrap=True)
        return 130 if stopped == "interrupted" else 0
