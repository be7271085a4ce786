from __future__ import annotations

import threading

import pytest

from proxy.sources.pool import Pool


class Thing:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_a_returned_thing_is_lent_again() -> None:
    pool: Pool[Thing] = Pool(4)
    with pool.lend("a", Thing) as first:
        pass
    with pool.lend("a", Thing) as second:
        assert second is first
    assert (pool.counters.opened, pool.counters.reused) == (1, 1)


def test_a_thing_is_lent_to_one_at_a_time() -> None:
    pool: Pool[Thing] = Pool(4)
    with pool.lend("a", Thing) as first, pool.lend("a", Thing) as second:
        assert first is not second
    assert len(pool) == 2


def test_the_one_idle_longest_is_closed_first() -> None:
    pool: Pool[Thing] = Pool(2)
    things = {}
    for key in "abc":
        with pool.lend(key, Thing) as thing:
            things[key] = thing
    assert [things[key].closed for key in "abc"] == [True, False, False]
    assert pool.counters.closed == 1


def test_a_thing_whose_use_failed_is_not_kept() -> None:
    pool: Pool[Thing] = Pool(2)
    with pytest.raises(ValueError, match="broken"), pool.lend("a", Thing) as thing:
        raise ValueError("broken")
    assert thing.closed
    assert len(pool) == 0


def test_dropping_by_key_closes_only_what_matches() -> None:
    pool: Pool[Thing] = Pool(4)
    for key in (("a", 1), ("a", 2), ("b", 1)):
        with pool.lend(key, Thing):
            pass
    pool.drop(lambda key: isinstance(key, tuple) and key[0] == "a")
    assert len(pool) == 1


def test_many_threads_never_share_a_thing() -> None:
    pool: Pool[Thing] = Pool(3)
    in_use: set[int] = set()
    shared = []
    lock = threading.Lock()

    def work() -> None:
        for _ in range(200):
            with pool.lend("a", Thing) as thing:
                with lock:
                    shared.append(id(thing) in in_use)
                    in_use.add(id(thing))
                with lock:
                    in_use.discard(id(thing))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shared) == 1200
    assert not any(shared)
    assert len(pool) <= 3
