"""The four kinds of PNG."""

from __future__ import annotations

import numpy as np

from proxy.model import EncodeOptions, Mask, Raster
from proxy.render.encode.display import check, gaps, merged, on_white, planes, rgba
from proxy.render.encode.palette import Indexed, free_value, quantised, single_band
from proxy.render.encode.png_file import Color, write_png


def png(raster: Raster, options: EncodeOptions) -> bytes:
    """The smallest lossless PNG that shows everything: grey, grey and alpha, palette, RGB or RGBA.

    Grey with a mask is a palette of greys, where a value is free to be the transparent one; else, and with
    16 bits, it has an alpha channel. uint16 grey and RGB become 16-bit PNG.
    """
    check(raster, deep=True)
    mask = gaps(raster)
    if mask is not None and not mask.any():
        return _palette(Indexed(np.zeros(mask.shape, np.uint8), np.zeros((1, 4), np.uint8)), options)
    if raster.colormap is not None:
        found = single_band(raster)
        return png32(raster, options) if found is None else _palette(found, options)
    if raster.count == 3:
        return png24(raster, options) if mask is None else png32(raster, options)
    return _grey(raster, mask, options)


def png8(raster: Raster, options: EncodeOptions) -> bytes:
    """Eight bits a pixel: grey whose values are the data, palette whose indices are the data, or 256 colours.

    Masked pixels of a single band take a transparent value that no valid pixel has, else 0.
    """
    check(raster)
    if raster.count == 3:
        return _palette(quantised(raster), options)
    band, mask = planes(raster)[0], gaps(raster)
    if raster.colormap is not None:
        return _palette(single_band(raster) or _zero_in_gaps(raster), options)
    if mask is None:
        return write_png(band, Color.GREY, options.effort)
    free = free_value(band, mask)
    transparency = b"" if free is None else bytes((0, free))
    filled = np.where(mask, band, np.uint8(free or 0))
    return write_png(filled, Color.GREY, options.effort, transparency=transparency)


def png24(raster: Raster, options: EncodeOptions) -> bytes:
    """RGB without alpha; masked pixels white."""
    check(raster, deep=True)
    picture = on_white(raster)
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    return write_png(picture, Color.RGB, options.effort)


def png32(raster: Raster, options: EncodeOptions) -> bytes:
    """RGBA; mask and alpha of the colormap as alpha, zeros where alpha is 0."""
    check(raster, deep=True)
    return write_png(rgba(raster), Color.RGBA, options.effort)


def _grey(raster: Raster, mask: Mask | None, options: EncodeOptions) -> bytes:
    band = planes(raster)[0]
    if mask is None:
        return write_png(band, Color.GREY, options.effort)
    # OpenCV ignores the transparent value of a grey PNG, and heeds that of a palette.
    found = single_band(raster) if band.dtype == np.uint8 else None
    if found is not None:
        return _palette(found, options, classes=False)
    alpha = np.multiply(mask, np.iinfo(band.dtype).max, dtype=band.dtype)
    return write_png(merged([band & alpha, alpha]), Color.GREY_ALPHA, options.effort)


def _zero_in_gaps(raster: Raster) -> Indexed:
    found = single_band(Raster(raster.data, None, raster.grid, colormap=raster.colormap))
    assert found is not None
    return Indexed(np.where(raster.valid(), found.indices, np.uint8(0)), found.colors)


def _palette(picture: Indexed, options: EncodeOptions, *, classes: bool = True) -> bytes:
    colors = picture.colors[: int(picture.indices.max()) + 1]
    alpha = colors[:, 3]
    translucent = np.flatnonzero(alpha < 255)
    # Colours beyond the end of tRNS are opaque.
    transparency = alpha[: translucent[-1] + 1].tobytes() if translucent.size else b""
    return write_png(
        picture.indices,
        Color.PALETTE,
        options.effort,
        palette=colors[:, :3].tobytes(),
        transparency=transparency,
        classes=classes,
    )
