"""identify: the values of the pixel at a place, and of the items that lie over one another there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.catalog_fields import attributes_of
from proxy.arcgis.catalog_query import outline
from proxy.arcgis.choosing import read_selection
from proxy.arcgis.fields import Fields
from proxy.arcgis.item_values import item_values, items_at
from proxy.arcgis.resources import asked_rule
from proxy.arcgis.respond import Document
from proxy.arcgis.rules import rendering_rule
from proxy.arcgis.shapes import point_document, read_shape, shape_document
from proxy.arcgis.spatial_reference import reference_document
from proxy.arcgis.values import NO_DATA, PixelSize, chosen, read_pixel_size, values_at, values_of
from proxy.catalog.base import Item
from proxy.crs import SpatialReference
from proxy.errors import InvalidParameter
from proxy.functions.tree import Node
from proxy.selection import Selection
from proxy.services import Service

#: Most rules of one request.
RULES = 50


async def identify(call: Call) -> Document:
    """Values at a point, or at the centroid of another geometry, in its own spatial reference."""
    service = await call.opened()
    info = service.info
    selection = read_selection(call.fields, service)
    shape = read_shape(call.fields, info.crs)
    if shape is None:
        raise InvalidParameter("geometry")
    rule = asked_rule(service, call.fields.text("renderingRule"))
    rules = _several(service, call.fields.json("renderingRules"))
    size = read_pixel_size(call.fields, info.extent, info.crs)
    place = shape.center
    asked = _Asked(service, place, shape.crs, rule, rules, size, selection)
    document: Document = {"objectId": 0, "name": "Pixel", "value": None}
    if call.fields.flag("returnPixelValues", True) or info.is_mosaic:
        found = await call.worked(_found, asked, _most_items(call.fields, service))
        if call.fields.flag("returnPixelValues", True):
            document |= {"value": found.value} | ({"processedValues": found.others} if rules else {})
    document["location"] = point_document(*place, shape.crs)
    if not info.is_mosaic:
        # A single raster has no items that lie over one another.
        return document | {"properties": None, "catalogItems": None, "catalogItemVisibilities": []}
    document["properties"] = {"Values": [" ".join(values) for values in found.by_item]}
    if not call.fields.flag("returnCatalogItems", True):
        return document | {"catalogItems": None, "catalogItemVisibilities": []}
    document["catalogItems"] = _items_document(call.fields, service, found.items)
    share = 1 if len(found.used) < 2 else 1 / len(found.used)
    visible = [share if item.id in found.used else 0 for item in found.items]
    return document | {"catalogItemVisibilities": visible}


@dataclass(frozen=True, slots=True)
class _Asked:
    service: Service
    place: tuple[float, float]
    crs: SpatialReference
    rule: Node | None
    rules: list[Node]
    size: PixelSize | None
    selection: Selection


@dataclass(frozen=True, slots=True)
class _Found:
    """Values of the picture, of the further rules, and of each item at the place."""

    value: str
    others: list[str]
    items: list[Item]
    by_item: list[list[str]]
    used: set[int]


def _found(asked: _Asked, limit: int) -> _Found:
    service, place, crs, size = asked.service, asked.place, asked.crs, asked.size
    source, context = chosen(service, asked.selection)
    values = values_of(service, source, context, place, crs, asked.rule, size)
    others = [
        joined(values_at(service, place, crs, rule, size, selection=asked.selection)) for rule in asked.rules
    ]
    items = items_at(service, place, crs, asked.selection, size, limit)
    by_item = [item_values(service, item, place, crs, asked.rule, size, asked.selection) for item in items]
    return _Found(joined(values), others, items, by_item, set(context.used))


def _most_items(fields: Fields, service: Service) -> int:
    """`maxItemCount`, within what the service draws a picture from.

    Raises:
        InvalidParameter: it is no positive number.
    """
    most = service.config.mosaic.max_items if service.config.mosaic else 1
    asked = fields.number("maxItemCount")
    if asked is not None and asked < 1:
        raise InvalidParameter("maxItemCount")
    return min(most, int(asked)) if asked else most


def _items_document(fields: Fields, service: Service, items: list[Item]) -> Document:
    catalog = service.catalog
    assert catalog is not None
    with_geometry = fields.flag("returnGeometry")
    features: list[Document] = [{"attributes": attributes_of(item, catalog.fields)} for item in items]
    for feature, item in zip(features, items if with_geometry else (), strict=False):
        feature["geometry"] = shape_document(outline(item, catalog.crs))
    return {
        "objectIdFieldName": "OBJECTID",
        "geometryType": "esriGeometryPolygon",
        "spatialReference": reference_document(catalog.crs),
        "features": features,
    }


def _several(service: Service, value: Any) -> list[Node]:
    if value is None:
        return []
    listed = value if isinstance(value, list) else [value]
    if len(listed) > RULES or not all(isinstance(each, str | Mapping) for each in listed):
        raise InvalidParameter("renderingRules")
    return [rendering_rule(each, service.templates) for each in listed]


def joined(values: list[str]) -> str:
    """Values of all bands in one text, as clients take them apart again."""
    return NO_DATA if set(values) == {NO_DATA} else ", ".join(values)


OPERATION = Operation(
    "identify",
    identify,
    "Identify",
    (
        Parameter("geometry", "x,y or a geometry as JSON"),
        Parameter("geometryType", "", ("esriGeometryPoint", "esriGeometryPolygon")),
        Parameter("mosaicRule", "JSON"),
        Parameter("renderingRule", "raster function as JSON; its result is identified"),
        Parameter("renderingRules", "a list of them"),
        Parameter("pixelSize", "x,y"),
        Parameter("time"),
        Parameter("returnGeometry", "", ("false", "true")),
        Parameter("returnCatalogItems", "", ("true", "false")),
        Parameter("returnPixelValues", "", ("true", "false")),
        Parameter("maxItemCount"),
        Parameter("sliceId"),
    ),
    required=("geometry",),
)
