"""One computation for a key, however many ask for it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Coalesces equal work on one event loop.

    The work belongs to nobody in particular: a caller who leaves does not end it for the others, and when
    all have left it still finishes for the cache.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}
        self.coalesced = 0

    async def do(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """Result of `work`, shared with everyone who asks for `key` meanwhile; its error likewise."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.ensure_future(_run(work))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        else:
            self.coalesced += 1
        return await asyncio.shield(task)

    def _finished(self, key: str, task: asyncio.Task[T]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled():
            # Marks the error as seen, for the case that every caller has left.
            task.exception()

    def __contains__(self, key: str) -> bool:
        return key in self._tasks


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
