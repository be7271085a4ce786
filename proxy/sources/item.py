"""One item of a mosaic as a source, with the bands and the pixel type of the mosaic."""

from __future__ import annotations

import dataclasses

from proxy.catalog.base import Asset, Item
from proxy.crs import SpatialReference
from proxy.model import BandStatistics
from proxy.selection import EVERYTHING, Selection
from proxy.sources.band_places import band_places
from proxy.sources.base import SourceInfo, Statistics
from proxy.sources.raster import RasterSource
from proxy.sources.statistics import band_statistics

#: A band without any valid pixel.
NOTHING = BandStatistics(0.0, 0.0, 0.0, 0.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """Bands of one file: `raster_bands[i]` of the raster is band `bands[i]` of the mosaic."""

    raster: RasterSource
    bands: tuple[int, ...]
    raster_bands: tuple[int, ...]


class ItemSource:
    """The rasters of an item under the bands of its mosaic; a wrapper made for each use.

    Args:
        rasters: one for each asset.
        layout: names of the mosaic's bands as the items have them.
        mosaic: facts about the mosaic, for names and the pixel type.
    """

    def __init__(
        self, item: Item, rasters: tuple[RasterSource, ...], layout: tuple[str, ...], mosaic: SourceInfo
    ) -> None:
        self.item = item
        first = rasters[0]
        self.location = first.location
        self.crs: SpatialReference = first.crs
        self.parts = _parts(item.assets, rasters, item.facts.band_names, layout)
        kept = {band for part in self.parts for band in part.bands}
        alpha = _alpha(mosaic)
        #: Zero-based alpha bands that the item has not: it is opaque there.
        self.opaque = alpha - kept
        #: Changes when the pixels do, but not with the rest of the mosaic.
        self.pixels_version = "\n".join((item.key, item.version, *(r.info.version for r in rasters), *layout))
        self.info = dataclasses.replace(
            first.info,
            version=self.pixels_version,
            band_names=mosaic.band_names,
            color_interpretation=mosaic.color_interpretation,
            pixel_type=mosaic.pixel_type,
            kind=mosaic.kind,
        )

    @property
    def stale(self) -> bool:
        """True once one of its files is known to have changed."""
        return any(part.raster.stale for part in self.parts)

    def normalised(self, selection: Selection) -> Selection:
        """A single item has nothing to choose from."""
        return EVERYTHING

    def at(self, selection: Selection) -> ItemSource:
        """Itself."""
        return self

    def statistics(self) -> Statistics:
        """Statistics of every band, see `band_statistics`; zeros for a band that the item lacks."""
        found = [NOTHING] * self.info.band_count
        for part in self.parts:
            own = band_statistics(part.raster)
            for band, stored in zip(part.bands, part.raster_bands, strict=True):
                found[band] = own[stored]
        return tuple(found)

    def close(self) -> None:
        """Nothing: the rasters belong to the pool of the mosaic."""


def _parts(
    assets: tuple[Asset, ...],
    rasters: tuple[RasterSource, ...],
    named: tuple[str, ...],
    layout: tuple[str, ...],
) -> tuple[Part, ...]:
    stored = [
        (raster, band, _name(asset, raster, band))
        for asset, raster in zip(assets, rasters, strict=True)
        for band in _taken(asset, raster)
    ]
    # What the listing calls the bands goes before what the files do.
    names = named if len(named) == len(stored) else tuple(name for _, _, name in stored)
    pairs: dict[int, list[tuple[int, int]]] = {}
    for band, place in enumerate(band_places(layout, names)):
        if place is not None:
            raster, own, _ = stored[place]
            pairs.setdefault(id(raster), []).append((band, own))
    return tuple(
        Part(raster, tuple(band for band, _ in pairs[id(raster)]), tuple(own for _, own in pairs[id(raster)]))
        for raster in rasters
        if id(raster) in pairs
    )


def _taken(asset: Asset, raster: RasterSource) -> tuple[int, ...]:
    return tuple(range(raster.info.band_count)) if asset.bands is None else asset.bands


def _name(asset: Asset, raster: RasterSource, band: int) -> str:
    if asset.name and len(_taken(asset, raster)) == 1:
        return asset.name
    return raster.info.band_names[band]


def _alpha(info: SourceInfo) -> frozenset[int]:
    return frozenset(index for index, kind in enumerate(info.color_interpretation) if kind.lower() == "alpha")
