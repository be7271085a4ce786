"""Open datasets kept for the next request: a dataset belongs to one thread at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Closeable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let go of the file."""


T = TypeVar("T", bound=Closeable)


@dataclass
class PoolCounters:
    """What the pool has done since the start."""

    opened: int = 0
    reused: int = 0
    closed: int = 0


class Pool(Generic[T]):
    """Idle things by key, at most `size` of them; the one idle longest is closed first.

    A thing that is lent is not counted; it returns to the pool, or is closed when its use failed.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: OrderedDict[int, tuple[Hashable, T]] = OrderedDict()
        self._by_key: dict[Hashable, list[int]] = {}
        self._ticket = 0
        self._lock = threading.Lock()
        self.counters = PoolCounters()

    @contextmanager
    def lend(self, key: Hashable, create: Callable[[], T]) -> Iterator[T]:
        """An idle thing of that key, or a new one."""
        thing = self._take(key)
        if thing is None:
            thing = create()
            self.counters.opened += 1
        try:
            yield thing
        except BaseException:
            self._close([thing])
            raise
        self._give_back(key, thing)

    def drop(self, matches: Callable[[Hashable], bool]) -> None:
        """Close the idle things whose key matches."""
        with self._lock:
            gone = [self._remove(ticket) for ticket, (key, _) in list(self._idle.items()) if matches(key)]
        self._close(gone)

    def __len__(self) -> int:
        return len(self._idle)

    def _take(self, key: Hashable) -> T | None:
        with self._lock:
            tickets = self._by_key.get(key)
            if not tickets:
                return None
            self.counters.reused += 1
            return self._remove(tickets[-1])

    def _give_back(self, key: Hashable, thing: T) -> None:
        gone = []
        with self._lock:
            self._ticket += 1
            self._idle[self._ticket] = (key, thing)
            self._by_key.setdefault(key, []).append(self._ticket)
            while len(self._idle) > self._size:
                gone.append(self._remove(next(iter(self._idle))))
        self._close(gone)

    def _remove(self, ticket: int) -> T:
        key, thing = self._idle.pop(ticket)
        tickets = self._by_key[key]
        tickets.remove(ticket)
        if not tickets:
            del self._by_key[key]
        return thing

    def _close(self, things: list[T]) -> None:
        for thing in things:
            thing.close()
            self.counters.closed += 1
