"""The service resource and its simple children."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from proxy.arcgis import documents
from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.catalog_fields import field_document
from proxy.arcgis.errors import CannotComplete
from proxy.arcgis.respond import Document
from proxy.arcgis.rows import described
from proxy.arcgis.rules import rendering_rule
from proxy.arcgis.tiling import tile_members
from proxy.facts import Facts, facts_of
from proxy.functions.tree import Node
from proxy.services import Service
from proxy.web import base_url

RULE = Parameter("renderingRule", "raster function as JSON; describes its result")
VARIABLE = Parameter("variable", "name, of a service with variables")


async def service_resource(call: Call) -> Document:
    """The service, or with `renderingRule` the processed raster."""
    facts = await facts_for(call)
    service = call.service
    return documents.service_document(
        service.name,
        service.description or service.title,
        service.attribution,
        facts,
        service.renderings,
        service.interpolation,
        service.config.limits,
        await call.worked(offers, service),
    )


def offers(service: Service) -> documents.Offers:
    """What the service does beyond pictures. May block."""
    rule, catalog = service.config.mosaic, service.catalog
    tiles, download = tile_members(service), service.config.download
    if rule is None or catalog is None:
        return documents.Offers(described(service), tiles, download)
    names = {field.name.lower(): field.name for field in catalog.fields}
    fields = [field_document(field) for field in catalog.fields]
    start = names.get(rule.time_field.lower(), "")
    return documents.Offers(
        fields, tiles, download, rule, start, names.get(rule.end_time_field.lower(), start)
    )


async def facts_for(call: Call) -> Facts:
    """Facts that a call asks about.

    Raises:
        InvalidParameter: its `variable` is none of the service's.
        InvalidRule: its `renderingRule` is wrong.
    """
    service = await call.opened()
    rule = asked_rule(service, call.fields.text(RULE.name))
    return await call.renderer.call(facts_of, service, rule, call.fields.text(VARIABLE.name))


def asked_rule(service: Service, text: str) -> Node | None:
    """The rule in a parameter; None where there is none, which here stands for the raw bands."""
    return rendering_rule(text, service.templates) if text else None


def _child(name: str, title: str, write: Callable[[Facts], Document]) -> Operation:
    async def answer(call: Call) -> Document:
        return write(await facts_for(call))

    return Operation(name, answer, title, (RULE, VARIABLE))


async def _function_infos(call: Call) -> Document:
    # What renderings there are may depend on what the data are.
    await call.opened()
    pictures = f"{base_url(call.request)}/tiles/{quote(call.service.name)}/thumbnail.png"
    return documents.function_infos_document(call.service.renderings, pictures)


def _colormap(facts: Facts) -> Document:
    if facts.colormap is None:
        raise CannotComplete
    return documents.colormap_document(facts)


def _attribute_table(facts: Facts) -> Document:
    if facts.attribute_table is None:
        raise CannotComplete
    return documents.attribute_table_document(facts.attribute_table)


CHILDREN = (
    Operation("rasterFunctionInfos", _function_infos, "Raster functions"),
    _child("keyProperties", "Key properties", documents.key_properties_document),
    _child("statistics", "Statistics", documents.statistics_document),
    _child("histograms", "Histograms", documents.histograms_document),
    _child("colormap", "Colormap", _colormap),
    _child("rasterAttributeTable", "Raster attribute table", _attribute_table),
)
