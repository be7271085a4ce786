"""The tiles of an area: counted, cut into squares that one worker renders, empty ones left out early."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import morecantile

from proxy.crs import WGS84, transform_bounds
from proxy.errors import InvalidParameter, OutsideExtent, ProxyError
from proxy.model import Extent
from proxy.xyz.params import matrix_set, matrix_set_crs

#: Tiles along the side of a square. Neighbours share decoded blocks, so they are rendered together.
SIDE = 8

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Square:
    """Tiles of one zoom: columns `left` to `right`, rows `top` to `bottom`, the last ones not included."""

    z: int
    left: int
    top: int
    right: int
    bottom: int

    def __len__(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)

    def tiles(self) -> Iterator[tuple[int, int, int]]:
        """(z, x, y), row by row."""
        for y in range(self.top, self.bottom):
            for x in range(self.left, self.right):
                yield self.z, x, y

    @property
    def name(self) -> str:
        """Names the square among those of the same job."""
        return f"{self.z}/{self.left}/{self.top}"


@dataclass(frozen=True, slots=True)
class Area:
    """Tiles of some zooms that meet a box.

    Attributes:
        bounds: west, south, east, north in degrees; east may lie beyond 180.
    """

    tms: str
    zooms: tuple[int, ...]
    bounds: Bounds

    def squares(self, wanted: Callable[[Square, Extent], bool] | None = None) -> Iterator[Square]:
        """Squares zoom by zoom, rows from the north.

        Args:
            wanted: asked for each square with its extent in the CRS of the tile matrix set; False leaves
                it out.
        """
        for zoom in self.zooms:
            for left, top, right, bottom in self.ranges(zoom):
                for row in range(top, bottom, SIDE):
                    for column in range(left, right, SIDE):
                        square = Square(zoom, column, row, min(column + SIDE, right), min(row + SIDE, bottom))
                        if wanted is None or wanted(square, extent_of(self.tms, square)):
                            yield square

    def ranges(self, zoom: int) -> list[tuple[int, int, int, int]]:
        """Left, top, right and bottom of the tiles of a zoom, two ranges where 180 degrees are crossed."""
        tms = matrix_set(self.tms)
        matrix = tms.matrix(zoom)
        found = []
        for box in _turned(self.bounds):
            try:
                extent = Extent(*transform_bounds(box, WGS84, matrix_set_crs(self.tms)))
            except ProxyError:
                continue
            span = _span(tms, zoom, extent)
            left, top = max(0, span[0]), max(0, span[1])
            right, bottom = min(matrix.matrixWidth, span[2]), min(matrix.matrixHeight, span[3])
            if left < right and top < bottom:
                found.append((left, top, right, bottom))
        return _without_overlap(found)

    def count(self) -> int:
        """Number of tiles, those without data included."""
        return sum((r - l) * (b - t) for zoom in self.zooms for l, t, r, b in self.ranges(zoom))  # noqa: E741


def _turned(bounds: Bounds) -> list[Bounds]:
    """A box within -180..180, in two where it crosses the antimeridian."""
    west, south, east, north = bounds
    if east - west >= 360:
        return [(-180.0, south, 180.0, north)]
    west = (west + 180) % 360 - 180
    east = west + (bounds[2] - bounds[0])
    if east <= 180:
        return [(west, south, east, north)]
    return [(west, south, 180.0, north), (-180.0, south, east - 360, north)]


def _span(tms: morecantile.TileMatrixSet, zoom: int, extent: Extent) -> tuple[int, int, int, int]:
    # An edge that lies on the edge of a tile does not touch the next one.
    first = tms.xy_bounds(morecantile.Tile(0, 0, zoom))
    width, height = first.right - first.left, first.top - first.bottom
    slack = 1e-6
    return (
        math.floor((extent.xmin - first.left) / width + slack),
        math.floor((first.top - extent.ymax) / height + slack),
        math.ceil((extent.xmax - first.left) / width - slack),
        math.ceil((first.top - extent.ymin) / height - slack),
    )


def _without_overlap(ranges: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    if len(ranges) == 2:
        (left, top, right, bottom), (other, *_rest) = sorted(ranges)
        if other < right:
            # At low zooms both sides of the antimeridian lie in the same tiles.
            last = max(each[2] for each in ranges)
            return [(left, min(top, *(r[1] for r in ranges)), last, max(bottom, *(r[3] for r in ranges)))]
    return ranges


def extent_of(tms: str, square: Square) -> Extent:
    """Extent of a square in the CRS of its tile matrix set."""
    known = matrix_set(tms)
    first = known.xy_bounds(morecantile.Tile(square.left, square.top, square.z))
    last = known.xy_bounds(morecantile.Tile(square.right - 1, square.bottom - 1, square.z))
    return Extent(first.left, last.bottom, last.right, first.top)


def read_zooms(text: str) -> tuple[int, ...]:
    """Zooms from `5`, `0-12` or `0,3,5-7`.

    Raises:
        InvalidParameter: it is none of these.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,2})(?:-(\d{1,2}))?\s*", part, re.ASCII)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise InvalidParameter("zooms", "Use 5, 0-12 or 0,3,5-7.")
        found |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    if max(found) > 30:
        raise InvalidParameter("zooms", "Zooms lie between 0 and 30.")
    return tuple(sorted(found))


def read_bounds(text: str) -> Bounds:
    """West, south, east and north in degrees.

    Raises:
        InvalidParameter: not four numbers, or no box.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidParameter("bbox", "It is west,south,east,north in degrees.") from None
    if east < west:
        east += 360
    if not (-540 <= west < east <= 540 and -90 <= south < north <= 90):
        raise InvalidParameter("bbox", "It is west,south,east,north in degrees.")
    return west, south, east, north


def within(asked: Bounds, data: Bounds | None) -> Bounds:
    """The part of a box that has data.

    Raises:
        OutsideExtent: there is none.
    """
    if data is None:
        raise OutsideExtent("The service cannot be placed on the earth, so it has no tiles.")
    for turn in (0.0, 360.0, -360.0):
        west, east = max(asked[0] + turn, data[0]), min(asked[2] + turn, data[2])
        south, north = max(asked[1], data[1]), min(asked[3], data[3])
        if west < east and south < north:
            return west, south, east, north
    raise OutsideExtent("The box lies outside the data.")
