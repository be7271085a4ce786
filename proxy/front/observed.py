"""Requests that take the long way: their id, their line in the log, their numbers, their headers."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy import metrics, tracing
from proxy.config import Config
from proxy.front.leaving import answer_or_leave
from proxy.front.logs import FACTS, request_id
from proxy.front.masking import masked_pairs, masked_target
from proxy.security import Visit, visiting
from proxy.web import CHALLENGE, ERROR_STATUS, FORM, sane_id

access_log = logging.getLogger("proxy.access")
slow_log = logging.getLogger("proxy.slow")

ID_HEADER = b"x-request-id"
#: A status for the log and the counters only: the caller has left.
GONE = 499

_VARY = "Authorization, X-Esri-Authorization, X-API-Key, Cookie"
_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
)


def outcome(status: int) -> str:
    """Word for the counters."""
    if status in (0, GONE):
        return "gone"
    if status < 300:
        return "ok"
    if status == HTTPStatus.NOT_MODIFIED:
        return "unchanged"
    if status in (401, 403):
        return "denied"
    if status in (429, 503):
        return "busy"
    return "invalid" if status < 500 else "failed"


class Observed:
    """An application, observed. Nothing of it stands between a door and the bytes that it sends.

    Args:
        doors: names of doors by the first segment of their paths.
    """

    def __init__(self, app: ASGIApp, config: Config, doors: dict[str, str]) -> None:
        self._app = app
        self._doors = doors
        self._logged = config.server.access_log
        self._slow = config.render.slow_seconds
        self._sign_in = config.is_secured
        self._page = _PAGE + config.security.frame_ancestors

    def door(self, path: str) -> str:
        """The door that a path leads to."""
        first = path.lstrip("/").partition("/")[0].lower()
        return self._doors.get(first, "other")

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        started = time.perf_counter()
        client = scope.get("client")
        found = Visit(scope["headers"], scope["query_string"], client[0] if client else "")
        found.sign_in = self._sign_in
        identity = sane_id(found.header(ID_HEADER).encode("latin-1")) or secrets.token_hex(8).encode()
        sent = _Sent(found, identity, self._page, send)
        sent.on_last = lambda: self._noted(scope, found, sent, span, time.perf_counter() - started)
        token = request_id.set(identity.decode())
        path = scope["path"]
        try:
            with visiting(found), tracing.request(scope["method"], path, scope["headers"]) as span:
                try:
                    stayed = await answer_or_leave(
                        self._app, scope, receive, sent.send, lambda: sent.complete
                    )
                    if not stayed:
                        sent.status = GONE
                finally:
                    if not sent.complete:
                        sent.on_last()
        finally:
            request_id.reset(token)

    def _noted(self, scope: Scope, found: Visit, sent: _Sent, span: object, seconds: float) -> None:
        door = self.door(scope["path"])
        # Some doors answer errors with status 200, and say so on the side.
        status = scope.get(ERROR_STATUS, sent.status) if sent.status == HTTPStatus.OK else sent.status
        tracing.attributes(
            span, status=status, door=door, service=found.service or None, cache=sent.cache or None
        )
        metrics.request(door, outcome(status), seconds)
        slow = self._slow and seconds >= self._slow
        if not (self._logged or slow):
            return
        facts = {
            "method": scope["method"],
            "url": masked_target(scope["path"], scope["query_string"]),
            "door": door,
            "service": found.service,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "cache": sent.cache,
            "bytes": sent.bytes,
        }
        if self._logged:
            access_log.info("request", extra={FACTS: facts})
        if slow:
            form = scope.get(FORM)
            more = {"form": masked_pairs(form)} if form else {}
            slow_log.warning("slow request", extra={FACTS: facts | more})


def hit_logged(scope: Scope, door: str, status: int, seconds: float) -> None:
    """The line of a request that took the short way."""
    facts = {
        "method": scope["method"],
        "url": masked_target(scope["path"], scope["query_string"]),
        "door": door,
        "status": status,
        "ms": round(seconds * 1000, 1),
        "cache": "hit",
    }
    access_log.info("request", extra={FACTS: facts})


class _Sent:
    """Passes an answer on, with the headers that every answer has.

    Attributes:
        on_last: called before the end of the answer goes out: whoever has the answer finds it counted.
    """

    def __init__(self, found: Visit, identity: bytes, page: str, send: Send) -> None:
        self._found, self._identity, self._page, self._send = found, identity, page, send
        self.status, self.bytes, self.cache = 0, 0, ""
        self.complete = False
        self.on_last: Callable[[], None] = lambda: None
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        """Pass a message on; the start goes with the first of the body."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._start = {**message, "headers": self._headers(list(message.get("headers", ())))}
            return
        if message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            if self.complete:
                self.on_last()
            if self._start is not None:
                start, self._start = self._start, None
                await self._send(start)
        await self._send(message)

    def _headers(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        known = {name.lower(): value for name, value in headers}
        self.cache = _cache_word(known.get(b"cache-status", b""))

        def default(name: bytes, value: str) -> None:
            if name not in known:
                headers.append((name, value.encode("latin-1")))

        default(ID_HEADER, self._identity.decode())
        default(b"x-content-type-options", "nosniff")
        if known.get(b"content-type", b"").startswith(b"text/html"):
            default(b"content-security-policy", self._page)
            default(b"referrer-policy", "strict-origin-when-cross-origin")
        if self.status == HTTPStatus.UNAUTHORIZED:
            default(b"www-authenticate", CHALLENGE)
        return _kept_private(headers) if self._found.secured else headers


def _cache_word(value: bytes) -> str:
    if not value:
        return ""
    text = value.decode("latin-1")
    return text.rpartition("detail=")[2] if "detail=" in text else "hit" if "hit" in text else ""


def _kept_private(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of what is not for everybody: no cache between here and the caller may keep it."""
    kept, said, vary = [], False, ""
    for name, value in headers:
        match name.lower():
            case b"cache-control":
                said = True
                kept.append((name, _private(value.decode("latin-1")).encode("latin-1")))
            case b"vary":
                vary = value.decode("latin-1")
            case _:
                kept.append((name, value))
    if not said:
        kept.append((b"cache-control", b"private"))
    kept.append((b"vary", (f"{vary}, {_VARY}" if vary else _VARY).encode("latin-1")))
    return kept


def _private(lifetime: str) -> str:
    parts = [part.strip() for part in lifetime.split(",") if part.strip()]
    if "no-store" in parts:
        return lifetime
    shared: Callable[[str], bool] = lambda part: part == "public" or part.startswith("s-maxage")  # noqa: E731
    return ", ".join(["private", *(p for p in parts if p != "private" and not shared(p))])
