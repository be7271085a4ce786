"""Shaded relief: colours of elevation, lit."""

from __future__ import annotations

from typing import Any

import numpy as np

from proxy.functions.color import RAMP_ARGUMENTS, chosen_entries
from proxy.functions.ramps import Ramp
from proxy.functions.signature import INPUT, Function
from proxy.functions.surface import LIGHT, SCALE, hillshade
from proxy.model import Array, Raster

#: Range of elevations where the source has no statistics.
DEFAULT_RANGE = (0.0, 8000.0)


def shaded_relief(
    raster: Raster,
    *,
    colormap: tuple[tuple[int, ...], ...] = (),
    color_ramp: Ramp | None = None,
    color_ramp_name: str = "",
    colormap_name: str = "",
    **light: Any,
) -> Raster:
    """Colour a surface by elevation and shade it.

    The colour is that of entry floor((z - min) * 255.00001 / (max - min)) of a table of 256; its HSV value is
    then replaced by hillshade / 255, hue and saturation kept.

    Args:
        raster: elevations in the first band. The range is that of its statistics, so that tiles agree.
        colormap: rows (value, red, green, blue, alpha), used in order. color_ramp: stretched over the range;
        color_ramp_name and colormap_name: see `proxy.functions.color.colormap`; Elevation #1 by default.
        light: arguments of `hillshade`.

    Returns:
        Three uint8 bands, masked as `hillshade`.
    """
    shade = hillshade(raster, **light)
    colors = relief_colors(colormap, color_ramp, color_ramp_name, colormap_name)
    index = _index(raster)
    brightest = colors.max(axis=1, keepdims=True)
    # Black has no hue: it becomes the grey of the hillshade.
    shares = np.where(brightest > 0, colors / np.maximum(brightest, 1), 1).astype(np.float32)
    data = np.empty((3, *index.shape), np.uint8)
    for channel in range(3):
        data[channel] = shares[:, channel][index] * shade.data[0] + np.float32(0.5)
    return shade.with_data(data, mask=shade.mask)


def relief_colors(
    colormap: tuple[tuple[int, ...], ...] = (),
    color_ramp: Ramp | None = None,
    color_ramp_name: str = "",
    colormap_name: str = "",
) -> Array:
    """Colours from the lowest to the highest elevation, before they are lit: (256, 3), float32, 0..255."""
    named = color_ramp_name or ("" if colormap or color_ramp or colormap_name else "elevation1")
    rows = chosen_entries(colormap, color_ramp, named, colormap_name)
    places = np.linspace(0, len(rows) - 1, 256).round().astype(int)
    return np.array(rows, np.float32)[places, 1:4]


def _index(raster: Raster) -> Array:
    low, high = DEFAULT_RANGE
    if raster.statistics:
        low, high = raster.statistics[0].minimum, raster.statistics[0].maximum
    band = raster.data[0].astype(np.float32)
    with np.errstate(all="ignore"):
        band -= np.float32(low)
        band *= np.float32(255.00001 / (high - low) if high > low else 0.0)
        return np.asarray(np.clip(np.nan_to_num(band, copy=False), 0, 255), np.uint8)


FUNCTIONS = (
    Function(
        "shaded_relief",
        shaded_relief,
        "Colours of elevation, lit.",
        (INPUT, *LIGHT, *SCALE, *RAMP_ARGUMENTS),
        margin=1,
    ),
)
