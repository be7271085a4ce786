"""The values of all bands at one place."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from proxy.crs import SpatialReference, transformer
from proxy.model import Extent, Grid, Interpolation, Level, Window, marks_bands
from proxy.render.context import ReadContext
from proxy.render.mosaic import read_layer
from proxy.sources.base import Readable, Source
from proxy.sources.mosaic import MosaicSource

Value = float | int | str | None


def native_pixel(
    source: Readable, place: tuple[float, float], crs: SpatialReference
) -> tuple[int, int] | None:
    """Column and row of the native pixel that holds a place, or None where there is none.

    A geographic source is searched one turn to either side as well, since longitudes may run past 180.
    """
    level = source.levels[0]
    return _pixel(level, source.crs, place, crs)


def _pixel(
    level: Level, own: SpatialReference, place: tuple[float, float], crs: SpatialReference
) -> tuple[int, int] | None:
    x, y = place
    if crs != own:
        x, y = transformer(crs, own).transform(x, y)
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    for turn in (0.0, 360.0, -360.0) if own.is_geographic else (0.0,):
        column, row = ~level.transform @ (x + turn, y)
        if 0 <= column < level.width and 0 <= row < level.height:
            return int(column), int(row)
    return None


def native_center(
    source: Source, place: tuple[float, float], crs: SpatialReference
) -> tuple[float, float] | None:
    """Centre of the native pixel that holds a place, in the CRS of the source; None where there is none.

    Of a mosaic it is a pixel of the finest item's size on the grid that its facts tell.
    """
    info = source.info
    transform = source.levels[0].transform if isinstance(source, Readable) else info.transform
    pixel = _pixel(Level(info.width, info.height, transform), source.crs, place, crs)
    if pixel is None:
        return None
    x, y = transform @ (pixel[0] + 0.5, pixel[1] + 0.5)
    return x, y


def point_values(
    source: Source,
    place: tuple[float, float],
    crs: SpatialReference,
    context: ReadContext | None = None,
) -> list[Value] | None:
    """Stored values at a place, unrounded; None for a band without a value, and None outside the source.

    Complex values are text. Of a mosaic they are what its rule makes of the native pixels of its items at
    that very place; the items that gave them are told by the context.

    Args:
        source: the slice of a cube (`Source.at`), a mosaic, or a raster.
        context: which items; all of them when absent.

    Raises:
        SourceFailed: the pixels cannot be read.
    """
    if isinstance(source, MosaicSource):
        return _mosaic_values(source.stored, place, crs, context or ReadContext())
    bands = tuple(range(source.info.band_count))
    assert isinstance(source, Readable)
    pixel = native_pixel(source, place, crs)
    if pixel is None:
        return None
    data, mask = source.read(0, bands, Window(*pixel, 1, 1))
    if mask is not None and not mask[0, 0]:
        return [None] * len(bands)
    missing = source.nodata if marks_bands(source.nodata, data.dtype) else None
    return [None if value == missing else _plain(value) for value in data[:, 0, 0].tolist()]


def _mosaic_values(
    source: MosaicSource,
    place: tuple[float, float],
    crs: SpatialReference,
    context: ReadContext,
) -> list[Value] | None:
    if native_center(source, place, crs) is None:
        return None
    x, y = transformer(crs, source.crs).transform(*place) if crs != source.crs else place
    bands = tuple(range(source.info.band_count))
    rule = dataclasses.replace(context.selection.mosaic, item_rule=None)
    stored = dataclasses.replace(context, selection=dataclasses.replace(context.selection, mosaic=rule))
    # Around the place itself: the pixel of an item that holds it need not hold the middle of the cell.
    width, height = source.info.pixel_size
    around = Extent(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    layer = read_layer(source, Grid(source.crs, around, 1, 1), bands, Interpolation.NEAREST, stored)
    valid: np.ndarray[Any, Any] = np.broadcast_to(layer.valid, layer.data.shape)[:, 0, 0]
    values = layer.data[:, 0, 0].tolist()
    return [_plain(value) if good else None for value, good in zip(values, valid, strict=True)]


def _plain(value: float | complex) -> Value:
    if isinstance(value, complex):
        return f"{value.real:g}{value.imag:+g}j"
    return value if math.isfinite(value) else None
