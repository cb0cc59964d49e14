"""The gradient check as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..check import GradientTable

if TYPE_CHECKING:
    from rich.console import Console


def show_parts(console: Console, table: GradientTable, epsilon: dict[str, float]) -> None:
    """Print what each parameter's mean difference consists of; `epsilon` is what the book's logarithm would add."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE, pad_edge=False)
    for name in ("parameter", "truncation", "rounding, at most", "kinks within h", "1e-7 in the book's log"):
        grid.add_column(name, justify="left" if name == "parameter" else "right")
    for row in table.rows:
        grid.add_row(row.name, f"{row.truncation:.1e}", f"{row.rounding:.1e}", f"{row.kinks:,}",
                     f"{epsilon[row.name]:.1e}")
    console.print(grid)
    console.print(Text(
        f"Truncation is h²/6 times the third derivative, for h = {table.h:.0e}; rounding is the precision of the loss "
        "divided by h; a kink within h makes the difference a mean of two slopes. The last column is not in these "
        "figures: the book's code has it, because its loss is log(y + 1e-7) and its gradient that of log(y).",
        style="dim"))


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
