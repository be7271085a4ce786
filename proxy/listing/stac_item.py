"""A STAC item to an item of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from proxy.catalog.base import Asset, ItemFacts, ItemRecord
from proxy.crs import WGS84
from proxy.errors import BadRequest
from proxy.listing.attributes import attributes_of
from proxy.listing.context import Context
from proxy.listing.places import Refused, resolved
from proxy.listing.shapes import box_of, clipped_to_raster, moved, outline_of, polygon_of
from proxy.listing.stac_assets import chosen_assets, facts_of, href_of
from proxy.listing.versions import listed_version
from proxy.sources.location import locate

#: Share of a raster that its footprint covers at least, or the grid is not that of the raster.
LEAST = 1e-3
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
    alternates = context.mosaic.alternates
    files = tuple(Asset(resolved(href_of(c.asset, alternates), base), c.bands, c.key) for c in chosen)
    facts = facts_of(properties, chosen)
    if facts is not None and footprint is not None:
        # The rectangle around a raster in longitudes and latitudes holds ground beside it.
        footprint, facts = _agreed(footprint, facts)
    told = {member: value for member, value in item.items() if member != "links"}
    return ItemRecord(
        key=f"{collection}/{name}" if collection else name,
        name=name,
        assets=files,
        facts=facts,
        footprint=footprint,
        footprint_crs=WGS84 if footprint is not None else None,
        version=listed_version(told, *dict.fromkeys(file.href for file in files)),
        properties=known.values,
        dates=known.dates,
    )


def _agreed(footprint: BaseGeometry, facts: ItemFacts) -> tuple[BaseGeometry, ItemFacts | None]:
    """The part of a footprint that has pixels, and no facts where these place the raster elsewhere."""
    try:
        outline = moved(outline_of(facts), facts.crs, WGS84)
        if outline is None or footprint.area < LEAST * outline.area:
            return footprint, None
        clipped = clipped_to_raster(footprint, WGS84, facts)
    except (BadRequest, ShapelyError, ProjError):
        clipped = None
    return (footprint, None) if clipped is None else (clipped, facts)
