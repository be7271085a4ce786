"""Requests that never end are ended, before any door sees them."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

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


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock is set by hand."""

    now = 1000.0

    def time(self) -> float:
        return self.now


class Wire(asyncio.Transport):
    """What is written, and how much of it lies there because the client does not take it."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.unread = b"", 0
        self.closed = self.aborted = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Line:
    """A connection to an application, in a time of its own."""

    def __init__(self, application: Any) -> None:
        self.loop, self.wire = Loop(), Wire()
        config = uvicorn.Config(application, lifespan="off", log_config=None, timeout_keep_alive=5)
        config.load()
        self.protocol = BoundedProtocol(config, ServerState(), {}, self.loop)
        self.protocol.connection_made(self.wire)

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)
        self.run()

    def run(self) -> None:
        for _ in range(10):
            self.loop.run_until_complete(asyncio.sleep(0))

    def later(self, seconds: int) -> None:
        """Let time pass, in steps of a second."""
        for _ in range(seconds):
            self.loop.now += 1
            self.run()


@pytest.fixture
def connect() -> Iterator[Callable[[Any], Line]]:
    lines: list[Line] = []

    def connected(application: Any = echo) -> Line:
        lines.append(Line(application))
        return lines[-1]

    yield connected
    for line in lines:
        line.protocol.connection_lost(None)
        line.run()
        line.loop.close()


async def early(scope: Any, receive: Any, send: Any) -> None:
    """Answers before the body has come."""
    await send({"type": "http.response.start", "status": 405, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


async def never(scope: Any, receive: Any, send: Any) -> None:
    """Takes the body and does not answer."""
    while (await receive())["type"] != "http.disconnect":
        pass


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("application", "pieces", "said"),
    [
        (echo, [], []),
        (echo, [b"GET / HT"], [b"408"]),
        (echo, [b"GET / HTTP/1.1\r\nHost: a\r\n"], [b"408"]),
        (echo, [POST + b"Content-Length: 9\r\n\r\nhalf"], []),
        (echo, [GET, b"GET / HT"], [b"200", b"408"]),
        # The end of a line that nobody waits for, and the beginning of a body that nobody reads.
        (echo, [GET, b"\r\n"], [b"200"]),
        (early, [POST + b"Content-Length: 99999\r\n\r\n", b"x"], [b"405"]),
        # The answer to the first is not there yet: a word would be taken for it.
        (never, [GET, b"GET / HT"], []),
    ],
)
def test_what_does_not_come_in_time_is_ended(
    connect: Callable[[Any], Line], application: Any, pieces: list[bytes], said: list[bytes]
) -> None:
    line = connect(application)
    for piece in pieces:
        line.send(piece)
    line.later(59)
    assert not line.wire.is_closing()
    line.later(35)
    assert line.wire.is_closing()
    assert re.findall(rb"HTTP/1.1 (\d+)", line.wire.written) == said


def test_who_goes_on_is_not_ended(connect: Callable[[Any], Line]) -> None:
    line = connect(echo)
    for _ in range(100):
        line.send(GET)
        line.later(4)
    # A body may take its time, and so may the server.
    line.send(POST + b"Content-Length: 2\r\n\r\n1")
    line.later(50)
    line.send(b"2")
    assert not line.wire.is_closing()
    assert line.wire.written.count(b" 200 ") == 101
    line.later(10)
    assert line.wire.is_closing()
    slow = connect(echo)
    slow.send(POST + b"Content-Length: 400000\r\n\r\n")
    for _ in range(20):
        slow.send(b"x" * 20_000)
        slow.later(6)
        assert not slow.wire.is_closing() or slow.wire.written
    assert slow.wire.written.endswith(b"400000")
    waiting = connect(never)
    waiting.send(GET)
    waiting.later(600)
    assert not waiting.wire.is_closing()


def test_pieces_may_end_within_heads(connect: Callable[[Any], Line]) -> None:
    line, request = connect(echo), b"GET / HTTP/1.1\r\nX: " + b"y" * 1000 + b"\r\n\r\n"
    requests = 2 * MOST_HEAD // len(request)
    line.send(request[:500])
    for _ in range(requests):
        line.send(request[500:] + request[:500])
    assert not line.wire.is_closing()
    assert line.wire.written.count(b" 200 ") == requests


@pytest.mark.parametrize(
    ("before", "filler"),
    [(b"", b"1;" + b"a" * 6000 + b"\r\nx\r\n"), (b"0\r\n", b"a: b\r\n" * 1000)],
    ids=["words in chunks", "headers after the body"],
)
def test_what_frames_a_body_is_bounded(connect: Callable[[Any], Line], before: bytes, filler: bytes) -> None:
    line, pieces = connect(echo), 0
    line.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + before)
    while not line.wire.is_closing() and pieces * 6000 < 2 * MOST_HEAD:
        line.send(filler)
        pieces += 1
    assert line.wire.is_closing()


def test_small_chunks_are_taken(connect: Callable[[Any], Line]) -> None:
    line, count = connect(echo), MOST_HEAD
    line.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(64):
        line.send(b"1\r\nx\r\n" * (count // 64))
    line.send(b"0\r\n\r\n")
    assert line.wire.written.endswith(b"\r\n\r\n%d" % count)


def test_an_answer_that_nobody_takes_is_dropped(connect: Callable[[Any], Line]) -> None:
    slow, dead = connect(echo), connect(echo)
    for line in (slow, dead):
        line.wire.unread = 1000
        line.send(GET)
    for _ in range(100):
        slow.wire.unread -= 1
        slow.later(10)
    assert slow.wire.is_closing()
    assert not slow.wire.aborted
    dead.later(80)
    assert dead.wire.aborted
