"""An item of the catalog: `{id}`, its facts, its picture."""

from __future__ import annotations

import dataclasses

from proxy.arcgis import mosaic_item
from proxy.arcgis.about import metadata_response, thumbnail
from proxy.arcgis.call import Answer, Call, Operation
from proxy.arcgis.errors import UnsupportedOperation
from proxy.arcgis.export import export_image
from proxy.arcgis.fields import Fields
from proxy.arcgis.item_info import info_answer
from proxy.arcgis.items import attributes_of, check_item, footprint
from proxy.arcgis.respond import Document
from proxy.arcgis.series import row_of
from proxy.arcgis.shapes import shape_document
from proxy.facts import Facts, facts_of
from proxy.selection import EVERYTHING
from proxy.services import Service
from proxy.sources.cube.rows import Row
from proxy.sources.remembered import AnyCube


def operation(identifier: str) -> Operation:
    """The resources of one item."""

    async def answer(call: Call) -> Answer:
        service = await call.opened()
        if service.catalog is not None:
            return await mosaic_item.answer(call, identifier)
        number = check_item(service, identifier)
        return await _answered(call, number)

    return Operation(identifier, answer, f"Item {identifier}", takes_path=True)


async def _answered(call: Call, number: int) -> Answer:
    source = call.service.source
    row = source.rows.get(number) if isinstance(source, AnyCube) else None
    match tuple(part.lower() for part in call.rest):
        case ():
            return feature(call.service, row)
        case ("image",):
            return await export_image(_as_it_is(call, row))
        case ("thumbnail",):
            return await thumbnail(call, EVERYTHING if row is None else row.selection)
        case ("info", "metadata"):
            return metadata_response(call.service)
        case ("info", *rest):
            return info_answer(await call.worked(_facts, call.service, row), rest)
    raise UnsupportedOperation


def _facts(service: Service, row: Row | None) -> Facts:
    if row is None:
        return facts_of(service, None)
    facts = facts_of(service, None, row.variable.name)
    return dataclasses.replace(facts, info=service.source.at(row.selection).info)


def _as_it_is(call: Call, row: Row | None) -> Call:
    # The picture of an item is that of its pixels; the service's renderings are not its own.
    pairs = [("renderingRule", "None"), *call.fields.items()]
    if row is not None:
        pairs = [("sliceId", str(row.id - 1)), *pairs]
    return Call(call.request, Fields(pairs), call.service)


def feature(service: Service, row: Row | None = None) -> Document:
    """Attributes and outline of the item, or of a slice."""
    if row is None:
        return {
            "attributes": attributes_of(service),
            "geometry": shape_document(footprint(service.info)),
        }
    attributes, outline = row_of(service, row)
    return {"attributes": attributes, "geometry": shape_document(outline)}
