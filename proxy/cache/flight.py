"""One computation for a key, however many ask for it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("abandon", "task", "waiting")

    def __init__(self, task: asyncio.Task[T], abandon: Callable[[], None] | None) -> None:
        self.task, self.abandon = task, abandon
        self.waiting = 0


class SingleFlight(Generic[T]):
    """Coalesces equal work on one event loop.

    The work belongs to nobody in particular: a caller who leaves does not end it for the others. When all
    have left it is told so and broken off, and who asks for the key after that begins anew.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}
        self.coalesced = 0
        self.abandoned = 0

    async def do(
        self, key: str, work: Callable[[], Awaitable[T]], abandon: Callable[[], None] | None = None
    ) -> T:
        """Result of `work`, shared with everyone who asks for `key` meanwhile; its error likewise.

        Args:
            abandon: called when nobody waits any more, before the task of `work` is cancelled. Without it
                the work goes on to its end.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.ensure_future(_run(work)), abandon)
            begun = flight
            flight.task.add_done_callback(lambda done: self._finished(key, begun))
        else:
            self.coalesced += 1
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._abandon(key, flight)

    def _abandon(self, key: str, flight: _Flight[T]) -> None:
        if flight.abandon is None:
            return
        self.abandoned += 1
        self._forget(key, flight)
        flight.abandon()
        flight.task.cancel()

    def _finished(self, key: str, flight: _Flight[T]) -> None:
        self._forget(key, flight)
        if not flight.task.cancelled():
            # Marks the error as seen, for the case that every caller has left.
            flight.task.exception()

    def _forget(self, key: str, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def __contains__(self, key: str) -> bool:
        return key in self._flights


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
