"""Decoded blocks shared by all requests of a process, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from proxy.model import Array


@dataclass
class BlockCounters:
    """What the cache has done since the start; `bytes` is what it holds now."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    bytes: int = 0


class BlockCache:
    """The blocks used last, at most `limit` bytes of them. Arrays are read-only.

    A block that several threads want is decoded by the first; the others wait for it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._blocks: OrderedDict[Hashable, Array] = OrderedDict()
        self._pending: dict[Hashable, Future[Array]] = {}
        self._lock = threading.Lock()
        self.counters = BlockCounters()

    def get_many(self, keys: Sequence[Hashable], load: Callable[[list[int]], Sequence[Array]]) -> list[Array]:
        """Blocks by key.

        Args:
            keys: all different.
            load: called once, with the positions in `keys` of the blocks that nobody has or decodes.

        Raises:
            Whatever `load` raises, here and in the threads that wait for the same blocks.
        """
        found: list[Array | None] = [None] * len(keys)
        mine, awaited = self._sorted_out(keys, found)
        if mine:
            self._load(keys, mine, found, load)
        for index, future in awaited:
            found[index] = future.result()
        return [block for block in found if block is not None]

    def drop(self, matches: Callable[[Hashable], bool]) -> None:
        """Forget the blocks whose key matches."""
        with self._lock:
            for key in [key for key in self._blocks if matches(key)]:
                self.counters.bytes -= self._blocks.pop(key).nbytes

    def resize(self, limit: int) -> None:
        """Hold at most so many bytes from now on."""
        with self._lock:
            self._limit = limit
            self._shrink()

    def __len__(self) -> int:
        return len(self._blocks)

    def _sorted_out(
        self, keys: Sequence[Hashable], found: list[Array | None]
    ) -> tuple[list[int], list[tuple[int, Future[Array]]]]:
        mine, awaited = [], []
        with self._lock:
            for index, key in enumerate(keys):
                block = self._blocks.get(key)
                if block is not None:
                    self._blocks.move_to_end(key)
                    found[index] = block
                elif (future := self._pending.get(key)) is not None:
                    awaited.append((index, future))
                else:
                    self._pending[key] = Future()
                    mine.append(index)
            self.counters.misses += len(mine)
            self.counters.hits += len(keys) - len(mine)
        return mine, awaited

    def _load(
        self,
        keys: Sequence[Hashable],
        mine: list[int],
        found: list[Array | None],
        load: Callable[[list[int]], Sequence[Array]],
    ) -> None:
        try:
            blocks = load(mine)
        except BaseException as error:
            for future in self._taken(keys, mine):
                future.set_exception(error)
            raise
        with self._lock:
            for index, block in zip(mine, blocks, strict=True):
                self._keep(keys[index], block)
            self._shrink()
        for index, block, future in zip(mine, blocks, self._taken(keys, mine), strict=True):
            found[index] = block
            future.set_result(block)

    def _taken(self, keys: Sequence[Hashable], mine: list[int]) -> list[Future[Array]]:
        with self._lock:
            return [self._pending.pop(keys[index]) for index in mine]

    def _keep(self, key: Hashable, block: Array) -> None:
        self._blocks[key] = block
        self.counters.bytes += block.nbytes

    def _shrink(self) -> None:
        while self.counters.bytes > self._limit and self._blocks:
            _, block = self._blocks.popitem(last=False)
            self.counters.bytes -= block.nbytes
            self.counters.evictions += 1


_shared = BlockCache(256 << 20)


def shared_cache(limit: int | None = None) -> BlockCache:
    """The cache of this process; `limit` in bytes resizes it."""
    if limit is not None:
        _shared.resize(limit)
    return _shared
