"""From a map to a picture: one render of one layer as it is, several composed from the lowest up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from proxy.config import CachingConfig
from proxy.model import EncodeOptions, ImageFormat, RenderRequest
from proxy.ogc.access import opened, renderer_of
from proxy.ogc.compose import composed
from proxy.ogc.order import orders
from proxy.ogc.wms.named_layers import WantedLayer
from proxy.ogc.wms.params import WHITE, MapRequest
from proxy.ogc.wms.symbols import tree
from proxy.ogc.wms.warnings import warnings
from proxy.services import Service
from proxy.web import picture_response

#: Formats that know no transparency.
_OPAQUE = frozenset({ImageFormat.JPEG, ImageFormat.BMP, ImageFormat.PNG24})


@dataclass(frozen=True, slots=True)
class Part:
    """One picture of a map, over those before it. `opacity` 0..1."""

    service: Service
    request: RenderRequest
    opacity: float = 1.0


async def map_response(request: Request, wanted: MapRequest, query: Mapping[str, str]) -> Response:
    """The picture of a map.

    A single opaque part is the very request that tiles and exports make, so that they share what is kept.

    Raises:
        ProxyError: as the parameters and the render find.
    """
    parts = [part for layer in wanted.layers for part in await _parts(request, wanted, layer, query)]
    told = await _told(request, wanted, query)
    if len(parts) == 1 and parts[0].opacity == 1.0:
        part = parts[0]
        rendered = await renderer_of(request).render(part.service, _finished(part.request, wanted))
        return picture_response(request, rendered, part.service.config.cache, headers=told)
    return await _composed(request, wanted, parts, told)


async def _told(request: Request, wanted: MapRequest, query: Mapping[str, str]) -> dict[str, str]:
    """Header for values of dimensions that were drawn without being named."""
    found: dict[str, None] = {}
    for layer in wanted.layers:
        found |= dict.fromkeys(warnings((await opened(request, layer.service)).source, query))
    return {"Warning": ", ".join(found)} if found else {}


async def _parts(
    request: Request, wanted: MapRequest, layer: WantedLayer, query: Mapping[str, str]
) -> list[Part]:
    found = await opened(request, layer.service)
    made = orders(layer.service, found.source, wanted.grid, wanted.format, layer.style, query)
    if layer.own is None:
        return [Part(layer.service, each) for each in made]
    return [
        Part(layer.service, replace(each, rule=tree(symbolizer, found.source.info)), symbolizer.opacity)
        for each in made
        for symbolizer in layer.own.at(wanted.scale)
    ]


def _finished(order: RenderRequest, wanted: MapRequest) -> RenderRequest:
    """With a background where nothing may show through; white below JPEG is what it has anyway."""
    covered = not wanted.transparent or wanted.format in _OPAQUE
    if not covered or not wanted.format.is_display:
        return order
    if wanted.color == WHITE and wanted.format in _OPAQUE:
        return order
    return replace(order, options=replace(order.options, background=wanted.color))


async def _composed(
    request: Request, wanted: MapRequest, parts: Sequence[Part], headers: Mapping[str, str]
) -> Response:
    background = None if wanted.transparent else wanted.color
    layers = [(part.service, part.request) for part in parts]
    options = replace(parts[0].request.options if parts else EncodeOptions(), background=background)
    whole = RenderRequest("", wanted.grid, wanted.format, options=options)
    opacities = [part.opacity for part in parts]
    rendered = await composed(renderer_of(request), whole, layers, opacities)
    return picture_response(request, rendered, _shortest(wanted), lasting=False, headers=headers)


def _shortest(wanted: MapRequest) -> CachingConfig:
    """Lifetimes of the layer that may change first."""
    return min((layer.service.config.cache for layer in wanted.layers), key=lambda cache: cache.max_age)
