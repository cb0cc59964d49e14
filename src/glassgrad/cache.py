"""Where glassgrad keeps what it need not make twice: ``$GLASSGRAD_CACHE``, or the user's cache folder of the system."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Return the folder of glassgrad's cache, which need not exist.

    On Linux it is ``$XDG_CACHE_HOME/glassgrad`` or ``~/.cache/glassgrad``.
    """
    given = os.environ.get("GLASSGRAD_CACHE")
    if given:
        return Path(given).expanduser().absolute()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "glassgrad"
