"""The values of all bands at one place."""

from __future__ import annotations

import math

from proxy.crs import SpatialReference, transformer
from proxy.model import Window
from proxy.render.context import ReadContext
from proxy.sources.base import Source
from proxy.sources.raster import RasterSource


def native_pixel(
    source: RasterSource, place: tuple[float, float], crs: SpatialReference
) -> tuple[int, int] | None:
    """Column and row of the native pixel that holds a place, or None where there is none.

    A geographic source is searched one turn to either side as well, since longitudes may run past 180.
    """
    x, y = place
    if crs != source.crs:
        x, y = transformer(crs, source.crs).transform(x, y)
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    level = source.levels[0]
    for turn in (0.0, 360.0, -360.0) if source.crs.is_geographic else (0.0,):
        column, row = ~level.transform @ (x + turn, y)
        if 0 <= column < level.width and 0 <= row < level.height:
            return int(column), int(row)
    return None


def native_center(
    source: Source, place: tuple[float, float], crs: SpatialReference
) -> tuple[float, float] | None:
    """Centre of the native pixel that holds a place, in the CRS of the source; None where there is none."""
    assert isinstance(source, RasterSource)
    pixel = native_pixel(source, place, crs)
    if pixel is None:
        return None
    x, y = source.levels[0].transform @ (pixel[0] + 0.5, pixel[1] + 0.5)
    return x, y


def point_values(
    source: Source, place: tuple[float, float], crs: SpatialReference, context: ReadContext | None = None
) -> list[float | int | str | None] | None:
    """Stored values at a place, unrounded; None for a band without a value, and None outside the source.

    Complex values are text.
    """
    assert isinstance(source, RasterSource)
    pixel = native_pixel(source, place, crs)
    if pixel is None:
        return None
    bands = tuple(range(source.info.band_count))
    data, mask = source.read(0, bands, Window(*pixel, 1, 1))
    if mask is not None and not mask[0, 0]:
        return [None] * len(bands)
    return [_plain(value) for value in data[:, 0, 0].tolist()]


def _plain(value: float | complex) -> float | int | str | None:
    if isinstance(value, complex):
        return f"{value.real:g}{value.imag:+g}j"
    return value if math.isfinite(value) else None
