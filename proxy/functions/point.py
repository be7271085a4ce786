"""Functions of one value at a time."""

from __future__ import annotations

import numpy as np

from proxy.functions.pixels import by_table
from proxy.functions.signature import INPUT, Function, number
from proxy.model import Raster


def contrast_brightness(
    raster: Raster, *, contrast_offset: float = 0.0, brightness_offset: float = 0.0
) -> Raster:
    """Change contrast and brightness of 8-bit pixels; other types are returned as they are.

    (v + 2.55 b - 127.5) s + 127.5, rounded half up and clamped, with s = 100 / (100 - c) for c > 0, else
    (100 + c) / 100. At c = 100 everything is black or white. As measured in Esri's client.

    Args:
        raster: uint8 bands.
        contrast_offset: c, -100..100. brightness_offset: b, -100..100.

    Returns:
        uint8 bands with their names.
    """
    if raster.data.dtype != np.uint8:
        return raster
    centred = np.arange(256) + 2.55 * brightness_offset - 127.5
    if contrast_offset >= 100:
        values = np.where(centred > 0, 255.0, 0.0)
    else:
        c = contrast_offset
        values = centred * (100 / (100 - c) if c > 0 else (100 + c) / 100) + 127.5
    table = np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)
    return raster.with_data(
        np.stack([by_table(table, band) for band in raster.data]), band_names=raster.band_names
    )


_OFFSET = {"minimum": -100, "maximum": 100}

FUNCTIONS = (
    Function(
        "contrast_brightness",
        contrast_brightness,
        "Contrast and brightness of 8-bit pixels.",
        (INPUT, number("contrast_offset", 0.0, **_OFFSET), number("brightness_offset", 0.0, **_OFFSET)),
    ),
)
