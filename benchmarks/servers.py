"""Servers under measurement: start, wait, measure CPU, replay addresses, end by id."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Pass:
    """One replay of addresses: requests per second, server CPU milliseconds per request, failures."""

    rate: float
    cpu: float
    failures: int


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[int]:
    """A server process, ready to answer; its process id."""
    process = subprocess.Popen(
        command, env=os.environ | (environment or {}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"{' '.join(command)} did not start")
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def replay(pid: int, port: int, addresses: list[str]) -> Pass:
    """Ask for every address once, one after the other on one connection."""
    connection = socket.create_connection(("127.0.0.1", port), 120)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    failures, cpu, began = 0, cpu_seconds(pid), time.perf_counter()
    for address in addresses:
        connection.sendall(f"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        failures += _status(connection) not in (200, 204)
    seconds = time.perf_counter() - began
    connection.close()
    return Pass(len(addresses) / seconds, (cpu_seconds(pid) - cpu) * 1000 / len(addresses), failures)


def _status(connection: socket.socket) -> int:
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(262_144)
        if not part:
            raise SystemExit("the server closed the connection")
        head += part
    head, _, body = head.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), None)
    if length is None:
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(262_144)
    left = (length or 0) - len(body)
    while left > 0:
        left -= len(connection.recv(min(left, 262_144)))
    return int(head.split(b" ", 2)[1])
