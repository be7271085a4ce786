"""getSamples: values at many places, along lines and over areas."""

from __future__ import annotations

import math

import numpy as np
import shapely

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.choosing import read_selection
from proxy.arcgis.fields import Fields
from proxy.arcgis.items import attributes_of, chosen_fields
from proxy.arcgis.params import read_interpolation
from proxy.arcgis.resources import asked_rule
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import GeometryType, Shape, point_document, read_shape
from proxy.arcgis.values import NO_DATA, PixelSize, read_pixel_size, values_at
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
    wanted = call.fields.text("outFields")
    attributes = {} if not wanted else {"attributes": _attributes(service, wanted)}
    values = await call.worked(_values, service, shape, places, rule, size, interpolation, selection)
    resolution = _plain(max(size or info.pixel_size))
    return {
        "samples": [
            {
                "location": point_document(*place, shape.crs),
                "locationId": number,
                "value": value,
                "rasterId": 1,
                "resolution": resolution,
                **attributes,
            }
            for number, (place, value) in enumerate(zip(places, values, strict=True))
            if value is not None
        ]
    }


def _check_cost(service: Service, count: int, size: PixelSize | None) -> None:
    """Refuse more source pixels in all than one picture may read."""
    native = service.info.pixel_size
    each = 1.0 if size is None else max(1.0, size[0] / native[0]) * max(1.0, size[1] / native[1])
    if count * each > service.source_pixels:
        raise ReadBudgetExceeded("The samples are too many for pixels so large.")


def _attributes(service: Service, wanted: str) -> Document:
    # Clients ask any service for fields that some services have.
    row = attributes_of(service)
    known = {name.lower() for name in row}
    asked = [part.strip() for part in wanted.split(",")]
    if "*" not in asked:
        asked = [name for name in asked if name.strip('"').lower() in known]
    return {name: row[name] for name in chosen_fields(",".join(asked), list(row))} if asked else {}


def _values(
    service: Service,
    shape: Shape,
    places: Places,
    rule: Node | None,
    size: PixelSize | None,
    interpolation: Interpolation,
    selection: Selection,
) -> list[str | None]:
    found = (values_at(service, place, shape.crs, rule, size, interpolation, selection) for place in places)
    return [None if set(values) == {NO_DATA} else " ".join(values) for values in found]


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
        Parameter("returnFirstValueOnly", "", ("true", "false")),
    ),
    required=("geometry",),
)
