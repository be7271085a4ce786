from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from proxy.sources.guarded import GuardedStore, Refused, checked_address
from tests.range_server import RangeServer, range_server

CONTENT = bytes(range(256)) * 8


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as found:
        yield found


@pytest.fixture
def talker() -> Iterator[Callable[[bytes], str]]:
    """A server that answers whatever it is told to say."""
    listeners = []

    def start(said: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(said)

        threading.Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/a.tif"

    yield start
    for listener in listeners:
        listener.close()


def ranged(url: str, first: int = 0, end: int = 100, private: bool = True) -> Any:
    return GuardedStore(url, private).get("", options={"range": (first, end)})


def test_ranges_and_what_is_said_of_the_object(server: RangeServer) -> None:
    url = server.put("a.tif", CONTENT, '"tag"')
    found = ranged(url, 10, 300)
    assert found.bytes() == CONTENT[10:300]
    assert (found.meta["size"], found.meta["e_tag"]) == (2048, '"tag"')
    assert ranged(url, 2000, 5000).bytes() == CONTENT[2000:]
    assert GuardedStore(url, True).head("")["size"] == 2048


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ],
)
def test_no_way_of_writing_this_machine_leads_to_it(server: RangeServer, host: str) -> None:
    server.put("a.tif", CONTENT)
    port = server.url.rpartition(":")[2]
    with pytest.raises(OSError, match=r"not public|looked up"):
        ranged(f"http://{host}:{port}/a.tif", private=False)
    assert server.log == []


def test_names_are_judged_by_all_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*addresses: str) -> None:
        family = socket.AF_INET
        found = [(family, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    answers("93.184.216.34")
    assert checked_address("good.example", 80) == "93.184.216.34"
    for bad in ("127.0.0.1", "169.254.169.254", "10.0.0.5"):
        answers("93.184.216.34", bad)
        with pytest.raises(Refused, match="not public"):
            checked_address("evil.example", 80)


def test_the_connection_goes_to_the_address_that_was_checked(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is looked up, and is this machine a moment later."""
    url = server.put("a.tif", CONTENT).replace("127.0.0.1", "rebinding.example")
    asked: list[str] = []
    real = socket.getaddrinfo

    def changing(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host == "rebinding.example":
            asked.append(host)
            if len(asked) == 1:
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return real(host, port, *args, **kwargs)

    gone: list[tuple[str, int]] = []

    def connecting(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        gone.append(address)
        raise OSError("nothing there")

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    monkeypatch.setattr(socket, "create_connection", connecting)
    with pytest.raises(OSError, match="nothing there"):
        ranged(url, private=False)
    assert [host for host, _ in gone] == ["93.184.216.34"]
    with pytest.raises(OSError, match="not public"):
        ranged(url, private=False)
    assert len(gone) == 1
    assert server.log == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_no_redirect_is_followed(server: RangeServer, talker: Callable[[bytes], str], status: str) -> None:
    inside = server.put("secret.tif", CONTENT)
    url = talker(f"HTTP/1.1 {status}\r\nLocation: {inside}\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(Refused, match="redirects are not followed"):
        ranged(url)
    assert server.log == []


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("200 OK\r\nContent-Length: 100", b"x" * 100),
        ("206 Partial Content\r\nContent-Length: 100", b"x" * 100),
        ("206 Partial Content\r\nContent-Range: bytes 5-104/2048\r\nContent-Length: 100", b"x" * 100),
        ("206 Partial Content\r\nContent-Range: bytes 0-199/2048\r\nContent-Length: 200", b"x" * 200),
        ("206 Partial Content\r\nContent-Range: bytes 0-99/50\r\nContent-Length: 100", b"x" * 100),
        ("206 Partial Content\r\nContent-Range: bytes 0-99/2048\r\nContent-Length: 300", b"x" * 300),
        ("206 Partial Content\r\nContent-Range: bytes 0-99/2048\r\nContent-Length: 50", b"x" * 50),
        ("206 Partial Content\r\nContent-Range: bytes 0-99/2048\r\nContent-Length: 100", b"x" * 50),
        (
            "206 Partial Content\r\nContent-Range: bytes 0-99/2048\r\nContent-Encoding: gzip\r\n"
            "Content-Length: 100",
            b"x" * 100,
        ),
        ("404 Not Found\r\nContent-Length: 0", b""),
    ],
)
def test_answers_that_are_not_the_range(talker: Callable[[bytes], str], head: str, body: bytes) -> None:
    url = talker(f"HTTP/1.1 {head}\r\n\r\n".encode() + body)
    with pytest.raises(OSError, match=r"status|range|bytes|Protocol|body"):
        ranged(url)


def test_what_is_no_answer_at_all(talker: Callable[[bytes], str]) -> None:
    with pytest.raises(OSError, match="RemoteProtocolError"):
        ranged(talker(b"\x00\x01 garbage\r\n\r\n"))
