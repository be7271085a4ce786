"""Polygons given by their rings, and which pixels have their centre inside."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proxy.crs import SpatialReference, reference, transformer
from proxy.errors import BadRequest
from proxy.model import Grid, Mask

#: Most vertices of a polygon, most pieces of an edge that is projected, and edges treated at a time.
VERTICES, PIECES, CHUNK = 100_000, 64, 1024

Rings = tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class Polygon:
    """Rings of (x, y); what an odd number of them encloses is inside, so that holes are outside.

    Attributes:
        crs: system of the coordinates, None for that of the request.
    """

    rings: Rings
    crs: SpatialReference | None = None


def polygon_of(value: object) -> Polygon:
    """Read `{"rings": [[[x, y], ...], ...]}` or `{"bbox": [xmin, ymin, xmax, ymax]}`, with `crs` or without.

    Raises:
        ValueError: it is neither, or its system is not known.
    """
    if isinstance(value, Polygon):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("A geometry is an object with rings or a bbox.")
    try:
        rings = _box(value["bbox"]) if "bbox" in value else tuple(_ring(ring) for ring in value["rings"])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("A geometry has rings of pairs of numbers, or a bbox of four.") from error
    if not rings or sum(map(len, rings)) > VERTICES:
        raise ValueError(f"A geometry has 1 to {VERTICES} vertices.")
    try:
        return Polygon(rings, reference(str(value["crs"])) if value.get("crs") else None)
    except BadRequest as error:
        raise ValueError(error.message) from error


def _box(value: Any) -> Rings:
    xmin, ymin, xmax, ymax = (float(part) for part in value)
    return (_ring([(xmin, ymin), (xmin, ymax), (xmax, ymax), (xmax, ymin)]),)


def _ring(value: Any) -> tuple[tuple[float, float], ...]:
    found = tuple((float(point[0]), float(point[1])) for point in value)
    if len(found) < 3 or not all(math.isfinite(part) for point in found for part in point):
        raise ValueError("A ring has three vertices at least, and they are finite.")
    return found


def centres_inside(polygon: Polygon, grid: Grid) -> Mask:
    """(rows, columns), True where the centre of a pixel lies inside.

    Edges are straight in the system of the polygon; projected, they are cut into pieces. A centre exactly on
    an edge belongs to the side of rising x and falling y.

    Raises:
        BadRequest: the polygon cannot be brought into the system of the grid.
    """
    budget = max(1, min(PIECES, VERTICES // sum(map(len, polygon.rings))))
    rings = (_in_pixels(ring, polygon.crs, grid, budget) for ring in polygon.rings)
    return centres_enclosed(rings, grid.height, grid.width)


def centres_enclosed(
    rings: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]], height: int, width: int
) -> Mask:
    """(rows, columns), True where the centre of a pixel lies inside.

    Args:
        rings: columns and rows of the vertices of closed rings; centres of pixels lie at whole numbers.
    """
    inside = np.zeros((height, width + 1), np.uint8)
    for columns, rows in rings:
        for start in range(0, len(columns), CHUNK):
            part = slice(start, start + CHUNK + 1)
            _toggle(inside, columns[part], rows[part])
    return np.bitwise_xor.accumulate(inside, axis=1)[:, :-1].astype(np.bool_)


def _in_pixels(
    ring: tuple[tuple[float, float], ...], crs: SpatialReference | None, grid: Grid, pieces: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Columns and rows of a closed ring; centres of pixels lie at whole numbers."""
    points = np.array([*ring, ring[0]])
    if crs is not None and crs != grid.crs:
        steps = np.arange(pieces) / pieces
        cut = points[:-1, None] + steps[None, :, None] * (points[1:] - points[:-1])[:, None]
        points = np.concatenate([cut.reshape(-1, 2), points[-1:]])
        points = np.stack(transformer(crs, grid.crs).transform(*points.T), axis=1)
        if not np.isfinite(points).all():
            raise BadRequest("The geometry does not exist in the system of the picture.")
    width, height = grid.resolution
    columns = (points[:, 0] - grid.extent.xmin) / width - 0.5
    rows = (grid.extent.ymax - points[:, 1]) / height - 0.5
    return columns, rows


def _toggle(inside: NDArray[np.uint8], columns: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    """Toggle, in each row that an edge crosses, the first pixel to the right of the crossing."""
    height, width = inside.shape
    top = np.clip(np.ceil(np.minimum(rows[:-1], rows[1:])), 0, height).astype(np.intp)
    bottom = np.clip(np.ceil(np.maximum(rows[:-1], rows[1:])), 0, height).astype(np.intp)
    number = bottom - top
    edge = np.repeat(np.arange(len(number)), number)
    if not len(edge):
        return
    row = np.arange(len(edge)) - np.repeat(np.cumsum(number) - number, number) + top[edge]
    along = (row - rows[edge]) / (rows[edge + 1] - rows[edge])
    crossing = columns[edge] + along * (columns[edge + 1] - columns[edge])
    first = np.clip(np.ceil(crossing), 0, width - 1).astype(np.intp)
    np.bitwise_xor.at(inside, (row, first), np.uint8(1))
