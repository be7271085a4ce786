"""One item on the grid of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from proxy.catalog.base import Item
from proxy.crs import SpatialReference
from proxy.functions.polygon import Polygon, centres_inside
from proxy.model import Array, Colormap, Grid, Interpolation, Level, Mask, Raster, Window
from proxy.render.context import Meter, ReadContext
from proxy.render.warp import read_grid
from proxy.sources.item import ItemSource, Part
from proxy.sources.raster import RasterSource


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Pixels of one item.

    Attributes:
        data: (bands, rows, columns) in the type of the mosaic.
        valid: (planes, rows, columns), True where valid; one plane for all bands, or one for each.
        colormap: of a single band.
    """

    data: Array
    valid: Mask
    colormap: Colormap | None = None


class Metered:
    """A raster whose reads are counted, and stop when nobody waits for them any more."""

    def __init__(self, raster: RasterSource, meter: Meter, context: ReadContext) -> None:
        self.crs: SpatialReference = raster.crs
        self.levels: tuple[Level, ...] = raster.levels
        self.dtype: np.dtype[Any] = raster.dtype
        self.nodata = raster.nodata
        self._raster, self._meter, self._context = raster, meter, context

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """See `RasterSource.read`."""
        self._context.check()
        self._meter.spend(window.width * window.height)
        return self._raster.read(level, bands, window)


def read_item(
    item: ItemSource,
    grid: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    context: ReadContext,
) -> Layer:
    """Read bands of the mosaic from one item.

    Args:
        bands: zero-based, of the mosaic.
        context: its meter counts over all items of a picture; without one the budget is this item's.

    Returns:
        A band that the item lacks is invalid and 0; an alpha band that it lacks is opaque. Files of one item
        that are masked in different ways give a plane of validity for each band.

    Raises:
        SourceFailed: it cannot be read.
        SourceChanged: a file has been replaced since it was opened.
        ReadBudgetExceeded: more source pixels would be read than are left.
    """
    meter = context.meter or Meter(context.budget)
    dtype = item.info.pixel_type.dtype
    shape = grid.height, grid.width
    reads = [_read_part(part, grid, bands, interpolation, context, meter) for part in item.parts]
    if len(reads) == 1 and reads[0][0] == list(range(len(bands))):
        _, data, mask = reads[0]
        return Layer(data.astype(dtype, copy=False), _planes(mask, shape))
    data = np.zeros((len(bands), *shape), dtype)
    valid = np.zeros((len(bands), *shape), np.bool_)
    for places, values, mask in reads:
        data[places] = values
        valid[places] = True if mask is None else mask
    opaque = [place for place, band in enumerate(bands) if band in item.opaque]
    if opaque:
        data[opaque], valid[opaque] = item.info.pixel_type.range[1], valid.any(axis=0)
    return Layer(data, valid)


def _read_part(
    part: Part,
    grid: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    context: ReadContext,
    meter: Meter,
) -> tuple[list[int], Array, Mask | None]:
    """(places among `bands`, data, mask) of what one file gives."""
    own = dict(zip(part.bands, part.raster_bands, strict=True))
    places = [place for place, band in enumerate(bands) if band in own]
    if not places:
        return [], np.zeros((0, grid.height, grid.width), part.raster.dtype), None
    source = Metered(part.raster, meter, context)
    stored = tuple(own[bands[place]] for place in places)
    data, mask = read_grid(source, grid, stored, interpolation)
    return places, data, mask


def _planes(mask: Mask | None, shape: tuple[int, int]) -> Mask:
    return np.ones((1, *shape), np.bool_) if mask is None else mask[None]


def clipped(layer: Layer, item: Item, grid: Grid, crs: SpatialReference) -> Layer:
    """A layer within the seamline of its item, in the system of the mosaic, where it has one."""
    if item.seamline is None:
        return layer
    rings = tuple(
        tuple((float(x), float(y)) for x, y in shapely.get_coordinates(ring))
        for polygon in shapely.get_parts(item.seamline)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
        for ring in (polygon.exterior, *polygon.interiors)
    )
    inside = centres_inside(Polygon(rings, crs), grid) if rings else np.zeros_like(layer.valid[0])
    return Layer(layer.data, layer.valid & inside, layer.colormap)


def layer_of(raster: Raster) -> Layer:
    """The result of a rule over one item as a layer."""
    return Layer(raster.data, raster.valid()[None], raster.colormap)
