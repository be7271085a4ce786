"""query: the catalog of a service, as features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import shapely

from proxy.arcgis import catalog_query
from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.choosing import read_time
from proxy.arcgis.errors import CannotComplete
from proxy.arcgis.fields import Fields
from proxy.arcgis.geometry import extent_document
from proxy.arcgis.items import OBJECT_ID, attributes_of, chosen_fields, field_documents, footprint
from proxy.arcgis.query_parts import digits_of, geojson, ids_of, page_of, wants_geojson
from proxy.arcgis.query_rows import distinct, ordered, statistics
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import Shape, densified, projected, read_shape, shape_document
from proxy.arcgis.spatial_reference import read_reference, reference_document
from proxy.catalog.base import Field, FieldType
from proxy.catalog.where import predicate
from proxy.crs import WGS84, SpatialReference
from proxy.errors import InvalidParameter
from proxy.services import Service


def _envelopes_meet(asked: Any, item: Any) -> bool:
    return bool(shapely.intersects(shapely.box(*asked.bounds), shapely.box(*item.bounds)))


_KINDS = {
    "OID": FieldType.ID,
    "Geometry": FieldType.GEOMETRY,
    "String": FieldType.TEXT,
    "Integer": FieldType.INTEGER,
    "Date": FieldType.DATE,
}
_FIELDS = tuple(
    Field(each["name"], _KINDS.get(each["type"].removeprefix("esriFieldType"), FieldType.REAL))
    for each in field_documents(True)
)
#: By the names without `esriSpatialRel`; the geometry asked with stands first.
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "intersects": shapely.intersects,
    "contains": shapely.contains,
    "crosses": shapely.crosses,
    "envelopeintersects": _envelopes_meet,
    "indexintersects": _envelopes_meet,
    "overlaps": shapely.overlaps,
    "touches": shapely.touches,
    "within": shapely.within,
}


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the catalog and its outline."""

    attributes: dict[str, Any]
    outline: Shape


async def query(call: Call) -> Document:
    """Features, ids, a count, an extent or statistics of the items that meet every filter."""
    service = await call.opened()
    fields, own = call.fields, service.info.crs
    if service.catalog is not None:
        return await call.worked(catalog_query.answer, service, service.catalog, fields)
    found = selected(fields, service)
    target = WGS84 if wants_geojson(fields) else read_reference("outSR", fields.text("outSR"), own)
    if fields.text("outStatistics"):
        return _statistics(fields, found)
    if fields.flag("returnIdsOnly"):
        return {"objectIdFieldName": OBJECT_ID, "objectIds": [item.attributes[OBJECT_ID] for item in found]}
    if fields.flag("returnCountOnly") or fields.flag("returnExtentOnly"):
        return _summary(fields, found, target)
    return _features(fields, found, target, service)


def selected(fields: Fields, service: Service) -> list[Item]:
    """Items that `objectIds`, else `where`, `geometry` and `time` leave.

    Raises:
        InvalidParameter: one of them is wrong.
        CannotComplete: `where` cannot be read.
    """
    item = Item(attributes_of(service), footprint(service))
    try:
        test = predicate(fields.text("where"), _FIELDS)
    except InvalidParameter as error:
        raise CannotComplete(error.message) from None
    ids = ids_of(fields.text("objectIds"))
    if ids is not None:
        return [item] if item.attributes[OBJECT_ID] in ids else []
    taken = test(item.attributes) and _related(fields, item) and _in_time(fields, item)
    return [item] if taken else []


def _related(fields: Fields, item: Item) -> bool:
    asked = read_shape(fields, item.outline.crs, reference_name="inSR")
    name = fields.text("spatialRel").lower().removeprefix("esrispatialrel") or "intersects"
    if name not in _RELATIONS:
        raise InvalidParameter("spatialRel")
    if asked is None:
        return True
    # The outline always exists where the data do; what is asked with may be the whole world.
    return bool(_RELATIONS[name](asked.form, projected(densified(item.outline), asked.crs).form))


def _in_time(fields: Fields, item: Item) -> bool:
    span = read_time(fields)
    moment = item.attributes.get("AcquisitionDate")
    if moment is None or span is None:
        return True
    return (span.start is None or span.start <= moment) and (span.end is None or moment <= span.end)


def _statistics(fields: Fields, found: list[Item]) -> Document:
    rows, described = statistics(fields, [item.attributes for item in found])
    return {
        "objectIdFieldName": OBJECT_ID,
        "fields": described,
        "features": [{"attributes": row} for row in rows],
    }


def _summary(fields: Fields, found: list[Item], target: SpatialReference) -> Document:
    if not fields.flag("returnExtentOnly"):
        return {"count": len(found)}
    if not found:
        return {"count": 0, "extent": None}
    return {
        "count": len(found),
        "extent": extent_document(projected(found[0].outline, target).extent, target),
    }


def _features(fields: Fields, found: list[Item], target: SpatialReference, service: Service) -> Document:
    described = field_documents(service.info.acquired is not None)
    names = [field["name"] for field in described]
    wanted = chosen_fields(fields.text("outFields") or OBJECT_ID, names)
    with_geometry = fields.flag("returnGeometry", True)
    rows = ordered(fields, [item.attributes for item in found])
    by_id = {item.attributes[OBJECT_ID]: item.outline for item in found}
    first, size = page_of(fields)
    page, more = rows[first : first + size], len(rows) > first + size
    digits = digits_of(fields)
    columns = [name for name in wanted if name != "Shape"]
    if fields.flag("returnDistinctValues"):
        page, with_geometry = distinct(page, columns), False
    outlines = [projected(by_id[row[OBJECT_ID]], target) for row in page] if with_geometry else []
    attributes = [{name: row.get(name) for name in columns} for row in page]
    if wants_geojson(fields):
        return geojson(attributes, outlines, digits)
    features: list[Document] = [{"attributes": row} for row in attributes]
    for feature, outline in zip(features, outlines, strict=False):
        feature["geometry"] = shape_document(outline, digits)
    document: Document = {"objectIdFieldName": OBJECT_ID}
    document["fields"] = [field for field in described if field["name"] in columns]
    if with_geometry:
        document |= {"geometryType": "esriGeometryPolygon", "spatialReference": reference_document(target)}
    document["features"] = features
    return document | ({"exceededTransferLimit": True} if more else {})


OPERATION = Operation(
    "query",
    query,
    "Query",
    (
        Parameter("where", "for instance 1=1"),
        Parameter("objectIds", "1,2"),
        Parameter("geometry"),
        Parameter("geometryType"),
        Parameter("inSR"),
        Parameter("spatialRel", "", tuple(f"esriSpatialRel{n}" for n in (
            "Intersects", "Contains", "Crosses", "EnvelopeIntersects", "IndexIntersects", "Overlaps",
            "Touches", "Within",
        ))),
        Parameter("time"),
        Parameter("outFields", "names of fields, or *"),
        Parameter("returnGeometry", "", ("true", "false")),
        Parameter("outSR"),
        Parameter("geometryPrecision", "decimals"),
        Parameter("returnIdsOnly", "", ("false", "true")),
        Parameter("returnCountOnly", "", ("false", "true")),
        Parameter("returnExtentOnly", "", ("false", "true")),
        Parameter("orderByFields", "NAME DESC"),
        Parameter("groupByFieldsForStatistics"),
        Parameter("outStatistics", "JSON"),
        Parameter("returnDistinctValues", "", ("false", "true")),
        Parameter("resultOffset"),
        Parameter("resultRecordCount"),
    ),
    required=("where",),
    formats=("html", "json", "pjson", "geojson"),
)  # fmt: skip
