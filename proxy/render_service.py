"""From a request to a picture: cache, one flight for each key, a bounded and fair pool, a deadline."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from proxy import metrics, tracing
from proxy.cache.building import notes_of, tiers_of
from proxy.cache.flight import SingleFlight
from proxy.cache.keys import key_of
from proxy.cache.tiers import Found
from proxy.config import Config
from proxy.errors import DeadlinePassed, ProxyError, QueueFull, SourceFailed
from proxy.model import Picture, RenderRequest
from proxy.queueing import FairPool
from proxy.render.context import Abandoned, ReadContext
from proxy.render.pipeline import render_picture
from proxy.selection import Selection
from proxy.services import Service
from proxy.sources.base import Source
from proxy.sources.blocks.places import SourceChanged
from proxy.threads import DaemonPool
from proxy.web import Rendered

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Sources that are opened at a time, those that hang among them.
OPENERS = 32
#: Times that a picture is begun because its source was replaced meanwhile.
ATTEMPTS = 4


class Renderer:
    """Renders for all doors. Used on one event loop; the work itself runs in threads."""

    def __init__(self, config: Config) -> None:
        self._config = config.render
        self.pool = FairPool(config.render.threads or len(os.sched_getaffinity(0)), config.render.queue)
        self._openers = DaemonPool(OPENERS, "open")
        self._opening: dict[str, Future[Source]] = {}
        self.tiers = tiers_of(config, _listen)
        self.store = self.tiers.store
        self.notes = notes_of(config, "source", self.tiers)
        self.flight: SingleFlight[Found] = SingleFlight()

    def adopt(self, config: Config) -> None:
        """Go by another configuration, as far as that is possible while it works."""
        self._config = config.render
        self.pool.room = config.render.queue

    async def render(self, service: Service, request: RenderRequest) -> Rendered:
        """The picture of a request, from the cache where it is known.

        Raises:
            QueueFull: too many renders are waiting.
            DeadlinePassed: it took too long.
            ProxyError: whatever the render itself found wrong.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._rendered(service, request)
            except SourceChanged:
                continue
        return await self._rendered(service, request)

    async def _rendered(self, service: Service, request: RenderRequest) -> Rendered:
        source = await self.opened(service)
        version = source.info.version
        # What is written in two ways and means the same is one picture.
        request = dataclasses.replace(request, selection=source.normalised(request.selection))
        stamp, epoch = self.tiers.purges.stamp, self.tiers.epoch_of(service.name, request.grid)
        key = key_of(version, request, settings=service.pixels, epoch=epoch)

        def current() -> bool:
            return stamp == self.tiers.purges.stamp and service.is_at(version)

        picture = self.store.get(key)
        metrics.cache_look("memory", "miss" if picture is None else "hit")
        if picture is not None:
            return Rendered(picture, key, "hit", current, service.is_lost, service.checked)
        joined = key in self.flight
        metrics.flight("joined" if joined else "led")

        abandoned = threading.Event()

        async def work() -> Picture:
            return await self._made(service, source, request, abandoned)

        try:
            flight = self.flight.do(key, lambda: self.tiers.obtain(key, work), abandoned.set)
            found = await asyncio.wait_for(flight, self._config.seconds)
        except TimeoutError:
            metrics.render(service.label, "deadline")
            raise DeadlinePassed(self._config.seconds) from None
        status = "joined" if joined else found.tier or "miss"
        return Rendered(found.picture, key, status, current, service.is_lost, service.checked)

    async def _made(
        self, service: Service, source: Source, request: RenderRequest, abandoned: threading.Event
    ) -> Picture:
        context = self.context(service, request.selection)
        context.abandoned = abandoned
        outcome = "ok"
        queued = time.perf_counter()
        try:
            made = await self.call(render_picture, service, source, request, context, service=service)
        except BaseException as error:
            outcome = _outcome(error)
            if isinstance(error, SourceFailed):
                metrics.source_failed(service.label, "read")
            raise
        finally:
            metrics.render(service.label, outcome)
            for name, begin, end in context.stages:
                metrics.stage(name, end - begin)
            tracing.stages(queued, context.stages)
        if made.missing:
            metrics.items_missing(service.label, made.missing)
        return made

    def context(self, service: Service, selection: Selection) -> ReadContext:
        """Limits of a reading that begins now."""
        seconds = self._config.seconds
        deadline = time.monotonic() + seconds
        return ReadContext(service.source_pixels, selection, deadline=deadline, seconds=seconds)

    async def opened(self, service: Service) -> Source:
        """The open source of a service; opened, or looked at, in a thread that is not one of the renders'.

        Raises:
            CannotOpen: it cannot be used.
            DeadlinePassed: it takes too long; it goes on for those who ask later.
        """
        if service.ready:
            return service.source
        opening = self._opening.get(service.name)
        if opening is None or opening.done():
            opening = self._opening[service.name] = self._openers.submit(_open, service)
            # Names of services that callers make up must not pile up.
            opening.add_done_callback(lambda _: self._opening.pop(service.name, None))
        try:
            waiting = asyncio.shield(asyncio.wrap_future(opening))
            return await asyncio.wait_for(waiting, self._config.seconds)
        except TimeoutError:
            raise DeadlinePassed(self._config.seconds) from None

    async def call(self, function: Callable[..., T], *args: object, service: Service | None = None) -> T:
        """Run blocking work in the render pool. Who leaves before its turn takes it out of the queue.

        Args:
            service: in whose turn it is done, and whose limit it counts against.

        Raises:
            QueueFull: too much is waiting already.
        """
        name = "" if service is None else service.label
        limit = None if service is None else service.config.limits.renders
        return await asyncio.wrap_future(self.pool.submit(name, function, *args, limit=limit))

    async def close(self, seconds: float | None = None) -> None:
        """Let the pool and the tiers go; what runs is finished first, for at most so long."""
        if not await asyncio.to_thread(self.pool.close, seconds):
            log.warning("%d renders were still at work at the end", self.pool.running)
        await self.tiers.close()


def _listen(tier: str, outcome: str, size: int) -> None:
    """Count what happens in a shared tier."""
    if outcome == "written":
        metrics.cache_written(tier, size)
        return
    metrics.cache_look(tier, outcome)
    if outcome == "hit":
        metrics.cache_read(tier, size)


def _open(service: Service) -> Source:
    started, failed = time.perf_counter(), True
    try:
        source = service.source
        failed = False
        return source
    finally:
        metrics.source(service.label, "open", time.perf_counter() - started, failed=failed)


def _outcome(error: BaseException) -> str:
    """Word for the metrics."""
    match error:
        case Abandoned() | asyncio.CancelledError():
            return "abandoned"
        case DeadlinePassed():
            return "deadline"
        case QueueFull():
            return "refused"
        case ProxyError():
            return "error"
    return "unexpected"
