"""The application: configuration to an ASGI app with every door."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from proxy import __version__, admin, arcgis, viewer, xyz
from proxy.arcgis.rules import rendering_rule
from proxy.config import Config, ConfigError, RenderingConfig, ServiceConfig
from proxy.cors import Cors
from proxy.errors import ProxyError
from proxy.functions.parse import parse as parse_rule
from proxy.functions.tree import Node, Source
from proxy.hits import HitPath
from proxy.render_service import Renderer
from proxy.renderings import Rendering
from proxy.services import Registry, Service
from proxy.threads import DaemonPool
from proxy.upkeep import Upkeep
from proxy.web import plain_error

log = logging.getLogger("proxy")

#: Sources opened at a time when the server starts.
OPENING = 8


class Application(Starlette):
    """Starlette behind a hit path: a picture that is known by its raw address is sent before routing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the hit path, else route."""
        if not await self.state.hits.answer(scope, send):
            await super().__call__(scope, receive, send)


def create_app(config: Config) -> Application:
    """The application of a configuration. Nothing is opened before it starts.

    Raises:
        ConfigError: a rendering's rule is wrong.
    """
    registry = Registry(config, read_renderings)
    renderer = Renderer(config)
    upkeep = Upkeep(lambda: registry, renderer.tiers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        opener = DaemonPool(OPENING, "start")
        for service in registry if config.server.open_at_start else ():
            opener.submit(_open, service)
        upkeep.start()
        yield
        await upkeep.stop()
        await renderer.close()

    app = Application(
        routes=[
            Route("/healthz", _health, methods=["GET"]),
            *xyz.routes(),
            *arcgis.routes(config.server.context),
            *admin.routes(),
            *viewer.routes(registry),
        ],
        middleware=[_cors(config)],
        exception_handlers={ProxyError: _proxy_error, HTTPException: _http_error, Exception: _unexpected},
        lifespan=lifespan,
    )
    app.state.config = config
    app.state.registry = registry
    app.state.renderer = renderer
    app.state.archives = xyz.Archives(config.credentials)
    app.state.upkeep = upkeep
    app.state.hits = HitPath(renderer.store, config.server.cors_origins)
    return app


def read_renderings(service: ServiceConfig) -> tuple[Rendering, ...]:
    """Renderings of a service. A rule may name those before it.

    Raises:
        ConfigError: with the place of the fault.
    """
    known: dict[str, Node] = {}
    found = []
    for rendering in service.renderings:
        try:
            rule = _rule(rendering, known)
        except ProxyError as error:
            where = f"services.{service.name}.renderings.{rendering.name}.rule"
            raise ConfigError(f"{where}: {error.message}") from error
        known[rendering.name] = rule
        title = rendering.title or rendering.name.replace("_", " ")
        found.append(Rendering(rendering.name, title, rendering.description, rule))
    return tuple(found)


def _rule(rendering: RenderingConfig, known: dict[str, Node]) -> Node:
    if rendering.rule is None:
        return Source()
    if isinstance(rendering.rule, dict) and "rasterFunction" in rendering.rule:
        return rendering_rule(rendering.rule, known)
    return parse_rule(rendering.rule, known)


def _open(service: Service) -> None:
    failure = service.failure
    if failure is None:
        info = service.info
        size = f"{info.width} x {info.height}, {info.band_count} bands {info.pixel_type}, {info.crs}"
        log.info("service %s: %s", service.name, size)


def _cors(config: Config) -> Middleware:
    return Middleware(
        Cors,
        allow_origins=list(config.server.cors_origins),
        allow_methods=["GET", "POST", "HEAD", "OPTIONS"],
        allow_headers=["Content-Type", "Authorization", "X-Esri-Authorization", "X-Requested-With", "Range"],
        expose_headers=["ETag", "Content-Range", "Cache-Status"],
        max_age=86400,
    )


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok", "version": __version__})


async def _proxy_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProxyError)
    return plain_error(error)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(error.detail, error.status_code, error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error for %s", request.url.path, exc_info=error)
    return PlainTextResponse("The request could not be completed.", 500)
