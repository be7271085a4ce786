"""From the configuration of a mosaic to the listing of its items."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from proxy.catalog.base import ItemRecord
from proxy.config import CatalogKind
from proxy.errors import CannotOpen
from proxy.listing.context import Context
from proxy.listing.dates import from_name
from proxy.listing.documents import LINES, read_json
from proxy.listing.features import FeatureIndex
from proxy.listing.files import Files, is_wild
from proxy.listing.geoparquet import GeoParquet
from proxy.listing.mosaicjson import MosaicJson
from proxy.listing.seamlines import Seamlines
from proxy.listing.stac_api import StacApi
from proxy.listing.stac_item import is_item, links_of
from proxy.listing.stac_tree import StacTree
from proxy.listing.tile_index import ENDINGS, TileIndex
from proxy.sources.location import RASTER_SUFFIXES, locate

_DOCUMENTS = (".json", ".geojson", ".json.gz", ".geojson.gz", *LINES)
_TABLES = (".parquet", ".geoparquet")


class Listed:
    """The items of a mosaic, one place of its configuration after the other.

    A place that cannot be listed is noted and leaves the others as they are.

    Attributes:
        failures: places that could not be listed to their end, in the last iteration.

    Raises (when iterated):
        CannotOpen: the seamlines or the pattern of dates cannot be used, or no place at all can be listed.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._current: Iterable[ItemRecord] = ()
        self._before = 0
        self.failures = 0

    def __length_hint__(self) -> int:
        return self._before + operator.length_hint(self._current)

    def __iter__(self) -> Iterator[ItemRecord]:
        context, mosaic = self._context, self._context.mosaic
        self._before = self.failures = 0
        try:
            pattern = _pattern(mosaic.date_pattern)
            seamlines = Seamlines(mosaic.seamlines, context.credentials) if mosaic.seamlines else None
        except CannotOpen as error:
            context.refuse(mosaic.seamlines or mosaic.source[0], error.message)
            raise
        reason: CannotOpen | None = None
        for place in mosaic.source:
            count = 0
            try:
                self._current = listing_at(place, context)
                for record in self._current:
                    count += 1
                    dated = _dated(record, pattern)
                    yield seamlines.applied(dated) if seamlines is not None else dated
            except CannotOpen as error:
                self.failures += 1
                reason = error
                context.refuse(place, error.message)
            self._before += count
            self._current = ()
        if reason is not None and not self._before:
            raise reason


def listing_at(place: str, context: Context) -> Iterable[ItemRecord]:
    """The listing that one place of the configuration is.

    Raises:
        CannotOpen: it cannot be found out what it is.
    """
    kind = context.mosaic.kind
    if kind is CatalogKind.AUTO:
        kind = _kind_by_name(place)
    match kind:
        case CatalogKind.FILES:
            return Files(place, context)
        case CatalogKind.STAC_API:
            return StacApi(place, context)
        case CatalogKind.GEOPARQUET:
            return GeoParquet(place, context)
        case CatalogKind.TILE_INDEX if not place.lower().endswith(_DOCUMENTS):
            return TileIndex(place, context)
        case CatalogKind.STAC:
            return StacTree(place, context)
    return _by_content(place, read_json(place, context.credentials), context)


def _kind_by_name(place: str) -> CatalogKind:
    """What a place is by its name; `AUTO` where its content has to tell."""
    location = locate(place)
    path = (urlsplit(location.url).path if location.url else place).lower()
    if path.endswith(_TABLES):
        return CatalogKind.GEOPARQUET
    if path.endswith(ENDINGS):
        return CatalogKind.TILE_INDEX
    if is_wild(place) or path.endswith("/") or PurePosixPath(path).suffix in RASTER_SUFFIXES:
        return CatalogKind.FILES if not _is_landing_page(location.url, place) else CatalogKind.AUTO
    if path.endswith(_DOCUMENTS):
        return CatalogKind.AUTO
    if location.url is None:
        return CatalogKind.FILES
    return CatalogKind.AUTO if location.url.startswith("http") else CatalogKind.FILES


def _is_landing_page(url: str | None, place: str) -> bool:
    """An address that ends with a slash: the landing page of an API more often than a folder."""
    return url is not None and url.startswith("http") and url.endswith("/") and not is_wild(place)


def _by_content(place: str, document: Any, context: Context) -> Iterable[ItemRecord]:
    if not isinstance(document, Mapping):
        raise CannotOpen("The document is no listing that is known.", place)
    if "mosaicjson" in document:
        return MosaicJson(place, context, document)
    features = document.get("features")
    if document.get("type") == "FeatureCollection" and isinstance(features, list):
        if any(is_item(feature) for feature in features[:10]):
            return StacTree(place, context, document)
        return FeatureIndex(place, context, document)
    if _is_api(document) and locate(place).is_remote:
        return StacApi(place, context)
    if is_item(document) or "stac_version" in document:
        return StacTree(place, context, document)
    raise CannotOpen("The document is no listing that is known.", place)


def _is_api(document: Mapping[str, Any]) -> bool:
    if document.get("type") not in ("Catalog", None):
        return False
    classes = document.get("conformsTo")
    if isinstance(classes, list) and any("item-search" in str(name) for name in classes):
        return True
    return any(link.get("rel") == "search" for link in links_of(document))


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise CannotOpen(f"'date_pattern' is no regular expression: {error}.") from error
    if not {"date", "start"} & set(pattern.groupindex):
        raise CannotOpen("'date_pattern' has no group 'date' or 'start'.")
    return pattern


def _dated(record: ItemRecord, pattern: re.Pattern[str] | None) -> ItemRecord:
    """The item with what a pattern finds in its name, else in its path."""
    if pattern is None:
        return record
    found = from_name(pattern, record.name, *(Path(asset.href).as_posix() for asset in record.assets))
    if not found:
        return record
    return dataclasses.replace(
        record, properties={**record.properties, **found}, dates=record.dates | frozenset(found)
    )
