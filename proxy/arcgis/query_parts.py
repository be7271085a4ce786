"""Parts of query that single rasters and mosaics share: ids, pages, GeoJSON."""

from __future__ import annotations

from typing import Any

import shapely

from proxy.arcgis.fields import Fields
from proxy.arcgis.items import OBJECT_ID
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import Shape, rounded
from proxy.errors import InvalidParameter

#: Most features of one answer.
RECORDS = 1000
#: Greatest place of the first row of a page.
LAST = 1 << 53


def wants_geojson(fields: Fields) -> bool:
    """True for `f=geojson`."""
    return fields.text("f").lower() == "geojson"


def ids_of(text: str) -> set[int] | None:
    """Ids in a list, None where there is none.

    Raises:
        InvalidParameter: one of them is no number.
    """
    if not text:
        return None
    parts = [part.strip() for part in text.strip("[]").split(",")]
    if not all(part.lstrip("-").isdigit() for part in parts):
        raise InvalidParameter("objectIds")
    return {int(part) for part in parts}


def page_of(fields: Fields) -> tuple[int, int]:
    """First row of the page asked for, and its size.

    Raises:
        InvalidParameter: either is no whole number.
    """
    offset, count = fields.number("resultOffset") or 0, fields.number("resultRecordCount")
    if offset < 0 or not float(offset).is_integer():
        raise InvalidParameter("resultOffset")
    if count is not None and (count < 0 or not count.is_integer()):
        raise InvalidParameter("resultRecordCount")
    # Beyond any catalog, and within what a database counts to.
    return int(min(offset, LAST)), min(RECORDS, int(count) if count else RECORDS)


def digits_of(fields: Fields) -> int | None:
    """Decimals of coordinates, None for all.

    Raises:
        InvalidParameter: no number from 0 to 20.
    """
    value = fields.number("geometryPrecision")
    if value is None:
        return None
    if not 0 <= value <= 20:
        raise InvalidParameter("geometryPrecision")
    return int(value)


def geojson(rows: list[dict[str, Any]], outlines: list[Shape], digits: int | None) -> Document:
    """Rows and their outlines in degrees as a feature collection."""
    features = []
    for index, row in enumerate(rows):
        geometry = None
        if outlines:
            geometry = _geometry(outlines[index], digits)
        feature = {"type": "Feature", "geometry": geometry, "properties": row}
        features.append({"id": row[OBJECT_ID], **feature} if OBJECT_ID in row else feature)
    return {"type": "FeatureCollection", "features": features}


def _geometry(outline: Shape, digits: int | None) -> Document:
    parts = [polygon for polygon in shapely.get_parts(outline.form) if polygon.geom_type == "Polygon"]
    # GeoJSON turns outer rings against the clock.
    turned = [shapely.orient_polygons(polygon) for polygon in parts]
    coordinates = [
        [rounded(ring, digits) for ring in (polygon.exterior, *polygon.interiors)] for polygon in turned
    ]
    if len(coordinates) == 1:
        return {"type": "Polygon", "coordinates": coordinates[0]}
    return {"type": "MultiPolygon", "coordinates": coordinates}
