"""``glassgrad show``: a formula or a trained network as a picture, step by step, or explained in words."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from .. import run as runs
from .. import words
from ..build import tensor
from ..data import load
from ..draw import FORMATS, draw
from ..errors import SettingError
from ..expression import build, parse
from ..graph import nodes

if TYPE_CHECKING:
    from ..explain import Steps
    from ..graph import Tensor

FORWARD_KEYS = ("\x1b[C", "\x1b[B", " ", "\r", "\n", "l", "j")  # right, down
BACK_KEYS = ("\x1b[D", "\x1b[A", "\x7f", "h", "k")  # left, up
END_KEYS = ("q", "\x1b", "\x03", "\x04")


@click.command(short_help="Draw a formula or a trained network, with values and derivatives.")
@click.argument("what", metavar="EXPR_OR_RUN")
@click.option("--at", "values", multiple=True, metavar="x=2,y=3", help="Values of the names; arrays as [1, 2].")
@click.option("--sample", default=0, show_default=True, help="Which test sample a trained network is shown with.")
@click.option("--backward/--no-backward", default=True, show_default=True, help="Show derivatives.")
@click.option("--open", "opened", multiple=True, metavar="OP", help="Open a composite such as sigmoid, or all.")
@click.option("--depth", type=int, help="Levels of boxes to open.")
@click.option("--format", "form", help=f"One of {', '.join(FORMATS)}.  [text, or by the suffix of -o]")
@click.option("-o", "--output", metavar="FILE", help="Write .svg, .png, .html, .tex, .dot or .txt.")
@click.option("--step", "stepping", is_flag=True, help="Go through forward and backward propagation with arrow keys.")
@click.option("--explain", "explained", metavar="NAME", help="The chain rule, in words, for this name.")
@click.option("--language", help="en, zh_TW or ja.  [$GLASSGRAD_LANG, else en]")
def show(what: str, values: tuple[str, ...], sample: int, backward: bool, opened: tuple[str, ...], depth: int | None,
         form: str | None, output: str | None, stepping: bool, explained: str | None, language: str | None) -> None:
    """Draw EXPR, a formula such as '(x + y) ** 2', or the network of a run folder, with its numbers.

    \b
    glassgrad show "apple * count * tax" --at apple=100,count=2,tax=1.1
    glassgrad show "sigmoid(x)" --at x=1 --open sigmoid -o sigmoid.svg
    glassgrad show "(x + y) ** 2" --at x=2,y=3 --step
    glassgrad show runs/digits-1 --sample 7 -o seven.html
    """
    with words.use(words.language(language)):
        graph, leaves = _graph(what, values, sample)
        if stepping:
            from ..explain import steps

            _step_through(steps(graph, backward=backward))
        elif explained is not None:
            from ..explain import explain

            if explained not in leaves:
                raise SettingError(f"--explain {explained}: the names here are {', '.join(leaves)}.")
            click.echo(str(explain(graph, leaves[explained])))
        else:
            chosen: Any = True if "all" in opened else opened
            form = form or (None if output else "text")
            colour = form == "text" and sys.stdout.isatty()
            made = draw(graph, backward=backward, open=chosen, depth=depth, format=form, path=output, color=colour)
            click.echo(f"Written to {output}" if output else made)
            if opened and backward:
                _say_proof(graph, beside=form not in (None, "text"))


def _say_proof(graph: Tensor, beside: bool) -> None:
    """Say that the closed nodes have the opened graph's derivatives; `beside` a picture on standard output."""
    from ..draw.proof import sentence

    told = sentence(graph) if graph.size == 1 else ""
    if told:
        click.echo(told, err=beside)


def _graph(what: str, values: tuple[str, ...], sample: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the node to show and the leaves below it by name."""
    if runs.is_run(what):
        return _network(what, sample)
    expression = parse(what)
    given = read_values(values)
    for name in given:
        if name not in expression.names:
            raise SettingError(f"--at {name}: the formula has no such name; it has {', '.join(expression.names)}.")
    leaves = {name: tensor(given[name], name, "float64") for name in expression.names if name in given}
    return build(expression, leaves), leaves


def _network(folder: str, sample: int) -> tuple[Tensor, dict[str, Tensor]]:
    trained = runs.load(folder)
    data = load(trained.settings.get("data", trained.data["name"]))
    if not 0 <= sample < len(data.x_test):
        raise SettingError(f"--sample {sample}: there are {len(data.x_test)} test samples; counting begins at 0.")
    x = tensor(data.scaled(data.x_test[sample : sample + 1]), "x")
    plain = type(trained.model)(*trained.model.layers)  # the picture is scaled already: x is what the network sees
    loss = nodes.cross_entropy(plain(x), data.y_test[sample : sample + 1])
    loss.name = "loss"
    return loss, {"x": x, **trained.model.parameters()}


def read_values(given: tuple[str, ...]) -> dict[str, Any]:
    """Return values by name from text such as ``x=2,y=[1, 2]``.

    >>> read_values(("x=2,y=[1, 2]", "z=-3e2"))
    {'x': 2.0, 'y': [1, 2], 'z': -300.0}
    """
    found: dict[str, Any] = {}
    for text in given:
        for part in _split(text):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not (name and equals and value):
                raise SettingError(f"--at {part.strip()!r}: write name=number, such as --at x=2,y=3.")
            if name in found:
                raise SettingError(f"--at: {name} is given twice.")
            found[name] = _value(name, value)
    return found


def _split(text: str) -> list[str]:
    """Split at commas that stand in no brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "[") - (sign == "]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text) if text.startswith("[") else float(text)
    except (ValueError, RecursionError):
        raise SettingError(
            f"--at {name}={text}: a number such as 2.5, or an array such as [1, 2], is needed."
        ) from None


def _step_through(run: Steps) -> None:
    """Show a step at a time and obey the arrow keys; where nobody can press keys, print all steps."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not terminal:
        click.echo(run.text())
        return
    place = 0
    while True:
        click.clear()
        for number, step in enumerate(run[: place + 1]):
            click.echo(click.style(f"{number + 1:4}  {step.text()}", bold=number == place))
        click.echo(click.style(f"\n{place + 1}/{len(run)}   ← →   q", dim=True))
        key = click.getchar()
        if key in END_KEYS:
            return
        place = min(max(place + (key in FORWARD_KEYS) - (key in BACK_KEYS), 0), len(run) - 1)
