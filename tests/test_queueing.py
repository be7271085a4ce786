from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest

from proxy.errors import QueueFull
from proxy.queueing import FairPool


class Gate:
    """Work that waits until it is told to go on, and notes the order of the rest."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()
        self.order: list[str] = []

    def hold(self) -> None:
        self.begun.set()
        assert self.open.wait(10)

    def note(self, name: str) -> str:
        self.order.append(name)
        return name


@pytest.fixture
def gate() -> Gate:
    return Gate()


def held(gate: Gate, room: int = 100) -> FairPool:
    """A pool of one thread that is busy."""
    pool = FairPool(1, room)
    pool.submit("first", gate.hold)
    assert gate.begun.wait(10)
    return pool


def test_results_and_errors_reach_the_caller() -> None:
    pool = FairPool(2, 10)
    assert pool.submit("a", divmod, 7, 2).result(10) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        pool.submit("a", divmod, 7, 0).result(10)
    assert pool.submit("a", divmod, 8, 2).result(10) == (4, 0)
    assert pool.close(10)


def test_services_take_turns(gate: Gate) -> None:
    pool = held(gate)
    names = ["slow"] * 4 + ["quick", "third", "quick"]
    futures = [pool.submit(name, gate.note, name) for name in names]
    assert pool.waiting == 7
    gate.open.set()
    for future in futures:
        future.result(10)
    assert gate.order == ["slow", "quick", "third", "slow", "quick", "slow", "slow"]
    assert (pool.waiting, pool.close(10)) == (0, True)


def test_a_service_keeps_to_its_limit_and_leaves_threads_to_others(gate: Gate) -> None:
    pool = FairPool(2, 10)
    first = pool.submit("slow", gate.hold, limit=1)
    assert gate.begun.wait(10)
    second = pool.submit("slow", gate.note, "slow", limit=1)
    assert pool.submit("quick", gate.note, "quick").result(10) == "quick"
    assert not second.done()
    gate.open.set()
    assert (first.result(10), second.result(10)) == (None, "slow")
    assert pool.close(10)


def test_beyond_the_queue_the_newest_of_the_longest_is_turned_away(gate: Gate) -> None:
    pool = held(gate, room=3)
    waiting = [pool.submit("greedy", gate.note, f"greedy {number}") for number in range(3)]
    with pytest.raises(QueueFull):
        pool.submit("greedy", gate.note, "greedy 3")
    modest = pool.submit("modest", gate.note, "modest")
    with pytest.raises(QueueFull):
        waiting[2].result(0)
    assert pool.waiting == 3
    with pytest.raises(QueueFull):
        pool.submit("modest", gate.note, "another")
    gate.open.set()
    assert modest.result(10) == "modest"
    assert [future.result(10) for future in waiting[:2]] == ["greedy 0", "greedy 1"]
    assert pool.close(10)


def test_who_leaves_makes_room(gate: Gate) -> None:
    pool = held(gate, room=1)
    leaving = pool.submit("a", gate.note, "leaving")
    assert leaving.cancel()
    assert pool.waiting == 0
    staying = pool.submit("a", gate.note, "staying")
    gate.open.set()
    assert staying.result(10) == "staying"
    assert gate.order == ["staying"]
    assert pool.close(10)


def test_closing_drops_what_waits_and_waits_for_what_runs(gate: Gate) -> None:
    pool = held(gate)
    waiting = pool.submit("a", gate.note, "never")
    assert not pool.close(0)
    with pytest.raises(CancelledError):
        waiting.result(10)
    with pytest.raises(QueueFull):
        pool.submit("a", gate.note, "late")
    gate.open.set()
    assert pool.close(10)
    assert gate.order == []


def test_all_threads_are_used_however_quickly_work_comes() -> None:
    pool = FairPool(3, 100)
    pool.submit("a", int).result(10)
    together = threading.Barrier(3)
    for _ in range(20):
        futures = [pool.submit("a", together.wait, 10) for _ in range(3)]
        assert sorted(future.result(10) for future in futures) == [0, 1, 2]
    assert pool.close(10)
