"""Footprints: GeoJSON and WKB to polygons, quadkeys to squares, and from one system to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from proxy.catalog.base import ItemFacts
from proxy.crs import SpatialReference, transformer

#: Most vertices of a footprint as it is kept.
MOST_VERTICES = 10_000
#: Parts into which each side of a raster's outline is cut before it is transformed.
DENSIFY = 21


def polygon_of(value: object) -> BaseGeometry | None:
    """Polygons of a GeoJSON geometry or of WKB, made valid and flat; None where there are none."""
    try:
        if isinstance(value, bytes | bytearray | memoryview):
            found = shapely.from_wkb(bytes(value))
        elif isinstance(value, Mapping):
            found = shape(value)
        else:
            return None
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
    return polygonal(found)


def polygonal(found: BaseGeometry | None) -> BaseGeometry | None:
    """The polygons of a geometry, valid and flat; None where there are none."""
    if found is None or found.is_empty:
        return None
    flat = shapely.force_2d(found)
    if not np.isfinite(shapely.get_coordinates(flat)).all():
        return None
    if shapely.get_num_coordinates(flat) > MOST_VERTICES:
        west, south, east, north = flat.bounds
        flat = flat.simplify(max(east - west, north - south) / 1000)
    if flat.geom_type not in ("Polygon", "MultiPolygon") or not flat.is_valid:
        flat = shapely.make_valid(flat)
        if flat.geom_type not in ("Polygon", "MultiPolygon"):
            parts = [p for p in shapely.get_parts(flat) if p.geom_type in ("Polygon", "MultiPolygon")]
            flat = shapely.union_all(parts)
    return None if flat.is_empty or not flat.area else flat


def box_of(value: object) -> BaseGeometry | None:
    """Polygon of a `bbox` of four or six numbers; None where it is no rectangle."""
    if not isinstance(value, list | tuple) or len(value) not in (4, 6):
        return None
    half = len(value) // 2
    try:
        west, south, east, north = (float(value[i]) for i in (0, 1, half, half + 1))
    except (TypeError, ValueError):
        return None
    return polygonal(box(west, south, east, north)) if west < east and south < north else None


def outline_of(facts: ItemFacts) -> BaseGeometry:
    """Outline of a raster in its own system, with points along its sides."""
    steps = np.linspace(0.0, 1.0, DENSIFY, endpoint=False)
    full, none = np.ones_like(steps), np.zeros_like(steps)
    columns = np.concatenate([steps, full, 1 - steps, none]) * facts.width
    rows = np.concatenate([none, steps, full, 1 - steps]) * facts.height
    t = facts.transform
    return shapely.polygons(
        np.column_stack([t.a * columns + t.b * rows + t.c, t.d * columns + t.e * rows + t.f])
    )


def moved(found: BaseGeometry, source: SpatialReference, target: SpatialReference) -> BaseGeometry | None:
    """A geometry in another system; None where none of it exists there."""
    if source == target:
        return found
    change = transformer(source, target)
    return polygonal(
        shapely.transform(found, lambda points: np.column_stack(change.transform(points[:, 0], points[:, 1])))
    )


def quadkey_square(key: str) -> tuple[float, float, float, float]:
    """Web Mercator bounds of a quadkey (Bing Maps tile system): west, south, east, north in metres.

    Raises:
        ValueError: it is no quadkey.
    """
    if not 0 < len(key) <= 30 or set(key) - set("0123"):
        raise ValueError(key[:40])
    column = int("".join(str(int(digit) & 1) for digit in key), 2)
    row = int("".join(str(int(digit) >> 1) for digit in key), 2)
    half = np.pi * 6378137.0
    side = 2 * half / (1 << len(key))
    west, north = column * side - half, half - row * side
    return float(west), float(north - side), float(west + side), float(north)


def clipped_to_raster(
    footprint: BaseGeometry, crs: SpatialReference, facts: ItemFacts
) -> BaseGeometry | None:
    """The part of a footprint where the raster has pixels; None where it lies elsewhere.

    The footprint itself where the outline of the raster crosses the antimeridian or does not exist in `crs`.
    """
    outline = moved(outline_of(facts), facts.crs, crs)
    turn = 360.0 if crs.is_geographic else 2 * np.pi * 6378137.0
    if outline is None or outline.bounds[2] - outline.bounds[0] > turn / 2:
        return footprint
    return polygonal(shapely.intersection(footprint, outline))


def crs_of_geojson(document: Mapping[str, Any]) -> str | None:
    """Name of the coordinate system in the `crs` member of older GeoJSON."""
    crs = document.get("crs")
    name = crs.get("properties", {}).get("name") if isinstance(crs, Mapping) else None
    return name if isinstance(name, str) else None
