"""What a tier outside the process does, and the breaker that keeps one that is down from being felt."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from proxy.cache.purge import Purge
from proxy.model import Picture

log = logging.getLogger("proxy.cache")

#: Seconds that a tier is left alone after a failure, at first and at most; doubled from one to the next.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: Seconds between two lines of the log about the same tier.
LOG_SECONDS = 30.0


class TierError(Exception):
    """The tier is down, full or too slow."""


@dataclass
class TierCounters:
    """What was done with a tier since the start.

    Attributes:
        damaged: entries dropped unread. errors: failures that opened the breaker or were let pass.
        skipped: operations not tried since the tier was down. dropped: writes given up for lack of room in
            the queue of writes.
    """

    hits: int = 0
    misses: int = 0
    writes: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    evictions: int = 0
    damaged: int = 0
    errors: int = 0
    skipped: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Lock:
    """Right to render a picture for all; `release` ends it."""

    key: str
    token: object


class Busy:
    """Somebody else renders the picture."""


#: What a look for a picture with the wish to render it gives.
Claim = Picture | Lock | Busy


class SharedTier(Protocol):
    """A tier that processes share. Every method may raise `TierError`.

    Attributes:
        name: `disk` or `redis`.
    """

    name: str
    counters: TierCounters

    async def get(self, key: str) -> Picture | None:
        """The picture of a key; a damaged one is dropped and None."""

    async def claim(self, key: str, seconds: float) -> Claim:
        """The picture, or the lock to render it for so many seconds, or the news that another has it."""

    async def put(self, key: str, picture: Picture, lock: Lock | None = None) -> None:
        """Keep a picture, then release the lock."""

    async def release(self, lock: Lock) -> None:
        """Give a lock back, unless it has expired and is another's by now."""

    async def purges(self) -> list[Purge] | None:
        """All purges on the board; None where nothing has changed since the last call."""

    async def add_purges(self, added: list[Purge], removed: list[str]) -> None:
        """Write purges on the board, and take away those of some ids."""

    async def close(self) -> None:
        """Let go of connections and threads."""


class Breaker:
    """Leaves a tier alone for a while after a failure, longer after each; one try ends the pause."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._pause = 0.0
        self._until = 0.0
        self._trying = False
        self._logged = float("-inf")

    @property
    def is_open(self) -> bool:
        """True while the tier is to be left alone. The first to see it end is let through alone."""
        if not self._pause:
            return False
        now = self._clock()
        if now < self._until:
            return True
        # The others wait for what becomes of this one's try.
        self._until = now + self._pause
        self._trying = True
        return False

    def succeeded(self) -> None:
        """The tier has answered."""
        if self._pause:
            self._pause, self._trying = 0.0, False
            log.warning("cache tier %s is back", self._name)
            self._logged = float("-inf")

    def failed(self, error: BaseException) -> None:
        """The tier has not answered."""
        now = self._clock()
        # Those who asked at the same time fail together, which is one failure.
        if self._trying or not self._pause:
            self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
        self._trying = False
        self._until = now + self._pause
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.warning("cache tier %s is left alone for a while: %s", self._name, error)
