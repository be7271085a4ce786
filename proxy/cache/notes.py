"""Small things for other processes and later ones, kept and found from any thread.

They lie in the tiers that processes share; where there is none, in a small folder of their own, unless that
is switched off as well. Of several tiers the one that was told last is right.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from proxy.cache.keys import note_key
from proxy.cache.tiers import Guarded
from proxy.model import Picture

T = TypeVar("T")

#: Longest wait of a thread for a note.
SECONDS = 3.0
MEDIA_TYPE = "application/octet-stream"

_TIMES = struct.Struct(">dd")


class Notes:
    """Notes of one kind, for threads other than the event loop's.

    There are none before `begin` and after `end`.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, kind: str, tiers: Sequence[Guarded], clock: Callable[[], float] = time.time) -> None:
        self._kind = kind
        self._tiers = tiers
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._orders: set[Future[Any]] = set()

    def begin(self) -> None:
        """Take orders, on the running loop."""
        self._loop = asyncio.get_running_loop() if self._tiers else None

    async def end(self) -> None:
        """Take no more orders; those that were given are finished, for a while."""
        self._loop = None
        if self._orders:
            await asyncio.wait([asyncio.wrap_future(order) for order in list(self._orders)], timeout=SECONDS)

    def recall(self, name: str) -> bytes | None:
        """What was kept under a name; None where it is not there, or cannot be had in time. Blocks."""
        found = self._ordered(self._read, name)
        try:
            return None if found is None else found.result(SECONDS)
        except (TimeoutError, CancelledError):
            return None

    def keep(self, name: str, data: bytes, seconds: float) -> None:
        """Keep something for so long, soon. Nothing at all (no bytes) is forgotten everywhere."""
        self._ordered(self._write, name, data, seconds)

    def _ordered(self, work: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> Future[T] | None:
        loop = self._loop
        if loop is None or loop.is_closed() or _is_here(loop):
            return None
        order = work(*args)
        try:
            given = asyncio.run_coroutine_threadsafe(order, loop)
        except RuntimeError:
            # The loop has ended in between.
            order.close()
            return None
        self._orders.add(given)
        given.add_done_callback(self._orders.discard)
        return given

    async def _read(self, name: str) -> bytes | None:
        key = note_key(self._kind, name)
        latest, data = float("-inf"), b""
        for tier in self._tiers:
            found = await tier.get(key)
            if found is None or len(found.body) < _TIMES.size:
                continue
            written, until = _TIMES.unpack_from(found.body)
            if written > latest and until > self._clock():
                latest, data = written, found.body[_TIMES.size :]
        return data or None

    async def _write(self, name: str, data: bytes, seconds: float) -> None:
        now = self._clock()
        note = Picture(_TIMES.pack(now, now + seconds) + data, MEDIA_TYPE, self._kind)
        await asyncio.gather(*(tier.put(note_key(self._kind, name), note) for tier in self._tiers))


def _is_here(loop: asyncio.AbstractEventLoop) -> bool:
    """True in the thread of the loop, where a wait would be for oneself."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
