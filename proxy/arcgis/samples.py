"""getSamples: values at many places, along lines and over areas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.catalog_fields import attributes_of as item_attributes
from proxy.arcgis.choosing import read_selection
from proxy.arcgis.fields import Fields
from proxy.arcgis.item_values import item_values, items_at
from proxy.arcgis.items import ITEM, attributes_of
from proxy.arcgis.params import read_interpolation
from proxy.arcgis.resources import asked_rule
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import GeometryType, Shape, point_document, read_shape
from proxy.arcgis.values import NO_DATA, PixelSize, chosen, read_pixel_size, values_of
from proxy.crs import SpatialReference
from proxy.errors import InvalidParameter, ReadBudgetExceeded
from proxy.functions.tree import Node
from proxy.model import Interpolation
from proxy.selection import Selection
from proxy.services import Service

DEFAULT_SAMPLES, MOST_SAMPLES = 100, 1000

Places = list[tuple[float, float]]


async def get_samples(call: Call) -> Document:
    """One sample for each place with data; `locationId` is the number of the place."""
    service = await call.opened()
    info = service.info
    selection = read_selection(call.fields, service)
    shape = read_shape(call.fields, info.crs)
    if shape is None:
        raise InvalidParameter("geometry")
    places = sample_places(shape, call.fields)
    rule = asked_rule(service, call.fields.text("renderingRule"))
    interpolation = read_interpolation(call.fields.text("interpolation"), Interpolation.NEAREST)
    size = read_pixel_size(call.fields, info.extent, info.crs)
    _check_cost(service, len(places), size)
    asked = _Asked(
        service,
        shape.crs,
        rule,
        size,
        interpolation,
        selection,
        call.fields.flag("returnFirstValueOnly", True),
        call.fields.text("outFields"),
    )
    found = await call.worked(_samples, asked, places)
    resolution = _plain(max(size or info.pixel_size))
    return {
        "samples": [
            {
                "location": point_document(*places[sample.number], shape.crs),
                "locationId": sample.number,
                "value": sample.value,
                "rasterId": sample.item,
                "resolution": resolution,
                **({} if sample.attributes is None else {"attributes": sample.attributes}),
            }
            for sample in found
        ]
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    service: Service
    crs: SpatialReference
    rule: Node | None
    size: PixelSize | None
    interpolation: Interpolation
    selection: Selection
    first_only: bool
    out_fields: str


@dataclass(frozen=True, slots=True)
class _Sample:
    number: int
    value: str
    item: int
    attributes: Document | None


def _samples(asked: _Asked, places: Places) -> list[_Sample]:
    """Samples of all places that have data; of a mosaic also one for each item, where that is asked for."""
    found: list[_Sample] = []
    for number, place in enumerate(places):
        if asked.service.catalog is None or asked.first_only:
            found += _of_the_picture(asked, number, place)
        else:
            found += _of_the_items(asked, number, place)
        if len(found) > MOST_SAMPLES:
            return found[:MOST_SAMPLES]
    return found


def _of_the_picture(asked: _Asked, number: int, place: tuple[float, float]) -> list[_Sample]:
    source, context = chosen(asked.service, asked.selection)
    values = values_of(
        asked.service, source, context, place, asked.crs, asked.rule, asked.size, asked.interpolation
    )
    if set(values) == {NO_DATA}:
        return []
    item = next(iter(context.used), ITEM)
    return [_Sample(number, " ".join(values), item, _attributes(asked, item))]


def _of_the_items(asked: _Asked, number: int, place: tuple[float, float]) -> list[_Sample]:
    found = []
    limit = asked.service.config.mosaic.max_items if asked.service.config.mosaic else 1
    for item in items_at(asked.service, place, asked.crs, asked.selection, asked.size, limit):
        values = item_values(asked.service, item, place, asked.crs, asked.rule, asked.size, asked.selection)
        if set(values) != {NO_DATA}:
            found.append(_Sample(number, " ".join(values), item.id, _attributes(asked, item.id)))
    return found


def _check_cost(service: Service, count: int, size: PixelSize | None) -> None:
    """Refuse more source pixels in all than one picture may read."""
    native = service.info.pixel_size
    each = 1.0 if size is None else max(1.0, size[0] / native[0]) * max(1.0, size[1] / native[1])
    if count * each > service.source_pixels:
        raise ReadBudgetExceeded("The samples are too many for pixels so large.")


def _attributes(asked: _Asked, item: int) -> Document | None:
    """Attributes of an item; None where none are asked for."""
    if not asked.out_fields:
        return None
    catalog = asked.service.catalog
    if catalog is None:
        row = attributes_of(asked.service)
    else:
        known = catalog.get(item)
        row = {} if known is None else item_attributes(known, catalog.fields)
    # Clients ask any service for fields that some services have.
    names = {part.strip().strip('"').lower() for part in asked.out_fields.split(",")}
    return {name: value for name, value in row.items() if "*" in names or name.lower() in names}


def _plain(value: float) -> float:
    return int(value) if value.is_integer() else value


def sample_places(shape: Shape, fields: Fields) -> Places:
    """Where samples are taken, at most `MOST_SAMPLES` places: more are cut without an error.

    Args:
        shape: points are taken as they are, lines are divided evenly, areas get a regular grid.
        fields: `sampleDistance` in units of the geometry, or `sampleCount`.

    Raises:
        InvalidParameter: a count or distance that is not positive.
    """
    count, distance = fields.number("sampleCount"), fields.number("sampleDistance")
    if count is not None and count < 1:
        raise InvalidParameter("sampleCount")
    if distance is not None and distance <= 0:
        raise InvalidParameter("sampleDistance")
    number = min(MOST_SAMPLES, int(count) if count else DEFAULT_SAMPLES)
    match shape.kind:
        case GeometryType.POINT | GeometryType.MULTIPOINT:
            return shape.points[:MOST_SAMPLES]
        case GeometryType.POLYLINE:
            return _along(shape, number, distance)
    return _over(shape, number, distance)


def _along(shape: Shape, count: int, distance: float | None) -> Places:
    total = float(shape.form.length)
    if total == 0.0:
        return shape.points[:1]
    if distance is not None:
        count = min(MOST_SAMPLES, math.floor(min(total / distance, MOST_SAMPLES) + 1e-9) + 1)
        steps = np.arange(count) * distance
    else:
        steps = np.linspace(0.0, total, count)
    merged = shapely.line_merge(shape.form)
    found = shapely.line_interpolate_point(_one_line(merged), steps)
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(found)]


def _one_line(form: shapely.Geometry) -> shapely.Geometry:
    # Paths that do not meet are walked one after the other, and the gaps with them.
    return shapely.LineString(shapely.get_coordinates(form)) if form.geom_type != "LineString" else form


def _over(shape: Shape, count: int, distance: float | None) -> Places:
    """Centres of square cells within the area, rows from the north."""
    area, extent = float(shape.form.area), shape.extent
    if area <= 0.0:
        return [shape.center]
    side = distance or math.sqrt(area / count)
    limit = MOST_SAMPLES if distance else count
    columns = min(MOST_SAMPLES, max(1, round(extent.width / side)))
    rows = min(MOST_SAMPLES, max(1, round(extent.height / side)))
    xs = extent.xmin + (np.arange(columns) + 0.5) * extent.width / columns
    ys = extent.ymax - (np.arange(rows) + 0.5) * extent.height / rows
    grid_x, grid_y = (part.ravel() for part in np.meshgrid(xs, ys))
    shapely.prepare(shape.form)
    inside = shapely.contains_xy(shape.form, grid_x, grid_y)
    found = list(zip(grid_x[inside].tolist(), grid_y[inside].tolist(), strict=True))
    if not found:
        return [shape.center]
    if len(found) <= limit:
        return found
    # Evenly thinned rather than cut off, so that the south has its share.
    return [found[int(index)] for index in np.linspace(0, len(found) - 1, limit)]


OPERATION = Operation(
    "getSamples",
    get_samples,
    "Get samples",
    (
        Parameter("geometry", "x,y or a geometry as JSON"),
        Parameter("geometryType", "", tuple(kind.value for kind in GeometryType)),
        Parameter("sampleDistance", "along a line, in units of the geometry"),
        Parameter("sampleCount", f"along a line or over an area, at most {MOST_SAMPLES}"),
        Parameter("mosaicRule", "JSON"),
        Parameter("renderingRule", "raster function as JSON; its result is sampled"),
        Parameter("pixelSize", "x,y"),
        Parameter("interpolation"),
        Parameter("outFields"),
        Parameter("time"),
        Parameter("sliceId"),
        Parameter("returnFirstValueOnly", "", ("true", "false")),
    ),
    required=("geometry",),
)
