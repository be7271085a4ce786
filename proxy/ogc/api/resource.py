"""An address of the API: GET and HEAD, and every error as a problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from proxy.config import Config
from proxy.ogc.api.problems import problem

METHODS = ("GET", "HEAD")
Handler = Callable[[Request], Awaitable[Response]]


@dataclasses.dataclass(frozen=True, slots=True)
class Resource:
    """An ASGI application around a handler. It takes every method, so that it can refuse in its own words."""

    handler: Handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = await self._response(request)
        config: Config = request.app.state.config
        if "*" in config.server.cors_origins:
            # Also where no origin is told, as caches in between may serve those who tell one.
            response.headers["Access-Control-Allow-Origin"] = "*"
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        try:
            if request.method not in METHODS:
                allow = {"Allow": ", ".join(METHODS)}
                raise HTTPException(405, "This address is for GET and HEAD.", allow)
            return await self.handler(request)
        except Exception as error:
            return problem(error)
