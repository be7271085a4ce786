"""project and queryBoundary: geometries in other systems, and the outline of the service."""

from __future__ import annotations

from collections.abc import Mapping

import shapely

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.fields import numbers
from proxy.arcgis.items import footprint
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import (
    GeometryType,
    Shape,
    densified,
    geometry_type,
    projected,
    shape_document,
    shape_of,
)
from proxy.arcgis.spatial_reference import read_reference
from proxy.catalog.base import Query
from proxy.crs import SpatialReference
from proxy.errors import InvalidParameter
from proxy.services import Service

#: Most geometries of one request.
GEOMETRIES = 10_000


async def project(call: Call) -> Document:
    """The geometries of a request in `outSR`."""
    service = await call.opened()
    fields, own = call.fields, service.info.crs
    source = read_reference("inSR", fields.text("inSR"), own)
    if not fields.text("outSR"):
        raise InvalidParameter("outSR")
    target = read_reference("outSR", fields.text("outSR"), own)
    shapes = read_shapes(call, source)
    return {
        "geometries": [
            shape_document(projected(shape, target, "geometries"), with_reference=False) for shape in shapes
        ]
    }


def read_shapes(call: Call, crs: SpatialReference) -> list[Shape]:
    """The geometries of a request: x,y pairs, a list, or an object with their kind.

    Raises:
        InvalidParameter: they cannot be read, or are too many.
    """
    text = call.fields.text("geometries")
    if not text.startswith(("{", "[")):
        found = numbers("geometries", text) if text else []
        if not found or len(found) % 2 or len(found) > 2 * GEOMETRIES:
            raise InvalidParameter("geometries")
        pairs = zip(found[::2], found[1::2], strict=True)
        return [Shape(GeometryType.POINT, shapely.Point(pair), crs) for pair in pairs]
    value = call.fields.json("geometries")
    kind = None
    if isinstance(value, Mapping):
        name = str(value.get("geometryType") or "")
        kind = geometry_type("geometries", name) if name else None
        value = value.get("geometries")
    if not isinstance(value, list) or len(value) > GEOMETRIES:
        raise InvalidParameter("geometries")
    return [shape_of(each, kind, crs, "geometries") for each in value]


#: Items whose footprints are put together.
BOUNDARY_ITEMS = 2000


async def query_boundary(call: Call) -> Document:
    """Outline and area of the service, in `outSR`."""
    service = await call.opened()
    target = read_reference("outSR", call.fields.text("outSR"), service.info.crs)
    outline = await call.worked(boundary, service)
    if target != outline.crs:
        outline = projected(densified(outline), target, "outSR")
    return {"shape": shape_document(outline), "area": float(outline.form.area)}


def boundary(service: Service) -> Shape:
    """Outline of a raster, or of all items of a mosaic together; of many items their envelope. Blocks."""
    catalog = service.catalog
    if catalog is None:
        return footprint(service.info)
    if len(catalog) <= BOUNDARY_ITEMS:
        shapes = [item.footprint for item in catalog.find(Query())]
        return Shape(GeometryType.POLYGON, shapely.union_all(shapes), catalog.crs)
    return Shape(GeometryType.POLYGON, shapely.box(*service.info.extent.as_tuple()), catalog.crs)


OPERATIONS = (
    Operation(
        "project",
        project,
        "Project",
        (
            Parameter("geometries", '{"geometryType": ..., "geometries": [...]}'),
            Parameter("inSR"),
            Parameter("outSR"),
        ),
        ("geometries",),
    ),
    Operation("queryBoundary", query_boundary, "Query boundary", (Parameter("outSR"),)),
)
