"""The tile matrix of an image service: common ones where they fit, else one made for the raster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from proxy.arcgis.spatial_reference import reference_document
from proxy.config import CacheType
from proxy.crs import WEB_MERCATOR, WGS84, SpatialReference
from proxy.errors import OutsideExtent
from proxy.model import Extent, Grid
from proxy.services import Service
from proxy.sources.base import SourceInfo

Document = dict[str, Any]

SIDE = 256
LEVELS = 24
#: Dots and inches: `scale` is ground metres in a metre of screen at 96 dots an inch.
DOTS, INCHES = 96, 39.37
_MERCATOR_EDGE = 20037508.342787
_FORMATS = {CacheType.MAP: "Mixed", CacheType.RASTER: "LERC2D", CacheType.ELEVATION: "LERC"}


@dataclass(frozen=True, slots=True)
class TileMatrix:
    """Tiles of 256 pixels from an upper left corner; each level halves the resolution before it."""

    crs: SpatialReference
    origin: tuple[float, float]
    resolutions: tuple[float, ...]

    def extent(self, level: int, row: int, column: int) -> Extent:
        """Ground of a tile.

        Raises:
            OutsideExtent: there is no such level, or no such place.
        """
        if not 0 <= level < len(self.resolutions) or not (0 <= row < 2**31 and 0 <= column < 2**31):
            raise OutsideExtent("There is no such tile.")
        side = self.resolutions[level] * SIDE
        x, y = self.origin[0] + column * side, self.origin[1] - row * side
        return Extent(x, y - side, x + side, y)


def matrix_of(info: SourceInfo) -> TileMatrix:
    """Matrix in the raster's own system, down to its native resolution.

    Web Mercator and degrees use the levels that maps all over the world share; other systems start at the
    raster's upper left corner, and their last level has exactly its pixels.
    """
    native = min(info.pixel_size)
    if info.crs == WEB_MERCATOR:
        return TileMatrix(info.crs, (-_MERCATOR_EDGE, _MERCATOR_EDGE), _down(156543.03392804097, native))
    if info.crs == WGS84:
        return TileMatrix(info.crs, (-180.0, 90.0), _down(0.703125, native))
    longer = max(info.extent.width, info.extent.height) / native
    count = min(LEVELS, max(0, math.ceil(math.log2(longer / SIDE))) + 1)
    resolutions = tuple(native * 2.0 ** (count - 1 - level) for level in range(count))
    return TileMatrix(info.crs, (info.extent.xmin, info.extent.ymax), resolutions)


def _down(first: float, native: float) -> tuple[float, ...]:
    count = math.ceil(math.log2(first / native) - 1e-6) + 1
    return tuple(first / 2**level for level in range(min(LEVELS, max(1, count))))


def tile_grid(matrix: TileMatrix, kind: CacheType, level: int, row: int, column: int) -> Grid:
    """Pixels of a tile.

    Elevation tiles have one more row and column, and lie half a pixel to the upper left: their values stand
    for corners of a mesh, and neighbours share those between them.

    Raises:
        OutsideExtent: there is no such tile.
    """
    extent = matrix.extent(level, row, column)
    if kind is not CacheType.ELEVATION:
        return Grid(matrix.crs, extent, SIDE, SIDE)
    size, half = matrix.resolutions[level], matrix.resolutions[level] / 2
    corner_x, corner_y = extent.xmin - half, extent.ymax + half
    reach = (SIDE + 1) * size
    return Grid(
        matrix.crs, Extent(corner_x, corner_y - reach, corner_x + reach, corner_y), SIDE + 1, SIDE + 1
    )


def tile_members(service: Service) -> Document:
    """Members of the service resource that announce tiles; none where it has no tiles."""
    kind = service.config.tiles
    if kind is CacheType.NONE:
        return {}
    matrix = matrix_of(service.info)
    metres = matrix.crs.metres_per_unit * DOTS * INCHES
    lods = [
        {"level": level, "resolution": resolution, "scale": resolution * metres}
        for level, resolution in enumerate(matrix.resolutions)
    ]
    x, y = matrix.origin
    finest = matrix.resolutions[-1]
    return {
        "singleFusedMapCache": True,
        "cacheType": kind.value.capitalize(),
        "tileInfo": {
            "rows": SIDE,
            "cols": SIDE,
            "dpi": DOTS,
            "format": _FORMATS[kind],
            "compressionQuality": 75 if kind is CacheType.MAP else 0,
            "origin": {"x": x, "y": y},
            "spatialReference": reference_document(matrix.crs),
            "lods": lods,
        },
        "minLOD": 0,
        "maxLOD": len(lods) - 1,
        "minScale": lods[0]["scale"],
        "maxScale": lods[-1]["scale"],
        # Clients look for the native size among the levels.
        "pixelSizeX": finest,
        "pixelSizeY": finest,
    }
