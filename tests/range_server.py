"""A web server of byte ranges on loopback, slow by choice, that remembers what it was asked."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

from tests.loopback import listening


@dataclass(frozen=True)
class Request:
    """One request as it came in; `start` and `end` of the range are None where none was asked."""

    method: str
    path: str
    start: int | None
    end: int | None
    began: float


@dataclass
class RangeServer:
    """Objects by path, and the log of requests.

    Attributes:
        latency: seconds before each answer.
        ranges: False to ignore ranges, as plain servers do.
        refuses: status of every answer, 0 to answer as usual.
        short: bytes that are missing at the end of bodies.
        hold: answers wait until it is set.
    """

    url: str = ""
    latency: float = 0.0
    ranges: bool = True
    refuses: int = 0
    short: int = 0
    hold: threading.Event | None = None
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)

    def put(self, path: str, content: bytes, etag: str | None = None) -> str:
        """Store an object and return its URL."""
        tag = etag or f'"{hash(content) & 0xFFFFFFFF:x}-{len(content):x}"'
        self.objects[f"/{path}"] = content, tag
        return f"{self.url}/{path}"

    def round_trips(self) -> int:
        """Groups of requests none of which could wait for another of its group."""
        trips, since = 0, float("-inf")
        for request in sorted(self.log, key=lambda item: item.began):
            if request.began - since >= self.latency * 0.9:
                trips, since = trips + 1, request.began
        return trips


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it the second packet of an answer may wait 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    state: RangeServer

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, with_body: bool) -> None:
        asked = (
            re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if self.state.ranges else None
        )
        start = int(asked[1]) if asked else None
        end = int(asked[2]) + 1 if asked and asked[2] else None
        self.state.log.append(Request(self.command, self.path, start, end, time.monotonic()))
        time.sleep(self.state.latency)
        if self.state.hold is not None:
            self.state.hold.wait(30)
        found = self.state.objects.get(self.path)
        if self.state.refuses or found is None:
            self._head(self.state.refuses or 404, 0, {})
            return
        content, etag = found
        common = {"ETag": etag, "Accept-Ranges": "bytes", "Last-Modified": formatdate(0, usegmt=True)}
        if start is not None and start >= len(content):
            self._head(416, 0, common | {"Content-Range": f"bytes */{len(content)}"})
            return
        body = content[start:end]
        if start is None:
            self._head(200, len(body), common)
        else:
            place = f"bytes {start}-{start + len(body) - 1}/{len(content)}"
            self._head(206, len(body), common | {"Content-Range": place})
        if with_body:
            self.wfile.write(body[: len(body) - self.state.short])
            if self.state.short:
                self.close_connection = True

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


@contextmanager
def range_server(latency: float = 0.0, port: int = 0) -> Iterator[RangeServer]:
    """A server on a free port of loopback, or on a given one."""
    state = RangeServer(latency=latency)
    with listening(_Handler, port, state=state) as state.url:
        yield state
