"""``glassgrad check``: the deck's gradient check, on its own network, on your data, or on a trained one."""

from __future__ import annotations

import click

from .. import run as runs
from ..data import load
from .network import gradient_table, hidden_sizes, network
from .show_table import show_table


@click.command(short_help="Compare backpropagation with numerical differentiation.")
@click.argument("target", required=False, default="digits", metavar="[RUN or DATA]")
@click.option("--hidden", default="50", show_default=True, help="Units of the hidden layer, where DATA is given.")
@click.option("--seed", default=0, show_default=True, help="Chooses the first weights.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def check(target: str, hidden: str, seed: int, as_json: bool) -> int:
    """Compare the gradients of a network with numerical differentiation, on three samples.

    TARGET is a run folder, or data for a new network of the deck's kind; the digits by default. Exits with 1 if a
    gradient is wrong.
    """
    from rich.console import Console

    if runs.is_run(target):
        trained = runs.load(target)
        data = load(trained.data["name"])
        model = trained.model
    else:
        data = load(target)
        settings = {"activation": "relu", "dropout": 0.0, "seed": seed, "dtype": "float64"}
        model = network(data, hidden_sizes(hidden), settings)
    table = gradient_table(model, data.x_train, data.y_train)
    if as_json:
        click.echo(table.to_json())
    else:
        console = Console(highlight=False)
        console.print(f"{data.name}: {model!r}, loss on 3 samples, float64")
        show_table(console, table)
    return 0 if table.correct else 1
