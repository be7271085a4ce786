"""`/healthz`, `/readyz`, `/metrics`: what operators and their machines ask for."""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from proxy import __version__, metrics
from proxy.errors import ProxyError
from proxy.front.state import Running
from proxy.render_service import Renderer
from proxy.security import Gate
from proxy.services import Registry
from proxy.sources.blocks.cache import shared_cache
from proxy.web import plain_error

#: Seconds between looks at what only changes slowly: memory, open files, the queue.
SAMPLE_SECONDS = 5.0

_NO_STORE = {"Cache-Control": "no-store"}


def routes(with_metrics: bool) -> list[BaseRoute]:
    """What operators ask for."""
    found = [Route("/healthz", alive, methods=["GET"]), Route("/readyz", ready, methods=["GET"])]
    if with_metrics:
        found.append(Route("/metrics", numbers, methods=["GET"]))
    return list(found)


async def alive(_: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok", "version": __version__}, headers=_NO_STORE)


async def ready(request: Request) -> Response:
    """200 when every source is open or known to fail and the server is not about to stop; else 503."""
    state = request.app.state
    registry: Registry = state.registry
    running: Running = state.running
    renderer: Renderer = state.renderer
    by_state = Counter(service.state for service in registry.every())
    opening = by_state["closed"] if state.config.server.open_at_start else 0
    is_ready = not (opening or running.draining)
    body = {
        "ready": is_ready,
        "draining": running.draining,
        "services": {"ready": by_state["ready"], "opening": opening, "failed": by_state["failed"]},
        # Those that the caller may see.
        "failed": [service.name for service in registry if service.state == "failed"],
        "stale": [service.name for service in registry if service.is_lost],
        "queue": {"waiting": renderer.pool.waiting, "running": renderer.pool.running},
        "config": running.config,
        "version": __version__,
    }
    return JSONResponse(body, 200 if is_ready else 503, headers=_NO_STORE)


async def numbers(request: Request) -> Response:
    """Everything that is counted, for Prometheus."""
    gate: Gate = request.app.state.gate
    try:
        gate.require(request.app.state.config.security.metrics)
    except ProxyError as error:
        return plain_error(error)
    sample(request.app.state.registry, request.app.state.renderer)
    text = await run_in_threadpool(metrics.exposition)
    return Response(text, headers={"Content-Type": metrics.CONTENT_TYPE} | _NO_STORE)


def sample(registry: Registry, renderer: Renderer) -> None:
    """Set the gauges of this process."""
    by_state = Counter(service.state for service in registry.every())
    metrics.gauge("services_ready", by_state["ready"])
    metrics.gauge("services_failed", by_state["failed"])
    metrics.gauge("services_stale", sum(service.is_lost for service in registry.every()))
    metrics.gauge("queue_length", renderer.pool.waiting)
    metrics.gauge("renders_running", renderer.pool.running)
    metrics.gauge("open_files", len(registry.handles))
    metrics.gauge("block_cache_bytes", shared_cache().counters.bytes)
    metrics.cache_held("memory", renderer.store.bytes)
    metrics.sample_process()


async def sampling(running: Running) -> None:
    """Set the gauges every few seconds, so that each worker has its own, whichever is asked."""
    while True:
        state = running.state()
        sample(state.registry, state.renderer)
        await asyncio.sleep(SAMPLE_SECONDS)
