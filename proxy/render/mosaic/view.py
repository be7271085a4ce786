"""Where the pixels of a picture lie in the system of a mosaic, and how large they are there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from shapely.geometry import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from proxy.crs import SpatialReference, transform_bounds, transformer
from proxy.errors import OutsideExtent
from proxy.model import Extent, Grid
from proxy.render.warp.coordinates import period

#: Points along an edge of the picture that are placed one by one.
POINTS = 21
#: Share of the sides by which an envelope of curved edges is widened.
BULGE = 0.02


@dataclass(frozen=True, slots=True)
class View:
    """A picture in the system of a mosaic.

    Attributes:
        center: of the picture.
        extent: what items have to meet; None where the picture lies elsewhere.
        shape: several extents, where the picture meets the data more than a turn of the earth apart.
        pixel_size: of the picture, in units of the mosaic, where it meets the data.
    """

    center: tuple[float, float]
    extent: Extent | None
    shape: BaseGeometry | None
    pixel_size: float


def view_of(grid: Grid, crs: SpatialReference, data: Extent) -> View:
    """The view of a grid on a mosaic in `crs` whose items lie within `data`.

    Raises:
        BadRequest: there is no transformation between the systems.
    """
    center = _center(grid, crs, data)
    boxes = _boxes(grid, crs, data, center)
    if not boxes:
        return View(center, None, None, _pixel_size(grid, crs, data.center))
    whole = Extent(
        min(found.xmin for found in boxes),
        min(found.ymin for found in boxes),
        max(found.xmax for found in boxes),
        max(found.ymax for found in boxes),
    )
    size = _pixel_size(grid, crs, _common(boxes[0], data).center)
    if len(boxes) == 1:
        return View(center, whole, None, size)
    return View(center, whole, MultiPolygon([box(*found.as_tuple()) for found in boxes]), size)


def _center(grid: Grid, crs: SpatialReference, data: Extent) -> tuple[float, float]:
    """Middle of the picture, on the turn of the earth that is nearest to the data."""
    x, y = transformer(grid.crs, crs).transform(*grid.extent.center)
    if not (math.isfinite(x) and math.isfinite(y)):
        return data.center
    turn = period(crs)
    if turn:
        x += round((data.center[0] - x) / turn) * turn
    return x, y


def _boxes(grid: Grid, crs: SpatialReference, data: Extent, center: tuple[float, float]) -> list[Extent]:
    if grid.crs == crs and not period(crs):
        return [grid.extent] if grid.extent.intersects(data) else []
    if _holds(grid, crs, data):
        return [data]
    found = _placed(grid, crs, center)
    if found is None:
        return []
    turn = period(crs)
    if not turn:
        return [found] if found.intersects(data) else []
    first = math.floor((data.xmin - found.xmax) / turn)
    last = math.ceil((data.xmax - found.xmin) / turn)
    shifted = (
        Extent(found.xmin + n * turn, found.ymin, found.xmax + n * turn, found.ymax)
        for n in range(max(first, -3), min(last, 3) + 1)
    )
    return [extent for extent in shifted if extent.intersects(data)]


def _holds(grid: Grid, crs: SpatialReference, data: Extent) -> bool:
    """True where all data lie in the picture, told in the picture's system."""
    try:
        xmin, ymin, xmax, ymax = transform_bounds(data.as_tuple(), crs, grid.crs)
    except OutsideExtent:
        return False
    e = grid.extent
    return e.xmin <= xmin and e.ymin <= ymin and xmax <= e.xmax and ymax <= e.ymax


def _placed(grid: Grid, crs: SpatialReference, center: tuple[float, float]) -> Extent | None:
    e = grid.extent
    xs, ys = np.meshgrid(np.linspace(e.xmin, e.xmax, POINTS), np.linspace(e.ymin, e.ymax, POINTS))
    x, y = transformer(grid.crs, crs).transform(xs, ys)
    good = np.isfinite(x) & np.isfinite(y)
    if not good.any():
        return None
    turn = period(crs)
    if turn:
        whole = period(grid.crs)
        if whole and e.width >= whole:
            # It shows every longitude, whatever its corners say.
            x = np.linspace(center[0] - turn / 2, center[0] + turn / 2, x.size).reshape(x.shape)
        else:
            x = x + np.round((center[0] - x) / turn) * turn
    xmin, xmax = float(x[good].min()), float(x[good].max())
    ymin, ymax = float(y[good].min()), float(y[good].max())
    # Edges bulge between the points that were placed.
    across, down = BULGE * (xmax - xmin), BULGE * (ymax - ymin)
    return Extent(xmin - across, ymin - down, xmax + across, ymax + down)


def _common(one: Extent, other: Extent) -> Extent:
    return Extent(
        max(one.xmin, other.xmin),
        max(one.ymin, other.ymin),
        min(one.xmax, other.xmax),
        min(one.ymax, other.ymax),
    )


def _pixel_size(grid: Grid, crs: SpatialReference, place: tuple[float, float]) -> float:
    """Geometric mean of the sides of a pixel at a place of the mosaic, in its units."""
    width, height = grid.resolution
    if grid.crs == crs:
        return math.sqrt(width * height)
    # A step that is small on the earth, yet far above the rounding of coordinates.
    step = 1e-3 if crs.is_geographic else 100.0 / crs.metres_per_unit
    x, y = place
    columns, rows = transformer(crs, grid.crs).transform([x, x + step, x], [y, y, y + step])
    turn = period(grid.crs)
    steps = [(_short(columns[i] - columns[0], turn) / width, (rows[i] - rows[0]) / height) for i in (1, 2)]
    area = abs(steps[0][0] * steps[1][1] - steps[0][1] * steps[1][0])
    if not math.isfinite(area) or area <= 0:
        return math.sqrt(width * height)
    return step / math.sqrt(area)


def _short(length: float, turn: float) -> float:
    return math.remainder(length, turn) if turn and math.isfinite(length) else length
