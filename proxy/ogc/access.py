"""What the OGC doors share on their way from a request to a service."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from proxy.config import Config
from proxy.errors import NotAllowed, ProxyError
from proxy.legends import Legend, legend_of
from proxy.ogc.legend import legend_png, natural_size
from proxy.ogc.values import LayerValues, Place, named
from proxy.render.context import ReadContext
from proxy.render.point import point_values
from proxy.render_service import Renderer
from proxy.renderings import Rendering
from proxy.selection import Selection
from proxy.services import Registry, Service
from proxy.sources.base import Source

log = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST")
#: Documents kept, and seconds that others may keep them.
DOCUMENTS, LIFETIME = 32, 60


@dataclass(frozen=True, slots=True)
class Opened:
    """A service and its source, open."""

    service: Service
    source: Source


def route_below(prefix: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """A route for `/{prefix}` and everything below it, line breaks in the path included."""
    route = any_method(Route(f"/{prefix}{{path:path}}", endpoint))
    route.path_regex = re.compile(rf"^/{re.escape(prefix)}(?P<path>(?:/.*)?)$", re.DOTALL)
    return route


def any_method(route: Route) -> Route:
    """Let a route take every method, so that its endpoint can refuse in its own words."""
    route.methods = None
    return route


def check_method(request: Request) -> None:
    """Refuse what is neither GET, HEAD nor POST.

    Raises:
        NotAllowed: it is another method.
    """
    if request.method not in METHODS:
        raise NotAllowed(METHODS)


def registry_of(request: Request) -> Registry:
    """All services."""
    registry: Registry = request.app.state.registry
    return registry


def renderer_of(request: Request) -> Renderer:
    """The renderer of all doors."""
    renderer: Renderer = request.app.state.renderer
    return renderer


def config_of(request: Request) -> Config:
    """The configuration."""
    config: Config = request.app.state.config
    return config


async def opened(request: Request, service: Service) -> Opened:
    """A service with its source.

    Raises:
        CannotOpen: it cannot be used.
        DeadlinePassed: it takes too long.
    """
    return Opened(service, await renderer_of(request).opened(service))


async def usable(request: Request, services: Iterable[Service]) -> list[Opened]:
    """Those services whose sources can be opened, in their order; documents list no others."""

    async def attempt(service: Service) -> Opened | None:
        try:
            return await opened(request, service)
        except ProxyError as error:
            log.info("service %s is left out of a document: %s", service.name, error.message)
            return None

    found = await asyncio.gather(*(attempt(service) for service in services))
    return [each for each in found if each is not None]


async def remembered(
    request: Request, kind: str, listed: Sequence[Opened], base: str, write: Callable[[], bytes]
) -> bytes:
    """A document about services, written once for each state of their sources."""
    state = request.app.state
    if not hasattr(state, "ogc_documents"):
        state.ogc_documents = LRUCache(DOCUMENTS)
    known: LRUCache[object, bytes] = state.ogc_documents
    key = (kind, base, tuple((each.service.name, each.source.info.version) for each in listed))
    body = known.get(key)
    if body is None:
        body = known[key] = await renderer_of(request).call(write)
    return body


async def layer_values(request: Request, found: Opened, place: Place, selection: Selection) -> LayerValues:
    """The stored values of a service at a place."""
    service, source = found.service, found.source
    selection = source.normalised(selection)
    context = ReadContext(service.source_pixels, selection)
    where = place.x, place.y
    values = await renderer_of(request).call(point_values, source.at(selection), where, place.crs, context)
    return LayerValues(service.name, service.title, named(source.info.band_names, values))


async def legend_picture(
    request: Request,
    service: Service,
    rendering: Rendering,
    size: tuple[int | None, int | None],
    background: tuple[int, int, int] | None = (255, 255, 255),
) -> Response:
    """The legend of a rendering as PNG; what is not said of its size is found out.

    Raises:
        ImageTooLarge: it is to be larger than legends are.
        ProxyError: the source cannot be read.
    """

    def work() -> bytes:
        legend: Legend = legend_of(service, rendering.rule)
        width, height = natural_size(legend)
        return legend_png(legend, size[0] or width, size[1] or height, background)

    body = await renderer_of(request).call(work)
    headers = {"Cache-Control": f"public, max-age={service.config.cache.max_age}"}
    return Response(body, media_type="image/png", headers=headers)
