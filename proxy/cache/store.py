"""Pictures in memory, the one unused longest leaves first."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import LRUCache

from proxy.model import Picture

#: Bytes that an entry costs beside the picture's own.
OVERHEAD = 400


@dataclass
class StoreCounters:
    """What the store has done since the start."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0


class _Counted(LRUCache[str, Picture]):
    def __init__(self, max_bytes: int, counters: StoreCounters) -> None:
        super().__init__(max_bytes, getsizeof=lambda picture: len(picture.body) + OVERHEAD)
        self._counters = counters

    def popitem(self) -> tuple[str, Picture]:
        self._counters.evictions += 1
        return super().popitem()


class ByteLRU:
    """At most `max_bytes` of pictures. For one thread, the event loop's: it takes no lock."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.counters = StoreCounters()
        self._pictures = _Counted(max_bytes, self.counters)

    def get(self, key: str) -> Picture | None:
        """The picture of that key, or None; counted either way."""
        picture = self._pictures.get(key)
        if picture is None:
            self.counters.misses += 1
        else:
            self.counters.hits += 1
        return picture

    def put(self, key: str, picture: Picture) -> None:
        """Keep a picture; one larger than the whole store is not kept."""
        if len(picture.body) + OVERHEAD <= self.max_bytes:
            self._pictures[key] = picture

    def clear(self) -> None:
        """Forget every picture."""
        self._pictures.clear()

    @property
    def bytes(self) -> int:
        """Bytes in use."""
        return int(self._pictures.currsize)

    def __len__(self) -> int:
        return len(self._pictures)
