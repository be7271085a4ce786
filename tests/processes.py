"""Servers in processes of their own, for tests that end them and start them again."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

#: Seconds that anything may take on a busy machine.
PATIENCE = 90


def free_port() -> int:
    """A port of loopback that nobody listens at.

    Not of those that the system gives to connections: one might be given it before it is used.
    """
    for _ in range(1000):
        port = random.randrange(12_000, 32_000)
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no port is free")


def until(done: Callable[[], bool]) -> None:
    """Wait until something has become true."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


class Answer:
    """Status, headers in small letters, and body; status 0 where there was no answer."""

    def __init__(self, status: int = 0, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}

    def json(self) -> Any:
        return json.loads(self.body)


class Cogproxy:
    """`cogproxy serve` with a configuration; `start` and `stop` as often as is wanted."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.port = free_port()
        self.file, self.log = folder / "config.yaml", folder / "log.txt"
        self.settings = config | {
            "server": {"port": self.port, "log_format": "json", **config.get("server", {})}
        }
        self.process: subprocess.Popen[bytes] | None = None

    def write(self, **changes: Any) -> None:
        """Put the configuration, changed, in the place of that before, whole at any moment."""
        self.settings |= changes
        fresh = self.file.with_suffix(".new")
        fresh.write_text(yaml.safe_dump(self.settings))
        fresh.replace(self.file)

    def start(self) -> None:
        """Start, and wait until it is ready."""
        self.write()
        with self.log.open("a") as log:
            command = [sys.executable, "-m", "proxy", "serve", "--config", str(self.file)]
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=os.environ.copy())
        until(lambda: self.get("/readyz").status == 200)

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None

    def get(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        except OSError:
            return Answer()
        finally:
            connection.close()

    def workers(self) -> set[int]:
        """Processes that have said how much memory they hold."""
        lines = self.get("/metrics").body.decode().splitlines()
        return {
            int(line.split('"')[1]) for line in lines if line.startswith("cogproxy_resident_memory_bytes{")
        }

    def lines(self) -> list[dict[str, Any]]:
        """The log."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
