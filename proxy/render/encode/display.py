"""What the display encoders share: the check of their input, and pixels interleaved for a file."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from proxy.errors import Unsupported
from proxy.model import Array, Mask, Raster

Bytes2D = NDArray[np.uint8]


def check(raster: Raster, *, deep: bool = False) -> None:
    """Refuse what a picture cannot hold.

    Args:
        raster: one band (grey, or indices where it has a colormap) or three (RGB), uint8.
        deep: whether uint16 without a colormap is fine as well.

    Raises:
        Unsupported: another number of bands or another type.
    """
    if raster.count not in (1, 3):
        raise Unsupported(f"A picture has 1 or 3 bands, not {raster.count}.")
    wide = deep and raster.data.dtype == np.uint16 and raster.colormap is None
    if raster.data.dtype != np.uint8 and not wide:
        raise Unsupported(f"This picture format cannot hold {raster.data.dtype.name} pixels.")
    if raster.colormap is not None and raster.count != 1:
        raise Unsupported("A colormap needs a single band.")


def gaps(raster: Raster) -> Mask | None:
    """The mask, C-ordered, or None where it hides nothing."""
    if raster.mask is None or raster.mask.all():
        return None
    return np.ascontiguousarray(raster.mask)


def planes(raster: Raster) -> list[Array]:
    """The bands as C-ordered (rows, columns) arrays."""
    return [np.ascontiguousarray(band) for band in raster.data]


def values_used(band: Array, mask: Mask | None) -> NDArray[np.bool_]:
    """Which of the 256 values a uint8 band has among its valid pixels: bool (256,)."""
    selection = None if mask is None else mask.view(np.uint8)
    counts = cv2.calcHist([band], [0], selection, [256], [0, 256])
    used: NDArray[np.bool_] = np.asarray(counts).ravel() > 0
    return used


def palette_of(raster: Raster) -> Bytes2D:
    """Colours of all 256 indices, uint8 (256, 4); (0, 0, 0, 0) wherever alpha is 0.

    Raises:
        Unsupported: the raster has no colormap.
    """
    if raster.colormap is None:
        raise Unsupported("The raster has no colormap.")
    table = raster.colormap.table()
    table[table[:, 3] == 0] = 0
    return table


def shows_through(raster: Raster) -> bool:
    """True where any pixel is masked, or has a colour that is not fully opaque."""
    if gaps(raster) is not None:
        return True
    if raster.colormap is None:
        return False
    used = values_used(planes(raster)[0], None)
    return bool((palette_of(raster)[used, 3] < 255).any())


def rgba(raster: Raster) -> Array:
    """Interleaved (rows, columns, 4) in the type of the raster; zeros where the mask is False."""
    mask = gaps(raster)
    bands = planes(raster)
    if raster.colormap is not None:
        return _looked_up(palette_of(raster), bands[0], mask)
    top = np.iinfo(raster.data.dtype).max
    if mask is None:
        alpha = np.full(bands[0].shape, top, raster.data.dtype)
    else:
        alpha = np.multiply(mask, raster.data.dtype.type(top), dtype=raster.data.dtype)
        bands = [np.bitwise_and(band, alpha) for band in bands]
    red, green, blue = bands * 3 if len(bands) == 1 else bands
    return merged([red, green, blue, alpha])


def on_white(raster: Raster) -> Array:
    """Interleaved (rows, columns, 3), or (rows, columns) for grey, with masked pixels white.

    Colours of a colormap that are partly transparent are blended with white.
    """
    mask = gaps(raster)
    bands = planes(raster)
    if raster.colormap is not None:
        opaque = _over_white(palette_of(raster))
        picture = _looked_up(opaque, bands[0], None)
        if mask is not None:
            picture[~mask] = 255
        # A copy: a single pixel counts as contiguous with the strides of four bytes, which encoders refuse.
        return picture[:, :, :3].copy()
    if mask is not None:
        cover = np.where(mask, raster.data.dtype.type(0), np.iinfo(raster.data.dtype).max)
        cover = cover.astype(raster.data.dtype)
        bands = [np.bitwise_or(band, cover) for band in bands]
    return bands[0] if len(bands) == 1 else merged(bands)


def on_background(raster: Raster, color: tuple[int, int, int]) -> Raster:
    """An opaque raster: `color` where the mask is False, and blended in below partly transparent colours.

    Args:
        raster: as the encoders take it. color: red, green, blue, 0..255.

    Returns:
        The raster itself where nothing shows through; one band for grey on grey, else three. uint8.
    """
    check(raster)
    if not shows_through(raster):
        return raster
    if raster.count == 1 and raster.colormap is None and len(set(color)) == 1:
        return raster.with_data(np.where(raster.valid(), raster.data, np.uint8(color[0])), mask=None)
    pixels = rgba(raster).astype(np.uint16)
    alpha = pixels[:, :, 3:]
    below = np.array(color, np.uint16)
    blended = (pixels[:, :, :3] * alpha + below * (255 - alpha) + 127) // 255
    return raster.with_data(np.moveaxis(blended.astype(np.uint8), -1, 0), mask=None)


def _over_white(table: Bytes2D) -> Bytes2D:
    alpha = table[:, 3:].astype(np.float64) / 255.0
    color = table[:, :3] * alpha + 255.0 * (1.0 - alpha)
    return np.hstack([np.rint(color).astype(np.uint8), np.full((256, 1), 255, np.uint8)])


def _looked_up(table: Bytes2D, band: Array, mask: Mask | None) -> Bytes2D:
    # One 32-bit gather is several times faster than a gather of rows of four bytes.
    packed = np.take(np.ascontiguousarray(table).view(np.uint32).ravel(), band)
    if mask is not None:
        packed *= mask
    return packed.view(np.uint8).reshape(*band.shape, 4)


def merged(bands: list[Any]) -> Array:
    """C-ordered (rows, columns) arrays of one type, interleaved as (rows, columns, bands)."""
    merged: Array = cv2.merge(bands)
    return merged.reshape(*bands[0].shape, len(bands))
