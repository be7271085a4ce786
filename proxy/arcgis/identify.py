"""identify: the values of the pixel at a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.choosing import read_selection
from proxy.arcgis.resources import asked_rule
from proxy.arcgis.respond import Document
from proxy.arcgis.rules import rendering_rule
from proxy.arcgis.shapes import point_document, read_shape
from proxy.arcgis.values import NO_DATA, read_pixel_size, values_at
from proxy.errors import InvalidParameter
from proxy.functions.tree import Node
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
    document: Document = {"objectId": 0, "name": "Pixel", "value": None}

    def work() -> tuple[str, list[str]]:
        value, *others = (
            _joined(values_at(service, place, shape.crs, each, size, selection=selection))
            for each in (rule, *rules)
        )
        return value, others

    if call.fields.flag("returnPixelValues", True):
        value, results = await call.worked(work)
        document["value"] = value
        if rules:
            document["processedValues"] = results
    # A single raster has no items that lie over one another.
    return document | {
        "location": point_document(*place, shape.crs),
        "properties": None,
        "catalogItems": None,
        "catalogItemVisibilities": [],
    }


def _several(service: Service, value: Any) -> list[Node]:
    if value is None:
        return []
    listed = value if isinstance(value, list) else [value]
    if len(listed) > RULES or not all(isinstance(each, str | Mapping) for each in listed):
        raise InvalidParameter("renderingRules")
    return [rendering_rule(each, service.templates) for each in listed]


def _joined(values: list[str]) -> str:
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
    ),
    required=("geometry",),
)
