"""What the items of a mosaic have in common, as facts about one source.

- The bands are those of the most common layout of the items; see `band_places` for items with others.
- The pixel type is the narrowest that holds the values of all items.
- A nodata value is told where all items share it; each item is masked by its own in any case.
- The pixel size is that of the finest item, and the grid its own where it lies in the CRS of the service.
- A palette and an attribute table are told where all items that are looked at, at most `LOOKED_AT`, share
  them.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from affine import Affine

from proxy.catalog.base import Catalog, Item, Layout, Order, Query
from proxy.config import ServiceConfig
from proxy.crs import SpatialReference
from proxy.errors import CannotOpen, NothingYet, SourceFailed
from proxy.model import Colormap, DataKind, Extent, PixelType
from proxy.sources.base import AttributeTable, SourceInfo
from proxy.sources.describe import geographic_bounds
from proxy.sources.dimensions import variables_of_mosaic
from proxy.sources.raster import RasterSource

#: Items that are opened to learn whether all have the same palette, and to find one that can be opened.
LOOKED_AT = 16

T = TypeVar("T")
Opener = Callable[[Item], tuple[RasterSource, ...]]
Known = Callable[[], SourceInfo | None]


@dataclass(frozen=True, slots=True)
class MosaicFacts:
    """Facts about a mosaic.

    Attributes:
        layout: names of the bands as most items have them.
        coarsest: greatest stored pixel of the items, overviews included, in units of the service.
        looked: some items could be opened; what only they can tell is from an earlier opening, or missing.
    """

    info: SourceInfo
    layout: tuple[str, ...]
    coarsest: float
    looked: bool = True


def mosaic_facts(
    catalog: Catalog, service: ServiceConfig, version: str, open_item: Opener, known: Known = lambda: None
) -> MosaicFacts:
    """Facts about the items that a catalog has at this moment.

    Args:
        known: facts of an earlier opening. Where there are some, and the first item that is tried cannot be
            opened, they are taken instead of waiting for others of a store that may be down.

    Raises:
        CannotOpen: it has none.
    """
    layouts = catalog.layouts()
    extent = catalog.extent
    if not layouts or extent is None:
        raise _empty(catalog)
    layout = _common(layouts)
    finest = catalog.find(Query(), Order(by=(("LowPS", True),)), limit=1)[0]
    coarsest = catalog.find(Query(), Order(by=(("HighPS", False),)), limit=1)[0].pixel_sizes[1]
    pixel = _pixel_size(finest, catalog.crs)
    extent = _snapped(extent, finest, catalog.crs, pixel)
    width, height = max(1, round(extent.width / pixel[0])), max(1, round(extent.height / pixel[1]))
    transform = Affine(pixel[0], 0.0, extent.xmin, 0.0, -pixel[1], extent.ymax)
    earlier = _Earlier(known, layout)
    looked_at = _looked_at(catalog, layout, open_item, earlier)
    nodata = _nodata(layouts, service)
    pixel_type = widest([found.pixel_type for found in layouts])
    settings, name = service.mosaic, service.name.rsplit("/", 1)[-1]
    info = SourceInfo(
        version=version,
        crs=catalog.crs,
        extent=extent,
        width=width,
        height=height,
        transform=transform,
        pixel_size=pixel,
        pixel_type=pixel_type,
        band_names=service.bands if len(service.bands) == len(layout) else layout,
        color_interpretation=_interpretation(looked_at, layout),
        nodata=nodata,
        mask_kind="mask" if nodata is None else "nodata",
        colormap=_colormap(looked_at) if len(layout) == 1 else None,
        attribute_table=_table(looked_at) if len(layout) == 1 else None,
        kind=service.kind or (looked_at[0].info.kind if looked_at else DataKind.GENERIC),
        level_sizes=_halved(width, height, coarsest / max(pixel)),
        block=(256, 256),
        driver="mosaic",
        compression="NONE",
        geographic_bounds=geographic_bounds(catalog.crs, transform, width, height),
        acquired=None,
        way="mosaic",
        variables=variables_of_mosaic(catalog, settings, name, pixel_type) if settings else (),
        time=catalog.time,
        item_count=len(catalog),
    )
    if not looked_at and earlier.info is not None:
        info = _as_before(info, earlier.info, service)
    return MosaicFacts(info, layout, coarsest, bool(looked_at))


def _as_before(info: SourceInfo, before: SourceInfo, service: ServiceConfig) -> SourceInfo:
    """The facts, with those that only items tell taken from an earlier opening."""
    return dataclasses.replace(
        info,
        color_interpretation=before.color_interpretation,
        colormap=before.colormap,
        attribute_table=before.attribute_table,
        kind=service.kind or before.kind,
    )


class _Earlier:
    """Facts of an earlier opening, looked for when they are needed, where they are of as many bands."""

    def __init__(self, known: Known, layout: tuple[str, ...]) -> None:
        self._known, self._layout = known, layout

    @cached_property
    def info(self) -> SourceInfo | None:
        found = self._known()
        return found if found is not None and found.band_count == len(self._layout) else None


def widest(types: Sequence[PixelType]) -> PixelType:
    """The narrowest type that holds the values of all."""
    if len(set(types)) == 1:
        return types[0]
    return PixelType.of(np.result_type(*(found.dtype for found in types)))


def _empty(catalog: Catalog) -> CannotOpen:
    progress = catalog.progress
    if progress.finished:
        return CannotOpen("The mosaic has no item that can be read.")
    total = "" if progress.total is None else f" of {progress.total}"
    return NothingYet(
        f"The catalog of the mosaic is being built: {progress.done}{total} places have been looked at."
    )


def _common(layouts: Sequence[Layout]) -> tuple[str, ...]:
    counts: Counter[tuple[str, ...]] = Counter()
    for layout in layouts:
        counts[layout.band_names] += layout.items
    return counts.most_common(1)[0][0]


def _pixel_size(finest: Item, crs: SpatialReference) -> tuple[float, float]:
    t = finest.facts.transform
    if finest.facts.crs == crs:
        return math.hypot(t.a, t.d), math.hypot(t.b, t.e)
    return finest.pixel_sizes[0], finest.pixel_sizes[0]


def _snapped(extent: Extent, finest: Item, crs: SpatialReference, pixel: tuple[float, float]) -> Extent:
    """The extent grown to whole pixels of the finest item, where it lies in the system of the service."""
    t = finest.facts.transform
    straight = finest.facts.crs == crs and t.b == t.d == 0
    x0, y0 = (t.c, t.f) if straight else (extent.xmin, extent.ymax)
    x, y = pixel
    # Coordinates have been through floats: a pixel more for a millionth of one would be one of nothing.
    left, right = math.floor((extent.xmin - x0) / x + 1e-6), math.ceil((extent.xmax - x0) / x - 1e-6)
    low, high = math.floor((extent.ymin - y0) / y + 1e-6), math.ceil((extent.ymax - y0) / y - 1e-6)
    return Extent(
        x0 + left * x,
        y0 + low * y,
        x0 + max(right, left + 1) * x,
        y0 + max(high, low + 1) * y,
    )


def _looked_at(
    catalog: Catalog, layout: tuple[str, ...], open_item: Opener, earlier: _Earlier
) -> list[RasterSource]:
    """First rasters of some items with the common layout: one, or several where palettes are compared."""
    found: list[RasterSource] = []
    for item in spread(catalog, LOOKED_AT):
        if item.facts.band_names != layout:
            continue
        try:
            found.append(open_item(item)[0])
        except SourceFailed:
            if not found and earlier.info is not None:
                break
            continue
        if found[0].info.colormap is None and found[0].info.attribute_table is None:
            break
    return found


def spread(catalog: Catalog, count: int) -> list[Item]:
    """At most `count` items, evenly spread over the catalog in the order of their ids, always the same."""
    ids = catalog.ids(Query())
    places = np.unique(np.linspace(0, len(ids) - 1, min(count, len(ids))).round().astype(int))
    found = (catalog.get(ids[place]) for place in places)
    return [item for item in found if item is not None]


def _interpretation(looked_at: Sequence[RasterSource], layout: tuple[str, ...]) -> tuple[str, ...]:
    if looked_at and looked_at[0].info.band_count == len(layout):
        return looked_at[0].info.color_interpretation
    colors = {"red", "green", "blue", "alpha"}
    return tuple(name.lower() if name.lower() in colors else "undefined" for name in layout)


def _colormap(looked_at: Sequence[RasterSource]) -> Colormap | None:
    return _shared([one.info.colormap for one in looked_at])


def _table(looked_at: Sequence[RasterSource]) -> AttributeTable | None:
    return _shared([one.info.attribute_table for one in looked_at])


def _shared(values: Sequence[T | None]) -> T | None:
    return values[0] if values and all(value == values[0] for value in values) else None


def _nodata(layouts: Sequence[Layout], service: ServiceConfig) -> float | None:
    if service.nodata is not None:
        return service.nodata
    # NaN is no key: it differs from itself.
    values = {repr(layout.nodata): layout.nodata for layout in layouts}
    return next(iter(values.values())) if len(values) == 1 else None


def _halved(width: int, height: int, factor: float) -> tuple[tuple[int, int], ...]:
    steps = int(math.log2(max(1.0, factor)) + 0.1)
    return tuple((-(-width >> step) or 1, -(-height >> step) or 1) for step in range(1, steps + 1))
