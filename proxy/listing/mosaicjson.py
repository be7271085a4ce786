"""MosaicJSON 0.0.2 and 0.0.3: assets by quadkey."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import shapely

from proxy.catalog.base import Asset, ItemRecord
from proxy.crs import WEB_MERCATOR
from proxy.errors import CannotOpen
from proxy.listing.context import Context
from proxy.listing.places import Refused, resolved
from proxy.listing.shapes import quadkey_square
from proxy.listing.versions import listed_version
from proxy.sources.location import locate


class MosaicJson:
    """The assets of a MosaicJSON document, in the order in which they are first named.

    The footprint of an asset is the union of the tiles that name it.
    """

    def __init__(self, place: str, context: Context, document: Mapping[str, Any]) -> None:
        self._place = place
        self._context = context
        self._document = document
        self._known = 0

    def __length_hint__(self) -> int:
        return self._known

    def __iter__(self) -> Iterator[ItemRecord]:
        tiles = self._document.get("tiles")
        if not isinstance(tiles, Mapping):
            raise CannotOpen("The MosaicJSON document has no tiles.", self._place)
        matrices = self._document.get("tilematrixset")
        if isinstance(matrices, Mapping) and matrices.get("id", "WebMercatorQuad") != "WebMercatorQuad":
            raise CannotOpen("The MosaicJSON document uses a tile matrix set that has no quadkeys.")
        by_asset = _keys_by_asset(tiles, str(self._document.get("asset_prefix") or ""))
        self._known = len(by_asset)
        for href, keys in by_asset.items():
            try:
                yield self._record(href, keys)
            except Refused as reason:
                self._context.refuse(href, reason)
            except ValueError as error:
                self._context.refuse(href, f"'{error}' is no quadkey.")

    def _record(self, href: str, keys: list[str]) -> ItemRecord:
        place = resolved(href, self._place)
        squares = shapely.box(*zip(*(quadkey_square(key) for key in keys), strict=True))
        return ItemRecord(
            key=place,
            name=locate(place).name,
            assets=(Asset(place),),
            footprint=shapely.union_all(squares),
            footprint_crs=WEB_MERCATOR,
            version=listed_version(keys, place),
        )


def _keys_by_asset(tiles: Mapping[str, Any], prefix: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, assets in tiles.items():
        for href in assets if isinstance(assets, list) else ():
            if isinstance(href, str):
                found.setdefault(prefix + href, []).append(str(key))
    return found
