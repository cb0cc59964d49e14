"""Where downloads, compiled programs and measurements are kept: ``$GLASSGRAD_CACHE``, or the user's cache folder."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

__all__ = ["cache_folder", "private_folder"]


def cache_folder() -> Path:
    """Return the folder of glassgrad's cache, which need not exist.

    On Linux it is ``$XDG_CACHE_HOME/glassgrad`` or ``~/.cache/glassgrad``. A user without a home, as in some
    containers, has one in which nothing can be kept.
    """
    given = os.environ.get("GLASSGRAD_CACHE")
    try:
        return Path(given or _usual()).expanduser().absolute()
    except RuntimeError:
        return Path(os.devnull, "glassgrad")


def _usual() -> str:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return f"{base}/glassgrad"


def private_folder(name: str) -> Path | None:
    """Return a folder in the cache that only this user can write to, or None if there can be none.

    Machine code is run as it is found there, so a folder that belongs to somebody else, or that others may write to,
    is not used.
    """
    folder = cache_folder() / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name != "posix":
            return folder
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return None
        mode = stat.S_IMODE(found.st_mode)
        if mode & 0o022:
            return None  # closing it now would trust what others may have put there
        if mode & 0o077:
            folder.chmod(0o700)
    except OSError:
        return None
    return folder
