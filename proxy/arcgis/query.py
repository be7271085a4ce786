"""query: the catalog of a service, as features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shapely

from proxy.arcgis import catalog_query
from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.choosing import Chosen, definitions, read_definition, read_time
from proxy.arcgis.errors import CannotComplete
from proxy.arcgis.fields import Fields
from proxy.arcgis.geometry import extent_document
from proxy.arcgis.items import OBJECT_ID, chosen_fields
from proxy.arcgis.query_parts import digits_of, geojson, ids_of, page_of, wants_geojson
from proxy.arcgis.query_rows import distinct, ordered, statistics
from proxy.arcgis.respond import Document
from proxy.arcgis.rows import Item, described, items_of
from proxy.arcgis.shapes import Shape, densified, projected, read_shape, shape_document
from proxy.arcgis.spatial_reference import read_reference, reference_document
from proxy.crs import WGS84, SpatialReference
from proxy.errors import InvalidParameter
from proxy.model import Extent
from proxy.services import Service
from proxy.sources.cube.rows import UPPER
from proxy.sources.dimensions import TIME


def _envelopes_meet(asked: Any, item: Any) -> bool:
    return bool(shapely.intersects(shapely.box(*asked.bounds), shapely.box(*item.bounds)))


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


async def query(call: Call) -> Document:
    """Features, ids, a count, an extent or statistics of the items that meet every filter."""
    service = await call.opened()
    if service.catalog is not None:
        return await call.worked(catalog_query.answer, service, service.catalog, call.fields)
    return await call.worked(_answer, service, call.fields)


def _answer(service: Service, fields: Fields) -> Document:
    """The answer of a raster, which is one row, or of a cube, whose slices are rows. Blocks."""
    own = service.info.crs
    found = selected(fields, service)
    target = WGS84 if wants_geojson(fields) else read_reference("outSR", fields.text("outSR"), own)
    if fields.text("outStatistics"):
        return _statistics(fields, found, service)
    if fields.flag("returnIdsOnly"):
        return {"objectIdFieldName": OBJECT_ID, "objectIds": [item.attributes[OBJECT_ID] for item in found]}
    if fields.flag("returnCountOnly") or fields.flag("returnExtentOnly"):
        return _summary(fields, found, target)
    return _features(fields, found, target, service)


def selected(fields: Fields, service: Service) -> list[Item]:
    """Items that `objectIds`, else `where`, dimensions, `geometry` and `time` leave.

    Raises:
        InvalidParameter: one of them is wrong.
        CannotComplete: `where` cannot be read.
    """
    ids = ids_of(fields.text("objectIds"))
    where = "" if ids is not None else fields.text("where")
    chosen = [] if ids is not None else _chosen(fields, service)
    try:
        items = items_of(service, where, ids, chosen)
    except InvalidParameter as error:
        raise (CannotComplete(error.message) if error.name == "where" else error) from None
    if ids is not None:
        return items
    # All slices of a variable share one outline.
    outlines = {id(item.outline): item.outline for item in items}
    near = {key for key, outline in outlines.items() if _related(fields, outline)}
    return [item for item in items if id(item.outline) in near and _in_time(fields, item)]


def _chosen(fields: Fields, service: Service) -> list[Chosen]:
    name = "multidimensionalDefinition"
    value = read_definition(fields, name)
    try:
        return definitions(value, service.info) if value else []
    except InvalidParameter as error:
        raise InvalidParameter(name, error.why) from None


def _related(fields: Fields, outline: Shape) -> bool:
    asked = read_shape(fields, outline.crs, reference_name="inSR")
    name = fields.text("spatialRel").lower().removeprefix("esrispatialrel") or "intersects"
    if name not in _RELATIONS:
        raise InvalidParameter("spatialRel")
    if asked is None:
        return True
    # The outline always exists where the data do; what is asked with may be the whole world.
    return bool(_RELATIONS[name](asked.form, projected(densified(outline), asked.crs).form))


def _in_time(fields: Fields, item: Item) -> bool:
    span, row = read_time(fields), item.attributes
    start = row.get(TIME, row.get("AcquisitionDate"))
    if start is None or span is None:
        return True
    end = row.get(TIME + UPPER, start)
    return (span.start is None or span.start <= end) and (span.end is None or start <= span.end)


def _statistics(fields: Fields, found: list[Item], service: Service) -> Document:
    rows, fields_found = statistics(fields, [item.attributes for item in found], described(service))
    return {
        "objectIdFieldName": OBJECT_ID,
        "fields": fields_found,
        "features": [{"attributes": row} for row in rows],
    }


def _summary(fields: Fields, found: list[Item], target: SpatialReference) -> Document:
    if not fields.flag("returnExtentOnly"):
        return {"count": len(found)}
    if not found:
        return {"count": 0, "extent": None}
    return {
        "count": len(found),
        "extent": extent_document(_around(found, target), target),
    }


def _around(found: list[Item], target: SpatialReference) -> Extent:
    shapes = {id(item.outline): item.outline for item in found}
    extents = [projected(outline, target).extent for outline in shapes.values()]
    west, south = min(e.xmin for e in extents), min(e.ymin for e in extents)
    return Extent(west, south, max(e.xmax for e in extents), max(e.ymax for e in extents))


def _features(fields: Fields, found: list[Item], target: SpatialReference, service: Service) -> Document:
    known = described(service)
    names = [field["name"] for field in known]
    wanted = chosen_fields(fields.text("outFields") or OBJECT_ID, names)
    with_geometry = fields.flag("returnGeometry", True)
    rows = ordered(fields, [item.attributes for item in found], known)
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
    document["fields"] = [field for field in known if field["name"] in columns]
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
        Parameter("multidimensionalDefinition", "JSON"),
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
