"""Arrays as small PNG pictures inside the page.

Weights become transparent where they are zero, so that they stand as well on a dark page as on a white one.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np

__all__ = ["Picture", "diverging", "photograph", "png", "reduced"]

Array = np.ndarray[Any, Any]
Picture = str  # a data: address
LARGEST_SIDE = 48
LEVELS = 63  # on each side of zero
WARM, COOL = (214, 92, 10), (20, 100, 200)  # positive, negative; style.css shows the same in its scale


def png(pixels: Array, palette: bytes = b"", alpha: bytes = b"") -> bytes:
    r"""Bytes of a PNG file.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8
        ``(rows, columns)`` grey, or indices into `palette` if one is given; ``(rows, columns, 3)`` colour.
    palette : bytes
        Red, green and blue of each index.
    alpha : bytes
        Opacity of each index.

    Examples
    --------
    >>> png(np.zeros((2, 3), np.uint8))[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    rows, columns = pixels.shape[:2]
    kind = 2 if pixels.ndim == 3 else 3 if palette else 0
    header = struct.pack(">IIBBBBB", columns, rows, 8, kind, 0, 0, 0)
    # Each row begins with the number of its filter: 0, none. Pictures this small gain nothing from the others.
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), pixels.reshape(rows, -1)], axis=1)
    parts = [(b"IHDR", header), (b"PLTE", palette), (b"tRNS", alpha), (b"IDAT", zlib.compress(lines.tobytes(), 9))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts if part[1]) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def diverging(values: Array, limit: float) -> Picture:
    """Picture of signed numbers: warm above zero, cool below, clear at zero, full at ``+-limit`` and beyond.

    Colour pictures ``(rows, columns, 3)`` show each channel's own sign: middle grey is zero.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        shares = np.nan_to_num(np.clip(np.asarray(values, np.float64) / (limit or 1.0), -1, 1))
    if shares.ndim == 3 and shares.shape[2] == 3:
        return _address(png(np.rint(127.5 + 127.5 * shares).astype(np.uint8)))
    indices = np.rint(LEVELS + LEVELS * shares.reshape(shares.shape[:2])).astype(np.uint8)
    palette = bytes(COOL) * LEVELS + bytes(3) + bytes(WARM) * LEVELS
    alpha = bytes(round(255 * abs(level) / LEVELS) for level in range(-LEVELS, LEVELS + 1))
    return _address(png(indices, palette, alpha))


def photograph(image: Array | None) -> Picture | None:
    """Picture of an image of any numbers, from 0 (or the least) to the greatest; None if its shape is no image's.

    >>> photograph(np.zeros((4, 4)))[:22], photograph(np.zeros(3))
    ('data:image/png;base64,', None)
    """
    pixels = np.asarray(image, np.float64) if image is not None else np.empty(0)
    if pixels.size == 0 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3))):
        return None
    pixels = np.nan_to_num(pixels, nan=0.0, posinf=0.0, neginf=0.0)
    pixels = reduced(pixels.reshape(pixels.shape[:2]) if pixels.shape[2:] == (1,) else pixels)
    low, high = min(0.0, pixels.min()), pixels.max()
    span = high / 2 - low / 2  # halves, so that the difference of huge numbers is still a number
    shares = (pixels / 2 - low / 2) / span if span > 0 else np.zeros_like(pixels)
    return _address(png(np.rint(255 * shares).astype(np.uint8)))


def reduced(pixels: Array) -> Array:
    """`pixels`, averaged over blocks where a side is longer than the page can show.

    >>> reduced(np.ones((100, 30))).shape
    (34, 10)
    """
    block = -(-max(pixels.shape[:2]) // LARGEST_SIDE)
    if block == 1:
        return pixels
    starts = [np.arange(0, size, block) for size in pixels.shape[:2]]
    sizes = [np.minimum(block, size - start) for size, start in zip(pixels.shape[:2], starts, strict=True)]
    area = (sizes[0][:, None] * sizes[1]).reshape(len(starts[0]), len(starts[1]), *[1] * (pixels.ndim - 2))
    # Divided first: a sum of huge numbers would overflow.
    scaled = pixels / block**2
    sums: Array = np.add.reduceat(np.add.reduceat(scaled, starts[0], axis=0), starts[1], axis=1)
    return sums * (block**2 / area)


def _address(data: bytes) -> Picture:
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")
