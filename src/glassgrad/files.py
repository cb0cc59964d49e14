"""Bytes of files: written whole or not at all, read only from plain files of a bounded size.

>>> import os, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     write_atomic(os.path.join(folder, "note.txt"), b"kept")
...     read_bytes(os.path.join(folder, "note.txt"))
bytearray(b'kept')
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .errors import DataError
from .locks import Lock

__all__ = ["Bytes", "FilePath", "file_error", "open_regular", "read_bytes", "write_atomic"]

Bytes = bytes | bytearray | memoryview
FilePath = str | os.PathLike[str]

_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_REMEDY = {
    errno.ENOENT: "Check the path; the folder must exist.",
    errno.ENOTDIR: "A part of the path is a file where a folder is needed.",
    errno.EISDIR: "A file is needed here; this is a folder.",
    errno.EACCES: "Change the permissions, or choose another place.",
    errno.EPERM: "Change the permissions, or choose another place.",
    errno.EROFS: "This place is read-only; choose another.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}
_umask_lock = Lock()


def made_folder(folder: FilePath, what: str, remedy: str) -> Path:
    """Make a folder, with the folders above it, unless it is there; find out whether files can be made in it.

    Raises
    ------
    DataError
        If not; the message begins with `what` and ends with `remedy`.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except (OSError, ValueError) as error:
        reason = "a file is in its place" if isinstance(error, FileExistsError) else getattr(error, "strerror", error)
        raise DataError(f"{what} {place} cannot be written: {reason}. {remedy}") from None


def write_atomic(path: FilePath, data: Bytes | Iterable[Bytes]) -> None:
    """Write a file so that after any interruption `path` holds the old bytes or the new ones, whole.

    Parameters
    ----------
    path : path
        Its folder must exist. A symbolic link is followed; a file that is replaced hands on its permissions.
    data : bytes, or an iterable of bytes
        What is written, in order.

    Raises
    ------
    DataError
        If the file cannot be written: path, bytes needed, what to do. The old file is then untouched.
    """
    pieces = [data] if isinstance(data, (bytes, bytearray, memoryview)) else list(data)
    size = sum(len(memoryview(piece).cast("B")) for piece in pieces)
    try:
        target = Path(os.path.realpath(path))
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise file_error("write", path, error, size) from None
    part = target.with_name(f".{target.name[:64]}.{secrets.token_hex(6)}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder")
        try:
            _write_part(part, target, pieces)
            os.replace(part, target)
        except BaseException:  # an interruption by the user must not leave the half-written file either
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise file_error("write", path, error, size) from None


def _write_part(part: Path, target: Path, pieces: list[Bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(part, flags, 0o600), "wb", buffering=0) as stream:
        for piece in pieces:
            rest = memoryview(piece).cast("B")
            while rest:
                rest = rest[stream.write(rest):]
        if hasattr(os, "fchmod"):
            os.fchmod(stream.fileno(), _mode(target))
        os.fsync(stream.fileno())


def _mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, or those that a new file gets from the umask."""
    with contextlib.suppress(FileNotFoundError):
        return stat.S_IMODE(target.stat().st_mode) & 0o777
    with _umask_lock:  # the umask can only be read by setting it; for that moment it is the strictest
        mask = os.umask(0o077)
        os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system knows how (Windows does not)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network file systems have no such call
                raise
        finally:
            os.close(handle)


def file_error(verb: str, path: FilePath, error: Exception, size: int | None = None) -> DataError:
    """Return the one-line error for a file that could not be read or written."""
    code = error.errno if isinstance(error, OSError) else None
    if code in _FULL:
        free = "unknown"
        with contextlib.suppress(OSError, ValueError):
            free = f"{shutil.disk_usage(os.path.dirname(os.path.realpath(path))).free:,}"
        need = "" if size is None else f": {size:,} bytes are needed, {free} bytes are free"
        return DataError(f"cannot {verb} {os.fspath(path)!r}{need}. The disk, a quota or the limit of a file's size is "
                         "exhausted: make room or choose another place.")
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    need = "" if size is None else f" ({size:,} bytes)"
    return DataError(f"cannot {verb} {os.fspath(path)!r}{need}: {why}. {_REMEDY.get(code or 0, 'Check the path.')}")


def read_bytes(path: FilePath, limit: int | None = None) -> bytearray:
    """Return the bytes of a regular file of at most `limit` bytes.

    Raises
    ------
    DataError
        If there is no such file, it is not a regular file, it cannot be read, or it is larger than `limit`.
    """
    try:
        with open(path, "rb", buffering=0, opener=open_regular) as stream:
            size = os.fstat(stream.fileno()).st_size
            if limit is not None and size > limit:
                raise DataError(f"{os.fspath(path)!r} has {size:,} bytes; at most {limit:,} are read here.")
            data = bytearray(size)
            filled = 0
            while filled < size and (count := stream.readinto(memoryview(data)[filled:])):
                filled += count
            return data[:filled] if filled < size else data
    except (OSError, ValueError) as error:
        raise error if isinstance(error, DataError) else file_error("read", path, error) from None


def open_regular(path: str, flags: int) -> int:
    """Open a plain file (an `opener` for `open`); do not wait, as a named pipe would have it, and refuse the rest."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0), 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "a file is needed, not a folder, pipe or device")
    return handle
