"""What a server does beside its requests: looks at remote sources, and takes in purges from other processes.

Both run on the event loop's clock and do what may block in threads of their own, so that no request waits for
the version of a source that was opened before, nor for a board of purges that is slow.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from proxy.cache.purge import Purge
from proxy.cache.tiers import Tiers
from proxy.services import Service
from proxy.threads import DaemonPool

log = logging.getLogger(__name__)

#: Seconds between looks at the board of purges, and for which services are due.
BOARD_SECONDS, TICK_SECONDS = 0.5, 1.0
#: Sources that are looked at at a time.
LOOKERS = 16
#: Longest wait for purged services to be opened anew before the purge counts anyhow.
REOPEN_SECONDS = 5.0
#: Seconds after which a task that was cancelled and goes on is cancelled again.
CANCEL_SECONDS = 1.0


class Upkeep:
    """The background work of one process.

    Args:
        services: gives those of the moment, which may be replaced.
    """

    def __init__(self, services: Callable[[], Sequence[Service]], tiers: Tiers) -> None:
        self._services = services
        self._tiers = tiers
        self._pool = DaemonPool(LOOKERS, "look")
        self._looking: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, on the running loop."""
        self._tasks = [asyncio.ensure_future(self._watch())]
        if self._tiers.shared:
            self._tasks.append(asyncio.ensure_future(self._listen()))

    async def stop(self) -> None:
        """End; a look that hangs is left to itself."""
        await cancelled(self._tasks)

    async def purge(self, purges: Sequence[Purge]) -> None:
        """Purge here now, and everywhere else within moments."""
        await self._tiers.post(purges)
        await self.take_in(purges)

    async def take_in(self, purges: Sequence[Purge]) -> None:
        """Open the services anew that purges concern, then give their pictures new names.

        In that order, as a picture of the new name must not be made from what was read before.
        """
        names = {purge.service for purge in purges}
        concerned = [service for service in self._services() if "" in names or service.name.lower() in names]
        looks = [asyncio.wrap_future(self._pool.submit(service.reopen)) for service in concerned]
        if looks:
            await asyncio.wait(looks, timeout=REOPEN_SECONDS)
        self._tiers.purges.adopt(purges)
        for purge in purges:
            log.info("purged %s", purge.service or "all services")

    def look_at(self, services: Iterable[Service]) -> None:
        """Look at the versions of sources in the background; of each one at a time."""
        for service in services:
            if service.name in self._looking:
                continue
            self._looking.add(service.name)
            future = asyncio.wrap_future(self._pool.submit(service.look))
            future.add_done_callback(lambda done, name=service.name: self._looked(name, done))  # type: ignore[misc]

    def _looked(self, name: str, done: asyncio.Future[None]) -> None:
        self._looking.discard(name)
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("service %s: unexpected error", name, exc_info=error)

    async def _watch(self) -> None:
        while True:
            services = self._services()
            await asyncio.sleep(
                min(TICK_SECONDS, min((service.patience for service in services), default=60.0) / 4)
            )
            self.look_at(service for service in self._services() if service.look_due)

    async def _listen(self) -> None:
        while True:
            try:
                news = await self._tiers.news()
                if news:
                    await self.take_in(news)
            except Exception:
                log.exception("unexpected error with the board of purges")
            await asyncio.sleep(BOARD_SECONDS)


async def cancelled(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks until all have ended: a library may lose a cancellation."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)
