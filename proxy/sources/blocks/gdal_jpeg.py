"""JPEG blocks of subsampled colour through GDAL's own library, where that widens colour in another way.

libjpeg-turbo interpolates subsampled colour; the other family of that library, which some builds of GDAL
hold, widens it in the frequency domain. The pixels of a file are what GDAL says they are.
"""

from __future__ import annotations

import struct
from functools import lru_cache

import imagecodecs
import numpy as np
from rasterio.io import MemoryFile

from proxy.model import Array

_SHORT, _LONG, _UNDEFINED, _DOUBLE = 3, 4, 7, 12
_WIDTHS = {_SHORT: 2, _LONG: 4, _UNDEFINED: 1, _DOUBLE: 8}
_FORMS = {_SHORT: "H", _LONG: "I", _DOUBLE: "d"}


def decode(tables: bytes | None, data: bytes, width: int, height: int) -> Array:
    """A block of YCbCr as red, green and blue, (height, width, 3), by way of a file of that one block."""
    with MemoryFile(_file_of(tables, data, width, height)) as memory, memory.open(driver="GTiff") as block:
        return np.moveaxis(block.read(), 0, -1)


@lru_cache(maxsize=1)
def is_ours() -> bool:
    """True where GDAL gives the pixels that our decoder gives."""
    noise = np.random.default_rng(5).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    smooth = np.sort(np.sort(noise, axis=0), axis=1)
    data = bytes(
        imagecodecs.jpeg8_encode(smooth, level=60, colorspace="RGB", outcolorspace="YCBCR", subsampling="420")
    )
    ours = imagecodecs.jpeg8_decode(data, colorspace="YCBCR", outcolorspace="RGB")
    return bool(np.array_equal(decode(None, data, 32, 32), ours))


def _file_of(tables: bytes | None, data: bytes, width: int, height: int) -> bytes:
    """A GeoTIFF of one strip. It has a place, since GDAL's reader complains of files without one."""
    entries: list[tuple[int, int, tuple[float, ...] | bytes]] = [
        (256, _LONG, (width,)),
        (257, _LONG, (height,)),
        (258, _SHORT, (8, 8, 8)),
        (259, _SHORT, (7,)),
        (262, _SHORT, (6,)),
        (273, _LONG, (0,)),
        (277, _SHORT, (3,)),
        (278, _LONG, (height,)),
        (279, _LONG, (len(data),)),
        (284, _SHORT, (1,)),
        (530, _SHORT, _subsampling(data)),
        (33550, _DOUBLE, (1.0, 1.0, 0.0)),
        (33922, _DOUBLE, (0.0, 0.0, 0.0, 0.0, 1.0, 0.0)),
    ]
    if tables:
        entries.insert(10, (347, _UNDEFINED, tables))
    start = 8 + 2 + 12 * len(entries) + 4
    extra = b""
    rows = []
    sizes = sum(n for _, kind, value in entries if (n := _size(kind, value)) > 4)
    for tag, kind, value in entries:
        if tag == 273:
            value = (start + sizes,)
        packed = value if isinstance(value, bytes) else struct.pack(f"<{len(value)}{_FORMS[kind]}", *value)
        count = len(packed) // _WIDTHS[kind]
        if len(packed) > 4:
            rows.append(struct.pack("<HHII", tag, kind, count, start + len(extra)))
            extra += packed
        else:
            rows.append(struct.pack("<HHI", tag, kind, count) + packed.ljust(4, b"\0"))
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(rows) + b"\0\0\0\0"
    return head + extra + data


def _size(kind: int, value: tuple[float, ...] | bytes) -> int:
    return len(value) * _WIDTHS[kind]


def _subsampling(data: bytes) -> tuple[int, int]:
    """Horizontal and vertical subsampling, from the frame header of a JPEG stream, else (2, 2)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xC2 and at + 12 <= len(data):
            return data[at + 11] >> 4, data[at + 11] & 15
        at += 2 + length
    return 2, 2
