"""Routes of WMTS: `/wmts` for all services, `/wmts/{service}` for one, and paths below them."""

from __future__ import annotations

import logging
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from proxy.errors import ProxyError, UnknownService
from proxy.ogc.accept import ranges_of, welcome
from proxy.ogc.access import (
    LIFETIME,
    Opened,
    check_method,
    config_of,
    layer_values,
    legend_picture,
    opened,
    registry_of,
    remembered,
    renderer_of,
    route_below,
    usable,
)
from proxy.ogc.formats import TILES_OFFERED
from proxy.ogc.kvp import Pairs, pairs_of, semicolon_pairs
from proxy.ogc.legend import HEIGHT, WIDTH
from proxy.ogc.order import orders, single
from proxy.ogc.values import INFO_EXTENSIONS, document, info_format
from proxy.ogc.wmts.capabilities import SECTIONS, VERSION, capabilities, service_address
from proxy.ogc.wmts.errors import OwsError, invalid, missing, report
from proxy.ogc.wmts.tiles import TileNames, grid_of, output_format, place_of, tile_request
from proxy.services import Service
from proxy.web import base_url, picture_response
from proxy.xyz.params import FORMATS

log = logging.getLogger(__name__)

DOCUMENT = f"{VERSION}/WMTSCapabilities.xml"
_XML = "application/xml"
_TILE = re.compile(
    rf"{re.escape(VERSION)}/(?P<style>[^/]+)/(?P<set>[^/]+)/(?P<matrix>[^/]+)/(?P<row>[^/]+)/(?P<col>[^/.]+)"
    r"(?:\.(?P<ext>\w+)|/(?P<j>[^/]+)/(?P<i>[^/.]+)\.(?P<info>\w+))"
)
_LEGEND = re.compile(rf"{re.escape(VERSION)}/(?P<style>[^/]+)/legend\.png")
_PARAMETERS = ("layer", "style", "format", "TileMatrixSet", "TileMatrix", "TileRow", "TileCol")


def routes() -> list[BaseRoute]:
    """WMTS."""
    return [route_below("wmts", respond)]


async def respond(request: Request) -> Response:
    """Any request below `/wmts`; every error is an exception report."""
    try:
        check_method(request)
        return await _answer(request, request.path_params.get("path", "").strip("/"))
    except ProxyError as error:
        return report(error)
    except Exception:
        log.exception("unexpected error for %s", request.url.path)
        return report(ProxyError())


async def _answer(request: Request, path: str) -> Response:
    if path in ("", DOCUMENT):
        service, rest = None, path
    else:
        try:
            service, rest = registry_of(request).match(path)
        except UnknownService as error:
            raise OwsError("InvalidParameterValue", "", error.message, 404) from None
    if rest == "":
        return await _by_pairs(request, service, await pairs_of(request))
    if rest == DOCUMENT:
        # One template: OpenLayers and OWSLib take those that are listed in turn, whatever their format.
        return await _capabilities(request, service, SECTIONS, ("image/png",), _accepted(request))
    assert service is not None
    if match := _LEGEND.fullmatch(rest):
        found = await opened(request, service)
        return await legend_picture(
            request, service, found.service.rendering(match["style"]), (WIDTH, HEIGHT)
        )
    if match := _TILE.fullmatch(rest):
        names = TileNames(match["style"], match["set"], match["matrix"], match["row"], match["col"])
        query = semicolon_pairs(request)
        if match["ext"] is None:
            kind = INFO_EXTENSIONS.get(match["info"].lower(), "")
            return await _feature_info(request, service, names, (match["i"], match["j"]), kind, query)
        extension = match["ext"].lower()
        if extension not in FORMATS:
            raise invalid("format", f"There are no tiles with the ending '{extension[:20]}'.")
        found = await opened(request, service)
        order = tile_request(config_of(request), found, names, FORMATS[extension], query)
        rendered = await renderer_of(request).render(service, order)
        return picture_response(request, rendered, service.config.cache)
    raise OwsError("InvalidParameterValue", "", "There is nothing at this address.", 404)


def _accepted(request: Request) -> str:
    """Media type of the document that the caller takes."""
    ranges = ranges_of(request.headers.get("accept") or "*/*")
    for media_type in (_XML, "text/xml"):
        if welcome(ranges, media_type) > 0:
            return media_type
    raise OwsError("InvalidParameterValue", "Accept", "The document is application/xml.", 406)


