"""Pictures that are known by their raw address: answered before routing, on the event loop.

What a door has once sent for an address is remembered as the picture's key and its headers. The next request
for the same bytes of path and query is answered from the store without parsing anything, as long as the
source has not changed and has been looked at lately. Whatever is out of the ordinary, a byte range, an origin
that needs checking, goes the long way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass

from cachetools import LRUCache
from starlette.types import Scope, Send

from proxy import metrics
from proxy.cache.store import ByteLRU
from proxy.web import EXPOSED, Rendered, not_modified, sane_id

#: Addresses remembered, and the longest of them: some ten megabytes when full.
ADDRESSES, LONGEST = 8192, 2048

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Hit:
    """What is known of an address."""

    key: str
    current: Callable[[], bool]
    headers: RawHeaders
    observe: Callable[[float], None]


class HitPath:
    """Addresses and their pictures. For the event loop's thread only.

    Args:
        door: name of the door that a path leads to, for the counters.
        logged: told of each request that was answered, its door, status and seconds.
    """

    def __init__(
        self,
        store: ByteLRU,
        cors_origins: tuple[str, ...],
        door: Callable[[str], str] = lambda _: "other",
        logged: Callable[[Scope, str, int, float], None] | None = None,
    ) -> None:
        self._door, self._logged = door, logged
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
            kept["access-control-expose-headers"] = ", ".join(EXPOSED)
        else:
            kept["vary"] = "Origin"
        picture = rendered.picture
        own = {"content-type": picture.media_type, "content-length": str(len(picture.body))}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (own | kept).items()]
        observe = metrics.request_observer(self._door(scope["path"]), "hit")
        self._known[address] = Hit(rendered.etag, rendered.current, raw, observe)

    async def answer(self, scope: Scope, send: Send) -> bool:
        """Answer a request whose picture is at hand; False where the long way must be taken."""
        if scope["type"] != "http":
            return False
        hit = self._known.get((scope.get("raw_path") or b"", scope["query_string"]))
        if hit is None or scope["method"] not in ("GET", "HEAD"):
            return False
        started = time.perf_counter()
        if not hit.current():
            return False
        condition: str | None = None
        headers = hit.headers
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                condition = value.decode("latin-1")
            elif name == b"range" or (name == b"origin" and not self._open):
                return False
            elif name == b"x-request-id" and (identity := sane_id(value)):
                headers = [*headers, (name, identity)]
        picture = self._store.get(hit.key)
        if picture is None:
            return False
        self.answered += 1
        unchanged = condition is not None and not_modified(condition, hit.key)
        # Before it goes out: whoever has the answer finds it counted.
        seconds = time.perf_counter() - started
        hit.observe(seconds)
        if self._logged is not None:
            self._logged(scope, self._door(scope["path"]), 304 if unchanged else 200, seconds)
        if unchanged:
            # Type and length stand first, and are not sent without a body.
            await send({"type": "http.response.start", "status": 304, "headers": headers[2:]})
            body = b""
        else:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            body = picture.body if scope["method"] == "GET" else b""
        await send({"type": "http.response.body", "body": body})
        return True
