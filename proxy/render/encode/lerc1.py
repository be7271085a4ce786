"""Blobs of the first LERC codec (`CntZImage`), which old elevation viewers read.

Layout after the published decoders: a header, the mask as run lengths, then tiles of float32 that are
constant, quantised to a few bits, or raw.
"""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from proxy.model import Mask

Floats = NDArray[np.float32]

#: Rows and columns of a tile: small ones fit the terrain, large ones are fewer.
TILE = 16
#: Kinds of tile.
RAW, QUANTISED, ZERO, CONSTANT = 0, 1, 2, 3
#: Widest quantised value; beyond, raw floats are smaller or as good.
MAX_BITS = 22
#: Longest run the mask's counter can hold, and its end marker.
MAX_RUN, END = 32767, -32768


def lerc1(band: Floats, mask: Mask | None, max_error: float) -> bytes:
    """One blob.

    Args:
        band: float32 (rows, columns), finite where valid.
        mask: True where valid; None where all are.
        max_error: greatest absolute error before the rounding to float32; 0 keeps every float exactly.
    """
    rows, columns = band.shape
    head = b"CntZImage " + struct.pack("<4id", 11, 8, rows, columns, max_error)
    return head + _count_part(mask) + _value_part(band, mask, max_error)


def _part(tiles: tuple[int, int], body: bytes, greatest: float) -> bytes:
    return struct.pack("<3if", *tiles, len(body), greatest) + body


def _count_part(mask: Mask | None) -> bytes:
    if mask is None or mask.all():
        return _part((0, 0), b"", 1.0)
    if not mask.any():
        return _part((0, 0), b"", 0.0)
    return _part((0, 0), run_lengths(np.packbits(mask)), 1.0)


def run_lengths(values: NDArray[np.uint8]) -> bytes:
    """Bytes as runs: a positive count leads that many literals, a negative one a byte to repeat."""
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = [0, *edges.tolist(), len(values)]
    out, literal = bytearray(), 0
    for start, end in pairwise(starts):
        if end - start < 5:
            continue
        _literals(out, values[literal:start])
        for at in range(start, end, MAX_RUN):
            out += struct.pack("<hB", -min(MAX_RUN, end - at), int(values[at]))
        literal = end
    _literals(out, values[literal:])
    return bytes(out + struct.pack("<h", END))


def _literals(out: bytearray, values: NDArray[np.uint8]) -> None:
    for at in range(0, len(values), MAX_RUN):
        piece = values[at : at + MAX_RUN]
        out += struct.pack("<h", len(piece)) + piece.tobytes()


def _value_part(band: Floats, mask: Mask | None, max_error: float) -> bytes:
    valid = band if mask is None else band[mask]
    rows, columns = band.shape
    tiles = max(1, rows // TILE), max(1, columns // TILE)
    body = bytearray()
    for top, bottom in _steps(rows, tiles[0]):
        for left, right in _steps(columns, tiles[1]):
            tile = band[top:bottom, left:right]
            inside = tile.ravel() if mask is None else tile[mask[top:bottom, left:right]]
            body += _tile(inside, max_error)
    return _part(tiles, bytes(body), float(valid.max()) if valid.size else 0.0)


def _steps(length: int, count: int) -> list[tuple[int, int]]:
    """Equal steps, and a last one for the remainder."""
    size = length // count
    edges = [*range(0, size * count + 1, size)]
    if edges[-1] < length:
        edges.append(length)
    return list(pairwise(edges))


def _tile(values: Floats, max_error: float) -> bytes:
    if not values.size:
        return bytes((ZERO,))
    least, greatest = float(values.min()), float(values.max())
    if least == greatest:
        return bytes((ZERO,)) if least == 0 else struct.pack("<Bf", CONSTANT, least)
    steps = _quantised(values, least, greatest, max_error)
    if steps is None:
        return bytes((RAW,)) + values.astype("<f4").tobytes()
    bits = int(steps.max()).bit_length()
    if not bits:
        return struct.pack("<Bf", CONSTANT, least)
    return struct.pack("<BfBH", QUANTISED, least, bits | 1 << 6, len(steps)) + _stuffed(steps, bits)


def _quantised(values: Floats, least: float, greatest: float, max_error: float) -> NDArray[np.uint32] | None:
    """Steps of twice the error above the least value; None where raw floats serve better.

    Decoders hold the result in float32, so that its rounding adds to the error.
    """
    rounding = float(np.spacing(np.float32(max(abs(least), abs(greatest)))))
    if max_error < rounding or (greatest - least) / (2 * max_error) >= 2**MAX_BITS:
        return None
    return np.floor((values.astype(np.float64) - least) / (2 * max_error) + 0.5).astype(np.uint32)


def _stuffed(steps: NDArray[np.uint32], bits: int) -> bytes:
    """Values packed most significant bit first into little-endian words; unused tail bytes left out."""
    planes = (steps[:, None] >> np.arange(bits - 1, -1, -1, dtype=np.uint32)) & 1
    flat = np.packbits(planes.astype(np.uint8))
    words = np.zeros(-(-len(flat) // 4) * 4, np.uint8)
    words[: len(flat)] = flat
    swapped = words.reshape(-1, 4)[:, ::-1].ravel()
    return _without_tail(swapped, len(steps) * bits)


def _without_tail(words: NDArray[np.uint8], bits: int) -> bytes:
    """The last word is shifted down so that its missing bytes are its high ones."""
    spare = (-(-bits // 32) * 32 - bits) // 8
    if not spare:
        return words.tobytes()
    last = int.from_bytes(words[-4:].tobytes(), "little") >> (8 * spare)
    return words[:-4].tobytes() + last.to_bytes(4, "little")[: 4 - spare]
