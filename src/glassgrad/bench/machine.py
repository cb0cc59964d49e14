"""The machine that figures were measured on, in the words that stand above them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from pathlib import Path

from .peers import PEERS


def processor() -> str:
    """Return the name of the processor, as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def available() -> set[int] | None:
    """Return the cores that this process may use; None where the system cannot tell, and cannot pin."""
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def versions(peers: Iterable[str]) -> dict[str, str]:
    """Return the versions of what these contestants stand on, as far as it is installed."""
    found = {"Python": platform.python_version()}
    for package in dict.fromkeys(["glassgrad", *(package for peer in peers for package in PEERS[peer].packages)]):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe(peers: Iterable[str], cores: set[int] | None, count: int) -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "processor": processor(), "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(), "cores": count, "pinned": cores is not None, "versions": versions(peers),
    }
