"""Real processes: workers under their supervisor, signals, and the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEMO
from tests.processes import PATIENCE, Cogproxy, until


def named(name: str) -> list[dict[str, str]]:
    """One service of that name."""
    return [{"name": name, "source": str(DEMO / "landcover.tif")}]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Cogproxy]]:
    servers = []

    def start(**settings: Any) -> Cogproxy:
        server = Cogproxy(tmp_path, {"server": settings, "services": named("land")})
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


def test_workers_take_over_a_configuration_are_replaced_and_end_in_order(
    started: Callable[..., Cogproxy],
) -> None:
    server = started(workers=2, watch=False)
    until(lambda: len(server.workers()) == 2)
    first = server.workers()

    # Requests go on while the configuration changes: none is dropped.
    stop = threading.Event()
    seen: list[int] = []

    def ask() -> None:
        while not stop.is_set():
            seen.append(server.get("/healthz").status)

    asking = threading.Thread(target=ask)
    asking.start()
    server.write(services=named("other"))
    server.process.send_signal(signal.SIGHUP)

    def taken() -> int:
        return sum("configuration taken over" in line["message"] for line in server.lines())

    until(lambda: taken() == 2)
    stop.set()
    asking.join()
    assert set(seen) == {200}
    assert {server.get("/tiles/other/tilejson.json").status for _ in range(10)} == {200}
    assert {server.get("/tiles/land/tilejson.json").status for _ in range(10)} == {404}
    assert server.workers() == first

    # A wrong one is refused, and a worker that starts after that goes by the last that was good.
    server.file.write_text("services: [")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: sum("configuration refused" in line["message"] for line in server.lines()) == 2)
    os.kill(min(first), signal.SIGKILL)
    until(lambda: len(server.workers() - {min(first)}) == 2)
    until(lambda: server.get("/readyz").status == 200)
    assert min(first) not in server.workers()
    assert {server.get("/tiles/other/tilejson.json").status for _ in range(10)} == {200}

    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE) == 0
    assert not any(line["level"] == "error" and "refused" not in line["message"] for line in server.lines())


def test_one_process_says_that_it_is_not_ready_before_it_stops(started: Callable[..., Cogproxy]) -> None:
    server = started(drain_seconds=PATIENCE)
    server.process.send_signal(signal.SIGTERM)
    until(lambda: server.get("/readyz").status == 503)
    assert server.get("/readyz").json()["draining"] is True
    assert server.get("/tiles/land/tilejson.json").status == 200
    # Told twice, it does not wait.
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(PATIENCE)
    assert server.get("/healthz").status == 0
    assert any("Application shutdown complete" in line["message"] for line in server.lines())
