"""``glassgrad doctor``: what glassgrad stands on, on this machine."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

import click
import numpy as np

from .. import __version__

OPTIONAL = {"pillow": "images", "quickjs-ng": "draw", "resvg-py": "draw", "jax": "bench", "torch": "bench"}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_CORETYPE")


@click.command(short_help="Show versions, BLAS, threads and caches.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Show what glassgrad stands on: versions, the BLAS that NumPy multiplies matrices with, threads, caches."""
    found = _found()
    if as_json:
        click.echo(json.dumps(found))
        return
    for title, entries in found.items():
        click.echo(f"{title}")
        width = max(map(len, entries))
        for name, value in entries.items():
            click.echo(f"  {name:{width}}  {value}")


def _found() -> dict[str, dict[str, Any]]:
    from ..cache import cache_folder

    libraries = {name: _version(name) for name in ("numpy", "click", "rich", "safetensors")}
    optional = {name: _version(name, f"not installed (extra [{extra}])") for name, extra in OPTIONAL.items()}
    folder = cache_folder()
    return {
        "glassgrad": {"version": __version__, "installed in": str(Path(__file__).parents[1])},
        "Python": {"version": platform.python_version(), "system": f"{platform.system()} {platform.machine()}",
                   "processors": os.cpu_count()},
        "libraries": libraries,
        "optional libraries": optional,
        "BLAS of NumPy": _blas(),
        "threads": {name: os.environ.get(name, "not set") for name in THREADS},
        "cache": {"folder": str(folder), "bytes": sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())},
    }


def _version(name: str, missing: str = "not installed") -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return missing


def _blas() -> dict[str, str]:
    built: Any = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {})
    return {"library": str(blas.get("name", "unknown")), "version": str(blas.get("version", "unknown")),
            "settings": str(blas.get("openblas configuration", "unknown"))}
