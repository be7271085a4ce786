"""Many rasters as one source: the items of a catalog."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import math
import threading
import time
from functools import lru_cache, partial
from typing import Any

from cachetools import LRUCache
from shapely.geometry import box

from proxy.catalog.base import Asset, Catalog, Item, ItemFacts
from proxy.config import Config, MosaicConfig, ServiceConfig
from proxy.crs import SpatialReference, transform_bounds
from proxy.errors import CannotOpen, InvalidRule, SourceFailed
from proxy.functions.tree import Node, output_of
from proxy.model import PixelType
from proxy.selection import Selection
from proxy.sources.base import SourceInfo, Statistics
from proxy.sources.item import ItemSource
from proxy.sources.item_pool import ItemPool
from proxy.sources.location import locate
from proxy.sources.mosaic_facts import Known, MosaicFacts, mosaic_facts
from proxy.sources.mosaic_rules import canonical
from proxy.sources.opening import current_version
from proxy.sources.raster import Handles, RasterSource

log = logging.getLogger(__name__)

#: Key of the overview among the items: no listing gives an empty one.
OVERVIEW = ""
#: Pixels may be coarser than the coarsest ones of the items by this factor before they are too coarse.
BEYOND = 2.0
#: Selections that are remembered in their canonical form.
SELECTIONS = 512
#: Items whose statistics are remembered.
ITEM_STATISTICS = 1024
#: Seconds between looks at the version of a remote overview.
OVERVIEW_SECONDS = 60.0


class MosaicSource:
    """The items of a catalog at one revision.

    It is not changed once it is made: `refreshed` gives the one of a later revision, with the same open
    items, while pictures that were begun with this one end with it.

    Attributes:
        coarsest: pixels above this size, in units of the service, are not drawn from items where there are
            many, but from the overview or as footprints.
        overview: raster of the whole mosaic for such pixels, None where there is none.
        item_rule: applied to each item before they are put together.
    """

    def __init__(
        self,
        service: ServiceConfig,
        config: Config,
        handles: Handles,
        catalog: Catalog,
        known: Known = lambda: None,
    ) -> None:
        """Open the mosaic at the catalog's present revision.

        Args:
            known: facts of an earlier opening, for when no item can be opened.

        Raises:
            CannotOpen: the catalog has no items yet.
        """
        assert service.mosaic is not None
        self.settings: MosaicConfig = service.mosaic
        self.location = locate(self.settings.source[0])
        self.catalog = catalog
        self.item_rule: Node | None = None
        self._stored: MosaicSource | None = None
        self._statistics: LRUCache[str, Statistics] = LRUCache(ITEM_STATISTICS)
        self._statistics_lock = threading.Lock()
        self._service, self._config = service, config
        self._known = known
        self._items = ItemPool(service, config, handles)
        self._overview_raster: RasterSource | None = None
        self._overview_looked = 0.0
        self._read()

    def _read(self) -> None:
        self._revision = self.catalog.revision
        self._open_overview()
        facts = mosaic_facts(self.catalog, self._service, self._version(), self._items.rasters, self._known)
        self._facts: MosaicFacts = facts
        self.info: SourceInfo = facts.info
        self.crs: SpatialReference = facts.info.crs
        self.coarsest = self.settings.min_pixel_size or BEYOND * facts.coarsest
        self.overview = self._overview()
        self._canonical = lru_cache(SELECTIONS)(
            partial(canonical, catalog=self.catalog, info=self.info, settings=self.settings)
        )

    def refreshed(self) -> MosaicSource:
        """Itself, or the source of the catalog's present revision.

        Raises:
            CannotOpen: the catalog has no items any more.
        """
        if self.catalog.revision == self._revision and not self._overview_changed():
            return self
        fresh = self._copy()
        fresh._read()
        return fresh

    def normalised(self, selection: Selection) -> Selection:
        """See `Source.normalised`; the rule's defaults are those of the configuration."""
        return self._canonical(selection)

    def at(self, selection: Selection) -> MosaicSource:
        """Itself, or with the item rule of the selection, whose result then gives the bands."""
        rule: Node | None = selection.mosaic.item_rule
        if rule is None or self.item_rule is not None:
            return self
        return self._with_rule(rule)

    def _with_rule(self, rule: Node) -> MosaicSource:
        info = self.info
        try:
            pixel_type, count, _ = output_of(rule, info.pixel_type, info.band_count, info.band_names)
        except InvalidRule:
            # Without pixels it cannot be told, as for a rule that needs an attribute table.
            pixel_type, count = PixelType.FLOAT32, info.band_count
        same = count == info.band_count
        names = info.band_names if same else tuple(f"Band_{index + 1}" for index in range(count))
        found = self._copy()
        found.item_rule, found._stored = rule, self
        found.info = dataclasses.replace(
            info,
            version=f"{info.version}.{_digest(rule)}",
            band_names=names,
            color_interpretation=info.color_interpretation if same else ("undefined",) * count,
            pixel_type=pixel_type,
            nodata=None,
            mask_kind="mask",
            colormap=None,
            attribute_table=None,
        )
        # The result of the rule over the overview is not that over the items.
        found.overview = None
        return found

    @property
    def stored(self) -> MosaicSource:
        """The mosaic without any item rule."""
        return self._stored or self

    def _copy(self) -> MosaicSource:
        found = object.__new__(MosaicSource)
        found.__dict__.update(self.__dict__)
        return found

    def open(self, item: Item) -> ItemSource:
        """An item with the bands and the type of the mosaic. Blocks; safe in several threads.

        Raises:
            SourceFailed: one of its files cannot be opened.
        """
        return ItemSource(item, self._items.rasters(item), self._facts.layout, self._facts.info)

    def statistics_of(self, item: ItemSource) -> Statistics:
        """Statistics of an item, computed once for each version of its pixels. Blocks.

        Raises:
            CannotRead: the pixels cannot be read.
        """
        with self._statistics_lock:
            found = self._statistics.get(item.pixels_version)
        if found is None:
            found = item.statistics()
            with self._statistics_lock:
                self._statistics[item.pixels_version] = found
        return found

    def failed(self, item: Item, error: SourceFailed) -> None:
        """Remember for a while that an item cannot be read."""
        self._items.failed(item, error)

    def forget(self, item: Item) -> None:
        """Close an item that has changed; it is opened anew when next needed."""
        self._items.forget(item)

    @property
    def stale(self) -> bool:
        """True once the overview is known to have changed; the catalog is looked at in any case."""
        return self._overview_raster is not None and self._overview_raster.stale

    @property
    def looked(self) -> bool:
        """True where its facts are those of items that could be opened."""
        return self._facts.looked

    @property
    def opened(self) -> int:
        """Files that have been opened since the start."""
        return self._items.opened

    def close(self) -> None:
        """Close all items, for every revision."""
        self._items.close()
        if self._overview_raster is not None:
            self._overview_raster.close()

    def _version(self) -> str:
        overview = "" if self._overview_raster is None else self._overview_raster.info.version
        settings = self._service.model_dump_json(include={"mosaic", "nodata", "bands", "side_files"})
        return f"{self._revision}.{_digest((settings, overview))}"

    def _open_overview(self) -> None:
        path = self.settings.overview
        self._overview_raster, self._overview_version = None, ""
        if path is None:
            return
        self._overview_looked = time.monotonic()
        try:
            self._overview_version = current_version(locate(path), self._config, self._service)
            self._overview_raster = self._items.raster(Asset(path))
        except SourceFailed as error:
            log.warning("service %s: no overview: %s %s", self._service.name, error.message, error.detail)

    def _overview_changed(self) -> bool:
        path = self.settings.overview
        if path is None:
            return False
        location = locate(path)
        if location.is_remote and time.monotonic() - self._overview_looked < OVERVIEW_SECONDS:
            return False
        self._overview_looked = time.monotonic()
        try:
            return current_version(location, self._config, self._service) != self._overview_version
        except CannotOpen:
            # The last one serves on.
            return False

    def _overview(self) -> ItemSource | None:
        raster = self._overview_raster
        if raster is None:
            return None
        return ItemSource(_overview_item(raster, self.crs), (raster,), self._facts.layout, self.info)


def _overview_item(raster: RasterSource, crs: SpatialReference) -> Item:
    info = raster.info
    facts = ItemFacts(
        info.crs, info.transform, info.width, info.height, info.pixel_type, info.band_names, info.nodata
    )
    footprint = box(*transform_bounds(info.extent.as_tuple(), info.crs, crs))
    size = max(info.pixel_size)
    return Item(
        id=0,
        key=OVERVIEW,
        name="overview",
        assets=(Asset(raster.location.text),),
        facts=facts,
        footprint=footprint,
        version=info.version,
        attributes={},
        pixel_sizes=(size, size),
        visible=(0.0, math.inf),
    )


def _digest(value: Any) -> str:
    return hashlib.blake2b(repr(value).encode(), digest_size=8).hexdigest()