async def _by_pairs(request: Request, service: Service | None, pairs: Pairs) -> Response:
    wanted = pairs.text("request").lower()
    if not wanted:
        raise missing("request")
    if not pairs.text("service"):
        raise missing("service")
    if pairs.text("service").upper() != "WMTS":
        raise invalid("service", "The service is WMTS.")
    if wanted == "getcapabilities":
        return await _get_capabilities(request, service, pairs)
    if wanted not in ("gettile", "getfeatureinfo"):
        raise invalid("request", "The requests are GetCapabilities, GetTile and GetFeatureInfo.")
    if not pairs.text("version"):
        raise missing("version")
    if pairs.text("version") != VERSION:
        raise invalid("version", f"The version is {VERSION}.")
    return await _get_tile(request, service, pairs, wanted == "getfeatureinfo")


async def _get_capabilities(request: Request, service: Service | None, pairs: Pairs) -> Response:
    accepted = [part.strip() for part in pairs.text("acceptversions").split(",") if part.strip()]
    if accepted and VERSION not in accepted:
        raise OwsError("VersionNegotiationFailed", "", f"The only version is {VERSION}.")
    sections: tuple[str, ...] = SECTIONS
    if "sections" in pairs:
        asked = [part.strip().lower() for part in pairs["sections"].split(",") if part.strip()]
        known = {name.lower(): name for name in SECTIONS}
        if not asked:
            raise missing("sections")
        if any(name not in known and name != "all" for name in asked):
            raise invalid("sections", f"The sections are All, {', '.join(SECTIONS)}.")
        sections = SECTIONS if "all" in asked else tuple(known[name] for name in asked)
    return await _capabilities(request, service, sections)


async def _capabilities(
    request: Request,
    service: Service | None,
    sections: tuple[str, ...],
    formats: tuple[str, ...] = tuple(TILES_OFFERED),
    media_type: str = _XML,
) -> Response:
    config = config_of(request)
    listed = await usable(request, registry_of(request) if service is None else (service,))
    address = f"{base_url(request)}/wmts"
    if service is not None:
        address = service_address(address, service.name)

    def write() -> bytes:
        return capabilities(config, address, listed, sections, formats)

    kind = " ".join(("wmts", *sections, *formats))
    body = await remembered(request, kind, listed, address, write)
    return Response(body, headers={"Cache-Control": f"max-age={LIFETIME}", "Content-Type": media_type})


async def _get_tile(request: Request, service: Service | None, pairs: Pairs, info: bool) -> Response:
    for name in (*_PARAMETERS, *(("I", "J", "InfoFormat") if info else ())):
        if name not in pairs or (not pairs[name] and name != "style"):
            raise missing(name)
    layer = _layer(request, service, pairs.text("layer"))
    names = TileNames(
        pairs.text("style"),
        pairs.text("TileMatrixSet"),
        pairs.text("TileMatrix"),
        pairs.text("TileRow"),
        pairs.text("TileCol"),
    )
    output = output_format(pairs.text("format"))
    if info:
        place = pairs.text("I"), pairs.text("J")
        return await _feature_info(request, layer, names, place, pairs.text("InfoFormat"), pairs)
    found = await opened(request, layer)
    order = tile_request(config_of(request), found, names, output, pairs)
    rendered = await renderer_of(request).render(layer, order)
    return picture_response(request, rendered, layer.config.cache)


def _layer(request: Request, service: Service | None, name: str) -> Service:
    try:
        found = registry_of(request).get(name)
    except UnknownService:
        found = None
    if found is None or (service is not None and found is not service):
        raise invalid("layer", f"There is no layer '{name[:60]}' here.")
    return found


async def _feature_info(
    request: Request,
    service: Service,
    names: TileNames,
    pixel: tuple[str, str],
    wanted: str,
    query: Pairs,
) -> Response:
    kind = info_format(wanted) if wanted else None
    if kind is None:
        raise invalid("InfoFormat", "The values are not offered in that format.")
    found: Opened = await opened(request, service)
    grid = grid_of(config_of(request), found, names)
    place = place_of(grid, *pixel)
    order = single(orders(service, found.source, grid, FORMATS["png"], names.style, query))
    values = await layer_values(request, found, place, order.selection)
    body = document(place, [values], kind)
    # The media type alone, as it was asked for: tests compare it letter by letter.
    headers = {"Cache-Control": f"max-age={service.config.cache.max_age}", "Content-Type": kind}
    return Response(body, headers=headers)
