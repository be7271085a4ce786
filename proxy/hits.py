"""Pictures that are known by their raw address: answered before routing, on the event loop.

What a door has once sent for an address is remembered as the picture's key and its headers. The next request
for the same bytes of path and query is answered from the store without parsing anything, as long as the
source has not changed and has been looked at lately. Whatever is out of the ordinary, a byte range, an origin that
needs checking, goes the long way.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass

from cachetools import LRUCache
from starlette.types import Scope, Send

from proxy.cache.store import ByteLRU
from proxy.web import Rendered, not_modified

#: Addresses remembered; longer ones are not.
ADDRESSES, LONGEST = 65_536, 4096

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Hit:
    """What is known of an address."""

    key: str
    current: Callable[[], bool]
    headers: RawHeaders
    unchanged: RawHeaders


class HitPath:
    """Addresses and their pictures. For the event loop's thread only."""

    def __init__(self, store: ByteLRU, cors_origins: tuple[str, ...]) -> None:
        self._store = store
        self._open = "*" in cors_origins
        self._known: MutableMapping[tuple[bytes, bytes], Hit] = LRUCache(ADDRESSES)
        self.answered = 0

    def learn(self, scope: Scope, rendered: Rendered, headers: dict[str, str]) -> None:
        """Remember what was sent for a request; requests with a body are never the same twice."""
        address = (scope.get("raw_path") or b"", scope["query_string"])
        if scope["method"] not in ("GET", "HEAD") or sum(map(len, address)) > LONGEST or not address[0]:
            return
        kept = {name.lower(): value for name, value in headers.items()} | {"cache-status": "cogproxy; hit"}
        if self._open:
            kept["access-control-allow-origin"] = "*"
            kept["access-control-expose-headers"] = "ETag, Content-Range, Cache-Status"
        unchanged = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.items()]
        picture = rendered.picture
        size = str(len(picture.body)).encode()
        full = [(b"content-type", picture.media_type.encode()), (b"content-length", size), *unchanged]
        self._known[address] = Hit(rendered.etag, rendered.current, full, unchanged)

    async def answer(self, scope: Scope, send: Send) -> bool:
        """Answer a request whose picture is at hand; False where the long way must be taken."""
        if scope["type"] != "http":
            return False
        hit = self._known.get((scope.get("raw_path") or b"", scope["query_string"]))
        if hit is None or scope["method"] not in ("GET", "HEAD"):
            return False
        if not hit.current():
            return False
        condition: str | None = None
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                condition = value.decode("latin-1")
            elif name == b"range" or (name == b"origin" and not self._open):
                return False
        picture = self._store.get(hit.key)
        if picture is None:
            return False
        self.answered += 1
        if condition is not None and not_modified(condition, hit.key):
            await send({"type": "http.response.start", "status": 304, "headers": hit.unchanged})
            await send({"type": "http.response.body", "body": b""})
            return True
        await send({"type": "http.response.start", "status": 200, "headers": hit.headers})
        body = picture.body if scope["method"] == "GET" else b""
        await send({"type": "http.response.body", "body": body})
        return True
