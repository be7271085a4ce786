"""Features that name a raster each: GeoJSON indexes, tile indexes, tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shapely.geometry.base import BaseGeometry

from proxy.catalog.base import Asset, ItemRecord
from proxy.crs import WGS84, SpatialReference, reference
from proxy.errors import BadRequest, CannotOpen
from proxy.listing.attributes import attributes_of
from proxy.listing.context import Context
from proxy.listing.places import Refused, resolved
from proxy.listing.shapes import crs_of_geojson, polygon_of
from proxy.listing.versions import listed_version
from proxy.sources.location import locate

#: Names of the attribute that holds the place of a raster; the first that is there counts.
LOCATION_NAMES = ("location", "href", "file", "filename", "filepath", "path", "url", "uri")


class FeatureRecords:
    """Turns features of one listing into items; their keys are the places of their rasters.

    Args:
        base: place of the listing.
    """

    def __init__(self, base: str, context: Context) -> None:
        self._base = base
        self._context = context
        self._seen: dict[str, int] = {}

    def record(
        self, properties: Mapping[str, Any], geometry: BaseGeometry | None, crs: SpatialReference, label: str
    ) -> ItemRecord | None:
        """The item; None where it is left out, which has then been noted under `label`."""
        field = location_field(properties)
        try:
            if field is None:
                raise Refused("The feature names no file.")
            place = resolved(properties[field], self._base)
            shape = geometry.wkt if geometry is not None else ""
            version = listed_version([dict(properties), shape], place)
        except Refused as reason:
            self._context.refuse(label, reason)
            return None
        known = attributes_of(properties, frozenset({field.lower(), "name"}))
        return ItemRecord(
            key=self._key(place),
            name=_name(properties) or locate(place).name,
            assets=(Asset(place),),
            footprint=geometry,
            footprint_crs=crs if geometry is not None else None,
            version=version,
            properties=known.values,
            dates=known.dates,
        )

    def _key(self, place: str) -> str:
        times = self._seen[place] = self._seen.get(place, 0) + 1
        return place if times == 1 else f"{place}#{times}"


class FeatureIndex:
    """A GeoJSON feature collection in which each feature names a raster."""

    def __init__(self, place: str, context: Context, document: Mapping[str, Any]) -> None:
        self._place = place
        self._context = context
        self._document = document

    def __length_hint__(self) -> int:
        features = self._document.get("features")
        return len(features) if isinstance(features, list) else 0

    def __iter__(self) -> Iterator[ItemRecord]:
        features = self._document.get("features")
        if not isinstance(features, list):
            raise CannotOpen("The document is no feature collection.", self._place)
        crs = crs_named(crs_of_geojson(self._document))
        records = FeatureRecords(self._place, self._context)
        for index, feature in enumerate(features):
            properties = feature.get("properties") if isinstance(feature, Mapping) else None
            label = f"{self._place}#{index}"
            if not isinstance(properties, Mapping):
                self._context.refuse(label, "The feature has no properties.")
                continue
            record = records.record(properties, polygon_of(feature.get("geometry")), crs, label)
            if record is not None:
                yield record


def location_field(properties: Mapping[str, Any]) -> str | None:
    """Name of the attribute that holds the place of the raster, None where there is none."""
    by_name = {name.lower(): name for name in properties}
    return next((by_name[name] for name in LOCATION_NAMES if name in by_name), None)


def crs_named(text: str | None) -> SpatialReference:
    """The system of a listing's geometries; WGS 84 where it says none or one that x comes first in.

    Raises:
        CannotOpen: it is not known.
    """
    if not text or "CRS84" in text:
        return WGS84
    try:
        return reference(text)
    except BadRequest as error:
        raise CannotOpen("The coordinate reference system of the listing is not known.", text) from error


def _name(properties: Mapping[str, Any]) -> str:
    return next((str(value) for name, value in properties.items() if name.lower() == "name" and value), "")
