"""``glassgrad data``: which data sets are there, what is in one, downloading, looking at samples."""

from __future__ import annotations

import json
from typing import Any

import click

from ..data import download, entries, load
from ..errors import SettingError

SHADES = " .:-=+*#%@"


@click.group(short_help="List, describe, download and look at data sets.")
def data() -> None:
    """List, describe, download and look at data sets."""


@data.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the data sets that are known by name, and where they are."""
    if as_json:
        click.echo(json.dumps([
            {"name": entry.name, "where": entry.where, "folder": str(entry.folder) if entry.folder else None,
             "download": entry.download_size} for entry in entries()
        ]))
        return
    for entry in entries():
        size = f" ({entry.download_size / 1e6:.0f} MB to download)" if entry.download_size else ""
        click.echo(f"{entry.name:16}{entry.where}{size}{f'  {entry.folder}' if entry.folder else ''}")


@data.command()
@click.argument("name_or_path")
@click.option("--label", help="Column of the labels in a table.")
def info(name_or_path: str, label: str | None) -> None:
    """Describe a data set."""
    click.echo(load(name_or_path, label=label).describe())


@data.command("download")
@click.argument("name")
@click.option("--to", "folder", metavar="DIR", help="Folder to put the files in.  [the cache]")
def download_(name: str, folder: str | None) -> None:
    """Download a published data set; every file is checked against its known SHA-256."""
    shown: dict[str, int] = {}

    def progress(file: str, done: int, total: Any) -> None:
        percent = int(100 * done / total) if total else 0
        if shown.get(file) != percent and percent % 10 == 0:
            shown[file] = percent
            click.echo(f"{file}: {percent} %", err=True)

    click.echo(f"In {download(name, folder, progress=progress)}")


@data.command("show")
@click.argument("name_or_path")
@click.option("--sample", default=0, show_default=True, help="Which training sample.")
@click.option("--label", help="Column of the labels in a table.")
def show_(name_or_path: str, sample: int, label: str | None) -> None:
    """Print one training sample: an image in signs, other data as numbers."""
    found = load(name_or_path, label=label)
    if not 0 <= sample < len(found.x_train):
        raise SettingError(f"--sample {sample}: there are {len(found.x_train):,} samples; counting begins at 0.")
    row = found.x_train[sample]
    click.echo(f"{found.name}, training sample {sample}: {found.classes[found.y_train[sample]]}")
    if found.image_shape is None:
        names = found.columns or tuple(f"x{i}" for i in range(len(row)))
        for name, value in zip(names, row, strict=True):
            click.echo(f"  {name} = {value}")
        return
    image = row.reshape(found.image_shape).astype(float)
    grey = image.mean(axis=-1) if image.ndim == 3 else image
    spread = max(float(grey.max() - grey.min()), 1e-300)
    for line in (grey - grey.min()) / spread * (len(SHADES) - 1):
        click.echo("".join(SHADES[round(value)] * 2 for value in line))
