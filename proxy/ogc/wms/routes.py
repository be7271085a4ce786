"""Routes of WMS: `/wms` for all services, `/wms/{service}` for one.

Programs written for image services look at `/arcgis/services/{service}/ImageServer/WMSServer`, and for a
layer of each style there, named `service:style`.
"""

from __future__ import annotations

import logging
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from proxy.errors import ProxyError, UnknownService
from proxy.ogc.access import (
    LIFETIME,
    any_method,
    check_method,
    config_of,
    layer_values,
    legend_picture,
    opened,
    registry_of,
    remembered,
    route_below,
    usable,
)
from proxy.ogc.dimensions import selections
from proxy.ogc.kvp import Pairs, pairs_of
from proxy.ogc.values import document, info_format, media_type_of
from proxy.ogc.wms.capabilities import MEDIA_TYPES, capabilities
from proxy.ogc.wms.draw import map_response
from proxy.ogc.wms.errors import Manner, WmsError, exception, missing
from proxy.ogc.wms.named_layers import legend_layer, queried
from proxy.ogc.wms.params import (
    MapRequest,
    check_layers,
    legend_size,
    manner_of,
    map_request,
    place_of,
)
from proxy.ogc.wms.versions import Version, asked, negotiated
from proxy.services import Service
from proxy.web import base_url

log = logging.getLogger(__name__)

#: Old names of requests.
_ALIASES = {"capabilities": "getcapabilities", "map": "getmap", "feature_info": "getfeatureinfo"}


def routes() -> list[BaseRoute]:
    """WMS."""
    return [
        route_below("wms", respond),
        any_method(Route("/{context}/services/{path:path}/ImageServer/WMSServer", respond)),
    ]


async def respond(request: Request) -> Response:
    """Any request to WMS; every error is a service exception."""
    manner = Manner(Version.V130)
    try:
        service = _service(request)
        pairs = await pairs_of(request)
        manner = manner_of(pairs, negotiated(asked(pairs)))
        check_method(request)
        return await _answer(request, service, pairs, manner.version)
    except ProxyError as error:
        return exception(error, manner)
    except Exception:
        log.exception("unexpected error for %s", request.url.path)
        return exception(ProxyError(), manner)


def _service(request: Request) -> Service | None:
    path = request.path_params.get("path", "").strip("/")
    if request.path_params.get("context", _context(request)) != _context(request):
        raise UnknownService(path)
    if not path:
        return None
    service, rest = registry_of(request).match(path)
    if rest:
        raise UnknownService(path)
    return service


async def _answer(request: Request, service: Service | None, pairs: Pairs, version: Version) -> Response:
    wanted = pairs.text("request").lower()
    wanted = _ALIASES.get(wanted, wanted)
    if not wanted:
        raise missing("request")
    if pairs.text("service") and pairs.text("service").upper() != "WMS":
        raise WmsError("The service is WMS.", "", "service")
    if wanted == "getcapabilities":
        if not pairs.text("service") and not pairs.text("wmtver"):
            raise missing("service")
        return await _capabilities(request, service, version)
    if wanted == "getlegendgraphic":
        return await _legend(request, service, pairs)
    if wanted not in ("getmap", "getfeatureinfo"):
        raise WmsError("That request is not offered.", "OperationNotSupported", "request")
    if not asked(pairs):
        raise missing("version")
    config, registry = config_of(request), registry_of(request)
    found = map_request(pairs, version, config, registry, service)
    for layer in found.layers:
        await opened(request, layer.service)
    check_layers(found, version)
    if wanted == "getmap":
        return await map_response(request, found, pairs)
    return await _feature_info(request, service, pairs, version, found)


async def _capabilities(request: Request, service: Service | None, version: Version) -> Response:
    config = config_of(request)
    listed = await usable(request, registry_of(request) if service is None else (service,))
    by_style = "context" in request.path_params
    address = f"{base_url(request)}{_path(request, service)}"

    def write() -> bytes:
        return capabilities(config, address, listed, version, by_style=by_style)

    body = await remembered(request, f"wms {version}", listed, address, write)
    headers = {"Cache-Control": f"max-age={LIFETIME}"}
    return Response(body, headers=headers | {"Content-Type": MEDIA_TYPES[version]})


def _context(request: Request) -> str:
    return config_of(request).server.context


def _path(request: Request, service: Service | None) -> str:
    """Path of this endpoint, with the name of the service as it is written."""
    if service is None:
        return "/wms"
    name = quote(service.name)
    if "context" in request.path_params:
        return f"/{_context(request)}/services/{name}/ImageServer/WMSServer"
    return f"/wms/{name}"


async def _feature_info(
    request: Request, service: Service | None, pairs: Pairs, version: Version, wanted: MapRequest
) -> Response:
    kind = info_format(pairs.text("info_format"))
    if kind is None:
        raise WmsError("The values are not offered in that format.", "InvalidFormat", "info_format")
    layers = queried(pairs, [layer.service for layer in wanted.layers], registry_of(request), service)
    place = place_of(pairs, version, wanted)
    values = []
    for each in layers:
        found = await opened(request, each)
        # The slice that lies on top.
        selection = selections(found.source, pairs)[-1]
        values.append(await layer_values(request, found, place, selection))
    return Response(document(place, values, kind), headers={"Content-Type": media_type_of(kind)})


async def _legend(request: Request, service: Service | None, pairs: Pairs) -> Response:
    layer, style = legend_layer(pairs, registry_of(request), service)
    size, background = legend_size(pairs)
    found = await opened(request, layer)
    return await legend_picture(request, layer, found.service.rendering(style), size, background)
