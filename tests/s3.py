"""A real S3 endpoint on loopback, behind a front that makes the trouble which real stores make."""

from __future__ import annotations

import http.client
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.loopback import listening

#: Kinds of trouble, by what the front does with a GET of an object.
TROUBLE = ("slowdown", "reset", "truncate", "error", "hang")


_OWN = ("connection", "transfer-encoding", "content-length", "server", "date")


@dataclass
class Front:
    """What the front does and has seen.

    Attributes:
        latency: seconds before each answer.
        share: part of the requests of objects that get trouble of `kinds`, drawn with `seed`.
        script: trouble for the next requests of objects, one each, before the share counts; "" for none.
        expired: access keys whose session has ended. allowed: access keys that may read, None for all.
        payer: requests must say that the requester pays.
    """

    url: str = ""
    latency: float = 0.0
    share: float = 0.0
    kinds: tuple[str, ...] = ("slowdown", "reset", "truncate")
    script: list[str] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    allowed: set[str] | None = None
    payer: bool = False
    requests: int = 0
    troubled: int = 0
    keys: list[str] = field(default_factory=list)
    random: random.Random = field(default_factory=lambda: random.Random(7))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def trouble(self) -> str:
        """Trouble for the request at hand."""
        with self.lock:
            self.requests += 1
            if self.script:
                kind = self.script.pop(0)
            else:
                kind = self.random.choice(self.kinds) if self.random.random() < self.share else ""
            self.troubled += bool(kind)
            return kind


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    front: Front
    behind: tuple[str, int]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._pass_on()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(self.front.latency)
        if (refusal := self._refusal()) is not None:
            self._error(*refusal)
            return
        reading = self.command == "GET" and self.path.split("?")[0].count("/") >= 2
        kind = self.front.trouble() if reading else ""
        if kind == "slowdown":
            self._error(503, "SlowDown")
        elif kind == "error":
            self._error(500, "InternalError")
        elif kind == "reset":
            self._reset()
        elif kind == "hang":
            time.sleep(60)
        else:
            self._answer(body, kind)

    def _refusal(self) -> tuple[int, str] | None:
        match = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
        key = match[1] if match else ""
        with self.front.lock:
            self.front.keys.append(key)
        if key in self.front.expired:
            return 400, "ExpiredToken"
        if self.front.allowed is not None and key not in self.front.allowed:
            return 403, "AccessDenied"
        if self.front.payer and self.headers.get("x-amz-request-payer") != "requester":
            return 403, "AccessDenied"
        return None

    def _error(self, status: int, code: str) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _answer(self, body: bytes, kind: str) -> None:
        connection = http.client.HTTPConnection(*self.behind, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in (
                    "connection",
                    "transfer-encoding",
                    "content-length",
                    "server",
                    "date",
                ):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") or str(len(content))
            self.send_header("Content-Length", length)
            self.end_headers()
            if kind == "truncate" and len(content) > 1:
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            elif self.command != "HEAD":
                self.wfile.write(content)
        except OSError:
            self.close_connection = True
        finally:
            connection.close()


@contextmanager
def s3_server() -> Iterator[Front]:
    """moto's S3 server with a front before it, both on free ports of loopback."""
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    front = Front()
    try:
        with listening(_Handler, front=front, behind=moto.get_host_and_port()) as front.url:
            yield front
    finally:
        moto.stop()


def put(front: Front, bucket: str, objects: Mapping[str, bytes], *, public: bool = False) -> None:
    """Store objects in a bucket, which is made first; `public` ones are read without credentials."""
    parts = urlsplit(front.url)
    scope = "Credential=writer/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}
    if public:
        headers["x-amz-acl"] = "public-read"
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        for path, body in {"": b"", **objects}.items():
            connection.request("PUT", f"/{bucket}/{path}".rstrip("/"), body, headers)
            answer = connection.getresponse()
            answer.read()
            # A bucket that is there already is as good as a new one.
            assert answer.status in (200, 409), answer.status
    finally:
        connection.close()


def profile(front: Front, key: str = "reader", **more: Any) -> dict[str, Any]:
    """A credentials profile of a configuration for the front."""
    return {
        "endpoint": front.url,
        "region": "us-east-1",
        "access_key_id": key,
        "secret_access_key": "secret",
        **more,
    }
