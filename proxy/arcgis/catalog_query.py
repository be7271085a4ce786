"""query on a mosaic: its parameters become one query of the catalog, which does the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from proxy.arcgis.catalog_fields import TYPES, attributes_of, field_document, named, one_named
from proxy.arcgis.choosing import definition, read_definition, read_time
from proxy.arcgis.errors import CannotComplete
from proxy.arcgis.fields import Fields
from proxy.arcgis.geometry import extent_document
from proxy.arcgis.query_parts import RECORDS, digits_of, geojson, ids_of, page_of, wants_geojson
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import GeometryType, Shape, densified, projected, read_shape, shape_document
from proxy.arcgis.spatial_reference import read_reference, reference_document
from proxy.arcgis.values import read_pixel_size
from proxy.catalog.base import Field, FieldType, Item, Order, Query
from proxy.catalog.store import SqliteCatalog
from proxy.crs import WGS84, SpatialReference, transform_bounds
from proxy.errors import InvalidParameter
from proxy.model import Extent
from proxy.services import Service

#: How far beyond the items a geometry is kept, in parts of their side.
REACH = 0.05
#: Statistics of one request, and the longest name of one.
STATISTICS, NAME_LENGTH = 50, 128

#: By Esri's names without `esriSpatialRel`: how the footprint stands to the geometry that is asked with, the
#: other way round.
RELATIONS = {
    "intersects": "intersects",
    "contains": "within",
    "within": "contains",
    "crosses": "crosses",
    "overlaps": "overlaps",
    "touches": "touches",
    "envelopeintersects": "envelope",
    "indexintersects": "envelope",
}


def answer(service: Service, catalog: SqliteCatalog, fields: Fields) -> Document:
    """Features, ids, a count, an extent or statistics. Blocks.

    Raises:
        InvalidParameter: a parameter has no meaning.
        CannotComplete: `where` cannot be read.
    """
    asked = read_query(service, catalog, fields)
    target = WGS84 if wants_geojson(fields) else read_reference("outSR", fields.text("outSR"), catalog.crs)
    try:
        if fields.text("outStatistics"):
            return _statistics(catalog, asked, fields)
        if fields.flag("returnIdsOnly"):
            ids = catalog.ids(asked, read_order(catalog, fields))
            return {"objectIdFieldName": "OBJECTID", "objectIds": ids}
        if fields.flag("returnCountOnly") or fields.flag("returnExtentOnly"):
            return _summary(catalog, asked, fields, target)
        if fields.flag("returnDistinctValues"):
            return _distinct(catalog, asked, fields)
        return _features(catalog, asked, fields, target)
    except InvalidParameter as error:
        # As recorded of services whose clause cannot be read.
        raise (CannotComplete(error.message) if error.name == "where" else error) from None


def read_query(service: Service, catalog: SqliteCatalog, fields: Fields) -> Query:
    """The conditions of a request; ids are not combined with the others.

    Raises:
        InvalidParameter: one of them has no meaning.
    """
    ids = ids_of(fields.text("objectIds"))
    if ids is not None:
        return Query(ids=tuple(ids))
    relation = fields.text("spatialRel").lower().removeprefix("esrispatialrel") or "intersects"
    if relation not in RELATIONS:
        raise InvalidParameter("spatialRel")
    shape = read_shape(fields, catalog.crs, reference_name="inSR")
    size = read_pixel_size(fields, service.info.extent, catalog.crs)
    try:
        _, dimensions = definition(read_definition(fields, "multidimensionalDefinition"), service.info)
    except InvalidParameter as error:
        raise InvalidParameter("multidimensionalDefinition", error.why) from None
    placed = None if shape is None else _placed(shape, catalog)
    return Query(
        where=fields.text("where"),
        ids=() if shape is not None and placed is None else None,
        shape=placed,
        relation=RELATIONS[relation],
        time=read_time(fields),
        pixel_size=max(size) if size else None,
        dimensions=dimensions,
    )


def _placed(shape: Shape, catalog: SqliteCatalog) -> BaseGeometry | None:
    """A geometry in the system of the catalog, as far as there are items; None far away from them.

    What lies beyond the items is cut off first, since the whole world does not exist in every system.

    Raises:
        InvalidParameter: it does not exist there.
    """
    extent = catalog.extent
    if extent is None or shape.crs == catalog.crs:
        return shape.form
    items = Shape(GeometryType.ENVELOPE, shapely.box(*extent.as_tuple()), catalog.crs)
    try:
        near = projected(items, shape.crs).form
    except InvalidParameter:
        return projected(densified(shape), catalog.crs).form
    cut = shapely.intersection(shape.form, near.buffer(REACH * max(shape_size(near), 1e-9)))
    if cut.is_empty:
        return None
    whole = Shape(shape.kind, cut, shape.crs)
    return projected(whole if cut.length == 0 else densified(whole), catalog.crs).form


def shape_size(form: BaseGeometry) -> float:
    """Longer side of the envelope of a geometry."""
    xmin, ymin, xmax, ymax = form.bounds
    return float(max(xmax - xmin, ymax - ymin))


def read_order(catalog: SqliteCatalog, fields: Fields) -> Order:
    """`orderByFields`: names with ASC or DESC.

    Raises:
        InvalidParameter: there is no such field or direction.
    """
    found = []
    for part in fields.text("orderByFields").split(","):
        if not part.strip():
            continue
        name, _, direction = part.strip().rpartition(" ")
        if direction.upper() not in ("ASC", "DESC"):
            name, direction = part.strip(), "ASC"
        field = one_named(catalog.fields, name, "orderByFields")
        found.append((field.name, direction.upper() == "ASC"))
    return Order(by=tuple(found))


def _summary(catalog: SqliteCatalog, asked: Query, fields: Fields, target: SpatialReference) -> Document:
    count = catalog.count(asked)
    if not fields.flag("returnExtentOnly"):
        return {"count": count}
    extent = catalog.extent_of(asked)
    if extent is None:
        return {"count": 0, "extent": None}
    box = transform_bounds(extent.as_tuple(), catalog.crs, target)
    return {"count": count, "extent": extent_document(Extent(*box), target)}


def _features(catalog: SqliteCatalog, asked: Query, fields: Fields, target: SpatialReference) -> Document:
    columns = [
        field
        for field in named(catalog.fields, fields.text("outFields") or "OBJECTID", "outFields")
        if field.type is not FieldType.GEOMETRY
    ]
    with_geometry = fields.flag("returnGeometry", True)
    digits = digits_of(fields)
    first, size = page_of(fields)
    found = catalog.find(asked, read_order(catalog, fields), size + 1, first)
    more, found = len(found) > size, found[:size]
    rows = [attributes_of(item, columns) for item in found]
    outlines = [projected(outline(item, catalog.crs), target) for item in found] if with_geometry else []
    if wants_geojson(fields):
        return geojson(rows, outlines, digits) | ({"exceededTransferLimit": True} if more else {})
    features: list[Document] = [{"attributes": row} for row in rows]
    for feature, shape in zip(features, outlines, strict=False):
        feature["geometry"] = shape_document(shape, digits)
    document: Document = {"objectIdFieldName": "OBJECTID", "fields": [field_document(f) for f in columns]}
    if with_geometry:
        document |= {"geometryType": "esriGeometryPolygon", "spatialReference": reference_document(target)}
    return document | {"features": features} | ({"exceededTransferLimit": True} if more else {})


def outline(item: Item, crs: SpatialReference) -> Shape:
    """Footprint of an item."""
    return Shape(GeometryType.POLYGON, item.footprint, crs)


def _distinct(catalog: SqliteCatalog, asked: Query, fields: Fields) -> Document:
    columns = [
        field
        for field in named(catalog.fields, fields.text("outFields") or "OBJECTID", "outFields")
        if field.type is not FieldType.GEOMETRY
    ]
    first, size = page_of(fields)
    order = read_order(catalog, fields)
    rows = catalog.rows(asked, [field.name for field in columns], order, size + 1, first, distinct=True)
    document: Document = {
        "objectIdFieldName": "OBJECTID",
        "fields": [field_document(field) for field in columns],
        "features": [{"attributes": row} for row in rows[:size]],
    }
    return document | ({"exceededTransferLimit": True} if len(rows) > size else {})


def _statistics(catalog: SqliteCatalog, asked: Query, fields: Fields) -> Document:
    value = fields.json("outStatistics")
    if not isinstance(value, list) or not 0 < len(value) <= STATISTICS:
        raise InvalidParameter("outStatistics")
    wanted = [_wanted(catalog, one) for one in value]
    text = fields.text("groupByFieldsForStatistics")
    keys = named(catalog.fields, text, "groupByFieldsForStatistics") if text else []
    try:
        rows = catalog.statistics(
            asked, [(kind, field.name, name) for kind, field, name in wanted], [key.name for key in keys]
        )
    except InvalidParameter as error:
        raise (error if error.name == "where" else InvalidParameter("outStatistics", error.why)) from None
    described = [field_document(key) for key in keys]
    described += [
        {"name": name, "type": _type(kind, field), "alias": name, "domain": None}
        for kind, field, name in wanted
    ]
    return {
        "objectIdFieldName": "OBJECTID",
        "fields": described,
        "features": [{"attributes": row} for row in rows[:RECORDS]],
    }


def _wanted(catalog: SqliteCatalog, value: Any) -> tuple[str, Field, str]:
    if not isinstance(value, Mapping):
        raise InvalidParameter("outStatistics")
    members = {str(key).lower(): str(member) for key, member in value.items()}
    kind = members.get("statistictype", "").lower()
    field = one_named(catalog.fields, members.get("onstatisticfield", ""), "outStatistics")
    name = (members.get("outstatisticfieldname") or f"{kind.upper()}_{field.name}")[:NAME_LENGTH]
    return kind, field, name


def _type(kind: str, field: Field) -> str:
    if kind == "count":
        return "esriFieldTypeInteger"
    own = TYPES[field.type]
    return own if kind in ("min", "max") and field.type is not FieldType.ID else "esriFieldTypeDouble"
