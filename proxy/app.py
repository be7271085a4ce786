"""The application: configuration to an ASGI app with every door."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

from proxy import admin, arcgis, metrics, ogc, viewer, xyz
from proxy.arcgis.rules import rendering_rule
from proxy.config import Config, ConfigError, RenderingConfig, ServiceConfig
from proxy.cors import Cors
from proxy.errors import ProxyError
from proxy.front import health, signals
from proxy.front.observed import Observed, hit_logged
from proxy.front.reload import in_place_of, needs_restart
from proxy.front.spelling import spelled
from proxy.front.state import Running
from proxy.functions.parse import parse as parse_rule
from proxy.functions.tree import Node, Source
from proxy.hits import HitPath
from proxy.open_services import OpenServices
from proxy.render_service import Renderer
from proxy.renderings import Rendering
from proxy.security import Counts, Gate
from proxy.services import Registry, Service
from proxy.threads import DaemonPool
from proxy.upkeep import Upkeep, cancelled
from proxy.web import EXPOSED, plain_error

log = logging.getLogger("proxy")

#: Sources opened at a time when the server starts.
OPENING = 8


class Generation:
    """Everything that goes by one configuration. Requests end with the one that they began with."""

    def __init__(self, config: Config, running: Running, before: Generation | None = None) -> None:
        self.config = config
        self.gate = Gate(config, running.counts)
        known = None if before is None else before.registry
        self.renderer: Renderer = Renderer(config) if before is None else before.renderer
        self.registry: Registry = Registry(config, read_renderings, self.gate, known, self.renderer.notes)
        self.renderer.adopt(config)
        doors = _doors(config, self.registry)
        names = _names(doors)
        routes = [route for door in doors.values() for route in door]
        self.app = Starlette(
            routes=routes,
            middleware=[_cors(config)],
            exception_handlers={ProxyError: _proxy_error, HTTPException: _http_error, Exception: _unexpected},
        )
        self.observed = Observed(self.app, config, names)
        logged = hit_logged if config.server.access_log else None
        self.hits = HitPath(self.renderer.store, config.server.cors_origins, self.observed.door, logged)
        state = self.app.state
        state.config, state.registry, state.renderer = config, self.registry, self.renderer
        state.archives = xyz.Archives(config.credentials)
        state.hits, state.gate, state.running = self.hits, self.gate, running
        state.upkeep = running.upkeep
        state.open_services = OpenServices(config, self.registry.handles, self.gate) if config.open else None


class Application:
    """The doors behind a hit path: a picture that is known by its raw address is sent before routing.

    Args:
        read: the configuration as it is now, for a reload; there is none when absent.
        kept: told of each configuration that was taken over.
        file: looked at for changes.
        counts: of requests and wrong passwords, where workers share them.
    """

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config] | None = None,
        kept: Callable[[Config], None] | None = None,
        file: Path | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.running = Running(lambda: self.state, counts or Counts())
        self._read, self._kept, self._file = read, kept, file
        self._opener = DaemonPool(OPENING, "start")
        self._reloading = asyncio.Lock()
        self._now = Generation(config, self.running)
        self._upkeep = self.running.upkeep = Upkeep(self._services, self._now.renderer.tiers)
        self.state.upkeep = self._upkeep
        self._life = Router(lifespan=self._lifespan)

    @property
    def state(self) -> State:
        """Configuration, registry, renderer and the rest that is in force."""
        return self._now.app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the hit path, else route."""
        if scope["type"] == "lifespan":
            await self._life(scope, receive, send)
            return
        now = self._now
        if scope["type"] != "http":
            await now.app(scope, receive, send)
            return
        send = spelled(send)
        if not await now.hits.answer(scope, send):
            await now.observed.answer(scope, receive, send)

    def _services(self) -> list[Service]:
        opened = self.state.open_services
        return [*self._now.registry.every(), *(() if opened is None else opened.every())]

    def take_over(self, config: Config) -> None:
        """Go by another configuration from the next request on. What has not changed stays open.

        Raises:
            ConfigError: a rendering's rule is wrong; nothing has changed then.
        """
        before = self._now
        after = Generation(config, self.running, before)
        self._now = after
        before.registry.close_all_but(after.registry)
        if names := needs_restart(before.config, config):
            log.warning("in force after a restart only: %s", ", ".join(names))
        self._open_all()

    async def reload(self) -> bool:
        """Read the configuration again. A wrong one is refused, and the one before stays in force."""
        if self._read is None:
            return False
        async with self._reloading:
            try:
                config = in_place_of(await asyncio.to_thread(self._read), self._now.config)
                if self._now.config.services and not (config.services or config.open):
                    # More likely half a file than what is meant.
                    raise ConfigError("services: there are none")
                if config == self._now.config:
                    self.running.config = "ok"
                    return True
                self.take_over(config)
            except Exception as error:
                # Whatever is wrong with it: the requests of those who use the old one come first.
                metrics.reload("refused")
                self.running.config = "refused"
                known = isinstance(error, ConfigError)
                log.error(
                    "configuration refused, the one before stays in force: %s", error, exc_info=not known
                )
                return False
            metrics.reload("ok")
            self.running.config = "ok"
            log.info("configuration taken over: %d services", len(self._now.registry.every()))
            if self._kept is not None:
                await asyncio.to_thread(self._kept, self._now.config)
            return True

    def _open_all(self) -> None:
        if self._now.config.server.open_at_start:
            for service in self._now.registry.every():
                if service.state == "closed":
                    self._opener.submit(_open, service)

    @asynccontextmanager
    async def _lifespan(self, _: Any) -> AsyncIterator[None]:
        server = self._now.config.server
        self._now.renderer.notes.begin()
        self._open_all()
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(health.sampling(self.running))]
        if self._read is not None:
            signals.on_reload(lambda: tasks.append(asyncio.ensure_future(self.reload())))
            if self._file is not None and server.watch:
                tasks.append(asyncio.ensure_future(signals.watching(self._file, self.reload)))
        signals.on_stop(server.drain_seconds, self._drain)
        self._upkeep.start()
        yield
        self._drain()
        await cancelled(tasks)
        await self._upkeep.stop()
        await self._now.renderer.notes.end()
        await self._now.renderer.close(server.shutdown_seconds)

    def _drain(self) -> None:
        self.running.draining = True


