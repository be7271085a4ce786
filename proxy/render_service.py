"""From a request to a picture: cache, one flight for each key, a bounded pool, a deadline."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from proxy.cache.building import tiers_of
from proxy.cache.flight import SingleFlight
from proxy.cache.keys import key_of
from proxy.cache.tiers import Found
from proxy.config import Config
from proxy.errors import DeadlinePassed, ProxyError, QueueFull
from proxy.model import Picture, RenderRequest
from proxy.render.context import ReadContext
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


@dataclass
class RenderCounters:
    """What the renderer has done since the start.

    Attributes:
        missing_items: items that were left out of pictures because they could not be read.
    """

    rendered: int = 0
    failed: int = 0
    refused: int = 0
    missing_items: int = 0
    seconds: float = 0.0


class Renderer:
    """Renders for all doors. Used on one event loop; the work itself runs in threads."""

    def __init__(self, config: Config) -> None:
        self._config = config.render
        threads = config.render.threads or len(os.sched_getaffinity(0))
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="render")
        self._room = threads + config.render.queue
        self._openers = DaemonPool(OPENERS, "open")
        self._opening: dict[str, Future[Source]] = {}
        self._pending = 0
        self.tiers = tiers_of(config)
        self.store = self.tiers.store
        self.flight: SingleFlight[Found] = SingleFlight()
        self.counters = RenderCounters()

    async def render(self, service: Service, request: RenderRequest) -> Rendered:
        """The picture of a request, from the cache where it is known.

        Raises:
            QueueFull: too many renders are waiting.
            DeadlinePassed: it took too long; it goes on for the cache.
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
        if picture is not None:
            return Rendered(picture, key, "hit", current, service.is_lost)
        joined = key in self.flight

        async def work() -> Picture:
            context = self.context(service, request.selection)
            made = await self.call(render_picture, service, source, request, context)
            self.counters.missing_items += made.missing
            return made

        try:
            flight = self.flight.do(key, lambda: self.tiers.obtain(key, work))
            found = await asyncio.wait_for(flight, self._config.seconds)
        except TimeoutError:
            raise DeadlinePassed(self._config.seconds) from None
        status = "joined" if joined else found.tier or "miss"
        return Rendered(found.picture, key, status, current, service.is_lost)

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
            opening = self._opening[service.name] = self._openers.submit(lambda: service.source)
        try:
            waiting = asyncio.shield(asyncio.wrap_future(opening))
            return await asyncio.wait_for(waiting, self._config.seconds)
        except TimeoutError:
            raise DeadlinePassed(self._config.seconds) from None

    async def call(self, function: Callable[..., T], *args: object) -> T:
        """Run blocking work in the render pool.

        Raises:
            QueueFull: too much is waiting already.
        """
        if self._pending >= self._room:
            self.counters.refused += 1
            raise QueueFull
        self._pending += 1
        started = time.perf_counter()
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)
        except ProxyError:
            self.counters.failed += 1
            raise
        finally:
            self._pending -= 1
            self.counters.seconds += time.perf_counter() - started
        self.counters.rendered += 1
        return result

    async def close(self) -> None:
        """Let the pool and the tiers go; what runs is finished first."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)
        await self.tiers.close()
