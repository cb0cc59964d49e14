"""``glassgrad doctor``: what glassgrad stands on, on this machine."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import __version__

if TYPE_CHECKING:
    from ..engine.blas import Choice, Measured

NEEDED = ("numpy", "click", "rich", "safetensors", "llvmlite", "scipy-openblas32")
OPTIONAL = {"pillow": "images", "quickjs-ng": "draw", "resvg-py": "draw", "jax": "bench", "torch": "bench"}
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_CORETYPE", "GLASSGRAD_BLAS")
SLOW = 0.75  # of the best speed: less of it is worth a word


@click.command(short_help="Show versions, the measured BLAS, threads and caches.")
@click.option("--measure", is_flag=True, help="Measure the BLAS libraries again, not only the first time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(measure: bool, as_json: bool) -> None:
    """Show what glassgrad stands on: versions, how fast which BLAS multiplies matrices here, threads, caches."""
    from ..engine.blas import choose

    choice = choose(measure)
    found = _found() | {"BLAS": _blas(choice)}
    if as_json:
        click.echo(json.dumps(found))
        return
    for title, entries in found.items():
        click.echo(f"{title}")
        width = max(map(len, entries))
        for name, value in entries.items():
            if not isinstance(value, dict):
                click.echo(f"  {name:{width}}  {value}")
    _echo_table(choice)


def _found() -> dict[str, dict[str, Any]]:
    optional = {name: _version(name, f"not installed (extra [{extra}])") for name, extra in OPTIONAL.items()}
    return {
        "glassgrad": {"version": __version__, "installed in": str(Path(__file__).parents[1])},
        "Python": {"version": platform.python_version(), "system": f"{platform.system()} {platform.machine()}",
                   "processors": os.cpu_count()},
        "libraries": {name: _version(name) for name in NEEDED},
        "optional libraries": optional,
        "environment": {name: os.environ.get(name, "not set") for name in VARIABLES},
        "cache": _cache(),
    }


def _cache() -> dict[str, Any]:
    """Return where programs and measurements are kept, how much there is, and whether they can be kept at all."""
    from ..cache import cache_folder, private_folder

    size = 0
    for place, _, names in os.walk(cache_folder()):
        for name in names:
            with suppress(OSError):  # another process is at work, or a file of somebody else
                size += os.stat(os.path.join(place, name)).st_size
    kept = private_folder("programs")
    words = "kept" if kept is not None and os.access(kept, os.W_OK) else (
        "compiled anew by every process: their folder cannot be written, belongs to somebody else, or others may write "
        "to it. Mend that, or name another folder by GLASSGRAD_CACHE.")
    return {
        "folder": str(cache_folder()), "bytes": size,
        "programs": words,
    }


def _version(name: str, missing: str = "not installed") -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return missing


def _blas(choice: Choice) -> dict[str, Any]:
    """Return what was chosen and why, what each library does, and what NumPy's user should know."""
    from ..engine.blas import allowed

    blas = choice.blas
    return {
        "used": blas.name if blas else "none: matrix products are left to NumPy",
        "why": choice.reason,
        **({"library": blas.path, "kernels": blas.core or "unknown"} if blas else {}),
        "threads": _threads(blas.crossings if blas else (), allowed()),
        "NumPy itself": advice(choice.measured),
        "measured": {name: {"kernels": each.core, "GF/s": dict(each.gflops), "mean": each.score}
                     for name, each in choice.measured.items()},
    }


def _threads(crossings: tuple[tuple[int, int], ...], cores: int) -> str:
    """Say how many threads a product gets."""
    if cores == 1:
        return "1: no more are allowed to this process"
    steps = [f"{min(threads, cores)} from {work / 1e6:.2g} million operations on" for work, threads in crossings]
    more = steps or ["more were not faster when that was measured"]
    return "; ".join([f"1 of the {cores} allowed for small products", *more])


def advice(measured: Mapping[str, Measured]) -> str:
    """Say whether NumPy itself is fast here, and what to do if it is not.

    Parameters
    ----------
    measured : Mapping of str to Measured
        By the names of the libraries, as ``choose().measured`` has them.

    Returns
    -------
    str
    """
    numpy = measured.get("numpy")
    if numpy is None or not numpy.score:
        return "its library could not be measured"
    name, best = max(measured.items(), key=lambda item: item[1].score)
    share = numpy.score / best.score
    if share >= SLOW:
        narrowed = {"OPENBLAS_CORETYPE": "Other kernels", "GLASSGRAD_BLAS": "Other libraries"}
        unknown = [f" {what} were not measured, because {variable} is set." for variable, what in narrowed.items()
                   if os.environ.get(variable)]
        return f"multiplies at {share:.0%} of the best speed measured here.{''.join(unknown)}"
    part = "about half" if 0.4 <= share <= 0.6 else f"{share:.0%}"
    speed = f"multiplies at {part} of the speed that is possible here"
    if numpy.core and name.startswith("openblas") and best.core != numpy.core:
        return (f"{speed}: it uses the kernels {numpy.core}; glassgrad uses {best.core}. To give them to NumPy "
                f"too, set OPENBLAS_CORETYPE={best.core} in the environment before Python starts.")
    return (f"{speed}: the library of {name} is faster, and glassgrad uses it. NumPy as PyPI has it may be faster too: "
            "pip install --force-reinstall numpy.")


def _echo_table(choice: Choice) -> None:
    """Print a line for each library: kernels and billions of operations in a second."""
    if not choice.measured:
        return
    cases = next((list(each.gflops) for each in choice.measured.values() if each.gflops), [])
    title = "GF/s, one thread"
    width = max(map(len, [title, *choice.measured]))
    click.echo(f"  {title:{width}}  {'kernels':14}" + "".join(f"  {case}" for case in [*cases, "mean"]))
    seen: dict[tuple[str, float], str] = {}
    for name, each in choice.measured.items():
        twin = seen.setdefault((each.core, each.score), name)
        if not each.score:
            line = "cannot run here"
        elif twin != name:
            line = f"{each.core:14}  the same as {twin}"
        else:
            rates = [f"{each.gflops[case]:{len(case)}.0f}" for case in cases]
            line = "  ".join([f"{each.core:14}", *rates, f"{each.score:4.0f}"])
        used = choice.blas is not None and choice.blas.name == name
        click.echo(f"  {name:{width}}  {line}{'  <- used' if used else ''}")
