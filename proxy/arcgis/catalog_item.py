"""An item of the catalog: `{id}`, its facts, its picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxy.arcgis import documents, pixel_types
from proxy.arcgis.about import metadata_response, thumbnail
from proxy.arcgis.call import Answer, Call, Operation
from proxy.arcgis.errors import CannotComplete, UnsupportedOperation
from proxy.arcgis.export import export_image
from proxy.arcgis.fields import Fields
from proxy.arcgis.geometry import extent_document
from proxy.arcgis.items import attributes_of, check_item, footprint
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import shape_document
from proxy.facts import Facts, facts_of
from proxy.services import Service


def operation(identifier: str) -> Operation:
    """The resources of one item."""

    async def answer(call: Call) -> Answer:
        await call.opened()
        check_item(identifier)
        return await _answered(call)

    return Operation(identifier, answer, f"Item {identifier}", takes_path=True)


async def _answered(call: Call) -> Answer:
    match tuple(part.lower() for part in call.rest):
        case ():
            return feature(call.service)
        case ("image",):
            return await export_image(_as_it_is(call))
        case ("thumbnail",):
            return await thumbnail(call)
        case ("info", "metadata"):
            return metadata_response(call.service)
        case ("info", *rest):
            facts = await call.worked(facts_of, call.service, None)
            return _info(facts, rest)
    raise UnsupportedOperation


def _as_it_is(call: Call) -> Call:
    # The picture of an item is that of its pixels; the service's renderings are not its own.
    pairs = [("renderingRule", "None"), *call.fields.items()]
    return Call(call.request, Fields(pairs), call.service)


def feature(service: Service) -> Document:
    """Attributes and outline of the item."""
    return {"attributes": attributes_of(service), "geometry": shape_document(footprint(service))}


_PARTS: dict[str, Callable[[Facts], Document]] = {
    "keyproperties": documents.key_properties_document,
    "statistics": documents.statistics_document,
    "histograms": documents.histograms_document,
}


def _info(facts: Facts, rest: list[str]) -> Document:
    if not rest:
        return info_document(facts)
    if len(rest) > 1 or rest[0] not in _PARTS:
        # Image space and sensors are there for pictures from such only.
        raise CannotComplete
    return _PARTS[rest[0]](facts)


def info_document(facts: Facts) -> Document:
    """Size, place, type and statistics of the item."""
    info = facts.info
    width, height = info.pixel_size
    statistics = [[b.minimum, b.maximum, b.mean, b.stddev] for b in facts.statistics]
    document: dict[str, Any] = {
        "extent": extent_document(info.extent, info.crs),
        "pixelSizeX": width,
        "pixelSizeY": height,
        "pixelType": pixel_types.code(info.pixel_type),
        "bandCount": info.band_count,
        "origin": {"x": info.extent.xmin, "y": info.extent.ymax},
        "blockWidth": info.block[0],
        "blockHeight": info.block[1],
        "firstPyramidLevel": 1 if info.level_sizes else 0,
        "maxPyramidLevel": len(info.level_sizes),
        "columns": info.width,
        "rows": info.height,
        "bandNames": list(info.band_names),
        "noDataValue": documents.finite(info.nodata),
        "statistics": statistics,
    }
    return document | documents.histograms_document(facts)
