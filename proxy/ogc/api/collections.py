"""Collections: each service that lies on the earth is one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from proxy.errors import NotFound, ProxyError, UnknownService
from proxy.ogc.api import links as rel
from proxy.ogc.api.extents import extent, storage_crs
from proxy.ogc.api.formats import MAP_FORMATS
from proxy.ogc.api.negotiation import HTML, JSON, Representation
from proxy.ogc.crs_names import WORLD, NamedCRS
from proxy.render_service import Renderer
from proxy.services import Registry, Service
from proxy.sources.base import SourceInfo

log = logging.getLogger(__name__)

#: Longest that the list waits for services that are still opening.
LIST_SECONDS = 10.0

Document = dict[str, Any]


class UnknownCollection(NotFound):
    """No collection has that identifier."""

    def __init__(self, identifier: str, why: str = "") -> None:
        super().__init__(f"There is no collection '{identifier[:80]}'.{why}")


async def collection(registry: Registry, renderer: Renderer, identifier: str) -> Service:
    """The service of a collection, its source open.

    Raises:
        UnknownCollection: there is none of that identifier, or its raster is not on the earth.
        CannotOpen: its source cannot be used.
    """
    if "/" in identifier:
        raise UnknownCollection(identifier)
    try:
        service = registry.get(rel.service_name(identifier))
    except UnknownService:
        raise UnknownCollection(identifier) from None
    await renderer.opened(service)
    if service.info.geographic_bounds is None:
        raise UnknownCollection(identifier, " Its raster does not lie on the earth.")
    return service


async def all_collections(registry: Iterable[Service], renderer: Renderer) -> list[Service]:
    """Services that are open and lie on the earth, in the order of the configuration.

    A service that cannot be opened, or takes too long, is left out until it can be used.
    """
    services = list(registry)
    opening = [asyncio.ensure_future(_opened(renderer, service)) for service in services]
    if opening:
        # Those that are late go on opening, for whoever asks next.
        await asyncio.wait(opening, timeout=LIST_SECONDS)
    found = zip(services, opening, strict=True)
    return [service for service, future in found if future.done() and future.result()]


async def first_collection(registry: Iterable[Service], renderer: Renderer) -> Service:
    """The first service of the configuration that can be used and lies on the earth.

    Raises:
        NotFound: there is none.
    """
    for service in registry:
        if await _opened(renderer, service):
            return service
    raise NotFound("There are no collections.")


async def _opened(renderer: Renderer, service: Service) -> bool:
    """True for a service whose source is open and lies on the earth."""
    try:
        source = await renderer.opened(service)
    except ProxyError as error:
        log.debug("service %s is no collection now: %s", service.name, error.message)
        return False
    return source.info.geographic_bounds is not None


def output_systems(info: SourceInfo) -> list[NamedCRS]:
    """Systems that maps of a collection come in; the default first."""
    return list(dict.fromkeys([storage_crs(info), *reversed(WORLD)]))


def list_document(base: str, services: list[Service], shown: Representation = JSON) -> Document:
    """The list of collections.

    Args:
        base: address of the API's root.
    """
    address = f"{base}/collections"
    return {
        "links": rel.own(address, (JSON, HTML), shown),
        "numberMatched": len(services),
        "numberReturned": len(services),
        "collections": [document(base, service) for service in services],
    }


def document(base: str, service: Service, shown: Representation = JSON) -> Document:
    """One collection."""
    info = service.info
    identifier = rel.collection_id(service.name)
    address = f"{base}/collections/{rel.segment(identifier)}"
    systems = output_systems(info)
    found: Document = {"id": identifier, "title": service.title}
    for name in ("description", "attribution"):
        if text := getattr(service, name):
            found[name] = text
    return found | {
        "extent": extent(info),
        "crs": [system.uri for system in systems],
        "storageCrs": systems[0].uri,
        "links": [
            *rel.own(address, (JSON, HTML), shown),
            *data_links(address),
            *rel.links(rel.STYLES, f"{address}/styles", JSON.media_type, "Styles"),
            rel.link("root", base, JSON.media_type, "The API"),
        ],
    }


def data_links(address: str) -> list[rel.Link]:
    """Links to the map and to the tilesets of what an address describes; map addresses have no query."""
    formats = [item.media_type for item in MAP_FORMATS]
    return [
        *rel.links(rel.MAP, f"{address}/map", formats[0], "Map"),
        *rel.links(rel.TILESETS_MAP, f"{address}/map/tiles", JSON.media_type, "Tilesets of the map"),
    ]
