"""Routes of the pages for people: the directory, the map of a service, static files."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from proxy.crs import Bounds
from proxy.errors import Denied, NotFound
from proxy.model import DataKind
from proxy.services import Registry, Service
from proxy.viewer import choosing
from proxy.viewer.addresses import Addresses, addresses
from proxy.viewer.facts import Facts
from proxy.viewer.gather import Gatherer
from proxy.viewer.pages import Pages, prefix_of
from proxy.viewer.signing_in import SigningIn
from proxy.viewer.snippets import snippets
from proxy.viewer.static_files import Static
from proxy.web import base_url

#: Longest that a page waits for sources that are still opening: all of the directory, the one of a map,
#: and those that are only offered to lie below it.
DIRECTORY_SECONDS, MAP_SECONDS, BACKGROUND_SECONDS = 2.0, 8.0, 0.5
#: Services offered as a background, at most.
BACKGROUNDS = 24
#: Seconds after which a page asks again for a source that is still opening.
REFRESH = 3


def routes(registry: Registry) -> list[BaseRoute]:
    """The pages for people."""
    static = Static()
    pages = Pages(static.version)
    viewer = Viewer(registry, pages)
    return [
        *SigningIn(pages).routes(),
        Route("/", viewer.directory, methods=["GET"]),
        Route("/view/{service:path}", viewer.view, methods=["GET"]),
        Route("/static/{version}/{path:path}", static.respond, methods=["GET"]),
    ]


class Viewer:
    """Handlers of the pages."""

    def __init__(self, registry: Registry, pages: Pages) -> None:
        self._registry = registry
        self._context = registry.config.server.context
        self._pages = pages
        self._gatherer = Gatherer()

    async def directory(self, request: Request) -> Response:
        """All services, by folder."""
        prefix = prefix_of(request)
        known = await self._gatherer.facts(self._registry, DIRECTORY_SECONDS)
        by_name = {facts.name: (facts, self._links(prefix, facts)) for facts in known}
        folders = [(folder, self._registry.in_folder(folder)) for folder in ("", *self._registry.folders())]
        groups = [(folder, [by_name[s.name] for s in services]) for folder, services in folders if services]
        services_root = Addresses(prefix, self._context, "").arcgis_services
        return self._pages.respond(
            "directory.html", prefix, groups=groups, count=len(known), services_root=services_root
        )

    async def view(self, request: Request) -> Response:
        """The map of a service, or why there is none."""
        prefix = prefix_of(request)
        try:
            service = self._registry.get(request.path_params["service"])
            [facts] = await self._gatherer.facts([service], MAP_SECONDS)
            if facts.info is None:
                refresh = REFRESH if facts.is_opening else None
                return self._pages.respond("unavailable.html", prefix, refresh=refresh, facts=facts)
            # Which renderings there are may depend on the source.
            rendering = service.rendering(request.query_params.get("style")).name
        except NotFound as error:
            return self._pages.respond(
                "message.html", prefix, 404, title="Not found", message=error.message, after=""
            )
        except Denied as error:
            # A token that did not let in is not carried on.
            query = "" if "token" in request.url.query.lower() else request.url.query
            here = f"{prefix}{request.url.path}{query and '?'}{query}"
            return self._pages.respond(
                "message.html",
                prefix,
                error.status,
                title="Not for everybody",
                message=error.message,
                after=here,
            )
        values: dict[str, Any] = {
            "facts": facts,
            "rendering": rendering,
            "links": addresses(prefix, self._context, facts, rendering),
            "snippets": snippets(base_url(request), self._context, facts, rendering),
        }
        if facts.bounds is None:
            return self._pages.respond("plain.html", prefix, **values)
        backgrounds = await self._backgrounds(service, facts.bounds)
        data = map_data(prefix, self._context, facts, rendering, backgrounds)
        data["variables"] = choosing.variables(facts.info)
        data["items"] = await asyncio.to_thread(choosing.items, service, values["links"].image_server)
        return self._pages.respond("map.html", prefix, backgrounds=backgrounds, data=data, **values)

    def _links(self, prefix: str, facts: Facts) -> Addresses:
        return addresses(prefix, self._context, facts)

    async def _backgrounds(self, service: Service, bounds: Bounds) -> list[Facts]:
        others = [other for other in self._registry if other is not service]
        return backgrounds(await self._gatherer.facts(others, BACKGROUND_SECONDS), bounds)


def backgrounds(others: list[Facts], bounds: Bounds) -> list[Facts]:
    """Services that share ground with the bounds, colour images first, then by the area they cover."""
    near = [facts for facts in others if facts.bounds is not None and _overlap(facts.bounds, bounds)]

    def order(facts: Facts) -> tuple[bool, float]:
        assert facts.info is not None
        assert facts.bounds is not None
        west, south, east, north = facts.bounds
        return facts.info.kind is not DataKind.RGB, -(east - west) * (north - south)

    return sorted(near, key=order)[:BACKGROUNDS]


def _overlap(one: Bounds, other: Bounds) -> bool:
    if one[1] >= other[3] or other[1] >= one[3]:
        return False
    # East may lie beyond 180, so the same ground may be written a turn apart.
    return any(one[0] + turn < other[2] and other[0] < one[2] + turn for turn in (-360.0, 0.0, 360.0))


def map_data(prefix: str, context: str, facts: Facts, rendering: str, behind: list[Facts]) -> dict[str, Any]:
    """What the script of the map needs, fit for JSON."""
    by_rendering = {c.name: addresses(prefix, context, facts, c.name) for c in facts.choices}
    return {
        **_layer(addresses(prefix, context, facts), facts),
        "pixelated": facts.info is not None and facts.info.kind is DataKind.THEMATIC,
        "points": addresses(prefix, context, facts).points,
        "rendering": rendering,
        "renderings": {
            name: {"tiles": where.tile(retina="{r}"), "view": where.view}
            for name, where in by_rendering.items()
        },
        "backgrounds": {other.name: _layer(addresses(prefix, context, other), other) for other in behind},
    }


def _layer(where: Addresses, facts: Facts) -> dict[str, Any]:
    return {
        "tiles": where.tile(retina="{r}"),
        "bounds": facts.bounds,
        "maxZoom": facts.zooms[1],
        "attribution": facts.attribution,
    }
