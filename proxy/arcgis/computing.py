"""computeHistograms and computeStatisticsHistograms: of the pixels within a geometry."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import shapely
from rasterio.features import geometry_mask

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.choosing import read_selections
from proxy.arcgis.documents import histogram_documents, statistics_documents
from proxy.arcgis.items import footprint
from proxy.arcgis.resources import asked_rule
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import GeometryType, Shape, densified, projected, read_shape
from proxy.arcgis.values import PixelSize, chosen, read_pixel_size
from proxy.catalog.turns import Turn, folded, moved, turn_of
from proxy.errors import ImageTooLarge, InvalidParameter, ReadBudgetExceeded
from proxy.functions.summary import summary
from proxy.functions.tree import Node, Source
from proxy.model import Array, BandStatistics, DataKind, Extent, Grid, Histogram, Interpolation, Mask, Raster
from proxy.render.pipeline import processed
from proxy.selection import Selection
from proxy.services import Service
from proxy.sources.base import SourceInfo
from proxy.sources.remembered import AnyCube
from proxy.sources.statistics import own_masks

#: Most classes of a histogram that has a bin for each.
CLASSES = 65536
#: How far beyond the data a geometry is kept, in parts of their side.
REACH = 0.05
#: Most turns around the world that a geometry is looked at for.
TURNS = 8


async def compute_histograms(call: Call) -> Document:
    """Histograms, one for each band."""
    return {"histograms": histogram_documents(await _found(call))}


async def compute_statistics_histograms(call: Call) -> Document:
    """Statistics and histograms, one of each for each band."""
    found = await _found(call)
    return {"statistics": statistics_documents(found), "histograms": histogram_documents(found)}


async def _found(call: Call) -> tuple[BandStatistics, ...]:
    service = await call.opened()
    info, fields = service.info, call.fields
    selections = read_selections(fields, service)
    shape = read_shape(fields, info.crs)
    if shape is None or shape.kind not in (GeometryType.POLYGON, GeometryType.ENVELOPE):
        raise InvalidParameter("geometry")
    rule = asked_rule(service, fields.text("renderingRule"))
    size = read_pixel_size(fields, info.extent, info.crs)
    in_slices = fields.flag("processAsMultidimensional") and isinstance(service.source, AnyCube)
    asked = selections if in_slices else selections[:1]
    return await call.worked(statistics_of, service, shape, size, rule, asked, in_slices)


def pieces_of(shape: Shape, info: SourceInfo) -> list[Shape]:
    """The parts of a geometry that lie on the data, in the system of these; where the world goes round they
    are looked for whole turns further as well.

    Raises:
        InvalidParameter: it does not exist in that system.
    """
    parts = [shape]
    if shape.crs != info.crs:
        on_map = folded(shape.form, turn_of(shape.crs))
        near = [within_reach(dataclasses.replace(shape, form=form), info) for form in on_map]
        parts = [projected(part, info.crs) for part in near if part is not None]
    data, turn = shapely.box(*info.extent.as_tuple()), turn_of(info.crs)
    found: list[Shape] = []
    for part in parts:
        form = part.form if part.form.is_valid else shapely.make_valid(part.form)
        for distance in _turns(form.bounds, info.extent, turn):
            piece = shapely.intersection(moved(form, distance) if distance else form, data)
            # What goes round more than once still counts once.
            for known in found:
                piece = shapely.difference(piece, known.form)
            if piece.area > 0:
                found.append(dataclasses.replace(part, kind=GeometryType.POLYGON, form=piece))
    return found


def _turns(bounds: tuple[float, ...], data: Extent, turn: Turn | None) -> list[float]:
    """How far a geometry is moved so as to lie on the data."""
    if turn is None:
        return [0.0]
    first = math.floor((data.xmin - bounds[2]) / turn.length) + 1
    last = math.ceil((data.xmax - bounds[0]) / turn.length) - 1
    # The least move comes first: a box that lies on the data as it is stays there.
    return [number * turn.length for number in sorted(range(first, last + 1)[:TURNS], key=abs)]


def within_reach(shape: Shape, info: SourceInfo) -> Shape | None:
    """The part of a geometry that is near the data, so that it exists in their system; None for nothing."""
    try:
        outline = projected(densified(footprint(info)), shape.crs).form
    except InvalidParameter:
        # Cells at the poles reach where Mercator has no place; the geometry itself may well have one.
        return shape
    near = shapely.intersection(shape.form, outline.buffer(REACH * math.sqrt(outline.area)))
    return None if near.is_empty or near.area <= 0 else dataclasses.replace(shape, form=near)


def grid_of(shape: Shape, size: PixelSize | None, service: Service, info: SourceInfo) -> Grid | None:
    """Pixels over a geometry in the system of the data, no farther than these; None beside them.

    Pixels lie as those of the raster do, so that at the native size every pixel counts as it is.

    Raises:
        ImageTooLarge: more than the service's limits allow.
    """
    asked, data = shape.extent, info.extent
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


def statistics_of(
    service: Service,
    shape: Shape,
    size: PixelSize | None,
    rule: Node | None,
    selections: tuple[Selection, ...],
    in_slices: bool,
) -> tuple[BandStatistics, ...]:
    """Statistics of the pixels whose centres lie within a geometry. Blocks.

    Args:
        service: whose pixels are counted.
        shape: polygon, in any system.
        size: of the pixels in units of the service, None for native ones.
        rule: whose result is counted, None for the bands as they are.
        selections: of items or slices.
        in_slices: every slice that a selection means is counted, else the one that is shown.

    Raises:
        ImageTooLarge: more pixels than the limits of the service allow.
        ReadBudgetExceeded: the slices have more pixels in all than one picture may read.
        InvalidParameter: the geometry or the selection does not fit the source.
    """
    source = service.source
    if in_slices and isinstance(source, AnyCube):
        rows = [row for selection in selections for row in source.rows.chosen(selection)]
        selections = tuple(row.selection for row in rows)
    found: list[Raster] = []
    outside: list[Mask] = []
    budget = service.source_pixels
    for selection in selections:
        one, context = chosen(service, selection)
        every = tuple(range(one.info.band_count))
        for piece in pieces_of(shape, one.info):
            grid = grid_of(piece, size, service, one.info)
            if grid is None:
                continue
            budget -= grid.width * grid.height
            if budget < 0:
                raise ReadBudgetExceeded("The slices have too many pixels; choose fewer, or larger pixels.")
            found.append(processed(service, one, grid, rule, every, Interpolation.NEAREST, context))
            outside.append(geometry_mask([piece.form], (grid.height, grid.width), grid.transform))
    return _summaries(service, found, outside, rule is None or rule == Source())


def _summaries(
    service: Service, rasters: list[Raster], outside: list[Mask], raw: bool
) -> tuple[BandStatistics, ...]:
    """Statistics over several rasters as if they were one."""
    if not rasters:
        return ()
    valid = [raster.valid() & ~gone for raster, gone in zip(rasters, outside, strict=True)]
    mask = np.concatenate([each.ravel() for each in valid])[None]
    classes = _classes(service) if raw else 0
    gap = service.info.gap if raw else None
    statistics = []
    for band in range(min(raster.count for raster in rasters)):
        values = np.concatenate([raster.data[band].ravel() for raster in rasters])[None]
        (own,) = own_masks(values[None], mask, gap)
        assert own is not None
        found = summary(values, own, rasters[0].pixel_type)
        if classes and found.count:
            found = dataclasses.replace(found, histogram=_by_class(values, own, classes))
        statistics.append(found)
    return tuple(statistics)


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
    Parameter("sliceId"),
    Parameter("processAsMultidimensional", "count all slices that are meant", ("false", "true")),
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
