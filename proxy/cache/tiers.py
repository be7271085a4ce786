"""The tiers in their order: memory, then what processes share. One render for a key over all of them.

A tier that is down is left alone and costs nobody anything; writes to shared tiers happen after the answer.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from proxy.cache.keys import note_key
from proxy.cache.purge import Purge, Purges
from proxy.cache.shared import Breaker, Busy, Claim, Lock, SharedTier, TierError
from proxy.cache.store import ByteLRU
from proxy.model import Grid, Picture

T = TypeVar("T")

#: Seconds between two looks of one who waits for another process, at first and at most.
FIRST_LOOK, LAST_LOOK = 0.02, 0.25
#: Bytes that may wait to be written; what comes on top is not kept.
WAITING_BYTES = 64 << 20
#: Seconds that the end of the process waits for writes.
CLOSING_SECONDS = 5.0

#: Told of every look and write: tier, `hit`, `miss`, `error`, `written` or `dropped`, and bytes.
Listener = Callable[[str, str, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A picture and the tier that had it, empty where it was rendered."""

    picture: Picture
    tier: str = ""


@dataclass
class FlightCounters:
    """Renders that went through the lock between processes.

    Attributes:
        led: renders that others could wait for.
        waited: pictures that came from another process's render.
        alone: renders after a wait that was in vain.
    """

    led: int = 0
    waited: int = 0
    alone: int = 0


class Guarded:
    """A shared tier behind its breakers, one for looks and one for writes: it never raises."""

    def __init__(self, tier: SharedTier, listen: Listener) -> None:
        self.tier = tier
        self.owed: list[Purge] = []
        self.reads, self.writes = Breaker(tier.name), Breaker(f"{tier.name} (writing)")
        self._listen = listen

    async def get(self, key: str) -> Picture | None:
        """The picture; None where it is not there, or the tier is down."""
        found = await self._tried(self.reads, self.tier.get, key)
        self._tell(found)
        return found

    async def claim(self, key: str, seconds: float) -> Claim | None:
        """See `SharedTier.claim`; None where the tier is down."""
        found = await self._tried(self.reads, self.tier.claim, key, seconds)
        if found is not None:
            self._tell(found if isinstance(found, Picture) else None)
        return found

    async def put(self, key: str, picture: Picture, lock: Lock | None = None) -> None:
        """Write; nothing where it cannot be."""
        before = self.tier.counters.errors
        await self._tried(self.writes, self.tier.put, key, picture, lock)
        if self.tier.counters.errors == before:
            self._listen(self.tier.name, "written", len(picture.body))

    async def release(self, lock: Lock) -> None:
        """Give a lock back."""
        await self._tried(self.writes, self.tier.release, lock)

    async def purges(self) -> list[Purge] | None:
        """The board where it has changed."""
        return await self._tried(self.reads, self.tier.purges)

    async def post(self, added: Iterable[Purge] = (), removed: Sequence[str] = ()) -> bool:
        """Write on the board, with what could not be written before; False where that failed."""
        self.owed = [*self.owed, *added]
        if not self.owed and not removed:
            return True

        async def post() -> bool:
            await self.tier.add_purges(self.owed, list(removed))
            return True

        done = await self._tried(self.writes, post)
        if done:
            self.owed = []
        return bool(done)

    async def _tried(self, breaker: Breaker, work: Callable[..., Awaitable[T]], *args: Any) -> T | None:
        if breaker.is_open:
            self.tier.counters.skipped += 1
            return None
        try:
            result = await work(*args)
        except TierError as error:
            self.tier.counters.errors += 1
            self._listen(self.tier.name, "error", 0)
            breaker.failed(error)
            return None
        breaker.succeeded()
        return result

    def _tell(self, picture: Picture | None) -> None:
        name = self.tier.name
        if picture is None:
            self._listen(name, "miss", 0)
        else:
            self._listen(name, "hit", len(picture.body))


