"""Files that are whole or absent: weights, settings and metrics that survive a crash, a full disk and a flipped bit.

>>> import numpy as np, os, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     save_weights(os.path.join(folder, "net.safetensors"), {"W1": np.eye(2)}, {"epochs": "17"})
...     arrays, metadata = load_weights(os.path.join(folder, "net.safetensors"))
>>> arrays["W1"].tolist(), metadata
([[1.0, 0.0], [0.0, 1.0]], {'epochs': '17'})

A file is written beside its old version and takes its place in one step, so a reader finds the old or the new one,
never half of either. Nothing read here can run code: there is no pickle.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from .errors import DataError
from .files import Bytes, FilePath, file_error, open_regular, read_bytes, write_atomic

__all__ = [
    "append_line", "load_weights", "read_bytes", "read_json", "read_lines", "save_weights", "write_atomic",
    "write_json",
]

JSON_LIMIT = 64 << 20


# Weights ------------------------------------------------------------------------------------------------------------

_DTYPES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "float16": "F16", "uint32": "U32",
    "int32": "I32", "float32": "F32", "uint64": "U64", "int64": "I64", "float64": "F64",
}
_ZEROS = "0" * 64
_DIGEST = re.compile(rb'"sha256":"([0-9a-f]{64})"')


def save_weights(path: FilePath, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> None:
    """Save named arrays as a safetensors file that carries a SHA-256 of itself.

    Parameters
    ----------
    path : path
    arrays : dict of str to array
        Booleans, integers or floats, of any shape.
    metadata : dict of str to str, optional
        The key ``sha256`` is taken: it holds the SHA-256 of the whole file with that digest's 64 digits as zeros.

    Raises
    ------
    DataError
        If an array or the metadata cannot be stored, or the file cannot be written.

    Notes
    -----
    Equal arrays and metadata give equal bytes: the header is written here because the safetensors package leaves the
    order of metadata to chance.
    """
    text = dict(metadata or {})
    for key, value in text.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise DataError(f"metadata are text, not {key!r}: {value!r}. Convert with str() or json.dumps().")
    if "sha256" in text:
        raise DataError("metadata: the key 'sha256' is taken by the checksum of the file. Choose another name.")
    prepared = {name: _storable(name, array) for name, array in arrays.items()}
    order = sorted(prepared, key=lambda name: (-prepared[name].itemsize, name))  # keeps every array aligned
    header: dict[str, Any] = {"__metadata__": dict(sorted({**text, "sha256": _ZEROS}.items()))}
    end = 0
    for name in order:
        start, end = end, end + prepared[name].nbytes
        header[name] = {
            "dtype": _DTYPES[prepared[name].dtype.name], "shape": list(prepared[name].shape),
            "data_offsets": [start, end],
        }
    encoded = _header_bytes(header)
    body: list[Bytes] = [prepared[name].reshape(-1).view(np.uint8).data for name in order]
    digest = hashlib.sha256(encoded)
    for piece in body:
        digest.update(piece)
    blank = f'"sha256":"{_ZEROS}"'.encode()
    write_atomic(path, [encoded.replace(blank, f'"sha256":"{digest.hexdigest()}"'.encode(), 1), *body])


def _storable(name: str, array: Any) -> np.ndarray:
    array = np.asarray(array)
    if not isinstance(name, str) or name == "__metadata__":
        raise DataError(f"weights: {name!r} cannot name an array. Use other text.")
    if array.dtype.name not in _DTYPES:
        raise DataError(f"weights: {name!r} is {array.dtype}; booleans, integers and floats to 64 bits can be saved.")
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)


def _header_bytes(header: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise DataError("weights: a name or a metadata value is not valid text (a lone surrogate).") from None
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def load_weights(path: FilePath) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the arrays and the metadata of a file of `save_weights`, after its checksum has been verified.

    Raises
    ------
    DataError
        If the file cannot be read, is no safetensors file, or is not bit for bit what was saved.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = read_bytes(path)
    length = _verify(path, data)
    try:
        arrays = load(bytes(data))
        metadata = json.loads(data[8:8 + length])["__metadata__"]
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise DataError(f"{os.fspath(path)!r} is not a safetensors file that can be read here: {error}.") from None
    return arrays, {key: value for key, value in metadata.items() if key != "sha256"}


def _verify(path: FilePath, data: bytearray) -> int:
    """Compare the digest in the header with the bytes; return the header's length."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 10 or length > len(data) - 8 or data[8:9] != b"{":
        raise DataError(f"{os.fspath(path)!r} is not a whole safetensors file ({len(data):,} bytes). "
                        "It may be cut short: take a copy of it, or save the weights again.")
    found = _DIGEST.search(data, 8, 8 + length)
    if found is None:
        raise DataError(f"{os.fspath(path)!r} carries no SHA-256 in its metadata, so damage could not be seen. "
                        "Read it with the safetensors package and save it with glassgrad.io.save_weights.")
    view = memoryview(data)
    digest = hashlib.sha256(view[:found.start(1)])
    digest.update(_ZEROS.encode())
    digest.update(view[found.end(1):])
    if digest.hexdigest().encode() != found[1]:
        raise DataError(f"{os.fspath(path)!r} is damaged: its bytes do not have the SHA-256 that was saved with them. "
                        "Use another copy.")
    return length


