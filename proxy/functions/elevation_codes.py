"""Elevations as three 8-bit bands, for clients that draw terrain in three dimensions."""

from __future__ import annotations

import numpy as np

from proxy.functions.signature import INPUT, Function, flag
from proxy.model import Array, Raster


def terrarium(raster: Raster, *, opaque: bool = False) -> Raster:
    """Encode metres as (red * 256 + green + blue / 256) - 32768.

    Args:
        raster: metres in its first band; any real type.
        opaque: make every pixel valid, at 0 m where there are no data: clients that draw terrain read the
            colours of transparent pixels as well, and find depths of ten kilometres or more.

    Returns:
        Three uint8 bands in steps of 1/256 m, clamped to -32768..32768; masked as the input, and 0 m below
        the mask.
    """
    return _coded(raster, 32768.0, 256.0, opaque)


def terrain_rgb(raster: Raster, *, opaque: bool = False) -> Raster:
    """Encode metres as -10000 + (red * 65536 + green * 256 + blue) / 10.

    Args:
        raster: metres in its first band; any real type.
        opaque: make every pixel valid, at 0 m where there are no data: clients that draw terrain read the
            colours of transparent pixels as well, and find depths of ten kilometres or more.

    Returns:
        Three uint8 bands in steps of 0.1 m, clamped to -10000..1667721.5; masked as the input, and 0 m below
        the mask.
    """
    return _coded(raster, 10000.0, 10.0, opaque)


def _coded(raster: Raster, offset: float, steps: float, opaque: bool) -> Raster:
    metres = np.nan_to_num(raster.data[0].astype(np.float64))
    if raster.mask is not None:
        metres = np.where(raster.mask, metres, 0.0)
    code = np.clip(np.floor((metres + offset) * steps + 0.5), 0, 2**24 - 1).astype(np.uint32)
    data: Array = np.stack([code >> 16, code >> 8 & 255, code & 255]).astype(np.uint8)
    mask = None if opaque else raster.mask
    return raster.with_data(data, mask=mask, band_names=("Red", "Green", "Blue"))


_ARGUMENTS = (INPUT, flag("opaque"))

FUNCTIONS = (
    Function(
        "terrarium",
        terrarium,
        "Elevations in the Terrarium encoding.",
        _ARGUMENTS,
        bands=lambda a, n: (0,),
    ),
    Function(
        "terrain_rgb",
        terrain_rgb,
        "Elevations in the Terrain-RGB encoding.",
        _ARGUMENTS,
        bands=lambda a, n: (0,),
    ),
)