class Tiers:
    """Memory and shared tiers, the nearest first. For one event loop's thread.

    Args:
        lock_seconds: longest wait for another process; 0 for none.
        listen: told what happens.
    """

    def __init__(
        self,
        store: ByteLRU,
        shared: Sequence[SharedTier] = (),
        lock_seconds: float = 10.0,
        listen: Listener = lambda tier, outcome, size: None,
    ) -> None:
        self.store = store
        self.purges = Purges()
        self.flights = FlightCounters()
        self.shared = [Guarded(tier, listen) for tier in shared]
        self._lock_seconds = lock_seconds
        self._listen = listen
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def epoch_of(self, service: str, grid: Grid) -> str:
        """Part of the key that purges change."""
        return self.purges.epoch_of(service, grid)

    async def obtain(self, key: str, render: Callable[[], Awaitable[Picture]]) -> Found:
        """The picture of a key that is not in memory: from a shared tier, another process, or `render`.

        Raises:
            Whatever `render` raises.
        """
        for tier in self.shared[:-1]:
            if (picture := await tier.get(key)) is not None:
                return self._found(key, picture, tier)
        keeper, claim = await self._claimed(key)
        if isinstance(claim, Picture) and keeper is not None:
            return self._found(key, claim, keeper)
        lock = claim if isinstance(claim, Lock) else None
        self.flights.led += lock is not None
        try:
            made = await render()
        except BaseException:
            self._give_back(keeper, lock)
            raise
        if made.missing:
            self._give_back(keeper, lock)
        else:
            self.put(key, made, keeper, lock)
        return Found(made)

    def put(
        self, key: str, picture: Picture, keeper: Guarded | None = None, lock: Lock | None = None
    ) -> None:
        """Keep a picture in memory now and in the shared tiers soon; then the lock is given back."""
        self.store.put(key, picture)
        for tier in self.shared:
            self._write(tier, key, picture, lock if tier is keeper else None)

    async def _claimed(self, key: str) -> tuple[Guarded | None, Claim | None]:
        """The farthest tier that is up keeps the lock: most processes share it."""
        if not self._lock_seconds:
            for tier in self.shared[-1:]:
                return tier, await tier.get(key)
        for tier in reversed(self.shared):
            claim = await tier.claim(key, self._lock_seconds)
            if claim is not None:
                return tier, await self._awaited(tier, key) if isinstance(claim, Busy) else claim
        return None, None

    async def _awaited(self, tier: Guarded, key: str) -> Claim | None:
        """What comes of another's render; None where it takes too long or its tier goes down."""
        until, pause = time.monotonic() + self._lock_seconds, FIRST_LOOK
        while time.monotonic() < until:
            await asyncio.sleep(pause)
            pause = min(LAST_LOOK, pause * 1.5)
            claim = await tier.claim(key, self._lock_seconds)
            if isinstance(claim, Picture):
                self.flights.waited += 1
                return claim
            if not isinstance(claim, Busy):
                return claim
        self.flights.alone += 1
        return None

    def _found(self, key: str, picture: Picture, tier: Guarded) -> Found:
        self.store.put(key, picture)
        for nearer in self.shared[: self.shared.index(tier)]:
            self._write(nearer, key, picture, None)
        return Found(picture, tier.tier.name)

    def _write(self, tier: Guarded, key: str, picture: Picture, lock: Lock | None) -> None:
        size = len(picture.body)
        if self._waiting + size > WAITING_BYTES:
            tier.tier.counters.dropped += 1
            self._listen(tier.tier.name, "dropped", size)
            self._give_back(tier, lock)
            return
        self._waiting += size

        async def write() -> None:
            try:
                await tier.put(key, picture, lock)
            finally:
                self._waiting -= size

        self._spawn(write())

    def _give_back(self, keeper: Guarded | None, lock: Lock | None) -> None:
        if keeper is not None and lock is not None:
            self._spawn(keeper.release(lock))

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Purges.

    async def news(self) -> list[Purge]:
        """Purges that others have made and that are not adopted yet. Boards that lack some are given them."""
        found: dict[str, Purge] = {}
        for tier in self.shared:
            listed = await tier.purges()
            if listed is None:
                await tier.post()
                continue
            ids = {purge.id for purge in listed}
            missing = [
                purge
                for purge in self.purges
                if purge.id not in ids and not any(other.supersedes(purge) for other in listed)
            ]
            await tier.post(missing, self.purges.superseded(listed))
            found.update((purge.id, purge) for purge in self.purges.unknown(listed))
        return list(found.values())

    async def post(self, purges: Sequence[Purge]) -> bool:
        """Tell the other processes of purges, before they are adopted here; False where not all could be.

        What they supersede is taken from the boards.
        """
        gone = [known.id for known in self.purges if any(purge.supersedes(known) for purge in purges)]
        return all([await tier.post(purges, gone) for tier in self.shared])

    # Notes: small things that any process may have to know.

    async def keep_note(self, kind: str, name: str, data: bytes, seconds: float) -> None:
        """Keep some bytes in every shared tier; returns when they are there."""
        body = struct.pack(">d", time.time() + seconds) + data
        note = Picture(body, "application/octet-stream", kind)
        await asyncio.gather(*(tier.put(note_key(kind, name), note) for tier in self.shared))

    async def note(self, kind: str, name: str) -> bytes | None:
        """Bytes that were kept under that name, unless their time is over."""
        for tier in self.shared:
            found = await tier.get(note_key(kind, name))
            if found is not None and struct.unpack(">d", found.body[:8])[0] > time.time():
                return found.body[8:]
        return None

    async def close(self) -> None:
        """Finish the writes, for a while, and let the tiers go."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_SECONDS)
        for guarded in self.shared:
            await guarded.tier.close()