# JSON ---------------------------------------------------------------------------------------------------------------


def write_json(path: FilePath, value: Any) -> None:
    """Write a value as readable JSON (UTF-8, two spaces of indentation), atomically.

    Raises
    ------
    DataError
        If the value is not JSON (NaN and infinity are not), or the file cannot be written.
    """
    write_atomic(path, (_json_text(path, value, indent=2) + "\n").encode())


def _json_text(path: FilePath, value: Any, indent: int | None = None) -> str:
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{os.fspath(path)!r}: the value cannot be written as JSON: {error}.") from None
    return text


def read_json(path: FilePath, limit: int = JSON_LIMIT) -> Any:
    """Return the value of a JSON file: finite numbers, no name twice in one object, at most `limit` bytes.

    Raises
    ------
    DataError
        If the file cannot be read, is larger than `limit`, or is not such JSON; the message has line and column.
    """
    return _parse_json(os.fspath(path), read_bytes(path, limit))


def _parse_json(what: str, data: Bytes) -> Any:
    try:
        return json.loads(
            bytes(data).decode("utf-8-sig"), object_pairs_hook=_object, parse_float=_finite, parse_constant=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what!r} is not JSON that can be read here: {error}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return made


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text} is not finite")
    return number


def append_line(path: FilePath, value: Mapping[str, Any]) -> None:
    """Append one record to a file of JSON lines; one line is one write, and what a crash left unfinished is cut off.

    Parameters
    ----------
    path : path
        Made if it does not exist.
    value : dict
        Finite numbers, text, lists, dicts, booleans, None.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     append_line(os.path.join(folder, "metrics.jsonl"), {"epoch": 1, "loss": 0.5})
    ...     read_lines(os.path.join(folder, "metrics.jsonl"))
    [{'epoch': 1, 'loss': 0.5}]
    """
    line = (_json_text(path, dict(value)) + "\n").encode()
    try:
        with open(path, "ab+", buffering=0, opener=open_regular) as stream:
            end = _whole_lines(stream)
            stream.truncate(end)
            try:
                if stream.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                stream.truncate(end)
                raise
    except (OSError, ValueError) as error:
        raise file_error("append to", path, error, len(line)) from None


def _whole_lines(stream: BinaryIO, block: int = 4096) -> int:
    """Return where the last complete line of a file ends."""
    end = stream.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - block)
        stream.seek(start)
        found = stream.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def read_lines(path: FilePath, limit: int = JSON_LIMIT) -> list[Any]:
    """Return the records of a file of JSON lines; a last line without its line end was never finished, and is left out.

    Raises
    ------
    DataError
        If the file cannot be read, is larger than `limit`, or a finished line is not JSON; the message names the line.
    """
    lines = bytes(read_bytes(path, limit)).split(b"\n")[:-1]
    return [
        _parse_json(f"{os.fspath(path)}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()
    ]
