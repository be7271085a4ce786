"""One item of a mosaic: its attributes, its facts, its picture."""

from __future__ import annotations

import json
import math

from proxy.arcgis.about import metadata_response
from proxy.arcgis.call import Answer, Call
from proxy.arcgis.catalog_fields import attributes_of
from proxy.arcgis.catalog_query import outline
from proxy.arcgis.errors import CannotComplete, UnsupportedOperation
from proxy.arcgis.export import export_image
from proxy.arcgis.fields import Fields
from proxy.arcgis.item_info import info_answer
from proxy.arcgis.item_values import only
from proxy.arcgis.respond import Document
from proxy.arcgis.shapes import shape_document
from proxy.catalog.base import Item
from proxy.errors import SourceFailed
from proxy.facts import Facts, stored_facts
from proxy.model import EncodeOptions, Grid, ImageFormat, RenderRequest
from proxy.selection import EVERYTHING
from proxy.services import Service
from proxy.sources.mosaic import MosaicSource
from proxy.web import picture_response

THUMBNAIL_SIDE = 200


async def answer(call: Call, identifier: str) -> Answer:
    """The resources of an item.

    Raises:
        CannotComplete: there is no such item, or its file cannot be read.
    """
    item = await call.worked(_item, call.service, identifier)
    match tuple(part.lower() for part in call.rest):
        case ():
            return feature(call.service, item)
        case ("image",):
            return await export_image(_as_it_is(call, item))
        case ("thumbnail",):
            return await _thumbnail(call, item)
        case ("info", "metadata"):
            return metadata_response(call.service)
        case ("info", *rest):
            return info_answer(await call.worked(_facts, call.service, item), rest)
    raise UnsupportedOperation


def _item(service: Service, identifier: str) -> Item:
    catalog = service.catalog
    found = None if catalog is None or len(identifier) > 18 else catalog.get(int(identifier))
    if found is None:
        raise CannotComplete
    return found


def feature(service: Service, item: Item) -> Document:
    """Attributes and footprint of an item."""
    catalog = service.catalog
    assert catalog is not None
    return {
        "attributes": attributes_of(item, catalog.fields),
        "geometry": shape_document(outline(item, catalog.crs)),
    }


def _as_it_is(call: Call, item: Item) -> Call:
    # The picture of an item is that of its pixels; the service's renderings are not its own.
    rule = json.dumps({"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [item.id]})
    pairs = [("renderingRule", "None"), ("mosaicRule", rule), *call.fields.items()]
    return Call(call.request, Fields(pairs), call.service)


async def _thumbnail(call: Call, item: Item) -> Answer:
    service = call.service
    extent = item.extent
    longer = max(extent.width, extent.height)
    sides = extent.width, extent.height
    width, height = (max(1, math.ceil(THUMBNAIL_SIDE * side / longer)) for side in sides)
    order = RenderRequest(
        service=service.name,
        grid=Grid(service.info.crs, extent, width, height),
        format=ImageFormat.PNG,
        interpolation=service.interpolation,
        rule=service.default_rendering.rule,
        options=EncodeOptions(effort=service.effort),
        selection=only(item.id, EVERYTHING),
    )
    rendered = await call.renderer.render(service, order)
    return picture_response(call.request, rendered, service.config.cache)


def _facts(service: Service, item: Item) -> Facts:
    """Facts of the file of an item, in its own system and with its own statistics."""
    source = service.source
    assert isinstance(source, MosaicSource)
    try:
        opened = source.open(item)
        statistics = source.statistics_of(opened)
    except SourceFailed:
        raise CannotComplete from None
    return stored_facts(opened.info, statistics)
