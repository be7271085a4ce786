"""computeHistograms and computeStatisticsHistograms: of the pixels within a geometry."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import shapely
from rasterio.features import geometry_mask

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.choosing import read_selection
from proxy.arcgis.documents import histogram_documents, statistics_documents
from proxy.arcgis.items import footprint
from proxy.arcgis.resources import asked_rule
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import GeometryType, Shape, densified, projected, read_shape
from proxy.arcgis.values import PixelSize, chosen, read_pixel_size
from proxy.errors import ImageTooLarge, InvalidParameter
from proxy.functions.summary import summary
from proxy.functions.tree import Node, Source
from proxy.model import Array, BandStatistics, DataKind, Extent, Grid, Histogram, Interpolation, Mask
from proxy.render.pipeline import processed
from proxy.selection import Selection
from proxy.services import Service

#: Most classes of a histogram that has a bin for each.
CLASSES = 65536
#: How far beyond the data a geometry is kept, in parts of their side.
REACH = 0.05


async def compute_histograms(call: Call) -> Document:
    """Histograms, one for each band."""
    return {"histograms": histogram_documents(await _found(call))}


async def compute_statistics_histograms(call: Call) -> Document:
    """Statistics and histograms, one of each for each band."""
    found = await _found(call)
    return {"statistics": statistics_documents(found), "histograms": histogram_documents(found)}


async def _found(call: Call) -> tuple[BandStatistics, ...]:
    service = await call.opened()
    info = service.info
    selection = read_selection(call.fields, service)
    shape = read_shape(call.fields, info.crs)
    if shape is None or shape.kind not in (GeometryType.POLYGON, GeometryType.ENVELOPE):
        raise InvalidParameter("geometry")
    rule = asked_rule(service, call.fields.text("renderingRule"))
    size = read_pixel_size(call.fields, info.extent, info.crs)
    near = within_reach(shape, service)
    if near is None:
        return ()
    shape = projected(near, info.crs)
    grid = grid_of(shape, size, service)
    return await call.worked(statistics_within, service, shape, grid, rule, selection)


def within_reach(shape: Shape, service: Service) -> Shape | None:
    """The part of a geometry that is near the data, so that it exists in their system; None for nothing."""
    if shape.crs == service.info.crs:
        return shape
    outline = projected(densified(footprint(service)), shape.crs).form
    near = shapely.intersection(shape.form, outline.buffer(REACH * math.sqrt(outline.area)))
    return None if near.is_empty or near.area <= 0 else dataclasses.replace(shape, form=near)


def grid_of(shape: Shape, size: PixelSize | None, service: Service) -> Grid | None:
    """Pixels over a geometry in the service's system, no farther than the data; None beside them.

    Pixels lie as those of the raster do, so that at the native size every pixel counts as it is.

    Raises:
        ImageTooLarge: more than the service's limits allow.
    """
    info, asked = service.info, shape.extent
    data = info.extent
    x, y = size or info.pixel_size
    left, right = max(asked.xmin, data.xmin), min(asked.xmax, data.xmax)
    bottom, top = max(asked.ymin, data.ymin), min(asked.ymax, data.ymax)
    if left >= right or bottom >= top:
        return None
    limits = service.config.limits
    if max((right - left) / x, (top - bottom) / y) > 2 * max(limits.max_width, limits.max_height):
        raise ImageTooLarge(2 * limits.max_width, 2 * limits.max_height, limits.max_width, limits.max_height)
    first, last = math.floor((left - data.xmin) / x + 1e-6), math.ceil((right - data.xmin) / x - 1e-6)
    upper, lower = math.floor((data.ymax - top) / y + 1e-6), math.ceil((data.ymax - bottom) / y - 1e-6)
    width, height = max(1, last - first), max(1, lower - upper)
    if width > limits.max_width or height > limits.max_height:
        raise ImageTooLarge(width, height, limits.max_width, limits.max_height)
    corner_x, corner_y = data.xmin + first * x, data.ymax - upper * y
    return Grid(
        info.crs, Extent(corner_x, corner_y - height * y, corner_x + width * x, corner_y), width, height
    )


def statistics_within(
    service: Service, shape: Shape, grid: Grid | None, rule: Node | None, selection: Selection
) -> tuple[BandStatistics, ...]:
    """Statistics of the pixels whose centres lie within a geometry. Blocks."""
    if grid is None:
        return ()
    source, context = chosen(service, selection)
    every = tuple(range(source.info.band_count))
    raster = processed(service, source, grid, rule, every, Interpolation.NEAREST, context)
    outside = geometry_mask([shape.form], (grid.height, grid.width), grid.transform)
    mask = raster.valid() & ~outside
    raw = rule is None or rule == Source()
    classes = _classes(service) if raw else 0
    found = []
    for band in raster.data:
        statistics = summary(band, mask, raster.pixel_type)
        if classes and statistics.count:
            statistics = dataclasses.replace(statistics, histogram=_by_class(band, mask, classes))
        found.append(statistics)
    return tuple(found)


def _classes(service: Service) -> int:
    """Number of classes from 0 to the highest that is named or occurs; 0 for what is no classes."""
    info = service.info
    if info.kind is not DataKind.THEMATIC or not info.pixel_type.is_integer:
        return 0
    values: list[float] = []
    if info.attribute_table is not None:
        names = [name.lower() for name, _ in info.attribute_table.columns]
        place = names.index("value") if "value" in names else 0
        found = (row[place] for row in info.attribute_table.rows)
        values = [value for value in found if isinstance(value, int | float)]
    else:
        # A palette in a file has all 256 entries, whatever occurs.
        values = [band.maximum for band in service.statistics[:1] if band.count]
    highest = max(values, default=-1.0)
    return int(highest) + 1 if 0 <= highest < CLASSES else 0


def _by_class(band: Array, mask: Mask, classes: int) -> Histogram:
    values = band[mask].astype(np.int64)
    counts = np.bincount(values[(values >= 0) & (values < classes)], minlength=classes)
    return Histogram(-0.5, classes - 0.5, tuple(counts.tolist()))


_PARAMETERS = (
    Parameter("geometry", "envelope or polygon"),
    Parameter("geometryType", "", ("esriGeometryEnvelope", "esriGeometryPolygon")),
    Parameter("mosaicRule", "JSON"),
    Parameter("renderingRule", "raster function as JSON; its result is counted"),
    Parameter("pixelSize", "x,y"),
    Parameter("time"),
)
OPERATIONS = (
    Operation("computeHistograms", compute_histograms, "Compute histograms", _PARAMETERS, ("geometry",)),
    Operation(
        "computeStatisticsHistograms",
        compute_statistics_histograms,
        "Compute statistics and histograms",
        _PARAMETERS,
        ("geometry",),
    ),
)
