"""Real processes: workers under their supervisor, signals, and the end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import DEMO

#: Seconds that anything may take on a busy machine.
PATIENCE = 90


class Server:
    """A server in a process of its own."""

    def __init__(self, folder: Path, **server: Any) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.file = folder / "config.yaml"
        self.log = folder / "log.txt"
        self.settings = {"server": {"port": self.port, "log_format": "json", **server}}
        self.write("land")
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "proxy", "serve", "--config", str(self.file)]
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=os.environ.copy())
        until(lambda: self.get("/readyz")[0] == 200)

    def write(self, name: str) -> None:
        services = [{"name": name, "source": str(DEMO / "landcover.tif")}]
        fresh = self.file.with_suffix(".new")
        fresh.write_text(yaml.safe_dump(self.settings | {"services": services}))
        fresh.replace(self.file)

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""

    def workers(self) -> set[int]:
        """Processes that have said how much memory they hold."""
        lines = self.get("/metrics")[1].decode().splitlines()
        return {
            int(line.split('"')[1]) for line in lines if line.startswith("cogproxy_resident_memory_bytes{")
        }

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers = []

    def start(**settings: Any) -> Server:
        servers.append(Server(tmp_path, **settings))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.terminate()
        server.process.wait(PATIENCE)


def test_workers_take_over_a_configuration_are_replaced_and_end_in_order(
    started: Callable[..., Server],
) -> None:
    server = started(workers=2, watch=False)
    until(lambda: len(server.workers()) == 2)
    first = server.workers()

    # Requests go on while the configuration changes: none is dropped.
    stop = threading.Event()
    seen: list[int] = []

    def ask() -> None:
        while not stop.is_set():
            seen.append(server.get("/healthz")[0])

    asking = threading.Thread(target=ask)
    asking.start()
    server.write("other")
    server.process.send_signal(signal.SIGHUP)

    def taken() -> int:
        return sum("configuration taken over" in line["message"] for line in server.lines())

    until(lambda: taken() == 2)
    stop.set()
    asking.join()
    assert set(seen) == {200}
    assert {server.get("/tiles/other/tilejson.json")[0] for _ in range(10)} == {200}
    assert {server.get("/tiles/land/tilejson.json")[0] for _ in range(10)} == {404}
    assert server.workers() == first

    # A wrong one is refused, and a worker that starts after that goes by the last that was good.
    server.file.write_text("services: [")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: sum("configuration refused" in line["message"] for line in server.lines()) == 2)
    os.kill(min(first), signal.SIGKILL)
    until(lambda: len(server.workers() - {min(first)}) == 2)
    until(lambda: server.get("/readyz")[0] == 200)
    assert min(first) not in server.workers()
    assert {server.get("/tiles/other/tilejson.json")[0] for _ in range(10)} == {200}

    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(PATIENCE) == 0
    assert not any(line["level"] == "error" and "refused" not in line["message"] for line in server.lines())


def test_one_process_says_that_it_is_not_ready_before_it_stops(started: Callable[..., Server]) -> None:
    server = started(drain_seconds=PATIENCE)
    server.process.send_signal(signal.SIGTERM)
    until(lambda: server.get("/readyz")[0] == 503)
    assert json.loads(server.get("/readyz")[1])["draining"] is True
    assert server.get("/tiles/land/tilejson.json")[0] == 200
    # Told twice, it does not wait.
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(PATIENCE)
    assert server.get("/healthz")[0] == 0
    assert any("Application shutdown complete" in line["message"] for line in server.lines())
