"""A STAC item to an item of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.catalog.base import Asset, ItemRecord
from proxy.crs import WGS84
from proxy.listing.attributes import attributes_of
from proxy.listing.context import Context
from proxy.listing.places import Refused, resolved
from proxy.listing.shapes import box_of, polygon_of
from proxy.listing.stac_assets import chosen_assets, facts_of
from proxy.listing.versions import listed_version
from proxy.sources.location import locate

_SKIPPED = frozenset({"title", "description"})


def is_item(document: object) -> bool:
    """True for a GeoJSON feature with assets."""
    return isinstance(document, Mapping) and isinstance(document.get("assets"), Mapping)


def item_record(item: Mapping[str, Any], base: str, context: Context) -> ItemRecord | None:
    """The item of the catalog; None where it is left out, which has then been noted.

    Args:
        base: place that relative addresses start from.
    """
    name = str(item.get("id") or "")
    try:
        return _record(item, name, base, context)
    except Refused as reason:
        context.refuse(f"{base.partition('#')[0]}#{name[:200]}", reason)
        return None


def self_of(item: Mapping[str, Any], base: str) -> str:
    """Where an item of a longer document says that it lies itself; `base` where it does not say."""
    for link in links_of(item):
        href = str(link.get("href"))
        if link.get("rel") == "self" and locate(href).is_remote:
            return href
    return base


def links_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The links of a STAC document, without those that are none."""
    links = document.get("links")
    return [link for link in links if isinstance(link, Mapping)] if isinstance(links, list) else []


def _record(item: Mapping[str, Any], name: str, base: str, context: Context) -> ItemRecord:
    given = item.get("properties")
    properties = given if isinstance(given, Mapping) else {}
    assets = item.get("assets")
    chosen = chosen_assets(assets if isinstance(assets, Mapping) else {}, context.mosaic.assets)
    if not name:
        raise Refused("The item has no id.")
    collection = str(item.get("collection") or "")
    footprint = polygon_of(item.get("geometry")) or box_of(item.get("bbox"))
    known = attributes_of({**properties, "collection": collection or None}, _SKIPPED)
    files = tuple(Asset(resolved(c.asset.get("href"), base), c.bands, c.key) for c in chosen)
    told = {member: value for member, value in item.items() if member != "links"}
    return ItemRecord(
        key=f"{collection}/{name}" if collection else name,
        name=name,
        assets=files,
        facts=facts_of(properties, chosen),
        footprint=footprint,
        footprint_crs=WGS84 if footprint is not None else None,
        version=listed_version(told, *dict.fromkeys(file.href for file in files)),
        properties=known.values,
        dates=known.dates,
    )
