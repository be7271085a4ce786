"""Addresses of the API and what answers there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from proxy.errors import NotFound
from proxy.ogc.access import config_of, legend_picture, registry_of, renderer_of
from proxy.ogc.api import collections, conformance, landing, openapi, styles, tile_matrix_sets, tilesets
from proxy.ogc.api.formats import PNG
from proxy.ogc.api.maps import map_response
from proxy.ogc.api.negotiation import HTML, JSON, MAPLIBRE, OPENAPI, TILEJSON, Representation, negotiated
from proxy.ogc.api.pages import ApiPages
from proxy.ogc.api.query import single
from proxy.ogc.api.resource import Resource
from proxy.ogc.api.styles import STYLE_FORMS
from proxy.ogc.api.subject import Subject, of_collection, of_dataset
from proxy.ogc.api.tiles import tile_response
from proxy.ogc.api.values import pixels
from proxy.web import base_url
from proxy.xyz.params import matrix_set

ROOT = "/ogc"
#: Documents change when services do; a look at them costs little.
LIFETIME = {"Cache-Control": "no-cache", "Vary": "Accept"}
FORMS = (JSON, HTML)
API_FORMS = (OPENAPI, HTML)

Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """The API below `/ogc`, and its documentation at `/docs`."""
    door = Door()
    one = "/collections/{collection}"
    table: list[tuple[str, Handler]] = [
        ("", door.landing),
        ("/", door.landing),
        ("/conformance", door.conformance),
        ("/api", door.api),
        ("/collections", door.collections),
        (one, door.collection),
        ("/tileMatrixSets", door.matrix_sets),
        ("/tileMatrixSets/{tms}", door.matrix_set),
        (f"{one}/styles", door.styles),
        (f"{one}/styles/{{style}}", door.style),
        (f"{one}/styles/{{style}}/metadata", door.style_metadata),
        (f"{one}/styles/{{style}}/legend", door.legend),
    ]
    for origin in ("", one, f"{one}/styles/{{style}}"):
        table += [
            (f"{origin}/map", door.map),
            (f"{origin}/map/tiles", door.tilesets),
            (f"{origin}/map/tiles/{{tms}}", door.tileset),
            (f"{origin}/map/tiles/{{tms}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", door.tile),
        ]
    found: list[BaseRoute] = [Route(ROOT + path, Resource(handler)) for path, handler in table]
    rest = Route(ROOT + "/{path:path}", Resource(door.nothing))
    # Line breaks included.
    rest.path_regex = re.compile(rf"^{ROOT}/(?P<path>.*)$", re.DOTALL)
    return [*found, rest, Route("/docs", Resource(door.documentation))]


class Door:
    """Handlers: each finds what its address names, and sends the representation that is wanted."""

    def __init__(self) -> None:
        self._pages = ApiPages()

    async def landing(self, request: Request) -> Response:
        """The root."""
        form = _form(request)
        services = await collections.all_collections(registry_of(request), renderer_of(request))
        document = landing.document(_base(request), registry_of(request).config.ogc, services, form)
        return self._answer(request, form, document, "landing.html", services=services)

    async def conformance(self, request: Request) -> Response:
        """Conformance classes."""
        form = _form(request)
        return self._answer(request, form, conformance.document(_base(request), form), "conformance.html")

    async def api(self, request: Request) -> Response:
        """The OpenAPI document, or its documentation."""
        form = _form(request, API_FORMS)
        document = await self._described(request)
        if form is HTML:
            return self._pages.page(request, "openapi.html", document, operations=openapi.outline(document))
        return JSONResponse(document, headers=LIFETIME, media_type=OPENAPI.media_type)

    async def documentation(self, request: Request) -> Response:
        """The documentation of the API, at an address that people guess."""
        document = await self._described(request)
        return self._pages.page(request, "openapi.html", document, operations=openapi.outline(document))

    async def collections(self, request: Request) -> Response:
        """All collections."""
        form = _form(request)
        services = await collections.all_collections(registry_of(request), renderer_of(request))
        document = collections.list_document(_base(request), services, form)
        return self._answer(request, form, document, "collections.html", services=services)

    async def collection(self, request: Request) -> Response:
        """One collection."""
        form = _form(request)
        subject = await self._subject(request)
        document = collections.document(_base(request), subject.service, form)
        return self._answer(request, form, document, "collection.html", subject=subject)

    async def matrix_sets(self, request: Request) -> Response:
        """All tile matrix sets."""
        form = _form(request)
        document = tile_matrix_sets.list_document(_base(request), config_of(request), form)
        return self._answer(request, form, document, "tile_matrix_sets.html")

    async def matrix_set(self, request: Request) -> Response:
        """One tile matrix set."""
        form = _form(request)
        document = tile_matrix_sets.document(_base(request), matrix_set(request.path_params["tms"]), form)
        return self._answer(request, form, document, "tile_matrix_set.html")

    async def styles(self, request: Request) -> Response:
        """Styles of a collection."""
        form = _form(request)
        subject = await self._subject(request)
        document = styles.list_document(_base(request), subject.service, form)
        return self._answer(request, form, document, "styles.html", subject=subject)

    async def style(self, request: Request) -> Response:
        """One style, also for MapLibre."""
        form = _form(request, STYLE_FORMS)
        subject = await self._subject(request)
        if form is MAPLIBRE:
            return JSONResponse(styles.maplibre(subject), headers=LIFETIME, media_type=MAPLIBRE.media_type)
        document = styles.document(subject, form)
        return self._answer(request, form, document, "style.html", subject=subject)

    async def style_metadata(self, request: Request) -> Response:
        """Metadata of a style."""
        _form(request, (JSON,))
        document = styles.document(await self._subject(request))
        return JSONResponse(document, headers=LIFETIME)

    async def legend(self, request: Request) -> Response:
        """Legend of a style as PNG."""
        query = single(request)
        _form(request, (PNG,))
        subject = await self._subject(request)
        size = pixels(query.get("width", ""), "width"), pixels(query.get("height", ""), "height")
        service = subject.service
        return await legend_picture(request, service, service.rendering(subject.style), size)

    async def map(self, request: Request) -> Response:
        """A map. What has no time of its own stands for all the times of the dataset."""
        subject = await self._subject(request)

        async def all_times() -> str | None:
            services = await collections.all_collections(registry_of(request), renderer_of(request))
            times = landing.dataset_times(services)
            return times and "/".join(dict.fromkeys(times))

        return await map_response(request, subject, all_times if subject.is_dataset else None)

    async def tilesets(self, request: Request) -> Response:
        """Tilesets of a map."""
        form = _form(request)
        subject = await self._subject(request)
        document = tilesets.list_document(_base(request), subject, form)
        return self._answer(request, form, document, "tilesets.html", subject=subject)

    async def tileset(self, request: Request) -> Response:
        """One tileset, also as TileJSON."""
        found = tilesets.tileset(await self._subject(request), request.path_params["tms"])
        form = _form(request, found.forms)
        if form is TILEJSON:
            body = tilesets.tilejson_document(found)
            return JSONResponse(body, headers=LIFETIME, media_type=TILEJSON.media_type)
        document = tilesets.document(_base(request), found, form)
        return self._answer(request, form, document, "tileset.html", subject=found.subject, tileset=found)

    async def tile(self, request: Request) -> Response:
        """A tile."""
        found = tilesets.tileset(await self._subject(request), request.path_params["tms"])
        return await tile_response(request, found)

    async def nothing(self, request: Request) -> Response:
        """Any other address."""
        raise NotFound(f"There is nothing at '{request.url.path[:80]}'.")

    async def _subject(self, request: Request) -> Subject:
        base, renderer, path = _base(request), renderer_of(request), request.path_params
        if (identifier := path.get("collection")) is not None:
            return await of_collection(base, registry_of(request), renderer, identifier, path.get("style"))
        return await of_dataset(base, registry_of(request), renderer, single(request).get("collections", ""))

    async def _described(self, request: Request) -> dict[str, Any]:
        registry = registry_of(request)
        services = await collections.all_collections(registry, renderer_of(request))
        return openapi.document(_base(request), registry.config.ogc, services)

    def _answer(
        self, request: Request, form: Representation, document: dict[str, Any], template: str, **values: Any
    ) -> Response:
        if form is HTML:
            return self._pages.page(request, template, document, **values)
        return JSONResponse(document, headers=LIFETIME)


def _form(request: Request, offered: Sequence[Representation] = FORMS) -> Representation:
    return negotiated(offered, single(request).get("f"), request.headers.get("accept"))


def _base(request: Request) -> str:
    return base_url(request) + ROOT
