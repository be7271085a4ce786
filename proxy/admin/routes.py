"""`POST /admin/purge`, for those who have the administrator's token."""

from __future__ import annotations

import hmac
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from proxy.admin.orders import json_of, order_of, purges_of
from proxy.config import Config
from proxy.errors import Denied, NotFound, ProxyError, TooLarge
from proxy.security import visit
from proxy.services import Registry
from proxy.upkeep import Upkeep
from proxy.web import CHALLENGE

#: Longest body; a notification of S3 names at most a few objects.
BODY_BYTES = 1 << 20


def routes() -> list[BaseRoute]:
    """The administrator's door."""
    return [Route("/admin/purge", purge, methods=["POST"])]


async def purge(request: Request) -> Response:
    """Purge, once the caller has shown the token of the configuration."""
    config: Config = request.app.state.config
    registry: Registry = request.app.state.registry
    upkeep: Upkeep = request.app.state.upkeep
    headers = {"Cache-Control": "no-store"}
    try:
        if not _may(request, config):
            headers["WWW-Authenticate"] = CHALLENGE
            return JSONResponse({"error": "The token of the administrator is needed."}, 401, headers)
        if (found := visit()) is not None:
            found.trusted = True
        order = order_of(await _body(request))
        purges = purges_of(order, registry, request.app.state.renderer.tiers.purges)
        await upkeep.purge(purges)
    except ProxyError as error:
        return JSONResponse({"error": error.message}, error.status, headers)
    names = [found.service or "*" for found in purges]
    return JSONResponse({"purged": names, "ids": [found.id for found in purges]}, headers=headers)


def _may(request: Request, config: Config) -> bool:
    """True for the bearer of the configured token, and for keys of administrators."""
    token, gate = config.server.admin_token, request.app.state.gate
    if token is None and not gate.has_admins:
        raise NotFound("Not found")
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    known = b"" if token is None else token.get_secret_value().encode()
    if known and kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), known):
        return True
    try:
        gate.require_admin()
    except Denied:
        return False
    return True


async def _body(request: Request) -> Any:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise TooLarge(f"The body exceeds the limit of {BODY_BYTES} bytes.")
    return json_of(body)
