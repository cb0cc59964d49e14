"""``glassgrad check``: the deck's gradient check on a network, or the prover on the layers and rules of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import run as runs
from ..data import load
from ..errors import SettingError
from ..files import write_atomic
from .network import epsilon_figures, gradient_table, hidden_sizes, loss_of_few, network
from .show_table import show_parts, show_table

if TYPE_CHECKING:
    from ..data import Dataset
    from ..nn import Sequential


@click.command(short_help="Compare backpropagation with numerical differentiation.")
@click.argument("target", required=False, default="digits", metavar="[FILE.py[:NAME] or RUN or DATA]")
@click.option("--hidden", default="50", show_default=True, help="Units of the hidden layer, where DATA is given.")
@click.option("--seed", default=0, show_default=True, help="Chooses the first weights, and the directions of a proof.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--sweep", is_flag=True, help="Network: the mean difference for steps h from 1e-1 to 1e-9 as well.")
@click.option("--junit", "junit_path", metavar="FILE.xml", help="FILE.py: write JUnit XML for continuous integration.")
def check(target: str, hidden: str, seed: int, as_json: bool, sweep: bool, junit_path: str | None) -> int:
    """Check gradients; exit with 1 if one is wrong.

    Of a network (a run folder, or data for a new network of the deck's kind; the digits by default): the deck's table
    on three samples, with a verdict for every parameter; with --sweep also how its figures depend on the step h.

    Of FILE.py: every class with forward and backward, and every function f with a rule f_vjp(g, y, *arrays). The file
    is run. What to check it with, if not arrays (3, 4), is what f_example() or Layer_example() in the file returns.
    """
    file, name = _python_file(target)
    if sweep and (file is not None or as_json):
        raise SettingError("--sweep prints curves for a network: leave out --json, and give no Python file.")
    if file is not None:
        return _check_file(file, name, seed, as_json, junit_path)
    if junit_path is not None:
        raise SettingError("--junit goes with a Python file; for a network use --json.")
    model, data = _network_and_data(target, hidden, seed)
    table = gradient_table(model, data.x_train, data.y_train)
    epsilon = epsilon_figures(model, data.x_train, data.y_train)
    if as_json:
        click.echo(table.to_json(epsilon_in_log=epsilon))
    else:
        from rich.console import Console

        console = Console(highlight=False)
        console.print(f"{data.name}: {model!r}, loss on 3 samples, float64")
        show_table(console, table)
        show_parts(console, table, epsilon)
    if sweep:
        from ..check import step_sweep

        click.echo(f"\n{step_sweep(*loss_of_few(model, data.x_train, data.y_train), seed=seed)}")
    return 0 if table.correct else 1


def _python_file(target: str) -> tuple[str | None, str | None]:
    """Return the file and the name in it, if that is what was meant."""
    if target.endswith(".py"):
        return target, None
    file, colon, name = target.rpartition(":")
    return (file, name) if colon and file.endswith(".py") else (None, None)


def _check_file(file: str, name: str | None, seed: int, as_json: bool, junit_path: str | None) -> int:
    from ..check.files import check_file, junit

    if not as_json:
        click.echo(f"Running {file} to find what it defines.", err=True)
    found = check_file(file, name, seed=seed)
    if junit_path is not None:
        write_atomic(junit_path, junit(file, found).encode())
    if as_json:
        click.echo(json.dumps([_plain(item) for item in found]))
    else:
        for item in found:
            click.echo(f"{Path(file).name}:{item.line} {item}")
    return 0 if all(item.correct for item in found) else 1


def _plain(item: Any) -> dict[str, Any]:
    report = json.loads(item.report.to_json()) if item.report is not None else None
    return {"name": item.name, "line": item.line, "correct": item.correct, "problem": item.problem, "report": report}


def _network_and_data(target: str, hidden: str, seed: int) -> tuple[Sequential, Dataset]:
    if runs.is_run(target):
        trained = runs.load(target)
        return trained.model, load(trained.settings.get("data", trained.data["name"]))
    data = load(target)
    settings = {"activation": "relu", "dropout": 0.0, "seed": seed, "dtype": "float64"}
    return network(data, hidden_sizes(hidden), settings), data
