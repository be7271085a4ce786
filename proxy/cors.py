"""CORS for caches: what is open to all is the same for all, what is not says what it varies by."""

from __future__ import annotations

from functools import partial

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message, Receive, Scope, Send


class Cors(CORSMiddleware):
    """Starlette's middleware, but for answers that a cache in front may keep.

    A cache that has kept the answer to a request without an origin gives it to a page of any. So the headers
    are there whether the request names an origin or not, and `Vary` only where they depend on it: each value
    of `Origin` would otherwise have a copy of its own.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, else add headers."""
        if scope["type"] != "http" or scope["method"] == "OPTIONS":
            await super().__call__(scope, receive, send)
            return
        origin = Headers(scope=scope).get("origin")
        await self.app(scope, receive, partial(self._send, send, origin))

    async def _send(self, send: Send, origin: str | None, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if self.allow_all_origins:
                headers.update(self.simple_headers)
            else:
                headers.add_vary_header("Origin")
                if origin is not None and self.is_allowed_origin(origin):
                    headers.update(self.simple_headers)
                    headers["Access-Control-Allow-Origin"] = origin
        await send(message)
