"""Stored bytes fetched a little beyond what was asked, for the next tile nearby. Bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

#: Bytes fetched before and after a range: about a block, between these.
LEAST_AHEAD, MOST_AHEAD = 32 << 10, 128 << 10
#: Bytes kept over all objects.
LIMIT = 32 << 20

Key = tuple[int, int]


class Segments:
    """Pieces of remote objects, the ones used last."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._bytes = 0
        self._pieces: OrderedDict[Key, memoryview] = OrderedDict()
        self._starts: dict[int, list[int]] = {}
        self._lock = threading.Lock()

    def find(self, owner: int, start: int, end: int) -> bytes | None:
        """These bytes of an object, None where no piece has all of them."""
        with self._lock:
            for first in self._starts.get(owner, ()):
                piece = self._pieces[owner, first]
                if first <= start and end <= first + len(piece):
                    self._pieces.move_to_end((owner, first))
                    return bytes(piece[start - first : end - first])
        return None

    def keep(self, owner: int, start: int, data: memoryview) -> None:
        """Keep a piece; one that begins at the same place is replaced."""
        with self._lock:
            if (owner, start) in self._pieces:
                self._remove((owner, start))
            self._pieces[owner, start] = data
            self._starts.setdefault(owner, []).append(start)
            self._bytes += len(data)
            while self._bytes > self._limit:
                self._remove(next(iter(self._pieces)))

    def drop(self, owner: int) -> None:
        """Forget the pieces of an object."""
        with self._lock:
            for start in list(self._starts.get(owner, ())):
                self._remove((owner, start))

    def __len__(self) -> int:
        return len(self._pieces)

    def _remove(self, key: Key) -> None:
        self._bytes -= len(self._pieces.pop(key))
        starts = self._starts[key[0]]
        starts.remove(key[1])
        if not starts:
            del self._starts[key[0]]


def ahead(lengths: Iterable[int]) -> int:
    """Bytes to fetch around blocks of these lengths; none around large ones."""
    longest = max(lengths, default=0)
    if longest > MOST_AHEAD:
        return 0
    return min(MOST_AHEAD, max(LEAST_AHEAD, longest * 5 // 4))
