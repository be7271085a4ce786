"""Routes of the tile door. Everything below `/tiles/` starts with the name of a service."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from proxy.crs import WEB_MERCATOR, WGS84, SpatialReference, transform_bounds
from proxy.errors import InvalidParameter, OutsideExtent, ProxyError
from proxy.model import Extent, Grid, ImageFormat
from proxy.open_services import PARAMETER, OpenServices
from proxy.render.point import point_values
from proxy.render_service import Renderer
from proxy.services import Registry, Service
from proxy.web import MISSING, base_url, picture_response, plain_error
from proxy.xyz import tilejson
from proxy.xyz.archives import Archives, archive_for
from proxy.xyz.params import (
    FORMATS,
    Target,
    chosen_items,
    matrix_set_crs,
    render_request,
    target,
    tile_grid,
    whole_number,
)
from proxy.xyz.style_json import style

THUMBNAIL_SIZES = (32, 1024)


def routes() -> list[BaseRoute]:
    """The tile door."""
    return [Route("/tiles/{path:path}", tiles, methods=["GET"])]


async def tiles(request: Request) -> Response:
    """A tile, a TileJSON, a style, a thumbnail, or the values at a point."""
    try:
        service, rest = _service(request)
        wanted = target(rest)
        await _renderer(request).opened(service)
        return await _HANDLERS[wanted.kind](request, service, wanted)
    except ProxyError as error:
        return plain_error(error)


def _service(request: Request) -> tuple[Service, str]:
    """The service that a path begins with, and the rest of the path."""
    path = request.path_params["path"]
    opened: OpenServices | None = request.app.state.open_services
    if opened is not None and (rest := opened.rest_of(path)) is not None:
        return opened.service(request.query_params.get(PARAMETER)), rest
    registry: Registry = request.app.state.registry
    return registry.match(path)


def _renderer(request: Request) -> Renderer:
    renderer: Renderer = request.app.state.renderer
    return renderer


async def _tile(request: Request, service: Service, wanted: Target) -> Response:
    assert wanted.tile is not None
    grid = tile_grid(wanted.tile)
    if service.config.empty_tile == 204 and not _touches(service, grid, wanted.tms):
        return Response(status_code=204, headers={"Cache-Control": f"max-age={service.config.cache.max_age}"})
    query = request.query_params
    if service.config.archives and archive_for(service, wanted.tile, wanted.style, query):
        archives: Archives = request.app.state.archives
        ready = await _renderer(request).call(archives.tile, service, wanted.tile, wanted.style, query)
        if ready is not None:
            return picture_response(request, ready, service.config.cache, lasting=False)
    order = render_request(service, grid, wanted.tile.format, wanted.style, query)
    rendered = await _renderer(request).render(service, order)
    return picture_response(request, rendered, service.config.cache)


def _touches(service: Service, grid: Grid, tms: str) -> bool:
    info, crs = service.info, matrix_set_crs(tms)
    bounds = info.geographic_bounds
    try:
        if bounds is not None and (bounds[0] < -180 or bounds[2] > 180):
            return _touches_a_turn_away(grid.extent, crs, Extent(*bounds))
        return grid.extent.intersects(Extent(*transform_bounds(info.extent.as_tuple(), info.crs, crs)))
    except ProxyError:
        return True


def _touches_a_turn_away(tile: Extent, crs: SpatialReference, data: Extent) -> bool:
    """For data across the antimeridian: the same ground may be written a turn apart."""
    if not (crs.is_geographic or crs == WEB_MERCATOR):
        return True
    west, south, east, north = transform_bounds(tile.as_tuple(), crs, WGS84)
    return any(
        Extent(west + turn, south, east + turn, north).intersects(data) for turn in (-360.0, 0.0, 360.0)
    )


async def _tilejson(request: Request, service: Service, wanted: Target) -> Response:
    return _described(service, _tilejson_of(request, service, wanted))


async def _style(request: Request, service: Service, wanted: Target) -> Response:
    """A style for MapLibre over the tiles that the TileJSON of the same query describes."""
    found = _tilejson_of(request, service, wanted)
    return _described(service, style(service, service.title, found["tiles"], found.get("encoding", "")))


def _tilejson_of(request: Request, service: Service, wanted: Target) -> dict[str, Any]:
    query = request.query_params
    extension = (query.get("format") or "png").lower()
    if extension not in FORMATS:
        raise InvalidParameter("format", "It is the ending of a tile, such as png.")
    # What no tile would be drawn with is said here already.
    render_request(service, whole(service, THUMBNAIL_SIZES[0]), FORMATS[extension], wanted.style, query)
    return tilejson.document(base_url(request), service, wanted.style, wanted.tms, query, extension)


def _described(service: Service, document: dict[str, Any]) -> Response:
    lifetime = min(60, service.config.cache.max_age)
    return JSONResponse(document, headers={"Cache-Control": f"max-age={lifetime}"})


async def _point(request: Request, service: Service, wanted: Target) -> Response:
    assert wanted.lonlat is not None
    source = await _renderer(request).opened(service)
    chosen = chosen_items(service, request.query_params)
    context = _renderer(request).context(service, chosen)
    shown = source.at(chosen)
    found = await _renderer(request).call(point_values, shown, wanted.lonlat, WGS84, context, service=service)
    if found is None:
        raise OutsideExtent("There are no data at that place.")
    body: dict[str, Any] = {
        "coordinates": list(wanted.lonlat),
        "bands": list(shown.info.band_names),
        "values": found,
    }
    if source.info.is_mosaic:
        body["items"] = [{"id": item, "name": name} for item, name in context.used.items()]
    headers = {"Cache-Control": f"max-age={service.config.cache.max_age}"}
    if context.missing:
        headers = {"Cache-Control": "no-store", MISSING: str(len(context.missing))}
    return JSONResponse(body, headers=headers)


async def _thumbnail(request: Request, service: Service, wanted: Target) -> Response:
    low, high = THUMBNAIL_SIZES
    wanted_size = whole_number(request.query_params.get("size", ""))
    size = 256 if wanted_size is None else max(low, min(high, wanted_size))
    order = render_request(service, whole(service, size), ImageFormat.PNG, wanted.style, request.query_params)
    rendered = await _renderer(request).render(service, order)
    return picture_response(request, rendered, service.config.cache)


def whole(service: Service, size: int) -> Grid:
    """The whole service, at most `size` pixels a side: in Web Mercator where it can be, else its own CRS."""
    info = service.info
    crs, extent = info.crs, info.extent
    bounds = info.geographic_bounds
    if bounds is not None and bounds[2] - bounds[0] < 350 and bounds[1] > -80 and bounds[3] < 84:
        try:
            x0, y0, x1, y1 = transform_bounds(bounds, WGS84, WEB_MERCATOR)
            crs, extent = WEB_MERCATOR, Extent(x0, y0, x1, y1)
        except ProxyError:
            pass
    longer = max(extent.width, extent.height)
    width = max(1, math.ceil(size * extent.width / longer))
    return Grid(crs, extent, width, max(1, math.ceil(size * extent.height / longer)))


_HANDLERS: dict[str, Callable[[Request, Service, Target], Awaitable[Response]]] = {
    "tile": _tile,
    "tilejson": _tilejson,
    "style": _style,
    "point": _point,
    "thumbnail": _thumbnail,
}
