"""Where an item lies in the system of the service: footprint, centre, pixel sizes.

A footprint that crosses the antimeridian is cut there: its parts lie at both edges of the map, each with an
envelope of its own, and its centre is that of the whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from proxy.catalog.base import ItemFacts, ItemRecord
from proxy.catalog.turns import Ring, Turn, folded, jumps, nearby, turn_of, unwrapped
from proxy.crs import SpatialReference, transformer
from proxy.errors import BadRequest, CannotOpen

Box = tuple[float, float, float, float]

#: Parts that the longer side is divided into before it is transformed, since straight edges bend.
STEPS = 21
#: Pixels by which a transformed outline may be off where that spares vertices.
TOLERANCE = 0.25


#: Parts of width and height where pixels are measured; corners of a pixel, (2, 1, 3): columns, rows.
_SAMPLES = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))
_STEPS = np.array([[[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]])


@dataclass(frozen=True, slots=True)
class Placed:
    """An item in the system of the service.

    Attributes:
        footprint: Polygon or MultiPolygon on the map.
        boxes: envelopes of its parts, one for each side of the antimeridian.
        center: centroid. length, area: of the footprint.
        pixel_sizes: finest and coarsest.
        seamline: on the map; None where there is none.
    """

    footprint: BaseGeometry
    boxes: tuple[Box, ...]
    center: tuple[float, float]
    length: float
    area: float
    pixel_sizes: tuple[float, float]
    seamline: BaseGeometry | None


def outline(facts: ItemFacts) -> BaseGeometry:
    """The raster's four corners, in its own system."""
    corners = ((0, 0), (facts.width, 0), (facts.width, facts.height), (0, facts.height))
    return shapely.Polygon([facts.transform @ corner for corner in corners])


def place(record: ItemRecord, facts: ItemFacts, crs: SpatialReference) -> Placed:
    """The item in a system.

    Raises:
        CannotOpen: no part of it exists there; the message is fit for the public.
    """
    try:
        return _placed(record, facts, crs)
    except (BadRequest, ProjError, ShapelyError, ValueError, OverflowError) as error:
        raise CannotOpen(
            "The footprint cannot be placed in the system of the service.", str(error)
        ) from error


def _placed(record: ItemRecord, facts: ItemFacts, crs: SpatialReference) -> Placed:
    sizes = _pixel_sizes(facts, crs)
    own = record.footprint_crs or facts.crs
    if record.footprint is None:
        whole = _converted(outline(facts), facts.crs, crs, sizes[0])
    else:
        whole = _converted(_whole(record.footprint, own, facts), own, crs, sizes[0])
    turn = turn_of(crs)
    parts = [_polygons(part) for part in folded(whole, turn)]
    parts = [part for part in parts if not part.is_empty]
    if not parts or not all(math.isfinite(value) for part in parts for value in part.bounds):
        raise ValueError("nothing is left")
    seamline = None
    if record.seamline is not None:
        line = _converted(_whole(record.seamline, own, facts), own, crs, sizes[0])
        seamline = _joined([_polygons(part) for part in folded(line, turn)])
    center = whole.centroid
    x, y = float(center.x), float(center.y)
    if turn is not None and not turn.west <= x <= turn.east:
        x = turn.west + (x - turn.west) % turn.length
    footprint = _joined(parts)
    boxes = tuple(tuple(float(value) for value in part.bounds) for part in parts)
    return Placed(
        footprint=footprint,
        boxes=boxes,  # type: ignore[arg-type]
        center=(x, y),
        length=float(whole.length),
        area=float(footprint.area),
        pixel_sizes=sizes,
        seamline=seamline,
    )


def _joined(parts: list[BaseGeometry]) -> BaseGeometry:
    if len(parts) == 1:
        return parts[0]
    return shapely.MultiPolygon([piece for part in parts for piece in shapely.get_parts(part)])


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    """The areas of a shape, valid and flat."""
    if shape.geom_type == "Polygon" and shape.is_valid and not shape.has_z:
        return shape
    valid = shapely.make_valid(shapely.force_2d(shape))
    pieces = [piece for piece in shapely.get_parts(valid) if piece.geom_type in ("Polygon", "MultiPolygon")]
    flat = [single for piece in pieces for single in shapely.get_parts(piece)]
    return flat[0] if len(flat) == 1 else shapely.MultiPolygon(flat)


def _whole(shape: BaseGeometry, crs: SpatialReference, facts: ItemFacts) -> BaseGeometry:
    """A footprint as one piece across the antimeridian, however it was written down.

    An edge of more than half a turn is one across the antimeridian, unless the raster itself is that wide.
    """
    turn = turn_of(crs)
    flat = shapely.force_2d(shape)
    if turn is None:
        return _polygons(flat)
    pieces = [piece for part in shapely.get_parts(flat) for piece in shapely.get_parts(part)]
    jumping = any(jumps(shapely.get_coordinates(piece.exterior), turn) for piece in pieces if _is_area(piece))
    at_edges = flat.bounds[0] <= turn.west + turn.length * 1e-6 and flat.bounds[2] >= turn.east * (1 - 1e-6)
    if not (jumping or (len(pieces) > 1 and at_edges)):
        return _polygons(flat)
    west, _, east, _ = _converted(outline(facts), facts.crs, crs, None).bounds
    if east - west > turn.length / 2:
        return _polygons(flat)
    return _around([_rebuilt(piece, turn) for piece in pieces if _is_area(piece)], turn)


