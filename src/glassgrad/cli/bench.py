"""``glassgrad bench``: glassgrad beside other libraries, on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Self

import click

from ..errors import DataError, SettingError
from ..files import write_atomic


def _list(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from ..bench.cases import CASES
    from ..bench.peers import PEERS

    for name, case in CASES.items():
        click.echo(f"{name:11} about {case.minutes:g} min{', by name only' if case.asked else ''}. {case.about}")
    click.echo(f"\npeers: {', '.join(PEERS)}")
    context.exit()


@click.command(short_help="Compare speed and memory with other libraries.")
@click.argument("cases", nargs=-1, metavar="[CASE ...]")
@click.option("--list", "listing", is_flag=True, is_eager=True, expose_value=False, callback=_list,
              help="List cases and peers.")
@click.option("--peers", metavar="NAME,...", help="Who takes part besides glassgrad.  [all]")
@click.option("--cores", type=click.Choice(["1", "all"]), default="1", show_default=True,
              help="One pinned core, or all that this process may use.")
@click.option("--rounds", type=click.IntRange(1), default=15, show_default=True, help="Rounds of a contest, at most.")
@click.option("--quick", is_flag=True, help="Little work and few rounds: to see that all runs, not for figures.")
@click.option("--json", "json_file", metavar="FILE", help="Write all figures; saved after every contest.")
@click.option("--resume", is_flag=True, help="Go on where the --json file stops, on the same machine.")
@click.option("--markdown", "markdown_file", metavar="FILE", help="Write the tables as a page.")
def bench(cases: tuple[str, ...], peers: str | None, cores: str, rounds: int, quick: bool, json_file: str | None,
          resume: bool, markdown_file: str | None) -> None:
    """Run the same work by glassgrad and by other libraries in turn; compare results, then print times.

    CASE is one or more of the names that --list shows; without one, all but the grid. Libraries that are not installed
    are named as missing: pip install 'glassgrad[bench]' brings them.

    \b
    glassgrad bench deck --peers torch,jax.scan
    glassgrad bench grid --json grid.json --resume
    glassgrad bench --markdown docs/performance_table.md
    """
    from ..bench.run import Run

    if resume and json_file is None:
        raise SettingError("--resume goes on with a file of figures: name it with --json FILE.")
    for file in (json_file, markdown_file):
        if file is None:
            continue
        if not Path(file).absolute().parent.is_dir():  # before the measuring, not after it
            raise DataError(f"cannot write {file!r}: its folder does not exist.")
        if Path(file).is_dir():
            raise DataError(f"cannot write {file!r}: it is a folder. Name a file in it.")
    named = None if peers is None else [name.strip() for name in peers.split(",") if name.strip()]
    with _Line() as line:
        run = Run(cases, named, cores == "all", rounds, quick, line.show, json_file)
        if resume:
            run.resume()
        run.hold()
    click.echo(run.markdown(), nl=False)
    run.save()
    if markdown_file is not None:
        write_atomic(markdown_file, run.markdown().encode())


class _Line:
    """One line on a terminal that says what is under way; elsewhere nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.show("")

    def show(self, text: str) -> None:
        """Replace the line."""
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{text[:100]}", err=True, nl=False)
