"""Byte ranges over HTTP from hosts that callers chose: each connection goes to an address that was checked.

The name is looked up once for each connection, every address that it has must be public, and the connection
goes to the address itself: a name that answers differently the next time leads nowhere else. No redirect is
followed, whatever it leads to.
"""

from __future__ import annotations

import atexit
import ipaddress
import re
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import httpcore

from proxy.sources.allowed import is_public

#: Seconds to connect, to wait for bytes, and for one range altogether.
CONNECT, SILENT, WHOLE = 5.0, 10.0, 60.0
CONNECTIONS = 32
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class Refused(OSError):
    """The connection, or the answer, is none that is taken."""


class _Backend(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, private: bool) -> None:
        self._private = private
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of a host."""
        address = checked_address(host, port, self._private)
        return self._plain.connect_tcp(address, port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never."""
        raise Refused("a socket of this machine")

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._plain.sleep(seconds)


def checked_address(host: str, port: int, private: bool = False) -> str:
    """The first address of a host.

    Args:
        private: also addresses that are not public.

    Raises:
        Refused: it has none, or one of them is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(f"{host} cannot be looked up: {error}") from error
    addresses = [str(item[4][0]) for item in found]
    for text in addresses:
        if not private and not is_public(ipaddress.ip_address(text.partition("%")[0])):
            raise Refused(f"{host} is at {text}, which is not public")
    return addresses[0]


@lru_cache(maxsize=2)
def _pool(private: bool) -> httpcore.ConnectionPool:
    pool = httpcore.ConnectionPool(
        max_connections=CONNECTIONS,
        max_keepalive_connections=CONNECTIONS,
        keepalive_expiry=30,
        network_backend=_Backend(private),
    )
    atexit.register(pool.close)
    return pool


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes of a range, and what the server says of the object: `e_tag`, `last_modified`, `size`."""

    meta: dict[str, Any]
    data: bytes

    def bytes(self) -> bytes:
        """The bytes."""
        return self.data


class GuardedStore:
    """Ranges of one object, in the manner of obstore's stores.

    Args:
        url: of the object. private: it may lie on a private network.
    """

    def __init__(self, url: str, private: bool) -> None:
        self._url = url
        self._private = private

    def get(self, _: str, *, options: dict[str, Any]) -> Answer:
        """Bytes of `options["range"]`, (first, end); fewer where the object ends before.

        Raises:
            Refused: the answer is not one with these bytes.
            OSError: it is out of reach.
        """
        first, end = options["range"]
        headers = [
            ("Range", f"bytes={first}-{end - 1}"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "cogproxy"),
        ]
        timeout = {"connect": CONNECT, "read": SILENT, "write": SILENT, "pool": WHOLE}
        began = time.monotonic()
        try:
            with _pool(self._private).stream(
                "GET", self._url, headers=headers, extensions={"timeout": timeout}
            ) as answer:
                meta, length = _meta(answer, first, end)
                data = b"".join(_bounded(answer.iter_stream(), length, began))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise OSError(f"{type(error).__name__}: {error}") from error
        if len(data) != length:
            raise Refused(f"{len(data)} bytes where there should be {length}")
        return Answer(meta, data)

    def head(self, path: str) -> dict[str, Any]:
        """What the server says of the object."""
        return self.get(path, options={"range": (0, 1)}).meta


def _meta(answer: httpcore.Response, first: int, end: int) -> tuple[dict[str, Any], int]:
    if answer.status != 206:
        raise Refused(f"status {answer.status}; ranges of bytes are needed, and redirects are not followed")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
    match = _RANGE.fullmatch(headers.get("content-range", ""))
    if match is None or headers.get("content-encoding", "identity") != "identity":
        raise Refused("the answer is not the range that was asked for")
    start, last, size = map(int, match.groups())
    if start != first or not start <= last < min(end, size):
        raise Refused("the answer is not the range that was asked for")
    return {
        "e_tag": headers.get("etag"),
        "last_modified": _moment(headers.get("last-modified")),
        "size": size,
    }, last + 1 - start


def _bounded(parts: Iterable[bytes], length: int, began: float) -> Iterator[bytes]:
    for part in parts:
        length -= len(part)
        if length < 0:
            raise Refused("more bytes than were asked for")
        if time.monotonic() - began > WHOLE:
            raise Refused("the bytes come too slowly")
        yield part


def _moment(text: str | None) -> datetime:
    try:
        return parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return datetime.fromtimestamp(0, UTC)
