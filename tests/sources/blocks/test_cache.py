from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from proxy.model import Array
from proxy.sources.blocks.cache import BlockCache, shared_cache


def blocks_of(count: int, value: int = 1) -> list[Array]:
    return [np.full((1, 10, 10), value, np.uint8) for _ in range(count)]


def test_counts_and_bounds() -> None:
    cache = BlockCache(250)
    asked: list[list[int]] = []

    def load(missing: list[int]) -> Sequence[Array]:
        asked.append(missing)
        return blocks_of(len(missing))

    cache.get_many(["a", "b"], load)
    cache.get_many(["b", "c"], load)
    assert asked == [[0, 1], [1]]
    counters = cache.counters
    assert (counters.hits, counters.misses, counters.evictions, counters.bytes) == (1, 3, 1, 200)
    cache.get_many(["b"], load)
    cache.get_many(["a"], load)
    assert asked[2:] == [[0]]


def test_order_is_that_of_the_keys() -> None:
    cache = BlockCache(10_000)
    cache.get_many([1, 3], lambda missing: [np.full((1, 1, 1), 10 * i) for i in missing])
    found = cache.get_many([3, 2, 1], lambda missing: [np.full((1, 1, 1), 7) for _ in missing])
    assert [int(block[0, 0, 0]) for block in found] == [10, 7, 0]


def test_nothing_is_kept_without_room() -> None:
    cache = BlockCache(0)
    assert len(cache.get_many(["a"], lambda _: blocks_of(1))) == 1
    assert (len(cache), cache.counters.bytes) == (0, 0)


def test_drop_and_resize_give_the_bytes_back() -> None:
    cache = BlockCache(1000)
    cache.get_many([("x", 1), ("y", 1), ("y", 2)], lambda missing: blocks_of(len(missing)))
    cache.drop(lambda key: isinstance(key, tuple) and key[0] == "x")
    assert (len(cache), cache.counters.bytes) == (2, 200)
    cache.resize(100)
    assert (len(cache), cache.counters.bytes) == (1, 100)


def test_two_threads_decode_a_block_once() -> None:
    cache = BlockCache(1000)
    began, go = threading.Event(), threading.Event()
    calls: list[list[int]] = []
    found: list[list[Array]] = []

    def slow(missing: list[int]) -> Sequence[Array]:
        calls.append(missing)
        began.set()
        assert go.wait(5)
        return blocks_of(len(missing), 5)

    threads = [threading.Thread(target=lambda: found.append(cache.get_many(["a"], slow))) for _ in range(8)]
    threads[0].start()
    assert began.wait(5)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(5)
    assert calls == [[0]]
    assert len(found) == 8
    assert all(blocks[0] is found[0][0] for blocks in found)


def test_a_failure_reaches_all_who_wait_and_is_forgotten() -> None:
    cache = BlockCache(1000)
    began, go = threading.Event(), threading.Event()
    failures: list[str] = []

    def failing(_: list[int]) -> Sequence[Array]:
        began.set()
        assert go.wait(5)
        raise OSError("gone")

    def read() -> None:
        try:
            cache.get_many(["a"], failing)
        except OSError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(3)]
    threads[0].start()
    assert began.wait(5)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(5)
    assert failures == ["gone"] * 3
    assert len(cache.get_many(["a"], lambda _: blocks_of(1))) == 1


def test_the_process_has_one() -> None:
    assert shared_cache() is shared_cache()


@pytest.mark.parametrize("limit", [0, 100, 1000])
def test_many_threads_keep_the_count_of_bytes(limit: int) -> None:
    cache = BlockCache(limit)

    def read(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(200):
            keys = [int(key) for key in rng.choice(30, 4, replace=False)]
            found = cache.get_many(keys, lambda m, k=keys: [np.full((1, 10, 10), k[i], np.uint8) for i in m])
            assert [int(block[0, 0, 0]) for block in found] == keys

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.counters.bytes == len(cache) * 100 <= limit
