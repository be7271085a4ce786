"""Requests that never end are ended, before any door sees them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from proxy.front import protocol
from proxy.front.protocol import MOST_HEAD, BoundedProtocol

PATIENCE = 60


class Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body."""
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    headers = [(b"content-length", b"%d" % len(str(length)))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(length).encode()})


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(echo, http=BoundedProtocol, lifespan="off", log_config=None, loop="asyncio")
    server = Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    assert server.listening.wait(PATIENCE)
    yield listener.getsockname()
    server.should_exit = True
    thread.join()
    listener.close()


def answer(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    found = b""
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            return found
        if not part:
            return found
        found += part


def connected(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, PATIENCE)


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: "])
def test_a_head_without_end_is_refused(address: tuple[str, int], start: bytes) -> None:
    filler = b"a: b\r\n" * 1000 if start.endswith(b"\r\n") else b"a" * 6000
    with connected(address) as connection:
        connection.sendall(start)
        sent = 0
        try:
            while sent < 400 * MOST_HEAD:
                connection.sendall(filler)
                sent += len(filler)
        except OSError:
            pass
        assert sent < 400 * MOST_HEAD
        found = answer(connection)
        # A reset may overtake the answer, as the rest of the head is not read.
        assert found == b"" or found.startswith(b"HTTP/1.1 431 ")


def test_long_heads_and_bodies_within_bounds_are_taken(address: tuple[str, int]) -> None:
    body = b"x" * (8 * MOST_HEAD)
    with connected(address) as connection:
        for _ in range(3):
            head = b"POST /?" + b"q" * 60_000 + b" HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body))
            connection.sendall(body)
            found = connection.recv(65536)
            assert found.startswith(b"HTTP/1.1 200 ")
            while not found.endswith(str(len(body)).encode()):
                found += connection.recv(65536)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", b"408"),
        (b"GET / HT", b"408"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", b"408"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf", b""),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT", b"408"),
    ],
)
def test_what_does_not_come_in_time_is_ended(
    monkeypatch: pytest.MonkeyPatch, address: tuple[str, int], sent: bytes, said: bytes
) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.2)
    with connected(address) as connection:
        connection.sendall(sent)
        found = answer(connection)
    assert said in found
    assert (b"200 OK" in found) is (b"\r\n\r\nGET" in sent)
