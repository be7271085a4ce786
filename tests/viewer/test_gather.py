from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from proxy.errors import CannotOpen
from proxy.renderings import NONE
from proxy.viewer.facts import Facts
from proxy.viewer.gather import Gatherer
from tests.viewer.conftest import INFO


class FakeService(SimpleNamespace):
    """A service whose source opens as told."""

    def __init__(
        self, name: str, error: Exception | None = None, gate: threading.Event | None = None
    ) -> None:
        super().__init__(name=name, title=name.title(), description="", attribution="", renderings=(NONE,))
        self.error, self.gate, self.asked = error, gate, 0

    @property
    def info(self) -> object:
        self.asked += 1
        if self.gate:
            self.gate.wait(10)
        if self.error:
            raise self.error
        return INFO


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def gather(gatherer: Gatherer, services: list[FakeService], seconds: float = 5.0) -> list[Facts]:
    return list(asyncio.run(gatherer.facts(services, seconds)))


def test_order_and_failures() -> None:
    services = [FakeService("good"), FakeService("bad", CannotOpen("It is damaged.", "secret path"))]
    good, bad = gather(Gatherer(), services)
    assert (good.name, good.info, good.failure) == ("good", INFO, "")
    assert (bad.name, bad.info, bad.failure) == ("bad", None, "It is damaged.")


def test_unexpected_errors_stay_with_their_service(caplog: pytest.LogCaptureFixture) -> None:
    [odd] = gather(Gatherer(), [FakeService("odd", RuntimeError("inner words"))])
    assert odd.failure == "The source could not be read."
    assert "service odd" in caplog.text


def test_slow_services_do_not_hold_up_the_others(gate: threading.Event) -> None:
    slow, quick = gather(Gatherer(), [FakeService("slow", gate=gate), FakeService("quick")], 0.2)
    assert slow.is_opening
    assert not quick.is_opening


def test_a_hanging_service_is_asked_once_and_known_later(gate: threading.Event) -> None:
    gatherer, hanging = Gatherer(threads=1), FakeService("hanging", gate=gate)

    async def ask() -> list[bool]:
        states = [(await gatherer.facts([hanging], 0.05))[0].is_opening for _ in range(3)]
        gate.set()
        return [*states, (await gatherer.facts([hanging], 5))[0].is_opening]

    assert asyncio.run(ask()) == [True, True, True, False]
    assert hanging.asked == 1


def test_none() -> None:
    assert gather(Gatherer(), []) == []
