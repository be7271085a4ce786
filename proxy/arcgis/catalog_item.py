"""An item of the catalog: `{id}`, its facts, its picture."""

from __future__ import annotations

from proxy.arcgis import mosaic_item
from proxy.arcgis.about import metadata_response, thumbnail
from proxy.arcgis.call import Answer, Call, Operation
from proxy.arcgis.errors import UnsupportedOperation
from proxy.arcgis.export import export_image
from proxy.arcgis.fields import Fields
from proxy.arcgis.item_info import info_answer
from proxy.arcgis.items import attributes_of, check_item, footprint
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import shape_document
from proxy.facts import facts_of
from proxy.services import Service


def operation(identifier: str) -> Operation:
    """The resources of one item."""

    async def answer(call: Call) -> Answer:
        service = await call.opened()
        if service.catalog is not None:
            return await mosaic_item.answer(call, identifier)
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
            return info_answer(facts, rest)
    raise UnsupportedOperation


def _as_it_is(call: Call) -> Call:
    # The picture of an item is that of its pixels; the service's renderings are not its own.
    pairs = [("renderingRule", "None"), *call.fields.items()]
    return Call(call.request, Fields(pairs), call.service)


def feature(service: Service) -> Document:
    """Attributes and outline of the item."""
    return {"attributes": attributes_of(service), "geometry": shape_document(footprint(service))}
