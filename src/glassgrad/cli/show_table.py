"""The gradient check as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..check import GradientTable

if TYPE_CHECKING:
    from rich.console import Console


def show_table(console: Console, table: GradientTable) -> None:
    """Print parameter, mean difference and verdict, and what the figures consist of."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE, pad_edge=False)
    grid.add_column("parameter")
    grid.add_column("mean |numerical - backprop|", justify="right")
    grid.add_column("verdict")
    for row in table.rows:
        style = "green" if row.verdict.fine else "bold red"
        grid.add_row(row.name, f"{row.mean_difference:.2e}", Text(row.words, style=style))
    console.print(grid)
    console.print(Text(table.explanation, style="dim"))
