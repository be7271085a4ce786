"""Where samples are taken: at points, along lines, over areas."""

from __future__ import annotations

import math

import numpy as np
import shapely

from proxy.arcgis.fields import Fields
from proxy.arcgis.shapes import GeometryType, Shape
from proxy.errors import InvalidParameter

DEFAULT_SAMPLES, MOST_SAMPLES = 100, 1000

Place = tuple[float, float]
Places = list[Place]


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
