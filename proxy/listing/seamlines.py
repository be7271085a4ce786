"""Seamlines by the name of their item, from a GeoJSON file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from shapely.geometry.base import BaseGeometry

from proxy.catalog.base import ItemRecord
from proxy.config import CredentialsConfig
from proxy.crs import SpatialReference
from proxy.errors import CannotOpen
from proxy.listing.documents import read_json
from proxy.listing.features import crs_named
from proxy.listing.shapes import crs_of_geojson, moved, polygon_of

_NAMES = ("name", "item", "id", "title")


class Seamlines:
    """Polygons within which items are preferred.

    Args:
        place: GeoJSON feature collection; each feature has a `name` (or `item`, or `id`) that is the name or
            key of an item, without regard to case.

    Raises:
        CannotOpen: there is no such document, or no polygon with a name in it.
    """

    def __init__(self, place: str, credentials: CredentialsConfig | None) -> None:
        document = read_json(place, credentials)
        features = document.get("features") if isinstance(document, Mapping) else None
        self._crs: SpatialReference = crs_named(crs_of_geojson(document) if features else None)
        self._by_name: dict[str, BaseGeometry] = {}
        for feature in features if isinstance(features, list) else ():
            if isinstance(feature, Mapping):
                self._add(feature)
        if not self._by_name:
            raise CannotOpen("The seamlines hold no polygon with a name.", place)

    def _add(self, feature: Mapping[str, object]) -> None:
        polygon = polygon_of(feature.get("geometry"))
        given = feature.get("properties")
        properties = {str(k).lower(): v for k, v in given.items()} if isinstance(given, Mapping) else {}
        name = next((properties[n] for n in _NAMES if properties.get(n)), feature.get("id"))
        if polygon is not None and name is not None:
            self._by_name[str(name).lower()] = polygon

    @property
    def names(self) -> set[str]:
        """Of the items that polygons are for, in small letters."""
        return set(self._by_name)

    def applied(self, record: ItemRecord) -> ItemRecord:
        """The item with its seamline, where it has one."""
        found = self._by_name.get(record.name.lower()) or self._by_name.get(record.key.lower())
        if found is None:
            return record
        crs = record.footprint_crs if record.footprint is not None else self._crs
        assert crs is not None
        return dataclasses.replace(record, seamline=moved(found, self._crs, crs), footprint_crs=crs)
