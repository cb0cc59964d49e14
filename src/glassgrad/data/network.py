"""Files from the network, whole and verified or not at all: mirrors in turn, a time limit, a size cap, a checksum."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import DataError
from ..files import made_folder, write_atomic
from .bounded import fill, opened

__all__ = ["Progress", "Rules", "download_idx"]

Progress = Callable[[str, int, int | None], None]
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Rules:
    """What a download may do.

    Attributes
    ----------
    schemes : tuple of str
        Kinds of address, also after a redirection.
    timeout : float
        Seconds in which the server must answer, and send each next piece.
    deadline : float
        Seconds for the whole file.
    limit : int
        Most bytes of the compressed file.
    """

    schemes: tuple[str, ...] = ("https",)
    timeout: float = 20.0
    deadline: float = 1800.0
    limit: int = 1 << 28


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections to allowed schemes only."""

    def __init__(self, schemes: tuple[str, ...]) -> None:
        self.schemes = schemes

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check_scheme(newurl, self.schemes)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str, schemes: tuple[str, ...]) -> None:
    if urlsplit(url).scheme not in schemes:
        raise DataError(f"the address {url} is not {' or '.join(schemes)}")


def _opener(rules: Rules) -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https, and neither files nor ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(), _Redirects(rules.schemes),
    ):
        opener.add_handler(handler)
    return opener


def download_idx(
    urls: Sequence[str], target: Path, *, sha256: str, size: int, rules: Rules | None = None,
    progress: Progress | None = None,
) -> None:
    """Download a gzip file from the first of `urls` that has it, and store what it unpacks to.

    Parameters
    ----------
    urls : sequence of str
        The same file at several places.
    target : Path
        Its folder is made if need be; the file appears there when it is whole and verified.
    sha256, size : str, int
        Of the unpacked bytes.
    rules : Rules, optional
    progress : callable, optional
        Called with the file's name, the bytes so far, and how many there will be, if the server said.

    Raises
    ------
    DataError
        If no mirror gave the file; the message says for each why not.
    """
    rules = rules or Rules()
    made_folder(target.parent, "the folder", "Choose another one to download to.")
    reasons = []
    for url in urls:
        part = target.with_name(f".{target.name}.{secrets.token_hex(6)}.gz.part")
        try:
            _check_scheme(url, rules.schemes)
            _receive(url, part, target.name, rules, progress)
            data = _unpack(part, size)
            found = hashlib.sha256(data).hexdigest()
            if found != sha256:
                raise DataError(f"the content is another: SHA-256 {found[:16]}... instead of {sha256[:16]}...")
        except (OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"{url}: {_reason(error)}")
        else:
            write_atomic(target, data)
            return
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
    raise DataError(f"{target.name} could not be downloaded. {'; '.join(reasons)}. Try again later, or download it by "
                    f"other means and put it into {os.fspath(target.parent)!r}.")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        with error:  # it holds the connection
            return " ".join(f"the server answered {error.code} {error.reason}".split()).rstrip(".")
    if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
        return "no answer within the time limit"
    return (str(getattr(error, "reason", None) or error) or type(error).__name__).rstrip(".")


def _receive(url: str, part: Path, name: str, rules: Rules, progress: Progress | None) -> None:
    """Write what a server sends to a file of our own; raise if it is cut short, too large or too slow."""
    end = time.monotonic() + rules.deadline
    request = urllib.request.Request(url, headers={"User-Agent": "glassgrad", "Accept-Encoding": "identity"})  # noqa: S310 - the scheme was checked
    with _opener(rules).open(request, timeout=rules.timeout) as response, open(part, "xb") as stream:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        if total is not None and total > rules.limit:
            raise DataError(f"the file has {total:,} bytes; at most {rules.limit:,} are taken")
        done = 0
        while block := response.read1(_BLOCK):
            done += len(block)
            if done > rules.limit:
                raise DataError(f"the file has more than {rules.limit:,} bytes")
            if time.monotonic() > end:
                raise TimeoutError
            stream.write(block)
            if progress is not None:
                progress(name, done, total)
        if total is not None and done != total:
            raise DataError(f"the connection ended after {done:,} of {total:,} bytes")


def _unpack(part: Path, size: int) -> bytearray:
    """Return the unpacked bytes, which must be `size` of them."""
    packed = part.with_name(part.name.removesuffix(".part"))
    os.replace(part, packed)  # readers know gzip by the name
    try:
        with opened(packed) as (stream, _):
            data = fill(stream, size)
            more = bool(stream.read(1))
    except DataError:
        raise DataError("the file is not a whole gzip file") from None
    finally:
        packed.unlink()
    if len(data) < size or more:
        raise DataError(f"the content has {'more' if more else 'fewer'} than the {size:,} bytes it should have")
    return data
