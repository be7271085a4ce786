"""identify: the values of the pixel at a place, and of the items or slices that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.choosing import names_several, read_selections
from proxy.arcgis.fields import Fields
from proxy.arcgis.item_values import item_values, items_at
from proxy.arcgis.items import OBJECT_ID
from proxy.arcgis.query_parts import RECORDS
from proxy.arcgis.resources import asked_rule
from proxy.arcgis.respond import Document
from proxy.arcgis.rules import rendering_rule
from proxy.arcgis.series import row_of
from proxy.arcgis.shapes import point_document, read_shape, shape_document
from proxy.arcgis.spatial_reference import reference_document
from proxy.arcgis.values import NO_DATA, PixelSize, chosen, read_pixel_size, values_at, values_of
from proxy.catalog.base import Item
from proxy.crs import SpatialReference
from proxy.errors import InvalidParameter
from proxy.functions.tree import Node
from proxy.selection import Selection
from proxy.services import Service
from proxy.sources.cube.rows import Row
from proxy.sources.remembered import AnyCube

#: Most rules of one request.
RULES = 50


async def identify(call: Call) -> Document:
    """Values at a point, or at the centroid of another geometry, in its own spatial reference."""
    service = await call.opened()
    info, fields = service.info, call.fields
    selections = read_selections(fields, service)
    shape = read_shape(fields, info.crs)
    if shape is None:
        raise InvalidParameter("geometry")
    rule = asked_rule(service, fields.text("renderingRule"))
    rules = _several(service, fields.json("renderingRules"))
    size = read_pixel_size(fields, info.extent, info.crs)
    place = shape.center
    asked = _Asked(service, place, shape.crs, rule, rules, size, selections)
    # Clients that cannot query slices say that they want none; others mean those that they name.
    in_slices = isinstance(service.source, AnyCube) and fields.flag(
        "processAsMultidimensional", names_several(selections)
    )
    several = info.is_mosaic or in_slices
    document: Document = {"objectId": 0, "name": "Pixel", "value": None}
    if fields.flag("returnPixelValues", True) or several:
        found = await call.worked(_found, asked, _most_items(fields, service), in_slices)
        if fields.flag("returnPixelValues", True):
            document |= {"value": found.value} | ({"processedValues": found.others} if rules else {})
    document["location"] = point_document(*place, shape.crs)
    if not several:
        # A single raster has no items that lie over one another.
        return document | {"properties": None, "catalogItems": None, "catalogItemVisibilities": []}
    document["properties"] = {"Values": [" ".join(values) for values in found.by_item]}
    if not fields.flag("returnCatalogItems", True):
        return document | {"catalogItems": None, "catalogItemVisibilities": []}
    document["catalogItems"] = _items_document(fields, service, found.items)
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
    selections: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """Values of the picture, of the further rules, and of each item or slice at the place."""

    value: str
    others: list[str]
    items: Sequence[Item | Row]
    by_item: list[list[str]]
    used: set[int]


def _found(asked: _Asked, limit: int, in_slices: bool) -> _Found:
    service, place, crs, size = asked.service, asked.place, asked.crs, asked.size
    selection = asked.selections[0]
    source, context = chosen(service, selection)
    value = joined(values_of(service, source, context, place, crs, asked.rule, size))
    others = [joined(values_at(service, place, crs, rule, size, selection=selection)) for rule in asked.rules]
    whole = service.source
    if isinstance(whole, AnyCube):
        if not in_slices:
            return _Found(value, others, [], [], set())
        rows = [row for each in asked.selections for row in whole.rows.chosen(each)][:limit]
        by_slice = [values_at(service, place, crs, asked.rule, size, selection=row.selection) for row in rows]
        shown = {row.id for row in rows if row.selection == context.selection}
        return _Found(value, others, rows, by_slice, shown)
    items = items_at(service, place, crs, selection, size, limit)
    by_item = [item_values(service, item, place, crs, asked.rule, size, selection) for item in items]
    return _Found(value, others, items, by_item, set(context.used))


def _most_items(fields: Fields, service: Service) -> int:
    """`maxItemCount`; without it as many items as the service draws a picture from, and a page of slices.

    Raises:
        InvalidParameter: it is no positive number.
    """
    asked = fields.number("maxItemCount")
    if asked is None:
        return service.config.mosaic.max_items if service.config.mosaic else RECORDS
    if asked < 1:
        raise InvalidParameter("maxItemCount")
    return min(RECORDS, int(asked))


def _items_document(fields: Fields, service: Service, items: Sequence[Item | Row]) -> Document:
    crs, with_geometry = service.info.crs, fields.flag("returnGeometry")
    features: list[Document] = []
    for item in items:
        row, outline = row_of(service, item)
        geometry = {"geometry": shape_document(outline)} if with_geometry else {}
        features.append({"attributes": row, **geometry})
    return {
        "objectIdFieldName": OBJECT_ID,
        "geometryType": "esriGeometryPolygon",
        "spatialReference": reference_document(crs),
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
        Parameter("processAsMultidimensional", "values of all slices that are meant", ("false", "true")),
    ),
    required=("geometry",),
)