def _is_area(shape: BaseGeometry) -> bool:
    return bool(shape.geom_type == "Polygon" and not shape.is_empty)


def _rebuilt(piece: BaseGeometry, turn: Turn) -> BaseGeometry:
    return _polygon([shapely.get_coordinates(ring) for ring in (piece.exterior, *piece.interiors)], turn)


def _polygon(rings: list[Ring], turn: Turn | None) -> BaseGeometry:
    """A valid area of rings, the first one around the others, each as one piece across the antimeridian."""
    kept = [ring for ring in rings if len(ring) > 3]
    if not kept or len(rings[0]) < 4:
        return shapely.Polygon()
    if turn is not None:
        kept = [unwrapped(ring, turn) for ring in kept]
    if len(kept) == 1:
        return _polygons(shapely.Polygon(kept[0]))
    outer = _polygons(shapely.Polygon(kept[0]))
    middle = float(kept[0][:, 0].mean())
    holes = [_polygons(shapely.Polygon(ring)) for ring in kept[1:]]
    if turn is not None:
        holes = [nearby(hole, middle, turn) for hole in holes if not hole.is_empty]
    return _polygons(shapely.difference(outer, shapely.union_all(holes)))


def _around(pieces: list[BaseGeometry], turn: Turn | None) -> BaseGeometry:
    """Pieces as near to the first as whole turns bring them."""
    pieces = [piece for piece in pieces if not piece.is_empty]
    if not pieces:
        raise ValueError("nothing is left")
    if len(pieces) == 1:
        return pieces[0]
    if turn is not None:
        middle = float(pieces[0].centroid.x)
        pieces = [nearby(piece, middle, turn) for piece in pieces]
    return _polygons(shapely.union_all(pieces))


def _converted(
    shape: BaseGeometry, source: SpatialReference, target: SpatialReference, pixel: float | None
) -> BaseGeometry:
    """An area in another system, as one piece that may reach beyond the edge of the map."""
    if shape.is_empty or not np.isfinite(shape.bounds).all():
        raise ValueError("empty")
    if source == target:
        return _polygons(shape)
    west, south, east, north = shape.bounds
    dense = shapely.segmentize(shape, max(east - west, north - south) / STEPS)
    turn = turn_of(target)
    pieces = []
    for piece in shapely.get_parts(dense):
        rings = [shapely.get_coordinates(ring) for ring in (piece.exterior, *piece.interiors)]
        pieces.append(_polygon([_transformed(ring, source, target) for ring in rings], turn))
    whole = _around(pieces, turn)
    if pixel is None:
        return whole
    size = max(whole.bounds[2] - whole.bounds[0], whole.bounds[3] - whole.bounds[1])
    simple = shapely.simplify(whole, min(pixel * TOLERANCE, size * 1e-3))
    return whole if simple.is_empty else simple


def _transformed(ring: Ring, source: SpatialReference, target: SpatialReference) -> Ring:
    """The vertices of a closed ring that exist in another system, closed again."""
    xs, ys = transformer(source, target).transform(ring[:, 0], ring[:, 1])
    good = np.isfinite(xs) & np.isfinite(ys)
    found: Ring = np.column_stack((xs, ys))[good]
    if len(found) and not good.all() and not np.array_equal(found[0], found[-1]):
        found = np.vstack((found, found[:1]))
    return found


def _pixel_sizes(facts: ItemFacts, crs: SpatialReference) -> tuple[float, float]:
    """Finest and coarsest pixel in units of a system: the longer side of a pixel at the best of five places.

    In a system of longitude and latitude a pixel at a pole, where a raster may have its middle, has no size.
    """
    t = facts.transform
    finest = max(math.hypot(t.a, t.d), math.hypot(t.b, t.e))
    if facts.crs != crs:
        columns, rows = np.multiply(_SAMPLES, (facts.width, facts.height)).T[:, :, None] + _STEPS
        xs, ys = transformer(facts.crs, crs).transform(
            t.a * columns + t.b * rows + t.c, t.d * columns + t.e * rows + t.f
        )
        dx, dy = xs[:, 1:] - xs[:, :1], ys[:, 1:] - ys[:, :1]
        if (turn := turn_of(crs)) is not None:
            dx = dx - np.round(dx / turn.length) * turn.length
        sizes = np.hypot(dx, dy).max(axis=1)
        finest = float(sizes[np.isfinite(sizes)].min(initial=math.inf))
    if not math.isfinite(finest) or finest <= 0:
        raise ValueError("no pixel size")
    narrowest = min(facts.coarsest[0], facts.width) if facts.coarsest and facts.coarsest[0] else facts.width
    return finest, finest * facts.width / narrowest
