"""Bytes of a PNG file (ISO/IEC 15948): filtered rows, one deflate stream, chunks."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

import imagecodecs
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from proxy.model import Array, Effort

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Rows that are filtered together where all filters are tried, to bound memory.
BATCH = 256


class Color(IntEnum):
    """Colour types of the header."""

    GREY = 0
    RGB = 2
    PALETTE = 3
    GREY_ALPHA = 4
    RGBA = 6


def write_png(
    pixels: Array,
    color: Color,
    effort: Effort,
    *,
    palette: bytes = b"",
    transparency: bytes = b"",
    classes: bool = False,
) -> bytes:
    """A whole file.

    Args:
        pixels: (rows, columns) or (rows, columns, samples), uint8 or uint16.
        color: colour type; its number of samples is that of `pixels`.
        effort: FAST deflates with ISA-L, the others with libdeflate; SMALL also tries every row filter.
        palette: body of PLTE, three bytes per colour; empty for none.
        transparency: body of tRNS; empty for none.
        classes: whether differences between neighbours mean nothing, so that rows are better unfiltered.
    """
    rows, columns = pixels.shape[:2]
    head = struct.pack(">IIBBBBB", columns, rows, pixels.itemsize * 8, color, 0, 0, 0)
    parts = [SIGNATURE, chunk(b"IHDR", head)]
    if palette:
        parts.append(chunk(b"PLTE", palette))
    if transparency:
        parts.append(chunk(b"tRNS", transparency))
    parts += [chunk(b"IDAT", _deflated(_filtered(pixels, effort, classes), effort)), chunk(b"IEND", b"")]
    return b"".join(parts)


def chunk(kind: bytes, body: bytes) -> bytes:
    """Length, kind, body and checksum."""
    # ISA-L's CRC is ten times faster than zlib's.
    crc = isal_zlib.crc32(body, isal_zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", crc)))


def _deflated(rows: Any, effort: Effort) -> bytes:
    if effort is Effort.FAST:
        return bytes(isal_zlib.compress(rows, 1))
    return bytes(imagecodecs.deflate_encode(rows, 1 if effort is Effort.BALANCED else 6))


def _filtered(pixels: Array, effort: Effort, classes: bool) -> NDArray[np.uint8]:
    """Rows of bytes, each led by the number of its filter."""
    rows = pixels.shape[0]
    samples = pixels.astype(">u2") if pixels.itemsize == 2 else pixels
    flat = np.ascontiguousarray(samples).view(np.uint8).reshape(rows, -1)
    out = np.empty((rows, flat.shape[1] + 1), np.uint8)
    if classes:
        out[:, 0] = 0
        out[:, 1:] = flat
    elif effort is Effort.SMALL:
        step = flat.shape[1] // pixels.shape[1]
        for top in range(0, rows, BATCH):
            above = flat[top - 1] if top else np.zeros_like(flat[0])
            out[top : top + BATCH] = _best_filters(flat[top : top + BATCH], above, step)
    else:
        out[:, 0] = 2
        out[0, 1:] = flat[0]
        np.subtract(flat[1:], flat[:-1], out=out[1:, 1:])
    return out


def _best_filters(rows: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Per row the filter with the least sum of absolute differences (12.8 of the standard)."""
    up = np.vstack([above, rows[:-1]])
    left, corner = np.zeros_like(rows), np.zeros_like(rows)
    left[:, step:], corner[:, step:] = rows[:, :-step], up[:, :-step]
    mean = ((left.astype(np.uint16) + up) >> 1).astype(np.uint8)
    best, least = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8), np.full(rows.shape[0], np.inf)
    for number, guess in enumerate((np.zeros_like(rows), left, up, mean, _paeth(left, up, corner))):
        residue = rows - guess
        cost = np.minimum(residue, 0 - residue).sum(axis=1, dtype=np.int64)
        better = cost < least
        least[better] = cost[better]
        best[better, 0] = number
        best[better, 1:] = residue[better]
    return best


def _paeth(left: NDArray[np.uint8], up: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    a, b, c = (part.astype(np.int16) for part in (left, up, corner))
    to_left, to_up, to_corner = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest_up = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest_up)
