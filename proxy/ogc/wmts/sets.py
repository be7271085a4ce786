"""Tile matrix sets as WMTS publishes them."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.config import Config
from proxy.ogc.crs_names import of_matrix_set
from proxy.ogc.limits import MatrixLimits, holding, limits
from proxy.services import Service
from proxy.sources.base import SourceInfo

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

    def limits(self, info: SourceInfo) -> tuple[MatrixLimits, ...]:
        """Tiles of a service in the set."""
        found = limits(info, self.tms)
        return found if self.last is None else tuple(each for each in found if each.zoom <= self.last)


def published(config: Config, service: Service, info: SourceInfo) -> tuple[PublishedSet, ...]:
    """The sets in which a service has tiles, in the order of the configuration."""
    wanted = service.config.tile_matrix_sets or config.ogc.tile_matrix_sets
    found = []
    for name in holding(info, wanted):
        found.append(PublishedSet(name, name, of_matrix_set(name).urn))
        if name == MERCATOR:
            found.append(PublishedSet(GOOGLE, MERCATOR, GOOGLE_CRS, GOOGLE_SCALES, GOOGLE_LAST))
    return tuple(found)
