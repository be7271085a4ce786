"""Tile matrix sets as WMTS publishes them."""

from __future__ import annotations

from dataclasses import dataclass

import morecantile

from proxy.config import Config
from proxy.ogc.crs_names import of_matrix_set
from proxy.ogc.limits import MatrixLimits, envelope, holding, limits, limits_at
from proxy.services import Service
from proxy.sources.base import SourceInfo
from proxy.xyz.params import matrix_set

MERCATOR = "WebMercatorQuad"
#: The name that older clients, and ArcGIS Online, look for. Its scales are those of the well-known set, which
#: ends at level 18, and only this spelling of its system goes with them.
GOOGLE = "GoogleMapsCompatible"
GOOGLE_LAST = 18
GOOGLE_CRS = "urn:ogc:def:crs:EPSG:6.18:3:3857"
GOOGLE_SCALES = "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible"


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """One tile matrix set.

    Attributes:
        name: its public identifier.
        tms: identifier of the set that gives its tiles.
        crs: URN.
        scales: URN of a well-known scale set, or empty.
        last: greatest zoom, None for all.
    """

    name: str
    tms: str
    crs: str
    scales: str = ""
    last: int | None = None

    def limits(self, info: SourceInfo, finest: int | None = None) -> tuple[MatrixLimits, ...]:
        """Tiles of a service in the set, coarsest matrix first.

        Args:
            finest: zoom of the last matrix; None for the first that is at least as fine as the source.
        """
        found = limits(info, self.tms)
        if finest is not None:
            further = (self.limits_at(info, zoom) for zoom in range(found[-1].zoom + 1, finest + 1))
            found += tuple(each for each in further if each is not None)
        return found if self.last is None else tuple(each for each in found if each.zoom <= self.last)

    def limits_at(self, info: SourceInfo, zoom: int) -> MatrixLimits | None:
        """Tiles of a service in one matrix, which may be finer than the source."""
        return None if self.last is not None and zoom > self.last else limits_at(info, self.tms, zoom)

    def shows_void(self, info: SourceInfo) -> bool:
        """True where the middle tile of the coarsest matrix reaches beyond the data by some pixels."""
        tms = matrix_set(self.tms)
        first = self.limits(info)[0]
        row, col = (first.min_row + first.max_row) // 2, (first.min_col + first.max_col) // 2
        tile, data = tms.xy_bounds(morecantile.Tile(col, row, first.zoom)), envelope(info, self.tms)
        edge = 4 * tms.matrix(first.zoom).cellSize
        west, south, east, north = data.as_tuple()
        inside = west <= tile.left + edge and south <= tile.bottom + edge
        return not (inside and east >= tile.right - edge and north >= tile.top - edge)


def published(config: Config, service: Service, info: SourceInfo) -> tuple[PublishedSet, ...]:
    """The sets in which a service has tiles, in the order of the configuration."""
    wanted = service.config.tile_matrix_sets or config.ogc.tile_matrix_sets
    found = []
    for name in holding(info, wanted):
        found.append(PublishedSet(name, name, of_matrix_set(name).urn))
        if name == MERCATOR:
            found.append(PublishedSet(GOOGLE, MERCATOR, GOOGLE_CRS, GOOGLE_SCALES, GOOGLE_LAST))
    return tuple(found)
