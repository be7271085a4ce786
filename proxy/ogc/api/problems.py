"""Errors as `application/problem+json` (RFC 9457), for everything below the API."""

from __future__ import annotations

import logging

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from proxy.errors import InvalidParameter, ProxyError
from proxy.ogc.api.map_grid import NothingThere
from proxy.ogc.api.negotiation import PROBLEM
from proxy.web import error_headers

log = logging.getLogger(__name__)

TITLES = {
    400: "Bad request",
    401: "Not authorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    413: "Too large",
    429: "Too many requests",
    500: "Internal error",
    502: "Source not available",
    503: "Busy",
}


def problem(error: Exception) -> Response:
    """The answer to an error; what is not meant for the public is logged and not told."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, NothingThere):
        return Response(status_code=204, headers=headers)
    if isinstance(error, ProxyError):
        status, detail = error.status, error.message
        headers |= error_headers(error)
    elif isinstance(error, HTTPException):
        status, detail = error.status_code, error.detail
        headers |= dict(error.headers or {})
    else:
        log.error("unexpected error", exc_info=error)
        status, detail = 500, ProxyError().message
    body: dict[str, object] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    if isinstance(error, InvalidParameter):
        body["parameter"] = error.name
    return JSONResponse(body, status, headers, PROBLEM)
