"""From the stored bytes of a block to its values. The size of the result is fixed before decoding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

from proxy.model import Array
from proxy.sources.blocks import gdal_jpeg
from proxy.sources.blocks import layout as codes
from proxy.sources.blocks.layout import Layout

#: Interleaved bands that OpenCV takes apart; beyond it leaves its output as it was, without an error.
MOST_CHANNELS = 128


class Damaged(Exception):
    """The bytes of a block are not what its header says."""


def decode_block(layout: Layout, data: bytes, rows: int) -> Array:
    """Values of a block, (bands of the block, rows, columns), read-only.

    Args:
        data: as stored.
        rows: of the block; fewer than `layout.block_height` in a last strip.

    Raises:
        Damaged: they cannot be decoded, or make a block of another size.
    """
    try:
        values = _SPECIAL.get(layout.compression, _plain)(layout, data, rows)
    except Damaged:
        raise
    except Exception as error:  # every codec has errors of its own
        raise Damaged(f"{codes.NAMES[layout.compression]}: {error}") from error
    block = _bands_first(values)
    block.flags.writeable = False
    return block


def empty_block(layout: Layout, rows: int, fill: float | None) -> Array:
    """A block that was never written: nodata, or 0 where there is none."""
    shape = layout.planes, rows, layout.block_width
    block = np.zeros(shape, layout.dtype)
    if fill is not None and (layout.dtype.kind in "fc" or _fits(fill, layout.dtype)):
        block[...] = fill
    block.flags.writeable = False
    return block


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return value == value and limits.min <= value <= limits.max


def _bands_first(values: Array) -> Array:
    """(rows, columns, bands) to contiguous (bands, rows, columns)."""
    turned = values.transpose(2, 0, 1)
    if turned.flags.c_contiguous:
        return turned
    known = values.dtype.name in ("uint8", "uint16", "int16", "int32", "float32", "float64")
    if not known or values.shape[2] > MOST_CHANNELS:
        return np.ascontiguousarray(turned)
    block = np.empty((values.shape[2], *values.shape[:2]), values.dtype)
    cv2.split(values, list(block))
    return block


def _plain(layout: Layout, data: bytes, rows: int) -> Array:
    """Byte codecs, then the predictor."""
    if layout.bits == 1:
        return _bits(layout, data, rows)
    shape = rows, layout.block_width, layout.planes
    stored = layout.dtype.newbyteorder(">") if layout.big_endian else layout.dtype
    values = _inflated(layout, data, rows * layout.block_width * layout.planes * layout.dtype.itemsize)
    if layout.predictor == 3 and layout.compression in _PREDICTABLE:
        return _floats(values.view(layout.dtype).reshape(shape))
    native = values.view(stored).reshape(shape).astype(layout.dtype, copy=False)
    if layout.predictor == 2 and layout.compression in _PREDICTABLE:
        imagecodecs.delta_decode(native, axis=1, out=native)
    return native


def _floats(values: Array) -> Array:
    """Undo predictor 3: differences of bytes, the highest bytes of a row first. Adobe TIFF Technote 3."""
    rows, columns, bands = values.shape
    if bands > 1:
        decoded: Array = imagecodecs.floatpred_decode(values, axis=-2)
        return decoded
    # A fifth of the time of the general function.
    size = values.dtype.itemsize
    stored = imagecodecs.delta_decode(values.view(np.uint8).reshape(rows, columns * size), axis=1)
    planes = stored.reshape(rows, size, columns)
    merged = cv2.merge([np.ascontiguousarray(planes[:, byte]) for byte in reversed(range(size))])
    whole: Array = merged.view(values.dtype.newbyteorder("<")).reshape(rows, columns, 1)
    return whole.astype(values.dtype, copy=False)


def _bits(layout: Layout, data: bytes, rows: int) -> Array:
    width = -(-layout.block_width // 8)
    packed = _inflated(layout, data, rows * width).reshape(rows, width)
    return np.unpackbits(packed, axis=1, count=layout.block_width)[:, :, None]


def _inflated(layout: Layout, data: bytes, size: int) -> NDArray[np.uint8]:
    """Exactly `size` bytes, writable."""
    if layout.compression == codes.NONE:
        found = np.frombuffer(data, np.uint8)[:size].copy()
    else:
        room = np.empty(size, np.uint8)
        result = _CODECS[layout.compression](data, out=room)
        found = room[: len(result)]
    if found.size != size:
        raise Damaged(f"{found.size} bytes where there should be {size}")
    return found


def _jpeg(layout: Layout, data: bytes, rows: int) -> Array:
    grey = layout.planes == 1
    if layout.photometric == codes.YCBCR and not gdal_jpeg.is_ours():
        return gdal_jpeg.decode(layout.tables, data, layout.block_width, rows)
    space = "GRAYSCALE" if grey else "YCBCR" if layout.photometric == codes.YCBCR else "RGB"
    out = np.empty((rows, layout.block_width) if grey else (rows, layout.block_width, 3), np.uint8)
    imagecodecs.jpeg8_decode(
        data, tables=layout.tables, colorspace=space, outcolorspace="GRAYSCALE" if grey else "RGB", out=out
    )
    return out[:, :, None] if grey else out


def _webp(layout: Layout, data: bytes, rows: int) -> Array:
    out = np.empty((rows, layout.block_width, layout.planes), np.uint8)
    imagecodecs.webp_decode(data, hasalpha=layout.planes == 4, out=out)
    return out


def _lerc(layout: Layout, data: bytes, rows: int) -> Array:
    if layout.lerc:
        unpack = imagecodecs.zstd_decode if layout.lerc == 2 else imagecodecs.deflate_decode
        data = bytes(unpack(data, out=layout.block_bytes * 2 + codes.SLACK))
    values = np.empty((rows, layout.block_width), layout.dtype)
    _, valid = imagecodecs.lerc_decode(data, masks=True, out=values)
    if valid is not None and layout.dtype.kind == "f":
        values[~np.asarray(valid, bool).reshape(values.shape)] = np.nan
    return values[:, :, None]


_CODECS: dict[int, Callable[..., Any]] = {
    codes.LZW: imagecodecs.lzw_decode,
    codes.DEFLATE: imagecodecs.deflate_decode,
    codes.PACKBITS: imagecodecs.packbits_decode,
    codes.LZMA: imagecodecs.lzma_decode,
    codes.ZSTD: imagecodecs.zstd_decode,
}
_PREDICTABLE = frozenset({codes.LZW, codes.DEFLATE, codes.ZSTD, codes.LZMA})
_SPECIAL: dict[int, Callable[[Layout, bytes, int], Array]] = {
    codes.JPEG: _jpeg, codes.WEBP: _webp, codes.LERC: _lerc,
}  # fmt: skip
