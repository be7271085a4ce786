"""Boxes that mean a tile, written with fewer digits than it has."""

from __future__ import annotations

import math

import morecantile

from proxy.model import Extent, Grid
from proxy.xyz.params import matrix_set, matrix_set_crs

#: Sets whose tiles clients ask for by box.
SETS = ("WebMercatorQuad", "WorldCRS84Quad", "WorldMercatorWGS84Quad")
#: Part of a pixel by which a box may differ from a tile that it means.
TOLERANCE = 1e-6
_SCALES = (1, 2, 3, 4)


def snapped(grid: Grid) -> Grid:
    """The grid of a tile, where all four edges lie within a millionth of a pixel of its own; else as it is.

    Clients compute the boxes of tiles on their own, and write them with as many digits as they like. What
    differs by less than can be seen is one picture then, and one entry of the cache.
    """
    if (
        grid.width != grid.height
        or abs(grid.extent.width - grid.extent.height) > TOLERANCE * grid.resolution[0]
    ):
        return grid
    for name in SETS:
        if matrix_set_crs(name) == grid.crs and (found := _tile(grid, name)) is not None:
            return Grid(grid.crs, found, grid.width, grid.height)
    return grid


def _tile(grid: Grid, name: str) -> Extent | None:
    tms = matrix_set(name)
    first = tms.matrix(tms.minzoom)
    if grid.width not in (first.tileWidth * scale for scale in _SCALES):
        return None
    zoom = round(math.log2(first.cellSize * first.tileWidth / grid.extent.width))
    if not 0 <= zoom <= tms.maxzoom - tms.minzoom:
        return None
    matrix = tms.matrix(tms.minzoom + zoom)
    corner = tms.xy_bounds(morecantile.Tile(0, 0, tms.minzoom + zoom))
    side = corner.right - corner.left
    col = round((grid.extent.xmin - corner.left) / side)
    row = round((corner.top - grid.extent.ymax) / side)
    if not (0 <= col < matrix.matrixWidth and 0 <= row < matrix.matrixHeight):
        return None
    bounds = tms.xy_bounds(morecantile.Tile(col, row, tms.minzoom + zoom))
    found = Extent(bounds.left, bounds.bottom, bounds.right, bounds.top)
    room = TOLERANCE * grid.resolution[0]
    pairs = zip(found.as_tuple(), grid.extent.as_tuple(), strict=True)
    return found if all(abs(a - b) <= room for a, b in pairs) else None
