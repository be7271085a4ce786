"""Facts of many services at once, without waiting long for those that open slowly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import replace

from proxy.services import Service
from proxy.threads import DaemonPool
from proxy.viewer.facts import Facts, facts_of, outline

log = logging.getLogger(__name__)

#: Sources asked at a time.
THREADS = 8


class Gatherer:
    """Asks services in threads of its own; a service that hangs is asked only once at a time.

    Used on one event loop. A source out of reach occupies one thread, however many pages ask for it.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = DaemonPool(threads, "viewer")
        self._asked: dict[str, Future[Facts]] = {}

    async def facts(self, services: Iterable[Service], seconds: float) -> list[Facts]:
        """Facts of services in their order; those that take longer are described as opening."""
        wanted = list(services)
        asked = [asyncio.wrap_future(self._ask(service)) for service in wanted]
        if not asked:
            return []
        # Those that are late go on: another page may be waiting for them too.
        done, _ = await asyncio.wait(asked, timeout=seconds)
        pairs = zip(wanted, asked, strict=True)
        return [future.result() if future in done else outline(service) for service, future in pairs]

    def _ask(self, service: Service) -> Future[Facts]:
        running = self._asked.get(service.name)
        if running is None or running.done():
            running = self._asked[service.name] = self._pool.submit(_facts, service)
        return running


def _facts(service: Service) -> Facts:
    try:
        return facts_of(service)
    except Exception:
        # One bad source must not take the directory of all others down.
        log.exception("service %s: its facts could not be read", service.name)
        return replace(outline(service), failure="The source could not be read.")
