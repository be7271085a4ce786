"""Objects as the XML API of Google Cloud Storage serves them, on loopback."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.loopback import listening


@dataclass
class Store:
    """Objects by bucket and name.

    Attributes:
        refuses: answer every request with 403.
        asked: paths that were asked for.
    """

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    refuses: bool = False
    asked: list[str] = field(default_factory=list)

    def account(self, path: Path) -> str:
        """Write a service account's file that leads to this server, without a token; its name."""
        path.write_text(json.dumps({"gcs_base_url": self.url, "disable_oauth": True, "client_email": "",
                                    "private_key": "", "private_key_id": ""}))  # fmt: skip
        return str(path)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        self.store.asked.append(path)
        content = self.store.objects.get(path)
        if self.store.refuses:
            self._error(403, "AccessDenied")
        elif content is None:
            self._error(404, "NoSuchKey")
        else:
            self._object(content)

    do_HEAD = do_GET  # noqa: N815

    def _object(self, content: bytes) -> None:
        start, end = 0, len(content)
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes="):
            first, last = asked.removeprefix("bytes=").split("-")
            start, end = int(first), min(end, int(last) + 1) if last else end
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[start:end])

    def _error(self, status: int, code: str) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@contextmanager
def gcs_server() -> Iterator[Store]:
    """A running server."""
    store = Store()
    with listening(_Handler, store=store) as store.url:
        yield store