def create_app(
    config: Config,
    read: Callable[[], Config] | None = None,
    kept: Callable[[Config], None] | None = None,
    file: Path | None = None,
    counts: Counts | None = None,
) -> Application:
    """The application of a configuration; see `Application`. Nothing is opened before it starts.

    Raises:
        ConfigError: a rendering's rule is wrong.
    """
    return Application(config, read, kept, file, counts)


def _doors(config: Config, registry: Registry) -> Mapping[str, Sequence[BaseRoute]]:
    return {
        "operator": health.routes(config.server.metrics),
        "xyz": xyz.routes(),
        "ogc": ogc.routes(),
        "arcgis": arcgis.routes(config.server.context),
        "admin": admin.routes(),
        "viewer": viewer.routes(registry),
    }


def _names(doors: Mapping[str, Sequence[BaseRoute]]) -> dict[str, str]:
    """Names of doors by the first segments of their paths."""
    found = {}
    for name, routes in doors.items():
        for route in routes:
            first = str(getattr(route, "path", "/{}")).lstrip("/").partition("/")[0].lower()
            plain = first.partition("{")[0]
            if plain == first or plain:
                # The doors of OGC are told apart: wms, wmts, ogc.
                found[plain] = plain if name == "ogc" else name
    return found


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


#: What scripts of other origins may send.
ALLOWED_HEADERS = (
    "Content-Type", "Authorization", "X-Esri-Authorization", "X-API-Key", "X-Requested-With", "X-Request-ID",
    "Range",
)  # fmt: skip


def _cors(config: Config) -> Middleware:
    return Middleware(
        Cors,
        allow_origins=list(config.server.cors_origins),
        allow_methods=["GET", "POST", "HEAD", "OPTIONS"],
        allow_headers=ALLOWED_HEADERS,
        expose_headers=EXPOSED,
        max_age=86400,
    )


async def _proxy_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProxyError)
    return plain_error(error)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(error.detail, error.status_code, error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error for %s", request.url.path, exc_info=error)
    return PlainTextResponse("The request could not be completed.", 500)
