"""The command ``glassgrad``.

Exit codes: 0 all went well; 1 something given could not be used, or a gradient is wrong; 2 the command line itself was
wrong; 130 interrupted by Ctrl-C (a training run has saved its best weights then).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from .. import __version__
from ..errors import GlassgradError
from .bench import bench
from .check import check
from .data import data
from .doctor import doctor
from .predict import predict
from .show import show
from .train import train

EPILOG = (
    "Exit codes: 0 done; 1 data, a file or a setting cannot be used, or a gradient is wrong; 2 wrong command line; "
    "130 interrupted (a training run saves its best weights first)."
)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="glassgrad")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def group(debug: bool) -> None:
    """See, prove and run backpropagation.

    \b
    glassgrad train            train the deck's two-layer network on the digits that come with the package
    glassgrad predict RUN DATA let a trained network read
    glassgrad show EXPR        draw a formula with its values and derivatives
    glassgrad check            compare backpropagation with numerical differentiation
    glassgrad bench            compare speed and memory with other libraries
    """


for _command in (train, predict, show, check, data, doctor, bench):
    group.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        rest = [item for item in given if item != "--debug"]
        sys.exit(group.main(rest, prog_name="glassgrad", standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except GlassgradError as error:
        if debug:
            raise
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has gone
        sys.exit(1)
